"""What can be wrong with a question about an analysis."""

from shared import problems


class CampaignNotClosed(problems.Problem):
    """Answers may still come."""

    status = 409


class NotAnalysed(problems.Problem):
    """There is no analysis yet."""

    status = 409

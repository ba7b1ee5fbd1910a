"""The processes that hold NumPy, as this service asks them; the first question starts each."""

from shared.workers import Worker


def make_worker() -> Worker:
    """The child that answers `questions.AnalyseCampaign`."""
    return Worker(("-m", "services.satisfaction.analysis"))


def make_binder() -> Worker:
    """The child that answers `questions.MakeWorkbook`: an export does not wait for an analysis."""
    return Worker(("-m", "services.satisfaction.analysis.workbooks"))

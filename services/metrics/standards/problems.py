"""What is refused of standards and evaluations."""

from shared import problems


class StandardNotFound(problems.NotFound):
    pass


class EvaluationNotFound(problems.NotFound):
    pass


class UnsoundStandard(problems.Problem):
    """A standard of nothing or of two things, or with an indicator that cannot be held against anything."""

    status = 422


class UnsoundEvaluation(problems.Problem):
    """An evaluation of what has not been, or of nothing that was done."""

    status = 422

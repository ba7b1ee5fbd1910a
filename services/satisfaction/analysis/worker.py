"""The process that holds NumPy and SciPy, as this service asks it."""

from shared.workers import Worker

_PROGRAM = ("-m", "services.satisfaction.analysis")


def make_worker() -> Worker:
    """The child that answers `questions.Asked`; the first question starts it."""
    return Worker(_PROGRAM)

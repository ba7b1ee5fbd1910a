"""What can be wrong with measures."""

from shared.problems import NotFound, Problem


class MeasureNotFound(NotFound):
    pass


class UnknownFormula(Problem):
    status = 422


class UnsoundMeasure(Problem):
    status = 422


class UnsoundScope(Problem):
    status = 422


class UnsoundValue(Problem):
    status = 422


class UnsoundRange(Problem):
    status = 422


class MeasureOfClause(Problem):
    """A clause's measure follows from its agreement, and is changed there."""

    status = 409

"""What can be wrong with measures and what is expected of them."""

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


class UnsoundBaseline(Problem):
    status = 422


class UnsoundRange(Problem):
    status = 422

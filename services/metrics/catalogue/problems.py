"""What the catalogue refuses."""

from shared import problems


class EntryNotFound(problems.NotFound):
    pass


class UnknownReference(problems.Problem):
    """An entry names another that the catalogue does not hold."""

    status = 422


class DepartmentCycle(problems.Problem):
    """A department would lie within itself."""

    status = 422


class UnsoundPeriod(problems.Problem):
    """The last day lies before the first."""

    status = 422


class CostWithoutCurrency(problems.Problem):
    """An amount of nothing, or a currency of no amount."""

    status = 422


class EntryInUse(problems.Problem):
    """Other entries name this one."""

    status = 409

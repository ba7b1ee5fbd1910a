"""What is refused of costs."""

from shared import problems


class CostNotFound(problems.NotFound):
    pass


class UnknownService(problems.Problem):
    """Costs are recorded for services of the catalogue."""

    status = 422


class FutureMonth(problems.Problem):
    """A month that has not begun has cost nothing yet."""

    status = 422


class CurrencyDiffers(problems.Problem):
    """One month of a service is kept in one currency."""

    status = 409

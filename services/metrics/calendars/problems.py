"""What can be wrong with a calendar, or with what is asked of one."""

from shared import problems


class CalendarNotFound(problems.NotFound):
    pass


class CalendarInUse(problems.Problem):
    """Agreements or services go by this calendar."""

    status = 409


class BuiltInCalendar(problems.Problem):
    """`always` is what it is."""

    status = 409


class UnknownZone(problems.Problem):
    """No zone of the tz database."""

    status = 422


class UnknownCountry(problems.Problem):
    """No country, or no part of it, whose public holidays are known."""

    status = 422


class UnsoundHours(problems.Problem):
    """A span of a day that cannot be meant."""

    status = 422


class OverlappingHours(problems.Problem):
    """Two spans share time, by the clock or past midnight."""

    status = 422


class NoWorkingHours(problems.Problem):
    """Nobody ever works by this calendar: whatever is promised by it would never be due."""

    status = 422


class UnsoundException(problems.Problem):
    """An exception that is named twice, or lies outside 1990 to 2199."""

    status = 422


class UnsoundRange(problems.Problem):
    """From lies after to, or the range is too long or too far away."""

    status = 422

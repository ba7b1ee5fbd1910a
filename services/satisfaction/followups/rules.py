"""Follow-ups of projects: who may ask, and when. Values in, verdict out."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from shared.calendars import Calendar
from shared.problems import IllegalTransition, Problem
from shared.working_days import find_end


class AskerManagedIt(Problem):
    """Whoever managed the project does not ask whether it was good."""

    status = 409


class NotAfterCompletion(Problem):
    status = 422


def compute_due_at(calendar: Calendar, completed_on: date, heard_at: datetime, limit: str) -> datetime:
    """R88: so many working days after completion; after it was heard of, where that is later.

    Raises:
        NoWorkingTime
    """
    begin = datetime.combine(completed_on, time(), ZoneInfo(calendar.zone))
    return find_end(calendar, max(begin, heard_at), limit)


def check_asking(action: str, state: str, asker: str, manager: str) -> None:
    """Raises `IllegalTransition`, `AskerManagedIt`."""
    if state != "due":
        raise IllegalTransition(action, state, [])
    if asker.casefold() == manager.casefold():
        raise AskerManagedIt("you managed this project: somebody else asks its customer")


def check_time(done_at: datetime, completed_on: date, now: datetime, zone: str) -> None:
    """The day of completion begins at midnight of the installation's zone. Raises `NotAfterCompletion`."""
    if done_at < datetime.combine(completed_on, time(), ZoneInfo(zone)) or done_at > now:
        raise NotAfterCompletion(f"done_at: lies between the completion on {completed_on} and now")


def is_overdue(state: str, due_at: datetime, now: datetime) -> bool:
    return state == "due" and due_at < now

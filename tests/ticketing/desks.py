"""What the suite does at a ticketing system as the people there do it: by their own accounts, never by ours."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, Protocol

Json = dict[str, Any]


class Record(NamedTuple):
    """A ticket or issue as the system holds it."""

    number: str
    subject: str
    text: str
    status: str


class Desk(Protocol):
    """A running system. `words` are its statuses for what the suite does: `resolved`, `open`, `rejected`, `closed`."""

    system: Literal["request_tracker", "redmine"]
    url: str
    words: dict[str, str]
    options: Json
    """Of the change connection: where change requests go."""
    wrong: Json
    """The same, but where there is nothing."""
    robot: str
    """The secret of our own account."""

    async def open_incident(self, title: str, *, late: bool = False) -> str:
        """By a customer; `late` ones are past their due date already."""
        ...

    async def set_status(self, number: str, word: str, note: str = "") -> None: ...

    async def read(self, number: str) -> Record: ...

    async def notes(self, number: str) -> Sequence[str]:
        """What was written into it since it was opened."""
        ...

    async def changes(self) -> Mapping[str, str]:
        """The subjects by number of everything where change requests go, whatever its status."""
        ...

    def age(self, numbers: Sequence[str], days: int) -> None:
        """Let all that happened to these incidents have happened so many days earlier."""
        ...

    def stop(self) -> None: ...


def days_into_last_month(now: datetime) -> int:
    """By how many days what happens now must be aged to lie near the end of last month."""
    return now.day + 5


def last_month(now: datetime) -> datetime:
    """Its first day."""
    return (now.replace(day=1) - timedelta(days=1)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def today() -> datetime:
    return datetime.now(UTC)

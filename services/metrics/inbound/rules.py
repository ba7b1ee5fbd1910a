"""What a payload means: element by element, so that what is not understood does not keep the rest."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from io import StringIO
from typing import Any, Literal
from uuid import UUID

import orjson
from pydantic import ValidationError

from shared.ticketing.facts import TicketFacts, Unmappable
from shared.ticketing.servicenow.log_mapper import map_row
from shared.ticketing.sources import Reading

Outcome = Literal["accepted", "quarantined", "ignored"]
Row = Mapping[str, str | None]
FACTS = "facts"
CSV_ROW = "servicenow-csv"
CSV = "text/csv"
_CLOCKS_DIFFER = timedelta(hours=1)
_HAPPENED = (
    "updated_at",
    "opened_at",
    "failed_at",
    "responded_at",
    "resolved_at",
    "closed_at",
    "reported_resolved_at",
)


@dataclass(frozen=True, slots=True)
class Unread:
    """One element that was not understood."""

    place: str
    reason: str
    raw: bytes


@dataclass(slots=True)
class Understanding:
    """What a payload was found to mean: its facts in order, what was not understood, and why the rest says nothing."""

    facts: list[TicketFacts] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        """Quarantined when anything was not understood; ignored when nothing says anything of a ticket's state."""
        if self.unread:
            return "quarantined"
        return "accepted" if self.facts else "ignored"

    @property
    def note(self) -> str | None:
        """Why, for people: the first reason."""
        if self.unread:
            return f"{self.unread[0].place}: {self.unread[0].reason}"[:500]
        return self.ignored[0][:500] if self.ignored else None


def check_times(facts: TicketFacts, now: datetime) -> None:
    """Nothing has happened yet that happens later than an hour from now: such a time would be newer than every update
    to come. Raises `Unmappable`."""
    latest = now + _CLOCKS_DIFFER
    for name in _HAPPENED:
        moment = getattr(facts, name)
        if moment is not None and moment > latest:
            raise Unmappable(
                f"{name}: {moment.isoformat()} lies in the future, and it is {now.isoformat(timespec='seconds')} now; "
                "mend the sender's clock, or the connection's time_zone"
            )


def read_body(body: bytes, read: Callable[[Any], Reading], now: datetime) -> Understanding:
    """A JSON body, one object or a list of them, by the connection's reader."""
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return Understanding(unread=[Unread("body", f"not JSON: {error}", body)])
    if isinstance(payload, list):
        return read_elements(payload, read, now)
    understood = Understanding()
    _take(understood, "body", payload, read, now)
    return understood


def read_elements(elements: Sequence[Any], read: Callable[[Any], Reading], now: datetime) -> Understanding:
    """Several elements, each by itself."""
    understood = Understanding()
    for index, element in enumerate(elements):
        _take(understood, f"[{index}]", element, read, now)
    return understood


def _take(understood: Understanding, place: str, element: Any, read: Callable[[Any], Reading], now: datetime) -> None:
    try:
        facts, ignored = read(element)
        for fact in facts:
            check_times(fact, now)
    except Unmappable as error:
        understood.unread.append(Unread(place, str(error), dump(element)))
        return
    understood.facts.extend(facts)
    if ignored is not None:
        understood.ignored.append(ignored)


def read_fact(element: Any) -> Reading:
    """Our own facts. Raises `Unmappable`, naming up to five fields."""
    try:
        return Reading((TicketFacts.model_validate(element),))
    except ValidationError as error:
        reasons = [f"{'.'.join(map(str, e['loc'])) or 'ticket'}: {e['msg']}" for e in error.errors()[:5]]
        raise Unmappable("; ".join(reasons)) from error


def read_rows(
    rows: Sequence[Row], first: int, filename: str, source: str, zone: tzinfo, now: datetime
) -> Understanding:
    """Rows of an export, of which the first is data row `first`."""
    understood = Understanding()
    for number, row in enumerate(rows, first):
        try:
            facts = map_row(row, source, zone)
            check_times(facts, now)
            understood.facts.append(facts)
        except Unmappable as error:
            raw = orjson.dumps({str(name): value for name, value in row.items()})
            understood.unread.append(Unread(f"{filename} data row {number}", str(error), raw))
    return understood


def read_csv(body: bytes, source: str, zone: tzinfo, now: datetime) -> Understanding:
    """A chunk of an export that was taken before: a header line and rows."""
    reader = csv.DictReader(StringIO(body.decode("utf-8-sig"), newline=""), restkey=None, strict=True)
    return read_rows(list(reader), 1, "chunk", source, zone, now)


def dump(element: Any) -> bytes:
    """As JSON; what cannot be written as JSON, as people would see it."""
    try:
        return orjson.dumps(element)
    except TypeError:
        return orjson.dumps(repr(element))


def storable(text: str) -> str:
    """Text that Postgres takes: no lone surrogate, no NUL."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def first_id_at(moment: datetime) -> UUID:
    """The lowest id that could have been made at that moment: ids are UUIDv7, which begin with milliseconds."""
    milliseconds = max(int(moment.timestamp() * 1000), 0)
    return UUID(int=(milliseconds & 0xFFFF_FFFF_FFFF) << 80)

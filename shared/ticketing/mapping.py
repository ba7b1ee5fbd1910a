"""What every mapper needs: words for states and kinds, texts that fit, times, and facts or the reason why not."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from pydantic import ValidationError

from shared.fields import EARLIEST
from shared.ticketing.facts import Kind, State, TicketFacts, Unmappable
from shared.ticketing.generic.mapper import FieldMap, read_fields

DESCRIPTIVE = frozenset(
    {
        "kind", "title", "priority", "service", "customer", "project", "group", "resolver", "category", "cause",
        "incident_class", "failed_at", "due_at", "sla_met",
    }
)  # fmt: skip
"""Facts that a field map may set for a system whose mapper knows the rest: never the state nor its times."""

_KINDS: dict[str, Kind] = {
    "request": "request",
    "service request": "request",
    "sc_request": "request",
    "sc_req_item": "request",
    "problem": "problem",
    "change": "change",
    "change request": "change",
    "change_request": "change",
}


def kind_of(word: str | None) -> Kind:
    """What the source calls it; an incident where the word is none that we know."""
    plain = (word or "").strip().lower().removeprefix("[system] ")
    return _KINDS.get(plain, "incident")


def find_state(words: Iterable[str | None], states: Mapping[str, State], defaults: Mapping[str, State]) -> State:
    """The state that the first known of these words means; the connection's own map comes first. Case is ignored.

    Raises:
        Unmappable: none is known; names the words that are.
    """
    asked = [word.strip().lower() for word in words if word]
    own = {word.strip().lower(): state for word, state in states.items()}
    for known in (own, defaults):
        for word in asked:
            if word in known:
                return known[word]
    told = " or ".join(repr(word) for word in dict.fromkeys(asked)) or "nothing"
    choices = ", ".join(dict.fromkeys((*own, *defaults)))
    raise Unmappable(
        f"state: {told} is none of the states known: {choices}; add it to the connection's states, with the one of "
        "new, in_progress, pending, resolved, closed and cancelled that it means"
    )


def text(value: Any, longest: int = 200) -> str | None:
    """A string or number as one that fits; None for what is empty or neither."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).replace("\x00", "").strip()[:longest].strip() or None


def moment(name: str, value: Any, zone: tzinfo = UTC) -> datetime | None:
    """ISO 8601, read in `zone` where it names none; None for what is empty or before 1990 (1970 is how some systems
    spell null).

    Raises:
        Unmappable: names the field and shows a time.
    """
    if value in (None, ""):
        return None
    try:
        read = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        read = None
    if read is None:
        raise Unmappable(f"{name}: {value!r} is no time like 2016-03-01T09:30:00Z")
    aware = read if read.tzinfo else read.replace(tzinfo=zone)
    return None if aware < EARLIEST else aware


def newest(values: Iterable[Any], zone: tzinfo = UTC) -> datetime | None:
    """The latest of these times; what is none does not count."""
    times = []
    for value in values:
        try:
            times.append(moment("time", value, zone))
        except Unmappable:
            continue
    return max((at for at in times if at is not None), default=None)


def end_of_day(name: str, value: Any, zone: tzinfo) -> datetime | None:
    """When a date is over: midnight at its end, by the zone's clock. Raises `Unmappable`."""
    if value in (None, ""):
        return None
    try:
        day = date.fromisoformat(value)
    except (ValueError, TypeError) as error:
        raise Unmappable(f"{name}: {value!r} is no date like 2016-03-01") from error
    return datetime.combine(day + timedelta(days=1), time(), zone)


def member(payload: Any, *path: str) -> Any:
    """What stands at this path of objects, or None."""
    for part in path:
        payload = payload.get(part) if isinstance(payload, Mapping) else None
    return payload


def require_object(payload: Any) -> Mapping[str, Any]:
    """Raises `Unmappable` for what is no JSON object."""
    if not isinstance(payload, Mapping):
        raise Unmappable(f"the payload is a {type(payload).__name__}, and must be an object")
    return payload


def make_facts(values: Mapping[str, Any]) -> TicketFacts:
    """Ticket facts of these values; None is left out, except where the source's own resolution field is empty.

    Raises:
        Unmappable: names the fact and what is wrong with it.
    """
    given = {name: value for name, value in values.items() if value is not None or name == "reported_resolved_at"}
    try:
        return TicketFacts.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise Unmappable(f"{'.'.join(map(str, first['loc'])) or 'ticket'}: {first['msg']}") from error


def described(payload: Mapping[str, Any], field_map: FieldMap, zone: tzinfo) -> dict[str, Any]:
    """What the connection's field map finds in the payload beside what the mapper knows. Raises `Unmappable`."""
    return read_fields(payload, field_map, zone) if field_map else {}


def find_unsound_overlay(field_map: FieldMap) -> str | None:
    """Why a system with a mapper of its own cannot have this field map, or None."""
    for fact in field_map:
        if fact not in DESCRIPTIVE:
            return f"{fact!r} comes from the system's own mapper; a field map may set: {', '.join(sorted(DESCRIPTIVE))}"
    return None

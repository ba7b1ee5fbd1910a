"""The ledger for people: what was recorded, whether it still is as it was, and each story in plain words."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import Path, Query, Request
from starlette.responses import Response

from services.audit.ledger import repository, service
from services.audit.ledger.routes import Filter, TraceNotFound
from services.audit.ledger.schemas import Entry
from services.audit.ledger.words import KEYED_RECORDS, QUANTITIES, RECORDS, TELLINGS, VALUES, Telling
from shared.auth import Staff
from shared.http import Reading
from shared.pages import formats, language_of, page_router, render, translate

pages = page_router()

LISTED = 50
TOLD = 200
_MOST_POSITION = 2**63 - 1
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

Position = Annotated[int, Query(ge=0, le=_MOST_POSITION)]


@dataclass(frozen=True, slots=True)
class Told:
    """An entry as it is shown: its headline in the reader's language, where its record is, and its JSON."""

    entry: Entry
    headline: str
    tone: str
    href: str | None
    document: str

    @property
    def by(self) -> str | None:
        """The person who did it; None where Ratchet did it by itself."""
        return None if self.entry.actor.startswith("service:") else self.entry.actor


@pages.get("/ledger")
async def show_ledger(
    request: Request,
    session: Reading,
    _caller: Staff,
    type: Filter = "",  # noqa: A002 - the CloudEvents name
    subject: Filter = "",
    correlation_id: Filter = "",
    before: Position = _MOST_POSITION,
) -> Response:
    """The newest entries first."""
    given = {"type": type or "", "subject": (subject or "").strip(), "correlation_id": (correlation_id or "").strip()}
    filters = {column: value for column, value in given.items() if value}
    rows = await repository.list_newest(session, filters, before, LISTED + 1)
    tell = await _teller(request, session)
    last_position, last_hash = await repository.head(session)
    return render(
        request,
        "ledger/ledger.html",
        told=[tell(Entry.of(row)) for row in rows[:LISTED]],
        given=given,
        types=sorted(TELLINGS),
        entries=last_position,
        head=last_hash.hex(),
        is_filtered=bool(filters),
        next_page={**filters, "before": rows[LISTED - 1].position} if len(rows) > LISTED else None,
    )


@pages.get("/ledger/verification")
async def show_verification(request: Request, session: Reading, _caller: Staff) -> Response:
    """Recompute the whole chain now and say whether it holds."""
    return render(request, "ledger/verification.html", verification=await service.verify_chain(session))


@pages.get("/trace/{correlation_id}")
async def show_trace(
    request: Request,
    correlation_id: Annotated[str, Path(min_length=1, max_length=100)],
    session: Reading,
    _caller: Staff,
    after: Position = 0,
) -> Response:
    """One story from its beginning, step by step."""
    summary = await repository.summarise_story(session, correlation_id)
    if not summary.entries:
        raise TraceNotFound(f"the ledger holds nothing with the correlation id {correlation_id}")
    rows = await repository.list_entries(session, {"correlation_id": correlation_id}, after, TOLD + 1)
    entries = [Entry.of(row) for row in rows[:TOLD]]
    tell = await _teller(request, session, story=entries)
    return render(
        request,
        "ledger/trace.html",
        correlation_id=correlation_id,
        summary=summary,
        told=[tell(entry) for entry in entries],
        after=after,
        next_page={"after": rows[TOLD - 1].position} if len(rows) > TOLD else None,
    )


async def _teller(request: Request, session: Reading, story: Sequence[Entry] = ()) -> Callable[[Entry], Told]:
    """Tells entries in the reader's language, values in their measures' units. An event that names no measure is about
    the one that its `story` is about."""
    units = await repository.units_of_measures(session)
    in_story = {units.get(str(_data_of(entry).get("measure_key"))) for entry in story} - {None}
    otherwise = in_story.pop() if len(in_story) == 1 else None
    language = language_of(request)

    def tell(entry: Entry) -> Told:
        data = _data_of(entry)
        telling = TELLINGS.get(entry.type, Telling(entry.type.replace("%", "%%")))
        unit = data.get("unit") or units.get(str(data.get("measure_key")), otherwise)
        values = _Values(data, str(unit or ""), language, lambda word: translate(request, word))
        headline = translate(request, telling.headline) % values
        document = orjson.dumps(entry.event, option=orjson.OPT_INDENT_2).decode()
        return Told(entry, headline, telling.tone, _record_of(entry.type, data), document)

    return tell


class _Values(dict[str, str]):
    """An event's data as words of a language. What is not there, as in an older event, is a dash."""

    def __init__(self, data: Mapping[str, Any], unit: str, language: str, translated: Callable[[str], str]) -> None:
        super().__init__()
        self._data = {**data, **{f"{name}_value": _value_in(data.get(name)) for name in ("before", "after")}}
        self._unit = unit
        self._language = language
        self._translated = translated

    def __missing__(self, name: str) -> str:
        value = self._data.get(name)
        if isinstance(value, str) and value in VALUES.get(name, {}):
            return self._translated(VALUES[name][value])
        if isinstance(value, int | float) and not isinstance(value, bool):
            if name in QUANTITIES:
                return formats.format_quantity(value, self._unit, self._language)
            return formats.format_number(value, self._language)
        if isinstance(value, str) and _DATE.match(value):
            return _format_time(value, self._language)
        return formats.NO_DATA if value is None else str(value)


def _data_of(entry: Entry) -> dict[str, Any]:
    data = entry.event.get("data")
    return data if isinstance(data, dict) else {}


def _record_of(type_: str, data: Mapping[str, Any]) -> str | None:
    """The page where the event's record is shown."""
    found = next(((address, data[field]) for field, address in RECORDS.items() if data.get(field)), None)
    if found is None and data.get("key"):
        addresses = (address for begin, address in KEYED_RECORDS.items() if type_.startswith(begin))
        found = next(((address, data["key"]) for address in addresses), None)
    return found and found[0].format(quote(str(found[1]), safe=""))


def _value_in(sample: Any) -> Any:
    return sample.get("value") if isinstance(sample, dict) else None


def _format_time(text: str, language: str) -> str:
    """A date or a moment; any other text as it is."""
    try:
        if len(text) == 10:
            return formats.format_date(date.fromisoformat(text), language)
        return formats.format_moment(datetime.fromisoformat(text), language)
    except ValueError:
        return text

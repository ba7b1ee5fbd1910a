"""Change requests in Request Tracker 5, as tickets of a queue. The user needs SeeQueue, CreateTicket and ShowTicket
there, and SeeCustomField and ModifyCustomField where custom fields are filled."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from shared.fields import Body, Name
from shared.ids import new_id
from shared.ticketing.change_mapping import fill, require_id
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, RaisedChange, ToldOutcome
from shared.ticketing.checking import Trials, check_within
from shared.ticketing.exchange import link
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding
from shared.ticketing.mapping import member, text
from shared.ticketing.remote import Asking
from shared.ticketing.remote_sink import RemoteSink
from shared.ticketing.request_tracker.change_mapper import (
    find_query,
    find_ticket,
    is_implemented,
    make_ticket,
    quoted,
    read_outcome,
    read_told,
)
from shared.ticketing.request_tracker.client import read_history

REST = "/REST/2.0"
_SHOWN = 30
_Value = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]


def _check_priority(value: Any) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1000
    if value is not None and not is_number:
        raise ValueError("must be RT's own number, from 0 to 1000, as 60; RT's words for it are not taken by REST")
    return value


class RequestTrackerOptions(Body):
    """`queue` takes the change requests; `priority` is RT's number. `custom_fields` are by name; `${title}`, `${owner}`
    … in their values are filled in."""

    queue: Name
    priority: Annotated[int | None, BeforeValidator(_check_priority)] = None
    custom_fields: Annotated[dict[Name, _Value | list[_Value]], Field(max_length=50)] = Field(default={})

    @model_validator(mode="before")
    @classmethod
    def _names_its_queue(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("queue") in (None, ""):
            raise ValueError('queue: is missing; name the queue that takes change requests, as {"queue": "Changes"}')
        return given


class RequestTrackerChangeSink(RemoteSink[RequestTrackerOptions]):
    """Finds by the mark in the subject, in whatever queue the ticket is by now."""

    async def find(self, correlation_id: str) -> RaisedChange | None:
        async with self._speaking() as remote:
            answer = await remote.get(f"{REST}/tickets", _search(find_query(correlation_id)))
            number = find_ticket(answer, correlation_id)
        return self._raised(number) if number else None

    async def raise_change(self, request: ChangeRequest) -> RaisedChange:
        options = self._options
        custom_fields = fill(dict(options.custom_fields), request)
        ticket = make_ticket(request, options.queue, options.priority, custom_fields, self._config.zone)
        async with self._speaking() as remote:
            answer = await remote.send("POST", f"{REST}/ticket", json=ticket)
            return self._raised(require_id(member(answer, "id"), "id"))

    async def outcome(self, external_id: str) -> ChangeOutcome | None:
        async with self._speaking() as remote:
            ticket = await find_by_number(remote, external_id)
            is_done = is_implemented(text(member(ticket, "Status")), self._config.states)
            number = require_id(member(ticket, "id"), "id")  # another one, where tickets were merged
            history = await read_history(remote, number) if is_done else []
            return read_outcome(ticket, history, self._config.states)

    async def check(self) -> Sequence[Finding]:
        return await check_within(self._speaking(), self._check)

    async def _check(self, remote: Asking, trials: Trials) -> None:
        if await trials.attempt("sign in", remote.get(f"{REST}/rt"), _see_version) is None:
            return
        name = self._options.queue
        queue = await trials.attempt("queue", _find_queue(remote, name), lambda found: _see_queue(found, name))
        if queue is None:
            return
        trials.look("create", queue, lambda found: _see_right_to_create(found, name))
        if self._options.custom_fields:
            trials.look("custom fields", queue, self._see_custom_fields)
        params = _search(find_query(f"check-{new_id()}"))
        await trials.attempt("search", remote.get(f"{REST}/tickets", params), _see_nothing)
        some = await remote.get(f"{REST}/tickets", _search(f"Queue = '{quoted(name)}'"))
        if not member(some, "items"):
            trials.untried("read", f"queue '{name}' shows no ticket; a change is found again only with ShowTicket")

    def read_outcome(self, payload: Any) -> ToldOutcome | None:
        return read_told(payload, self._config.states)

    def _raised(self, number: str) -> RaisedChange:
        return RaisedChange(number, link(self._config.access, f"/Ticket/Display.html?id={number}"))

    def _see_custom_fields(self, queue: Any) -> str:
        fields = member(queue, "TicketCustomFields")
        known = [text(member(field, "name")) for field in fields] if isinstance(fields, list) else []
        unknown = [name for name in self._options.custom_fields if name not in known]
        if unknown:
            raise Unmappable(
                f"RT would drop {_list(unknown)} without a word: queue '{self._options.queue}' has no such custom "
                f"field, or this user lacks SeeCustomField; it sees {_list(known)}"
            )
        return "all of them are there"


def _search(query: str) -> dict[str, str | int]:
    """The oldest tickets that it finds."""
    return {"query": query, "fields": "Subject", "orderby": "id", "order": "ASC", "per_page": 20}


async def find_by_number(remote: Asking, number: str) -> Any:
    """The ticket. Raises `RemoteFailed`, also where there is none."""
    ticket = await remote.find(f"{REST}/ticket/{number}") if number.isascii() and number.isdigit() else None
    if ticket is None:
        raise RemoteFailed(f"Request Tracker has no ticket '{number}'", is_lasting=True)
    return ticket


async def _find_queue(remote: Asking, name: str) -> Any:
    """Who may not see a queue is answered 403, be it there or not."""
    try:
        queue = await remote.find(f"{REST}/queue/{quote(name, safe='')}")
    except RemoteFailed:
        queue = None
    if queue is None:
        seen = member(await remote.get(f"{REST}/queues/all", {"fields": "Name", "per_page": 100}), "items")
        names = [text(member(item, "Name")) for item in seen] if isinstance(seen, list) else []
        raise Unmappable(
            f"this user sees no queue '{name}', only {_list(names)}; it needs SeeQueue, or the name is wrong"
        )
    return queue


def _see_nothing(answer: Any) -> str:
    if member(answer, "items") != []:
        raise Unmappable("RT does not search by subject here: a change could not be found again")
    return "tickets can be searched by subject"


def _see_version(answer: Any) -> str:
    version = text(member(answer, "Version"))
    if version is None:
        raise Unmappable("this is not RT's REST2; base_url is RT's own address, with its web path")
    return f"Request Tracker {version}"


def _see_queue(queue: Any, name: str) -> str:
    if text(member(queue, "Disabled")) not in (None, "0"):
        raise Unmappable(f"queue '{name}' is disabled")
    return f"queue '{text(member(queue, 'Name')) or name}' is there"


def _see_right_to_create(queue: Any, name: str) -> str:
    links = member(queue, "_hyperlinks")
    if not any(member(item, "ref") == "create" for item in (links if isinstance(links, list) else [])):
        raise Unmappable(f"this user may not create tickets in queue '{name}'; it needs CreateTicket")
    return "tickets may be created"


def _list(names: Sequence[str | None]) -> str:
    known = [f"'{name}'" for name in names if name]
    return ", ".join(known[:_SHOWN]) + (" …" if len(known) > _SHOWN else "") if known else "none"

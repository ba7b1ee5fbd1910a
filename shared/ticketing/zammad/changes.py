"""Change requests in Zammad: tickets of a group by its REST interface."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from pydantic import Field, model_validator

from shared.fields import Body, Name
from shared.ids import new_id
from shared.ticketing.change_mapping import Fields, fill, require_id
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, RaisedChange, ToldOutcome, mark
from shared.ticketing.checking import Trials
from shared.ticketing.exchange import link
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding
from shared.ticketing.mapping import member, text
from shared.ticketing.option_fields import require_named
from shared.ticketing.remote_sink import RemoteSink
from shared.ticketing.zammad.change_mapper import carries, make_ticket, read_outcome, read_told
from shared.ticketing.zammad.searching import TICKETS, search


class ZammadOptions(Body):
    """`group` takes the tickets, `customer` is whom they are for: a login or email, or `guess:` and an email that
    Zammad makes a user of; `internal` hides the text from that customer; `fields` are further fields of the ticket, as
    `{"priority": "3 high", "tags": "change,ratchet"}`."""

    group: Name
    customer: Name
    internal: bool = False
    fields: Fields = Field(default={})

    @model_validator(mode="before")
    @classmethod
    def _names_where_it_goes(cls, given: Any) -> Any:
        needed = {
            "group": 'name the group that takes changes, as {"group": "Changes"}',
            "customer": 'name whom tickets are for, as {"customer": "ratchet@example.com"}',
        }
        return require_named(given, needed)


class ZammadChangeSink(RemoteSink[ZammadOptions]):
    """A change is named by its ticket's id, for that is what the interface takes; its address shows it to people."""

    async def find(self, correlation_id: str) -> RaisedChange | None:
        async with self._speaking() as remote:
            found = await search(remote, "title", mark(correlation_id), lambda ticket: carries(ticket, correlation_id))
            return None if found is None else self._raised(found)

    async def raise_change(self, request: ChangeRequest) -> RaisedChange:
        options = self._options
        further = fill(options.fields, request)
        ticket = make_ticket(request, options.group, options.customer, further, is_internal=options.internal)
        async with self._speaking() as remote:
            return self._raised(await remote.send("POST", TICKETS, json=ticket))

    async def outcome(self, external_id: str) -> ChangeOutcome | None:
        async with self._speaking() as remote:
            ticket = await remote.find(f"{TICKETS}/{quote(external_id, safe='')}", {"expand": "true"})
            if ticket is None:
                raise RemoteFailed(f"Zammad has no ticket with the id '{external_id}'", is_lasting=True)
            return read_outcome(ticket, self._config.states, self._config.zone)

    async def check(self) -> Sequence[Finding]:
        trials = Trials()
        if await trials.attempt("sign in", self._get("/api/v1/users/me"), _signed_in) is None:
            return trials.findings
        await trials.attempt("group", self._get("/api/v1/groups"), self._see_groups)
        await trials.attempt("search", self.find(f"check-{new_id()}"), lambda _: "tickets are searched by title")
        trials.untried("create", f"that would create a ticket; the user needs 'create' on group {self._options.group}")
        return trials.findings

    def read_outcome(self, payload: Any) -> ToldOutcome | None:
        return read_told(payload, self._config.states, self._config.zone)

    async def _get(self, path: str) -> Any:
        async with self._speaking() as remote:
            return await remote.get(path)

    def _see_groups(self, answer: Any) -> str:
        names = [text(member(group, "name")) or "" for group in answer] if isinstance(answer, list) else []
        if self._options.group not in names:
            choices = ", ".join(sorted(names)) or "none"
            raise Unmappable(f"group: '{self._options.group}' is none that this user sees: {choices}")
        return f"group {self._options.group} is there"

    def _raised(self, ticket: Any) -> RaisedChange:
        number = require_id(member(ticket, "id"), "id")
        return RaisedChange(number, link(self._config.access, f"/#ticket/zoom/{quote(number, safe='')}"))


def _signed_in(user: Any) -> str:
    login = text(member(user, "login"))
    if login is None:
        raise Unmappable("the answer names no user; check base_url")
    return f"as {login}"

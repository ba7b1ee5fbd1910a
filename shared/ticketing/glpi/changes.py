"""Change requests in GLPI 10 and 11 by the REST interface of version 1 (`apirest.php`)."""

from collections.abc import Sequence
from html import escape
from typing import Any

from pydantic import Field

from shared.fields import Body, Count
from shared.ids import new_id
from shared.ticketing.change_mapping import Fields, fill, find_html_mark, require_id
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, RaisedChange, ToldOutcome, mark
from shared.ticketing.checking import Trials
from shared.ticketing.exchange import link
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding
from shared.ticketing.glpi.change_mapper import make_input, read_outcome, read_told
from shared.ticketing.glpi.client import AppToken, opening, require_number
from shared.ticketing.mapping import member, text
from shared.ticketing.remote_sink import RemoteSink

_ID, _CONTENT = "2", "21"
"""GLPI's numbers of the search options of a change."""


class GlpiOptions(Body):
    """`app_token` is that of the API client, where GLPI asks for one; `entity` and `category` are ids in GLPI;
    `fields` are further fields of a Change, as `{"urgency": 4, "_groups_id_assign": 7}`."""

    app_token: AppToken | None = None
    entity: Count | None = None
    category: Count | None = None
    fields: Fields = Field(default={})


class GlpiChangeSink(RemoteSink[GlpiOptions]):
    """A change is named by its number; the mark in its description is searched."""

    async def find(self, correlation_id: str) -> RaisedChange | None:
        asked: dict[str, str | int] = {
            "criteria[0][field]": _CONTENT,
            "criteria[0][searchtype]": "contains",
            "criteria[0][value]": escape(mark(correlation_id), quote=False),
            "forcedisplay[0]": _ID,
            "forcedisplay[1]": _CONTENT,
            "sort": _ID,
            "order": "ASC",
            "range": "0-19",
        }
        async with opening(self._config.access, self._options.app_token, self._timeout_seconds) as session:
            answer = await session.get("search/Change", **asked)
            if not isinstance(member(answer, "totalcount"), int):
                raise Unmappable("the search's answer has no 'totalcount'; check base_url")
            rows = member(answer, "data")
            found = [row for row in rows if _carries(row, correlation_id)] if isinstance(rows, list) else []
            return self._raised(member(found[0], _ID), f"data.{_ID}") if found else None

    async def raise_change(self, request: ChangeRequest) -> RaisedChange:
        options = self._options
        fields = make_input(request, options.entity, options.category, fill(options.fields, request))
        async with opening(self._config.access, options.app_token, self._timeout_seconds) as session:
            return self._raised(member(await session.send("POST", "Change", fields), "id"), "id")

    async def outcome(self, external_id: str) -> ChangeOutcome | None:
        path = f"Change/{require_number(external_id)}"
        async with opening(self._config.access, self._options.app_token, self._timeout_seconds) as session:
            change = await session.get(path)
            return read_outcome(change, self._config.states, self._config.zone)

    async def check(self) -> Sequence[Finding]:
        trials = Trials()
        if await trials.attempt("sign in", self._get("getActiveProfile"), _see_profile) is None:
            return trials.findings
        await trials.attempt("search", self.find(f"check-{new_id()}"), lambda _: "changes are searched by content")
        if self._options.entity is not None:
            asking = self._get(f"Entity/{self._options.entity}")
            await trials.attempt("entity", asking, lambda found: f"{text(member(found, 'name')) or 'the entity'}")
        if self._options.category is not None:
            asking = self._get(f"ITILCategory/{self._options.category}")
            await trials.attempt("category", asking, lambda found: f"{text(member(found, 'name')) or 'the category'}")
        trials.untried("create", "that would create a change; the profile needs the right to create changes")
        return trials.findings

    def read_outcome(self, payload: Any) -> ToldOutcome | None:
        return read_told(payload, self._config.states, self._config.zone)

    async def _get(self, path: str) -> Any:
        async with opening(self._config.access, self._options.app_token, self._timeout_seconds) as session:
            return await session.get(path)

    def _raised(self, value: Any, where: str) -> RaisedChange:
        try:
            number = require_number(require_id(value, where))
        except Unmappable as error:
            raise RemoteFailed(str(error)) from error
        return RaisedChange(number, link(self._config.access, f"/front/change.form.php?id={number}"))


def _carries(row: Any, correlation_id: str) -> bool:
    return find_html_mark(member(row, _CONTENT)) == correlation_id


def _see_profile(answer: Any) -> str:
    return f"with the profile {text(member(answer, 'active_profile', 'name')) or text(member(answer, 'name')) or '?'}"

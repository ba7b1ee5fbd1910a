"""Change requests in iTop by `core/create` and `core/get`; the user needs the profile REST Services User."""

from collections.abc import Sequence
from html import escape
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from shared.fields import Body, Name
from shared.ids import new_id
from shared.ticketing.change_mapping import Fields, fill, find_html_mark, require_id
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, RaisedChange, ToldOutcome, mark
from shared.ticketing.checking import Trials
from shared.ticketing.exchange import link, speaking
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding
from shared.ticketing.itop.change_mapper import make_fields, read_outcome, read_told
from shared.ticketing.itop.client import Found, headers_of, operate, quoted
from shared.ticketing.option_fields import matching, require_named
from shared.ticketing.remote_sink import RemoteSink

COMMENT = "by Ratchet"
_FIELDS = "id,ref,title,description,status"


class ItopOptions(Body):
    """`change_class` is NormalChange, RoutineChange or EmergencyChange, or Change where iTop has the simple change
    management; `organization` the name or id of whom the change is for; `fields` are further fields, as
    `{"reason": "${root_cause}"}`."""

    change_class: Annotated[
        str,
        StringConstraints(strip_whitespace=True),
        AfterValidator(matching(r"[A-Z][A-Za-z0-9_]{0,99}", "a class of iTop's, as NormalChange or RoutineChange")),
    ] = "NormalChange"
    organization: Name
    fields: Fields = Field(default={})

    @model_validator(mode="before")
    @classmethod
    def _names_its_organization(cls, given: Any) -> Any:
        advice = 'name whom changes are for, by name or id, as {"organization": "My Company"}'
        return require_named(given, {"organization": advice})


class ItopChangeSink(RemoteSink[ItopOptions]):
    """A change is named by its `ref`, as C-000123; the mark in the description is searched."""

    async def find(self, correlation_id: str) -> RaisedChange | None:
        wanted = quoted(f"%{escape(mark(correlation_id), quote=False)}%")
        found = await self._get(self._options.change_class, f"description LIKE {wanted}", _FIELDS)
        ours = [one for one in found if find_html_mark(one.fields.get("description")) == correlation_id]
        return self._raised(min(ours, key=lambda one: (len(one.key), one.key))) if ours else None

    async def raise_change(self, request: ChangeRequest) -> RaisedChange:
        options = self._options
        fields = make_fields(request, options.organization, fill(options.fields, request))
        made = await self._operate(
            "core/create",
            **{"class": options.change_class, "comment": COMMENT, "fields": fields, "output_fields": _FIELDS},
        )
        if not made:
            raise RemoteFailed("iTop answered core/create without an object")
        return self._raised(made[0])

    async def outcome(self, external_id: str) -> ChangeOutcome | None:
        found = await self._get(self._options.change_class, f"ref = {quoted(external_id)}", "*")
        if not found:
            raise RemoteFailed(f"iTop has no {self._options.change_class} '{external_id}'", is_lasting=True)
        try:
            return read_outcome(found[0].fields, self._config.states, self._config.zone)
        except Unmappable as error:
            raise RemoteFailed(f"{external_id}: {error}") from error

    async def check(self) -> Sequence[Finding]:
        trials = Trials()
        if await trials.attempt("sign in", self._operate("list_operations"), lambda _: "iTop's REST answers") is None:
            return trials.findings
        name, organization = self._options.change_class, self._options.organization
        await trials.attempt("class and search", self.find(f"check-{new_id()}"), lambda _: f"{name} is searched")
        column = "id" if organization.isdecimal() else "name"
        asking = self._get("Organization", f"{column} = {quoted(organization)}", "id,name")
        await trials.attempt("organization", asking, self._see_organization)
        trials.untried("create", f"core/create would create a {name}; the user needs a profile that may")
        return trials.findings

    def read_outcome(self, payload: Any) -> ToldOutcome | None:
        return read_told(payload, self._config.states, self._config.zone)

    def _see_organization(self, found: Any) -> str:
        if not found:
            raise Unmappable(f"organization: iTop has no organization '{self._options.organization}'")
        return f"organization {self._options.organization} is there"

    async def _get(self, name: str, condition: str, fields: str) -> list[Found]:
        key = f"SELECT {name} WHERE {condition}"
        return await self._operate("core/get", **{"class": name, "key": key, "output_fields": fields})

    async def _operate(self, operation: str, **parameters: Any) -> list[Found]:
        access = self._config.access
        async with speaking(access, self._timeout_seconds, headers_of(access)) as remote:
            return await operate(remote, operation, **parameters)

    def _raised(self, found: Found) -> RaisedChange:
        try:
            ref = require_id(found.fields.get("ref"), "fields.ref")
        except Unmappable as error:
            raise RemoteFailed(str(error)) from error
        path = f"/pages/UI.php?operation=details&class={found.name}&id={found.key}"
        return RaisedChange(ref, link(self._config.access, path))

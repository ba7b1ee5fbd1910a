"""Change requests in ServiceNow by its Change Management API (`sn_chg_rest`); the user needs roles to read and write
changes (`sn_change_read`, `sn_change_write`, or `itil`)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from shared.fields import Body
from shared.ids import new_id
from shared.ticketing.change_mapping import Fields, fill, require_id
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, RaisedChange, ToldOutcome, mark
from shared.ticketing.checking import Trials
from shared.ticketing.exchange import link
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding
from shared.ticketing.mapping import member
from shared.ticketing.option_fields import matching
from shared.ticketing.remote import Asking
from shared.ticketing.remote_sink import RemoteSink
from shared.ticketing.servicenow.change_mapper import carries, make_record, read_outcome, read_told, value_of

_CHANGES = "/api/sn_chg_rest/v1/change"
_MOST = 20


class ServiceNowOptions(Body):
    """Which kind of change is raised. `template` is the sys_id of the standard change template, or of the change
    model; `fields` are further fields of `change_request`, as `{"assignment_group": "Change Board"}`."""

    kind: Literal["normal", "emergency", "standard", "model"] = "normal"
    template: Annotated[str, AfterValidator(matching(r"[0-9a-f]{32}", "a sys_id: 32 hexadecimal digits"))] | None = None
    fields: Fields = Field(default={})

    @model_validator(mode="after")
    def _names_its_template(self) -> "ServiceNowOptions":
        needs = self.kind in ("standard", "model")
        if needs and self.template is None:
            raise ValueError(f"template: kind '{self.kind}' needs the sys_id (32 hexadecimal digits) of its template")
        if not needs and self.template is not None:
            raise ValueError(f"template: goes with kind 'standard' or 'model', not with '{self.kind}'")
        return self


class ServiceNowChangeSink(RemoteSink[ServiceNowOptions]):
    """Finds by `correlation_id`, and by the mark in the description where a template does not let that be set."""

    async def find(self, correlation_id: str) -> RaisedChange | None:
        async with self._speaking() as remote:
            records = await _search(remote, _query(correlation_id))
        found = [record for record in records if carries(record, correlation_id)]
        return self._raised(found[0]) if found else None

    async def raise_change(self, request: ChangeRequest) -> RaisedChange:
        record = make_record(request, fill(self._options.fields, request))
        if self._options.kind == "model":
            record["chg_model"] = self._options.template
        async with self._speaking() as remote:
            answer = await remote.send("POST", self._path(), json=record)
            return self._raised(member(answer, "result"))

    async def outcome(self, external_id: str) -> ChangeOutcome | None:
        async with self._speaking() as remote:
            records = await _search(remote, f"number={_quoted(external_id)}")
            found = [record for record in records if value_of(record, "number") == external_id]
            if not found:
                raise RemoteFailed(f"ServiceNow has no change '{external_id}' that this user may read", is_lasting=True)
            return read_outcome(found[0], self._config.states, self._config.zone)

    async def check(self) -> Sequence[Finding]:
        trials = Trials()
        nobody = f"check-{new_id()}"
        sound = "changes are searched by correlation_id"
        await trials.attempt("sign in and search", self._try_search(nobody), lambda _: sound)
        if self._options.template is not None:
            kind = "standard/template" if self._options.kind == "standard" else "model"
            await trials.attempt("template", self._find(f"{_CHANGES}/{kind}/{self._options.template}"), _see_template)
        trials.untried("create", f"POST {self._path()} would create a change; the user needs sn_change_write")
        return trials.findings

    def read_outcome(self, payload: Any) -> ToldOutcome | None:
        return read_told(payload, self._config.states, self._config.zone)

    async def _try_search(self, correlation_id: str) -> None:
        async with self._speaking() as remote:
            if await _search(remote, _query(correlation_id)):
                raise RemoteFailed("ServiceNow ignores a search by correlation_id: let this user read that field")

    async def _find(self, path: str) -> Any:
        async with self._speaking() as remote:
            return await remote.find(path)

    def _path(self) -> str:
        match self._options.kind:
            case "standard":
                return f"{_CHANGES}/standard/{self._options.template}"
            case "model":
                return _CHANGES
            case kind:
                return f"{_CHANGES}/{kind}"

    def _raised(self, record: Any) -> RaisedChange:
        fields = record if isinstance(record, Mapping) else {}
        number = require_id(value_of(fields, "number"), "result.number")
        sys_id = value_of(fields, "sys_id")
        path = f"/nav_to.do?uri=change_request.do%3Fsys_id%3D{sys_id}" if sys_id and sys_id.isalnum() else None
        return RaisedChange(number, link(self._config.access, path) if path else None)


def _see_template(answer: Any) -> str:
    if answer is None:
        raise Unmappable("template: there is none with this sys_id that this user may read")
    return "the template is there"


def _query(correlation_id: str) -> str:
    return f"correlation_id={_quoted(correlation_id)}^ORdescriptionLIKE{_quoted(mark(correlation_id))}"


def _quoted(value: str) -> str:
    """A caret begins the next condition of an encoded query; doubled it is one."""
    return value.replace("^", "^^")


async def _search(remote: Asking, query: str) -> list[Any]:
    answer = await remote.get(_CHANGES, {"sysparm_query": f"{query}^ORDERBYsys_created_on", "sysparm_limit": _MOST})
    records = member(answer, "result")
    if not isinstance(records, list):
        raise Unmappable("the change API's answer has no list 'result'; check base_url")
    return records

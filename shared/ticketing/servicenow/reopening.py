"""Reopening an incident in ServiceNow: its state goes back, with a work note. The user needs to write incidents."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from shared.fields import Body
from shared.ticketing.access import Access
from shared.ticketing.facts import DONE
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.mapping import find_state, member
from shared.ticketing.option_fields import matching
from shared.ticketing.remote_sink import RemoteReopener
from shared.ticketing.servicenow.change_mapper import number_of, shown_of, value_of
from shared.ticketing.servicenow.mapper import STATES
from shared.ticketing.sources import SourceConfig

_TABLE = "/api/now/table/incident"
_FIELDS = "sys_id,number,state,incident_state"


class ReopeningOptions(Body):
    """`state` is what a reopened incident gets (In Progress is 2); `note_field` takes the note."""

    state: Annotated[str, AfterValidator(matching(r"-?[0-9]{1,3}", "a state's value, as 2"))] = "2"
    note_field: Annotated[str, AfterValidator(matching(r"[a-z][a-z0-9_]{0,79}", "a field's name, as work_notes"))] = (
        "work_notes"
    )


class ServiceNowReopener(RemoteReopener[ReopeningOptions]):
    """An incident is named by its number."""

    async def reopen(self, external_id: str, note: str) -> bool:
        async with self._speaking() as remote:
            query: dict[str, str | int] = {
                "sysparm_query": f"number={external_id.replace('^', '^^')}",
                "sysparm_fields": _FIELDS,
                "sysparm_display_value": "all",
                "sysparm_limit": 10,
            }
            records = member(await remote.get(_TABLE, query), "result")
            if not isinstance(records, list):
                raise RemoteFailed("the Table API's answer has no list 'result'; check base_url")
            found = [r for r in records if isinstance(r, Mapping) and value_of(r, "number") == external_id]
            if not found:
                raise RemoteFailed(f"ServiceNow has no incident '{external_id}' that this user sees", is_lasting=True)
            if not self._is_done(found[0]):
                return False
            changes = {"state": self._options.state, "incident_state": self._options.state}
            path = f"{_TABLE}/{value_of(found[0], 'sys_id')}"
            answer = await remote.send("PATCH", path, json={**changes, self._options.note_field: note})
        result = member(answer, "result")
        told = number_of(result, "state") if isinstance(result, Mapping) else None
        if told is not None and told != self._options.state:
            raise RemoteFailed(
                f"incident {external_id} stays in state {told}: a rule there forbids reopening it", is_lasting=True
            )
        return True

    def _is_done(self, record: Mapping[str, Any]) -> bool:
        names = ("incident_state", "state")
        words = [word for name in names for word in (number_of(record, name), shown_of(record, name))]
        return find_state(words, self._config.states, STATES) in DONE


def open_servicenow_reopener(access: Access, config: SourceConfig, options: Mapping[str, Any]) -> ServiceNowReopener:
    """Raises `ValueError` for options that are none."""
    return ServiceNowReopener(access, config, ReopeningOptions.model_validate(options))

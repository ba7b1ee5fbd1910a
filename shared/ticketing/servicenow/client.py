"""ServiceNow: a business rule posts the record (bearer or basic), or its Table API is polled."""

from collections.abc import Mapping
from typing import Any

from shared.ticketing.failures import RemoteFailed
from shared.ticketing.mapping import member, newest
from shared.ticketing.remote import Remote
from shared.ticketing.senders import verify_sender
from shared.ticketing.servicenow.mapper import map_record
from shared.ticketing.sources import PollConfig, PollPage, Position, Reading, SourceConfig, follow

PAGE_SIZE = 200
_TABLE = "/api/now/table/incident"
_FIELDS = (
    "number,incident_state,state,sys_class_name,sys_updated_on,sys_mod_count,opened_at,resolved_at,closed_at,sla_due,"
    "due_date,reopen_count,made_sla,short_description,priority,business_service,cmdb_ci,company,caller_id,"
    "assignment_group,resolved_by,assigned_to,category,close_code"
)


class ServiceNowSource:
    """Times go out and come back in the connection's zone; the Table API speaks UTC unless its user's profile says
    otherwise."""

    def __init__(self, config: SourceConfig, *, page_size: int = PAGE_SIZE, timeout_seconds: float = 30.0) -> None:
        self._config = config
        self._page_size = page_size
        self._timeout_seconds = timeout_seconds

    def verify(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> None:
        verify_sender(self._config.authentication, self._config.secret, headers, query, body)

    def read(self, payload: Any) -> Reading:
        return map_record(payload, self._config)

    async def poll(self, position: Position) -> PollPage:
        poll = self._config.poll
        if poll is None:
            raise RemoteFailed("this connection has no base_url to poll")
        async with Remote(poll, timeout_seconds=self._timeout_seconds).session() as remote:
            answer = await remote.get(_TABLE, self._query(poll, position))
        records = member(answer, "result")
        if not isinstance(records, list):
            raise RemoteFailed("the Table API's answer has no list 'result'; check base_url")
        is_last = len(records) < self._page_size
        last = newest(map(_updated_on, records), self._config.zone)
        return PollPage(records, follow(position, last, is_last), is_last)

    def _query(self, poll: PollConfig, position: Position) -> dict[str, str | int]:
        since = position.since.astimezone(self._config.zone).strftime("%Y-%m-%d %H:%M:%S")
        narrowed = f"{poll.filter}^" if poll.filter else ""
        fields = {_FIELDS, *(rule_path(rule) for rule in self._config.field_map.values())} - {""}
        return {
            "sysparm_query": f"{narrowed}sys_updated_on>={since}^ORDERBYsys_updated_on^ORDERBYsys_id",
            "sysparm_display_value": "all",
            "sysparm_exclude_reference_link": "true",
            "sysparm_fields": ",".join(sorted(fields)),
            "sysparm_limit": self._page_size,
            "sysparm_offset": (position.page - 1) * self._page_size,
        }


def rule_path(rule: Any) -> str:
    """The record's field that an entry of the field map reads."""
    path = rule if isinstance(rule, str) else str(rule.get("path", ""))
    return path.partition(".")[0]


def _updated_on(record: Any) -> Any:
    told = member(record, "sys_updated_on")
    return member(told, "value") if isinstance(told, Mapping) else told

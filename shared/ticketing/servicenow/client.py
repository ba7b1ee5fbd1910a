"""ServiceNow: a business rule posts the record (bearer or basic), or its Table API is polled."""

from collections.abc import Mapping
from typing import Any

from shared.ticketing.failures import RemoteFailed
from shared.ticketing.mapping import member, newest
from shared.ticketing.polling import PolledSource, Wanted
from shared.ticketing.remote import TIMEOUT_SECONDS, Asking
from shared.ticketing.servicenow.mapper import map_record
from shared.ticketing.sources import PollPage, SourceConfig, follow

PAGE_SIZE = 200
_TABLE = "/api/now/table/incident"
_FIELDS = (
    "number,incident_state,state,sys_class_name,sys_updated_on,sys_mod_count,opened_at,resolved_at,closed_at,sla_due,"
    "due_date,reopen_count,made_sla,short_description,priority,business_service,cmdb_ci,company,caller_id,"
    "assignment_group,resolved_by,assigned_to,category,close_code"
)


def open_servicenow(
    config: SourceConfig, *, page_size: int = PAGE_SIZE, timeout_seconds: float = TIMEOUT_SECONDS
) -> PolledSource:
    """A filter is an encoded query. Times go out and come back in the connection's zone; the Table API speaks UTC
    unless its user's profile says otherwise."""
    return PolledSource(config, map_record, _read_page, page_size=page_size, timeout_seconds=timeout_seconds)


async def _read_page(remote: Asking, wanted: Wanted) -> PollPage:
    answer = await remote.get(_TABLE, _query(wanted))
    records = member(answer, "result")
    if not isinstance(records, list):
        raise RemoteFailed("the Table API's answer has no list 'result'; check base_url")
    is_last = len(records) < wanted.page_size
    last = newest(map(_updated_on, records), wanted.config.zone)
    return PollPage(records, follow(wanted.position, last, is_last), is_last)


def _query(wanted: Wanted) -> dict[str, str | int]:
    since = wanted.position.since.astimezone(wanted.config.zone).strftime("%Y-%m-%d %H:%M:%S")
    narrowed = f"{wanted.poll.filter}^" if wanted.poll.filter else ""
    fields = {_FIELDS, *(rule_path(rule) for rule in wanted.config.field_map.values())} - {""}
    return {
        "sysparm_query": f"{narrowed}sys_updated_on>={since}^ORDERBYsys_updated_on^ORDERBYsys_id",
        "sysparm_display_value": "all",
        "sysparm_exclude_reference_link": "true",
        "sysparm_fields": ",".join(sorted(fields)),
        "sysparm_limit": wanted.page_size,
        "sysparm_offset": (wanted.position.page - 1) * wanted.page_size,
    }


def rule_path(rule: Any) -> str:
    """The record's field that an entry of the field map reads."""
    path = rule if isinstance(rule, str) else str(rule.get("path", ""))
    return path.partition(".")[0]


def _updated_on(record: Any) -> Any:
    told = member(record, "sys_updated_on")
    return member(told, "value") if isinstance(told, Mapping) else told

"""iTop as a source of incidents: its REST is polled, or its webhook action posts.

It answers in an order of its own, so that what was updated since is listed by id and time alone first, put in order
here, and of these one page is read as a whole.
"""

import re
from typing import Any

from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.itop.client import Found, operate, quoted
from shared.ticketing.itop.mapper import map_object
from shared.ticketing.mapping import newest
from shared.ticketing.polling import PolledSource, Wanted
from shared.ticketing.remote import TIMEOUT_SECONDS, Asking
from shared.ticketing.sources import PollPage, SourceConfig, follow

PAGE_SIZE = 100
_WHOLE = re.compile(r"SELECT\s+(\w+)(?:\s+WHERE\s+(.+))?", re.IGNORECASE | re.DOTALL)


def open_itop(
    config: SourceConfig, *, page_size: int = PAGE_SIZE, timeout_seconds: float = TIMEOUT_SECONDS
) -> PolledSource:
    """A filter is a condition on Incident, as `org_id = 3`, or a query, as
    `SELECT UserRequest WHERE request_type = 'incident'`."""
    return PolledSource(config, map_object, _read_page, page_size=page_size, timeout_seconds=timeout_seconds)


async def _read_page(remote: Asking, wanted: Wanted) -> PollPage:
    name, condition = _base(wanted.poll.filter)
    since = wanted.position.since.astimezone(wanted.config.zone).strftime("%Y-%m-%d %H:%M:%S")
    narrowed = f"({condition}) AND " if condition else ""
    try:
        listed = await _get(remote, name, f"{narrowed}last_update >= {quoted(since)}", "id,last_update")
        listed.sort(key=lambda found: (str(found.fields.get("last_update")), int(found.key)))
        start = (wanted.position.page - 1) * wanted.page_size
        page = listed[start : start + wanted.page_size]
        keys = [found.key for found in page]
        whole = await _get(remote, name, f"id IN ({','.join(keys)})", "*") if keys else []
    except (Unmappable, ValueError) as error:
        raise RemoteFailed(f"the answer has no list of iTop's objects: {error}") from error
    by_key = {found.key: found for found in whole}
    elements: list[Any] = [
        {"class": by_key[key].name, "key": key, "fields": dict(by_key[key].fields)} for key in keys if key in by_key
    ]
    is_last = len(page) < wanted.page_size
    last = newest((found.fields.get("last_update") for found in page), wanted.config.zone)
    return PollPage(elements, follow(wanted.position, last, is_last), is_last)


def _base(narrowing: str | None) -> tuple[str, str | None]:
    """The class that is polled, and a condition."""
    whole = _WHOLE.fullmatch((narrowing or "").strip())
    return (whole[1], whole[2]) if whole else ("Incident", narrowing)


async def _get(remote: Asking, name: str, condition: str, fields: str) -> list[Found]:
    key = f"SELECT {name} WHERE {condition}"
    return await operate(remote, "core/get", **{"class": name, "key": key, "output_fields": fields})

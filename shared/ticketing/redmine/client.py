"""Redmine: its issues are polled, each with its journals, for a list of issues has none. It sends no webhooks."""

import asyncio
from datetime import UTC
from typing import Any
from urllib.parse import parse_qsl

from shared.ticketing.failures import RemoteFailed
from shared.ticketing.mapping import member, newest
from shared.ticketing.polling import PolledSource, Wanted
from shared.ticketing.redmine.mapper import map_issue
from shared.ticketing.remote import TIMEOUT_SECONDS, Asking
from shared.ticketing.sources import PollPage, SourceConfig, follow

PAGE_SIZE = 50
AT_ONCE = 4


def open_redmine(
    config: SourceConfig, *, page_size: int = PAGE_SIZE, timeout_seconds: float = TIMEOUT_SECONDS
) -> PolledSource:
    """Polls by `X-Redmine-API-Key`. A filter is a query string, as `project_id=helpdesk&tracker_id=1`."""
    return PolledSource(config, map_issue, _read_page, page_size=page_size, timeout_seconds=timeout_seconds)


async def _read_page(remote: Asking, wanted: Wanted) -> PollPage:
    await remote.get("/users/current.json")  # a wrong key is taken for nobody, who may read public issues
    answer = await remote.get("/issues.json", _query(wanted))
    issues = member(answer, "issues")
    if not isinstance(issues, list):
        raise RemoteFailed("the answer has no list 'issues'; check base_url, and that REST is switched on")
    statuses = member(await remote.get("/issue_statuses.json"), "issue_statuses") if issues else []
    gate = asyncio.Semaphore(AT_ONCE)
    found = await asyncio.gather(*(_with_journals(remote, gate, issue) for issue in issues))
    elements = [{"issue": issue, "statuses": statuses} for issue in found if issue is not None]
    is_last = len(issues) < wanted.page_size
    last = newest(member(issue, "updated_on") for issue in issues)
    return PollPage(elements, follow(wanted.position, last, is_last), is_last)


def _query(wanted: Wanted) -> dict[str, str | int]:
    return {
        **dict(parse_qsl(wanted.poll.filter or "")),
        "status_id": "*",
        "updated_on": f">={wanted.position.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "sort": "updated_on,id",
        "limit": wanted.page_size,
        "offset": (wanted.position.page - 1) * wanted.page_size,
    }


async def _with_journals(remote: Asking, gate: asyncio.Semaphore, issue: Any) -> Any:
    """The issue with its journals; None when it was deleted meanwhile."""
    number = member(issue, "id")
    if not str(number).isdecimal():
        raise RemoteFailed("the answer holds an issue without id")
    async with gate:
        answer = await remote.find(f"/issues/{number}.json", {"include": "journals"})
    return member(answer, "issue")

"""Redmine: its issues are polled, each with its journals, for a list of issues has none. It sends no webhooks."""

import asyncio
from collections.abc import Mapping
from datetime import UTC
from typing import Any
from urllib.parse import parse_qsl

from shared.ticketing.failures import RemoteFailed
from shared.ticketing.mapping import member, newest
from shared.ticketing.redmine.mapper import map_issue
from shared.ticketing.remote import Asking, Remote
from shared.ticketing.senders import verify_sender
from shared.ticketing.sources import PollConfig, PollPage, Position, Reading, SourceConfig, follow

PAGE_SIZE = 50
AT_ONCE = 4


class RedmineSource:
    """Polls by `X-Redmine-API-Key`. A filter is a query string, as `project_id=helpdesk&tracker_id=1`."""

    def __init__(self, config: SourceConfig, *, page_size: int = PAGE_SIZE, timeout_seconds: float = 30.0) -> None:
        self._config = config
        self._page_size = page_size
        self._timeout_seconds = timeout_seconds

    def verify(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> None:
        verify_sender(self._config.authentication, self._config.secret, headers, query, body)

    def read(self, payload: Any) -> Reading:
        return map_issue(payload, self._config)

    async def poll(self, position: Position) -> PollPage:
        poll = self._config.poll
        if poll is None:
            raise RemoteFailed("this connection has no base_url to poll")
        async with Remote(poll, timeout_seconds=self._timeout_seconds).session() as remote:
            await remote.get("/users/current.json")  # a wrong key is taken for nobody, who may read public issues
            answer = await remote.get("/issues.json", self._query(poll, position))
            issues = member(answer, "issues")
            if not isinstance(issues, list):
                raise RemoteFailed("the answer has no list 'issues'; check base_url, and that REST is switched on")
            statuses = member(await remote.get("/issue_statuses.json"), "issue_statuses") if issues else []
            gate = asyncio.Semaphore(AT_ONCE)
            found = await asyncio.gather(*(_with_journals(remote, gate, issue) for issue in issues))
        elements = [{"issue": issue, "statuses": statuses} for issue in found if issue is not None]
        is_last = len(issues) < self._page_size
        last = newest(member(issue, "updated_on") for issue in issues)
        return PollPage(elements, follow(position, last, is_last), is_last)

    def _query(self, poll: PollConfig, position: Position) -> dict[str, str | int]:
        return {
            **dict(parse_qsl(poll.filter or "")),
            "status_id": "*",
            "updated_on": f">={position.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "sort": "updated_on,id",
            "limit": self._page_size,
            "offset": (position.page - 1) * self._page_size,
        }


async def _with_journals(remote: Asking, gate: asyncio.Semaphore, issue: Any) -> Any:
    """The issue with its journals; None when it was deleted meanwhile."""
    number = member(issue, "id")
    if not str(number).isdecimal():
        raise RemoteFailed("the answer holds an issue without id")
    async with gate:
        answer = await remote.find(f"/issues/{number}.json", {"include": "journals"})
    return member(answer, "issue")

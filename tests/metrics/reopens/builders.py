"""Disputes as satisfaction tells them, and a system whose incidents are reopened as a test says."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.metrics.connections.service import Sources
from services.metrics.reopens.jobs import reopen_due
from services.metrics.settings import MetricsSettings
from shared.auth import Role
from shared.events.callbacks import ResolutionDisputed
from shared.http import acting
from shared.ids import new_id
from shared.ticketing.access import Access
from shared.ticketing.changes import IncidentReopener
from shared.ticketing.sources import SourceConfig
from shared.ticketing.systems import SYSTEMS
from tests.support.solo import Solo

URL = "/metrics/v1/reopens"
POLLED = {
    "system": "redmine",
    "poll": {"base_url": "https://desk.invalid", "secret": "the-poll-key"},
    "reopening": {"options": {"status": "In Progress"}},
}


def dispute(**changes: Any) -> ResolutionDisputed:
    at = datetime(2026, 3, 3, 10, 20, tzinfo=UTC)
    fields: dict[str, Any] = {
        "callback_id": new_id(),
        "ticket_id": new_id(),
        "source": "desk",
        "external_id": "4711",
        "resolution_number": 1,
        "resolved_at": at,
        "due_at": at,
        "disputed_at": at,
        "solved": "no",
        "comment": "It fails again",
    }
    return ResolutionDisputed(**{**fields, **changes})


@dataclass
class Desk:
    """Answers each reopening with the next of `answers`, then with True; `calls` are external id and note. What is in
    `waiting` by external id is not answered before its event is set."""

    answers: list[bool | Exception] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    opened: list[tuple[Access, Mapping[str, Any]]] = field(default_factory=list)
    waiting: dict[str, asyncio.Event] = field(default_factory=dict)

    def open(self, access: Access, _config: SourceConfig, options: Mapping[str, Any]) -> IncidentReopener:
        if "colour" in options:
            raise ValueError("colour: is no option; there is status")
        self.opened.append((access, options))
        return self

    async def reopen(self, external_id: str, note: str) -> bool:
        self.calls.append((external_id, note))
        if external_id in self.waiting:
            await self.waiting[external_id].wait()
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        return answer

    def serve(self, monkeypatch: pytest.MonkeyPatch, *systems: Any) -> None:
        for name in systems or ("redmine",):
            monkeypatch.setitem(SYSTEMS, name, replace(SYSTEMS[name], reopener=self.open))


def fields_of(ticket_id: UUID, external_id: str, **changes: Any) -> dict[str, Any]:
    """A row of the table `tickets`."""
    at = datetime(2026, 3, 2, 11, 40, tzinfo=UTC)
    known = {
        "id": ticket_id,
        "source": "desk",
        "external_id": external_id,
        "kind": "incident",
        "state": "resolved",
        "updated_at": at,
        "opened_at": at,
        "resolution_number": 1,
        "reopen_count": 0,
        "version": 1,
    }
    return {**known, **changes}


async def connect(solo: Solo, key: str = "desk", **changes: Any) -> httpx.Response:
    async with solo.client(Role.ADMINISTRATOR) as client:
        return await client.put(f"/metrics/v1/connections/{key}", json={**POLLED, **changes})


async def run(solo: Solo, sources: Sources | None = None) -> int:
    async with acting("service:metrics"):
        return await reopen_due(solo.database, sources or solo.service.app.state.sources, MetricsSettings())

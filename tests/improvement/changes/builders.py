"""A ticketing system that behaves as a test says, and records on their way to it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import text

from services.improvement.changes.jobs import poll_outcomes, raise_changes
from services.improvement.connections.service import Ticketing
from services.improvement.settings import ImprovementSettings
from shared.fields import Body, Name
from shared.http import acting
from shared.ticketing.changes import (
    ChangeOutcome,
    ChangeRequest,
    ChangeSink,
    RaisedChange,
    SinkConfig,
    ToldOutcome,
    find_mark,
)
from shared.ticketing.facts import Unmappable
from shared.ticketing.findings import Finding
from shared.ticketing.senders import verify_sender
from shared.ticketing.sinks import SINKS, SinkSystem
from tests.improvement.builders import CHANGES, PLAN, People, ok
from tests.support.solo import Solo

WEBHOOK_SECRET = "a-webhook-secret-of-the-desk"
CONNECTED: dict[str, Any] = {
    "system": "redmine",
    "base_url": "https://desk.invalid",
    "secret": "the-api-key",
    "webhook_authentication": "url_secret",
    "webhook_secret": WEBHOOK_SECRET,
    "states": {"Shipped": "implemented"},
    "options": {"project": "ops"},
}
WORDS = {"Open": "raised", "Approved": "accepted", "Done": "implemented", "Rejected": "failed"}


class DeskOptions(Body):
    project: Name
    tracker: Name | None = None


class Desk:
    """`failures` are raised by the next calls that create, one each: before the record is there, or after it for those
    in `lost`. `outcomes` answers the polls by id. What is in `waiting` by project is not answered before its event;
    while it `hangs`, the record is there and no answer comes."""

    def __init__(self) -> None:
        self.config: SinkConfig | None = None
        self.requests: dict[str, ChangeRequest] = {}
        self.failures: list[Exception] = []
        self.lost: list[Exception] = []
        self.outcomes: dict[str, ChangeOutcome | Exception] = {}
        self.findings: list[Finding] | Exception = [Finding("sign in", True, "as robot")]
        self.waiting: dict[str, asyncio.Event] = {}
        self.calls: list[str] = []
        self.hangs: asyncio.Event | None = None

    def serve(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be the system behind `redmine`, for connections of every project."""
        system = SinkSystem(self.open, DeskOptions, ("api_key", "basic"), ("url_secret", "bearer"))
        monkeypatch.setitem(SINKS, "redmine", system)

    def open(self, config: SinkConfig) -> ChangeSink:
        self.config = config
        return _Sink(self, config)


class _Sink:
    def __init__(self, desk: Desk, config: SinkConfig) -> None:
        self._desk = desk
        self._config = config

    async def find(self, correlation_id: str) -> RaisedChange | None:
        project = self._config.options.project
        self._desk.calls.append(f"find in {project}")
        if project in self._desk.waiting:
            await self._desk.waiting[project].wait()
        for number, request in self._desk.requests.items():
            if request.correlation_id == correlation_id:
                return RaisedChange(number)
        return None

    async def raise_change(self, request: ChangeRequest) -> RaisedChange:
        self._desk.calls.append(f"raise in {self._config.options.project}")
        if self._desk.failures:
            raise self._desk.failures.pop(0)
        number = f"CHG-{len(self._desk.requests) + 1}"
        self._desk.requests[number] = request
        if self._desk.hangs is not None:
            await self._desk.hangs.wait()
        if self._desk.lost:
            raise self._desk.lost.pop(0)
        return RaisedChange(number, f"https://desk.invalid/{number}")

    async def outcome(self, external_id: str) -> ChangeOutcome | None:
        self._desk.calls.append(f"ask for {external_id}")
        answer = self._desk.outcomes.get(external_id)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def check(self) -> Sequence[Finding]:
        if isinstance(self._desk.findings, Exception):
            raise self._desk.findings
        return self._desk.findings

    def verify(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> None:
        verify_sender(self._config.authentication, self._config.secret, headers, query, body)

    def read_outcome(self, payload: Any) -> ToldOutcome | None:
        """`{"issue": {"id", "status", "subject"}}`; anything else tells of no issue."""
        issue = payload.get("issue") if isinstance(payload, dict) else None
        if issue is None:
            return None
        if "status" not in issue:
            raise Unmappable("issue.status: is missing")
        words: dict[str, Any] = {**WORDS, **self._config.states}
        word = issue["status"]
        outcome = ChangeOutcome(words[word], None, "it said no") if word in words else None
        return ToldOutcome(find_mark(issue.get("subject")), issue.get("id"), word, outcome)


async def connect(solo: Solo, key: str = "desk", **changes: Any) -> dict[str, Any]:
    people = People(solo)
    try:
        path = f"/improvement/v1/change-connections/{key}"
        shown: dict[str, Any] = ok(await people.administrator.put(path, json={**CONNECTED, **changes}))
        return shown
    finally:
        await people.close()


async def approve(solo: Solo, people: People, scope: str = "all") -> dict[str, Any]:
    """An approved record whose change is due."""
    plan = {**PLAN.model_dump(mode="json"), "scope": scope}
    record = await people.bring_to("approved", solo, scope=scope, verification_plan=plan)
    await listen(solo)
    return record


async def listen(solo: Solo) -> None:
    """Let the service hear what it recorded so far."""
    async with solo.database.reading() as session:
        rows = (await session.execute(text("SELECT body FROM outbox ORDER BY position"))).all()
    await solo.service.app.state.inbox.take([bytes(row.body) for row in rows])


def ticketing_of(solo: Solo) -> Ticketing:
    ticketing: Ticketing = solo.service.app.state.ticketing
    return ticketing


async def raise_due(solo: Solo, ticketing: Ticketing | None = None) -> int:
    """One portion of the job, then what it led to is heard."""
    async with acting("service:improvement"):
        tried = await raise_changes(solo.database, ticketing or ticketing_of(solo), ImprovementSettings())
    await listen(solo)
    return tried


async def poll_due(solo: Solo) -> int:
    async with acting("service:improvement"):
        asked = await poll_outcomes(solo.database, ticketing_of(solo), ImprovementSettings())
    await listen(solo)
    return asked


async def make_due(solo: Solo) -> None:
    """What waits for its next attempt waits no longer."""
    async with solo.transaction() as session:
        await session.execute(
            text(
                "UPDATE change_requests SET next_attempt_at = now() - interval '1 s' WHERE next_attempt_at IS NOT NULL"
            )
        )


async def raised(solo: Solo, people: People, scope: str = "all") -> tuple[dict[str, Any], dict[str, Any]]:
    """A record and its change, raised."""
    record = await approve(solo, people, scope)
    await raise_due(solo)
    return record, await change_of(people, record)


async def change_of(people: People, record: Mapping[str, Any], revision: int = 1) -> dict[str, Any]:
    """The change of that revision, with attempts and reports."""
    items = ok(await people.reader.get(CHANGES, params={"improvement_id": record["id"]}))["items"]
    (found,) = [item for item in items if item["revision"] == revision]
    change: dict[str, Any] = ok(await people.reader.get(f"{CHANGES}/{found['id']}"))
    return change

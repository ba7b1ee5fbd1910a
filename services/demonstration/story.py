"""The demonstration's story, told through REST: tickets, targets, callbacks, an improvement that waits for a signature,
complaints and surveys. Telling it twice has one effect, so that a start cut short can be taken up again."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import httpx
from starlette.applications import Starlette

from services.demonstration.asking import ask
from services.demonstration.improving import improve
from services.demonstration.listening import listen
from services.demonstration.people import People, send, wait_for
from services.demonstration.promises import promise
from services.demonstration.simulator import Call, first_month, simulate, simulate_call
from shared import clock
from shared.auth import Role
from shared.settings import Settings

Json = dict[str, Any]
_BATCH = 500
_SLA = "/metrics/v1/measures/sla_attainment"
_COVERAGE = "/metrics/v1/measures/callback_coverage"
_CALLBACKS = "/satisfaction/v1/callbacks"


async def load(gateway: Starlette, settings: Settings) -> None:
    """Tell the whole story to the services behind this gateway.

    Raises:
        StoryStuck: at which step.
    """
    transport = httpx.ASGITransport(app=gateway)
    people = People(transport, settings)
    now = clock.now()
    try:
        await _send_tickets(people.speak(Role.INTEGRATION, "demo-desk"), now)
        owner = people.speak(Role.PROCESS_OWNER, "anna.process-owner")
        await _set_target(owner, _SLA, 0.80, "Promised in the service agreements", now)
        await _call_back(people.speak(Role.SERVICE_DESK, "mei.desk"), now)
        await _set_target(owner, _COVERAGE, 0.85, "Every resolved incident is called back within 24 hours", now)
        await promise(people, now)
        await improve(people, now)
        await listen(people, now)
        await ask(people, now)
    finally:
        await people.close()


async def _send_tickets(desk: httpx.AsyncClient, now: datetime) -> None:
    updates: Iterator[Json] = (u.model_dump(mode="json", exclude_none=True) for u in simulate(now))
    while batch := list(islice(updates, _BATCH)):
        await send(desk.post("/metrics/v1/tickets", json=batch))


async def _set_target(owner: httpx.AsyncClient, path: str, value: float, reason: str, now: datetime) -> None:
    if not (await send(owner.get(f"{path}/targets"))).json():
        body = {"value": value, "effective_from": first_month(now).isoformat(), "reason": reason}
        await send(owner.post(f"{path}/targets", json=body))


async def _call_back(desk: httpx.AsyncClient, now: datetime) -> None:
    """Every callback that fell due before yesterday went as it went; yesterday's and today's are left to do."""
    await _await_callbacks(desk)
    due_before = (now - timedelta(hours=6)).isoformat()
    start = first_month(now)
    while True:
        params: dict[str, str | int] = {"state": "due", "due_before": due_before, "limit": 200}
        due = (await send(desk.get(_CALLBACKS, params=params))).json()["items"]
        if not due:
            return
        for callback in due:
            resolved = datetime.fromisoformat(callback["resolved_at"])
            index = (resolved.year - start.year) * 12 + resolved.month - start.month
            await _record_call(desk, callback, simulate_call(callback["external_id"], index), resolved, now)


async def _record_call(desk: httpx.AsyncClient, callback: Json, call: Call, resolved: datetime, now: datetime) -> None:
    url = f"{_CALLBACKS}/{callback['id']}"
    at = min(resolved + timedelta(hours=call.hours), now)
    if call.outcome == "unreachable":
        for number in range(callback["failed_attempt_count"], 3):
            tried = min(at + timedelta(hours=number), now)
            body = {"channel": "phone", "outcome": "no_answer", "attempted_at": tried.isoformat()}
            await send(desk.post(f"{url}/attempts", json=body))
        await send(desk.post(f"{url}/unreachable", json={"reason": "No answer on three calls"}))
        return
    answer = {"solved": call.solved, "score": call.score, "completed_at": at.isoformat(), "channel": "phone"}
    if call.comment:
        answer["comment"] = call.comment
    await send(desk.post(f"{url}/complete", json=answer))


async def _await_callbacks(desk: httpx.AsyncClient) -> None:
    """Until no further callback appears: the events of all tickets have been heard."""
    seen = -1

    async def settled() -> bool | None:
        nonlocal seen
        last, seen = seen, (await send(desk.get(f"{_CALLBACKS}/coverage"))).json()["resolved"]
        return True if 0 < seen == last else None

    await wait_for("the callbacks fall due", settled, 0.5)

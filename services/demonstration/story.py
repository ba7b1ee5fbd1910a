"""The demonstration's story, told through REST: tickets, targets, callbacks, and an improvement that waits for a
signature. Telling it twice has one effect, so that a start cut short can be taken up again."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import httpx
from starlette.applications import Starlette

from services.demonstration.people import People, StoryStuck, send
from services.demonstration.promises import promise
from services.demonstration.simulator import MONTHS, Call, first_month, month_after, simulate, simulate_call
from shared import clock
from shared.auth import Role
from shared.settings import Settings

Json = dict[str, Any]
_BATCH = 500
_PATIENCE_SECONDS = 120.0
_SLA = "/metrics/v1/measures/sla_attainment"
_COVERAGE = "/metrics/v1/measures/callback_coverage"
_CALLBACKS = "/satisfaction/v1/callbacks"
_IMPROVEMENTS = "/improvement/v1/improvements"


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
        await _improve(people, now)
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


async def _improve(people: People, now: datetime) -> None:
    """The gap of the third month was planned, approved and changed; its effect waits for a signature."""
    owner = people.speak(Role.PROCESS_OWNER, "anna.process-owner")
    record = await _await("an improvement opens", lambda: _find_improvement(owner))
    url = f"{_IMPROVEMENTS}/{record['id']}"
    if record["state"] == "draft":
        record = (await send(owner.get(url))).json()
        plan = {**record["verification_plan"], "guard_measures": ["reopen_rate"], "minimum_effect": 0.05}
        edit = {
            "root_cause": "Tickets of the night wait for the first shift; assignments are made by hand.",
            "measure_type": "process",
            "action_kind": "corrective",
            "plan": "Assign by rule on arrival; a second dispatcher from 7 to 9; review the queue every noon.",
            "tasks": [
                {"title": "Write the assignment rules", "owner": "tom.okafor"},
                {"title": "Roster the early shift"},
            ],
            "owner": "tom.okafor",
            "resources": "two engineers for three weeks",
            "budget": "4200.00",
            "expected_benefit": "Twenty fewer missed SLAs a month",
            "impact_assessment": "No outage; the roster of the desk changes.",
            "verification_plan": plan,
        }
        await send(owner.patch(url, json=edit, headers={"If-Match": f'"{record["version"]}"'}))
        await send(owner.post(f"{url}/submit"))
        record["state"] = "submitted"
    if record["state"] == "submitted":
        supervisor = people.speak(Role.IMPROVEMENT_SUPERVISOR, "sofia.supervisor")
        await send(supervisor.post(f"{url}/approve", json={"comment": "Measured, resourced, reversible."}))

    async def raised() -> Json | None:
        found: Json = (await send(owner.get(url))).json()
        change = found["change"]
        return found if change and change["state"] != "pending" else None

    record = await _await("the change is raised", raised)
    if record["change"]["state"] == "raised":
        manager = people.speak(Role.OPERATIONS_MANAGER, "omar.operations")
        day = month_after(first_month(now), MONTHS // 2)
        implemented = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
        outcome = {"state": "implemented", "implemented_at": implemented.isoformat()}
        await send(manager.post(f"/improvement/v1/changes/{record['change']['id']}/outcome", json=outcome))


async def _find_improvement(owner: httpx.AsyncClient) -> Json | None:
    found = await send(owner.get(_IMPROVEMENTS, params={"measure_key": "sla_attainment"}))
    items: list[Json] = found.json()["items"]
    return items[-1] if items else None


async def _await_callbacks(desk: httpx.AsyncClient) -> None:
    """Until no further callback appears: the events of all tickets have been heard."""
    seen = -1

    async def settled() -> bool | None:
        nonlocal seen
        last, seen = seen, (await send(desk.get(f"{_CALLBACKS}/coverage"))).json()["resolved"]
        return True if 0 < seen == last else None

    await _await("the callbacks fall due", settled, 0.5)


async def _await(step: str, ask: Callable[[], Awaitable[Any]], seconds: float = 0.2) -> Any:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                answer = await ask()
                if answer is not None:
                    return answer
                await asyncio.sleep(seconds)
    except TimeoutError as error:
        raise StoryStuck(f"{step}: not within {_PATIENCE_SECONDS:.0f} s") from error

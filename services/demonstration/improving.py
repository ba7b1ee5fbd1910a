"""The demonstration's improvement: the gap of the third month was analysed with the customer, planned, approved and
changed; its effect waits for a signature. Told through REST, step by step, so that a start cut short can be taken up
again: what is there is not told twice."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from services.demonstration.people import People, send, wait_for
from services.demonstration.promises import CUSTOMER
from services.demonstration.simulator import MONTHS, first_month, month_after
from shared.auth import Role

Json = dict[str, Any]
_IMPROVEMENTS = "/improvement/v1/improvements"
_MEETINGS = "/improvement/v1/meetings"
_DEPARTMENT = "Service desk"
_ATTENDEES = ["omar.operations", "anna.process-owner", "tom.okafor", "mei.desk"]
_PRESENCES: dict[str, Json] = {"mei.desk": {"presence": "delegate", "delegate": "jonas.desk"}}
_OUTCOMES: tuple[Json, ...] = (
    {"state": "done"},
    {"state": "not_done", "reason": "At night the desk has one person, who takes incidents first."},
)


async def improve(people: People, now: datetime) -> None:
    """From the gap to the evidence."""
    owner = people.speak(Role.PROCESS_OWNER, "anna.process-owner")
    record = await wait_for("an improvement opens", lambda: _find(owner))
    url = f"{_IMPROVEMENTS}/{record['id']}"
    changed_on = month_after(first_month(now), MONTHS // 2)
    if record["state"] == "draft":
        await _analyse(people, url)
        await _plan(owner, url, changed_on)
        record["state"] = "submitted"
    if record["state"] == "submitted":
        supervisor = people.speak(Role.IMPROVEMENT_SUPERVISOR, "sofia.supervisor")
        await send(supervisor.post(f"{url}/approve", json={"comment": "Measured, resourced, reversible."}))

    async def raised() -> Json | None:
        found: Json = (await send(owner.get(url))).json()
        change = found["change"]
        return found if change and change["state"] != "pending" else None

    record = await wait_for("the change is raised", raised)
    if record["change"]["state"] == "raised":
        await _carry_out(people, url)
        manager = people.speak(Role.OPERATIONS_MANAGER, "omar.operations")
        implemented = datetime(changed_on.year, changed_on.month, changed_on.day, 6, tzinfo=UTC)
        outcome = {"state": "implemented", "implemented_at": implemented.isoformat()}
        await send(manager.post(f"/improvement/v1/changes/{record['change']['id']}/outcome", json=outcome))
    await _meet(people, now)


async def _find(owner: httpx.AsyncClient) -> Json | None:
    found = await send(owner.get(_IMPROVEMENTS, params={"measure_key": "sla_attainment"}))
    items: list[Json] = found.json()["items"]
    return items[-1] if items else None


async def _analyse(people: People, url: str) -> None:
    """R173: the cause is found together with the customer."""
    owner = people.speak(Role.PROCESS_OWNER, "anna.process-owner")
    if (await send(owner.get(f"{url}/participants"))).json()["items"]:
        return
    customer = people.speak(Role.CUSTOMER, "olga.orchard", customer=CUSTOMER)
    for body in (
        {"person": "tom.okafor", "role": "analyst"},
        {"person": "olga.orchard", "role": "customer", "customer": CUSTOMER},
    ):
        invited = (await send(owner.post(f"{url}/participants", json=body))).json()
        if body["role"] == "customer":
            path = f"{url}/participants/{invited['id']}"
            joined = await send(customer.post(f"{path}/answer", json={"state": "joined"}))
            said = "Our night shift opens most of the late ones; they lie until the morning."
            version = {"If-Match": joined.headers["ETag"]}
            await send(customer.put(f"{path}/contribution", json={"contribution": said}, headers=version))
    asked = {
        "kind": "comment",
        "body": "Do the late ones cluster at certain hours? Please look at the night shift first.",
        "visible_to_customer": True,
    }
    await send(owner.post(f"{url}/discussion", json=asked))


async def _plan(owner: httpx.AsyncClient, url: str, changed_on: date) -> None:
    record: Json = (await send(owner.get(url))).json()
    plan = {**record["verification_plan"], "guard_measures": ["reopen_rate"], "minimum_effect": 0.05}
    edit = {
        "root_cause": "Tickets of the night wait for the first shift; assignments are made by hand.",
        "measure_type": "process",
        "action_kind": "corrective",
        "plan": "Assign by rule on arrival; a second dispatcher from 7 to 9; review the queue every noon.",
        "tasks": [
            _task("Preparation", "Write the assignment rules", "tom.okafor", changed_on, -14, -7),
            _task("Preparation", "Roster the early shift", "ines.duarte", changed_on, -14, -2),
            _task("Introduction", "Switch the rules on", "tom.okafor", changed_on, 0, 0),
        ],
        "owner": "tom.okafor",
        "department": _DEPARTMENT,
        "customer": CUSTOMER,
        "impact": "medium",
        "effort": "small",
        "resources": "two engineers for three weeks",
        "budget": "4200.00",
        "expected_benefit": "Twenty fewer missed SLAs a month",
        "impact_assessment": "No outage; the roster of the desk changes.",
        "planned_start": (changed_on - timedelta(days=14)).isoformat(),
        "planned_end": changed_on.isoformat(),
        "verification_plan": plan,
    }
    await send(owner.patch(url, json=edit, headers={"If-Match": f'"{record["version"]}"'}))
    await send(owner.post(f"{url}/submit"))


def _task(phase: str, title: str, owner: str, changed_on: date, start: int, due: int) -> Json:
    days = {"start": changed_on + timedelta(days=start), "due": changed_on + timedelta(days=due)}
    return {"phase": phase, "title": title, "owner": owner, **{name: day.isoformat() for name, day in days.items()}}


async def _carry_out(people: People, url: str) -> None:
    """The tasks are done, and what it cost and brings is written down."""
    engineer = people.speak(Role.ENGINEER, "tom.okafor")
    for task in (await send(engineer.get(f"{url}/tasks"))).json()["items"]:
        if task["state"] != "done":
            await send(engineer.post(f"{url}/tasks/{task['id']}/complete", json={"done_by": task["owner"]}))
    manager = people.speak(Role.OPERATIONS_MANAGER, "omar.operations")
    if not (await send(manager.get(f"{url}/benefits"))).json()["items"]:
        day = datetime.now(UTC).date().isoformat()
        spent = {"side": "cost", "category": "people", "amount": "3900.00", "evidence": "Time sheets of the desk"}
        saved = {"side": "benefit", "category": "penalty_avoided", "amount": "6000.00", "evidence": "Settlements"}
        for entry in (spent, saved):
            await send(manager.post(f"{url}/benefits", json={"kind": "actual", "day": day, **entry}))


async def _meet(people: People, now: datetime) -> None:
    """R91, R92: last month's quality meeting, with the plan told done or not and one action for the next."""
    manager = people.speak(Role.OPERATIONS_MANAGER, "omar.operations")
    held_on = (now - timedelta(days=10)).replace(hour=9, minute=0, second=0, microsecond=0)
    found: list[Json] = (await send(manager.get(_MEETINGS))).json()["items"]
    meeting = found[-1] if found else (await send(manager.post(_MEETINGS, json=_meeting(held_on, now)))).json()
    url = f"{_MEETINGS}/{meeting['id']}"
    meeting = (await send(manager.get(url))).json()
    if meeting["state"] == "planned":
        plan = [item for item in meeting["items"] if item["kind"] == "plan"]
        for item, outcome in zip(plan, _OUTCOMES, strict=True):
            if item["state"] == "open":
                await send(manager.post(f"{url}/items/{item['id']}/outcome", json=outcome))
        minutes = "Four months in a row above the target. Callbacks of the night are late: a second caller is tried."
        attendees = [{"person": name, **_PRESENCES.get(name, {"presence": "present"})} for name in _ATTENDEES]
        await _put(manager, url, "attendees", {"attendees": attendees})
        await _put(manager, url, "minutes", {"body": minutes})
        await send(manager.post(f"{url}/hold", json={"held_at": held_on.isoformat()}))
    if meeting["state"] in ("planned", "held"):
        version = {"If-Match": (await send(manager.get(url))).headers["ETag"]}
        await send(manager.post(f"{url}/sign-off", headers=version))


def _meeting(held_on: datetime, now: datetime) -> Json:
    due = (now + timedelta(days=20)).date().isoformat()
    return {
        "kind": "monthly_quality_analysis",
        "title": "Quality of last month",
        "planned_at": held_on.isoformat(),
        "chair": "omar.operations",
        "attendees": _ATTENDEES,
        "items": [
            {"kind": "agenda", "title": "SLA attainment since the assignment rules"},
            {"kind": "plan", "title": "Early shift rostered until the end of the quarter"},
            {"kind": "plan", "title": "Callbacks of the night shift within a day"},
            {"kind": "action", "title": "A second caller from 18 to 22", "owner": "mei.desk", "due": due},
        ],
    }


async def _put(manager: httpx.AsyncClient, url: str, what: str, content: Json) -> None:
    version = {"If-Match": (await send(manager.get(url))).headers["ETag"]}
    await send(manager.put(f"{url}/{what}", json=content, headers=version))

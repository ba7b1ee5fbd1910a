"""What the tests of the improvement service are made of: events as metrics tells them, and records on their way."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from shared.auth import Role
from shared.events.envelope import Draft, Fact, Origin, serialise
from shared.events.improvement import VerificationPlan
from shared.events.metrics import EffectAssessed, GapDetected, GapImpact, GapRecurred, MeasureDefined, Sample
from shared.ids import new_id
from tests.support.fleet import Fleet
from tests.support.waiting import eventually

IMPROVEMENTS = "/improvement/v1/improvements"
CHANGES = "/improvement/v1/changes"
LONG_AGO = datetime(2016, 4, 1, tzinfo=UTC)
PLAN = VerificationPlan(
    measure_key="sla_attainment",
    scope="all",
    direction="higher_is_better",
    baseline_from=date(2016, 3, 1),
    baseline_to=date(2016, 4, 1),
)
SLA = MeasureDefined(
    key="sla_attainment",
    version=1,
    name="SLA attainment",
    aspect="quality",
    unit="ratio",
    direction="higher_is_better",
    data_kind="proportion",
    formula="sla_attainment",
    parameters={},
    owner="o",
)
READY: dict[str, Any] = {
    "plan": "Staff the second line in the evening",
    "owner": "olga",
    "resources": "two engineers for a month",
    "root_cause": "nobody there after six",
}


def make_gap(contract: type[GapDetected | GapRecurred] = GapDetected, **changes: Any) -> Any:
    """March 2016 of the real log: 39.86 % where 75 % was expected."""
    fields: dict[str, Any] = {
        "gap_id": new_id(),
        "measure_key": "sla_attainment",
        "measure_name": "SLA attainment",
        "unit": "share",
        "data_kind": "proportion",
        "direction": "higher_is_better",
        "scope": "all",
        "detection": "target_missed",
        "period": date(2016, 3, 1),
        "period_end": date(2016, 4, 1),
        "expected": 0.75,
        "actual": 0.3986,
        "n": 8632,
        "size": 0.3514,
        "severity": "high",
        "impact": GapImpact(tickets_affected=5191, tickets_total=8632),
        "observation_id": new_id(),
    }
    if contract is GapRecurred:
        fields["occurrence"] = 2
    return contract(**{**fields, **changes})


def make_assessment(
    improvement_id: UUID | str, request_id: UUID | str, plan_hash: str, **changes: Any
) -> EffectAssessed:
    fields: dict[str, Any] = {
        "improvement_id": improvement_id,
        "request_id": request_id,
        "plan_hash": plan_hash,
        "verdict": "effective",
        "reason": "the target is met and the difference is significant",
        "test": "two proportions, z",
        "before": Sample(period_from=date(2016, 3, 1), period_to=date(2016, 4, 1), periods=1, n=8632, value=0.3986),
        "after": Sample(period_from=date(2016, 4, 1), period_to=date(2016, 6, 1), periods=2, n=15000, value=0.771),
        "effect": 0.3724,
        "interval": (0.36, 0.385),
        "p_value": 1e-9,
        "alpha": 0.05,
        "target": 0.75,
        "target_met": True,
        "assessed_at": datetime(2016, 6, 2, tzinfo=UTC),
    }
    return EffectAssessed(**{**fields, **changes})


def serialised(
    facts: Sequence[Fact], source: str = "metrics", subject: str | None = None, correlation_id: str | None = None
) -> list[bytes]:
    """Events as they come from the bus; the correlation id is the subject's unless given."""
    bodies = []
    for sequence, fact in enumerate(facts, 1):
        named = subject or str(getattr(fact, "gap_id", None) or getattr(fact, "improvement_id", None) or new_id())
        origin = Origin(f"service:{source}", correlation_id)
        bodies.append(serialise(Draft(fact, named, sequence, origin), source, datetime.now(UTC))[1])
    return bodies


async def hear(fleet: Fleet, *facts: Fact, **how: Any) -> None:
    """Let the improvement service's inbox take these events, as one batch."""
    await fleet.services["improvement"].app.state.inbox.take(serialised(facts, **how))


class People:
    """One client for each who takes part."""

    def __init__(self, fleet: Fleet) -> None:
        self.author = fleet.client(Role.PROCESS_OWNER, subject="petra")
        self.supervisor = fleet.client(Role.IMPROVEMENT_SUPERVISOR, subject="sven")
        self.manager = fleet.client(Role.OPERATIONS_MANAGER, subject="mona")
        self.reader = fleet.client(Role.AUDITOR, subject="anton")
        self.head = fleet.client(Role.DEPARTMENT_HEAD, subject="hanna")
        self.boss = fleet.client(Role.TOP_MANAGEMENT, subject="tina")
        self.administrator = fleet.client(Role.ADMINISTRATOR, subject="adam")

    async def close(self) -> None:
        everybody = (self.author, self.supervisor, self.manager, self.reader, self.head, self.boss, self.administrator)
        for client in everybody:
            await client.aclose()

    async def read(self, improvement_id: str) -> dict[str, Any]:
        return ok(await self.reader.get(f"{IMPROVEMENTS}/{improvement_id}"))

    async def open(self, **fields: Any) -> dict[str, Any]:
        """A draft that lacks nothing."""
        plan = PLAN.model_dump(mode="json")
        body = {
            "title": "Evening shift",
            "problem": "Tickets of the evening wait for the morning",
            "measure_key": "sla_attainment",
            "target": 0.75,
            "verification_plan": plan,
            **READY,
        }
        return ok(await self.author.post(IMPROVEMENTS, json={**body, **fields}), 201)

    async def approve(self, record: dict[str, Any]) -> dict[str, Any]:
        """Every step of the record's chain, each by who holds its role."""
        approvers = {
            "improvement_supervisor": self.supervisor,
            "department_head": self.head,
            "top_management": self.boss,
        }
        for step in [step for step in record["approval_steps"] if step["state"] in ("open", "waiting")]:
            record = ok(await approvers[step["role"]].post(f"{IMPROVEMENTS}/{record['id']}/approve"))
        return record

    async def bring_to(self, state: str, fleet: Fleet, **fields: Any) -> dict[str, Any]:
        """A record in this state, by the way that people go; the change is raised in the `memory` system."""
        record = await self.open(**fields)
        id_ = record["id"]
        if state == "draft":
            return record
        if state == "withdrawn":
            return ok(await self.manager.post(f"{IMPROVEMENTS}/{id_}/withdraw", json={"reason": "not worth it"}))
        record = ok(await self.author.post(f"{IMPROVEMENTS}/{id_}/submit"))
        if state == "submitted":
            return record
        if state == "on_hold":
            return ok(await self.manager.post(f"{IMPROVEMENTS}/{id_}/hold", json={"reason": "freeze"}))
        if state == "rejected":
            return ok(await self.supervisor.post(f"{IMPROVEMENTS}/{id_}/reject", json={"reason": "too dear"}))
        record = await self.approve(record)
        if state == "approved":
            return record
        record = await until(self, id_, "implementing")
        if state == "implementing":
            return record
        outcome = {"state": "implemented", "implemented_at": LONG_AGO.isoformat()}
        ok(await self.manager.post(f"{CHANGES}/{record['change']['id']}/outcome", json=outcome))
        record = await until(self, id_, "monitoring")
        if state == "monitoring":
            return record
        await assess(self, fleet, record)
        record = ok(await self.manager.post(f"{IMPROVEMENTS}/{id_}/verify", json={"verdict": "effective"}))
        if state == "verified":
            return record
        return ok(await self.manager.post(f"{IMPROVEMENTS}/{id_}/close"))


async def assess(people: People, fleet: Fleet, record: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Metrics' answer to the record's latest request."""
    request_id = await latest_request(fleet, record["id"])
    await hear(fleet, make_assessment(record["id"], request_id, record["plan_hash"], **changes))
    return await people.read(record["id"])


async def latest_request(fleet: Fleet, improvement_id: str) -> str:
    (row,) = await rows(fleet, "SELECT effect_request_id AS id FROM improvements WHERE id = :id", id=improvement_id)
    return str(row["id"])


async def rows(fleet: Fleet, statement: str, **parameters: Any) -> list[dict[str, Any]]:
    """What a query on the improvement schema says."""
    async with fleet.services["improvement"].database.transaction() as session:
        return [dict(row._mapping) for row in await session.execute(text(statement), parameters)]


async def until(people: People, improvement_id: str, state: str) -> dict[str, Any]:
    """The record as soon as it is in this state."""

    async def there() -> dict[str, Any]:
        record = await people.read(improvement_id)
        assert record["state"] == state
        return record

    return await eventually(there)


async def published(fleet: Fleet) -> list[dict[str, Any]]:
    """Every event that the service has recorded so far, on the bus that remembers."""
    await eventually(fleet.is_idle)
    bus: Any = fleet.services["improvement"].bus
    return list(bus.published)


def ok(answer: httpx.Response, status: int = 200) -> Any:
    """The answer's body, if it is the status that was expected."""
    assert answer.status_code == status, answer.text
    return answer.json()

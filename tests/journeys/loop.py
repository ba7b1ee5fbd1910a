"""One turn of the loop as its users walk it, over REST alone: the same steps for one process and for five."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.auth import Role
from tests.support.waiting import eventually

Json = dict[str, Any]
SLA = "/metrics/v1/measures/sla_attainment"


@dataclass
class Loop:
    """Whoever walks the loop, each with a client of their own role. `connect(role)` gives one."""

    connect: Callable[..., httpx.AsyncClient]
    timeout_seconds: float = 60.0
    clients: dict[Role, httpx.AsyncClient] = field(default_factory=dict)

    def as_(self, role: Role) -> httpx.AsyncClient:
        if role not in self.clients:
            self.clients[role] = self.connect(role)
        return self.clients[role]

    async def close(self) -> None:
        for client in self.clients.values():
            await client.aclose()

    async def get(self, path: str, role: Role = Role.QUALITY_MANAGER, **params: Any) -> Any:
        answer = await self.as_(role).get(path, params=params)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def post(self, role: Role, path: str, body: Json | list[Json] | None = None, status: int = 200) -> Any:
        answer = await self.as_(role).post(path, json=body)
        assert answer.status_code == status, f"POST {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def expect_target(self, value: float, since: str, minimum_n: int = 1) -> None:
        body = {"value": value, "effective_from": since, "minimum_n": minimum_n, "reason": "promised to the customers"}
        await self.post(Role.PROCESS_OWNER, f"{SLA}/targets", body, 201)

    async def await_gap(self) -> Json:
        """The one open gap of SLA attainment."""

        async def one() -> Json:
            found = (await self.get("/metrics/v1/gaps", state="open", measure_key="sla_attainment"))["items"]
            assert len(found) == 1, found
            gap: Json = found[0]
            return gap

        return await eventually(one, self.timeout_seconds)

    async def await_improvement(self, gap_id: str) -> Json:
        """The improvement that opened by itself."""

        async def one() -> Json:
            found = (await self.get("/improvement/v1/improvements", gap_id=gap_id))["items"]
            assert len(found) == 1, found
            return await self.improvement(found[0]["id"])

        return await eventually(one, self.timeout_seconds)

    async def improvement(self, improvement_id: str) -> Json:
        found: Json = await self.get(f"/improvement/v1/improvements/{improvement_id}")
        return found

    async def await_state(self, improvement_id: str, state: str) -> Json:
        async def reached() -> Json:
            record = await self.improvement(improvement_id)
            assert record["state"] == state, record["state"]
            return record

        return await eventually(reached, self.timeout_seconds)

    async def plan_and_approve(self, improvement: Json, **verification: Any) -> Json:
        """The owner plans and submits; the supervisor approves; the change is raised by itself."""
        path = f"/improvement/v1/improvements/{improvement['id']}"
        known = improvement["verification_plan"]
        edit = {
            "plan": "A second shift on Mondays; triage by the desk before assignment.",
            "root_cause": "Assignments wait for the morning.",
            "measure_type": "process",
            "action_kind": "corrective",
            "owner": "anna",
            "resources": "two engineers for four weeks",
            "impact_assessment": "No outage; the roster changes.",
            "verification_plan": {**known, **verification},
        }
        answer = await self.as_(Role.PROCESS_OWNER).patch(
            path, json=edit, headers={"If-Match": f'"{improvement["version"]}"'}
        )
        assert answer.status_code == 200, answer.text
        await self.post(Role.PROCESS_OWNER, f"{path}/submit")
        refused = await self.as_(Role.PROCESS_OWNER).post(f"{path}/approve")
        assert refused.status_code == 403, refused.text
        await self.post(Role.IMPROVEMENT_SUPERVISOR, f"{path}/approve")
        return await self.await_state(improvement["id"], "implementing")

    async def implement(self, improvement: Json, at: str) -> Json:
        """Change control reports the outcome."""
        change = improvement["change"]
        assert change["state"] == "raised", change
        await self.post(
            Role.OPERATIONS_MANAGER,
            f"/improvement/v1/changes/{change['id']}/outcome",
            {"state": "implemented", "implemented_at": at},
        )
        return await self.await_state(improvement["id"], "monitoring")

    async def await_assessment(self, improvement_id: str, verdict: str) -> Json:
        async def judged() -> Json:
            assessment: Json | None = (await self.improvement(improvement_id))["assessment"]
            assert assessment is not None
            assert assessment["verdict"] == verdict, assessment["reason"]
            return assessment

        return await eventually(judged, self.timeout_seconds)

    async def sign_and_close(self, improvement: Json) -> Json:
        """The operations manager signs; the baseline moves; the supervisor closes."""
        path = f"/improvement/v1/improvements/{improvement['id']}"
        early = await self.as_(Role.IMPROVEMENT_SUPERVISOR).post(f"{path}/close")
        assert (early.status_code, early.json()["state"]) == (409, "monitoring"), early.text
        assert (await self.get(f"{SLA}/baselines")) == []
        await self.post(Role.OPERATIONS_MANAGER, f"{path}/verify", {"verdict": "effective"})

        async def baseline_set() -> bool:
            assert len(await self.get(f"{SLA}/baselines")) == 1
            return (await self.improvement(improvement["id"]))["baseline_set_at"] is not None

        await eventually(baseline_set, self.timeout_seconds)
        await self.post(Role.IMPROVEMENT_SUPERVISOR, f"{path}/close")
        return await self.improvement(improvement["id"])

    async def await_story(self, correlation_id: str, last: str) -> list[str]:
        """The types of the whole story, once the ledger has heard its end."""

        async def told() -> list[str]:
            trace = await self.get(f"/audit/v1/trace/{correlation_id}", Role.AUDITOR)
            types = [entry["type"].removeprefix("ratchet.").removesuffix(".v1") for entry in trace["entries"]]
            assert last in types, types
            return types

        return await eventually(told, self.timeout_seconds)


THE_STORY = [
    "gap.detected",
    "improvement.opened",
    "improvement.submitted",
    "improvement.approved",
    "change.raised",
    "change.implemented",
    "effect.requested",
    "effect.assessed",
    "improvement.verified",
    "baseline_reset.requested",
    "baseline.set",
    "gap.closed",
    "improvement.closed",
]


def in_order(story: list[str]) -> list[str]:
    """The story's milestones, each where it was first told."""
    return sorted((step for step in THE_STORY if step in story), key=story.index)

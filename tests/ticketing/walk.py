"""The loop as its users walk it by REST, with a real ticketing system at both of its ends."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx

from shared.auth import Role
from tests.journeys.loop import Loop
from tests.support.waiting import eventually
from tests.ticketing.desks import Desk, Json, Record, last_month, today

CONNECTION = "desk"
PUNCTUALITY = "resolved_on_time"
IMPROVEMENTS = "/improvement/v1/improvements"


class Walk(Loop):
    """Who walks, and the desk at which they do."""

    def __init__(self, connect: Callable[..., httpx.AsyncClient], desk: Desk) -> None:
        super().__init__(connect, timeout_seconds=90.0)
        self.desk = desk

    async def hear_tickets(self) -> None:
        """Everything of the last two months is polled at once, of all queues and projects; later what is new, soon."""
        since = last_month(today()) - timedelta(days=1)
        poll = {"base_url": self.desk.url, "secret": self.desk.robot, "every_seconds": 10, "since": f"{since:%FT%TZ}"}
        body = {"system": self.desk.system, "authentication": "none", "poll": poll, "reopening": {}}
        await self._put(f"/metrics/v1/connections/{CONNECTION}", body)

    async def hear_now(self) -> None:
        """What is due is polled now: a connection that is put again does not wait."""
        await self.hear_tickets()

    async def raise_changes(self, url: str | None = None, **values: Any) -> None:
        """Change requests go to this desk."""
        told = {"system": self.desk.system, "base_url": url or self.desk.url, "secret": self.desk.robot}
        await self._put(
            f"/improvement/v1/change-connections/{CONNECTION}", {**told, "options": self.desk.options, **values}
        )

    async def test_of(self, path: str) -> Json:
        """What the connection's own test finds."""
        found: Json = await self.post(Role.ADMINISTRATOR, f"{path}/{CONNECTION}/test")
        return found

    async def expect_punctuality(self, value: float) -> None:
        """From last month on so many incidents are to be resolved by when they are due: these systems give a due time,
        and no verdict on an SLA."""
        measure = {
            "name": "Resolved on time",
            "description": "Share of incidents that were resolved by when they were due.",
            "direction": "higher_is_better",
            "owner": "process_owner",
            "formula": "on_time_rate",
            "parameters": {"period_by": "opened"},
        }
        path = f"/metrics/v1/measures/{PUNCTUALITY}"
        answer = await self.as_(Role.QUALITY_MANAGER).put(path, json=measure)
        assert answer.is_success, answer.text
        body = {"value": value, "effective_from": f"{last_month(today()):%F}", "minimum_n": 1, "reason": "promised"}
        await self.post(Role.PROCESS_OWNER, f"{path}/targets", body, 201)

    async def gap_in_punctuality(self) -> Json:
        """The one that is open."""

        async def one() -> Json:
            found = (await self.get("/metrics/v1/gaps", state="open", measure_key=PUNCTUALITY))["items"]
            assert len(found) == 1, found
            gap: Json = found[0]
            return gap

        return await eventually(one, self.timeout_seconds)

    async def ticket(self, number: str, state: str) -> Json:
        """As metrics knows it, once it is in this state."""

        async def known() -> Json:
            items = (await self.get("/metrics/v1/tickets", source=CONNECTION, external_id=number))["items"]
            assert [item["state"] for item in items] == [state], items
            found: Json = items[0]
            return found

        return await eventually(known, self.timeout_seconds)

    async def tickets(self) -> list[Json]:
        found: list[Json] = (await self.get("/metrics/v1/tickets", source=CONNECTION, limit=200))["items"]
        return found

    async def callback(self, number: str) -> Json:
        """The one that is due about this incident."""

        async def due() -> Json:
            path = "/satisfaction/v1/callbacks"
            items = (await self.get(path, Role.SERVICE_DESK, state="due", external_id=number))["items"]
            assert len(items) == 1, items
            found: Json = items[0]
            return found

        return await eventually(due, self.timeout_seconds)

    async def approve_own(self, title: str) -> Json:
        """An improvement that a person asks for, planned and approved: its change is to be raised."""
        draft = {
            "title": title,
            "problem": "It takes too long.",
            "measure_key": "sla_attainment",
            "target": 0.9,
            "plan": "Two more engineers in the evening.",
            "owner": "olga",
            "resources": "two engineers",
            "root_cause": "Nobody is there after six.",
            "measure_type": "people",
            "action_kind": "corrective",
            "verification_plan": {
                "measure_key": "sla_attainment",
                "scope": "all",
                "direction": "higher_is_better",
                "baseline_from": "2016-03-01",
                "baseline_to": "2016-04-01",
            },
        }
        record = await self.post(Role.PROCESS_OWNER, IMPROVEMENTS, draft, 201)
        await self.post(Role.PROCESS_OWNER, f"{IMPROVEMENTS}/{record['id']}/submit")
        approved: Json = await self.post(Role.IMPROVEMENT_SUPERVISOR, f"{IMPROVEMENTS}/{record['id']}/approve")
        return approved

    async def change(self, improvement_id: str, state: str) -> Json:
        """The change request of this improvement with its attempts, once it is in this state."""

        async def reached() -> Json:
            items = (await self.get("/improvement/v1/changes", improvement_id=improvement_id))["items"]
            assert [item["state"] for item in items] == [state], items
            found: Json = await self.get(f"/improvement/v1/changes/{items[0]['id']}")
            return found

        return await eventually(reached, self.timeout_seconds)

    async def carrying(self, change: Json) -> list[Record]:
        """What at the desk carries this change's mark, asked by the desk's own people."""
        subjects = await self.desk.changes()
        return [await self.desk.read(number) for number, told in subjects.items() if change["reference"] in told]

    async def _put(self, path: str, body: Json) -> None:
        answer = await self.as_(Role.ADMINISTRATOR).put(path, json=body)
        assert answer.is_success, f"PUT {path}: {answer.status_code} {answer.text}"


def moment(told: str) -> datetime:
    return datetime.fromisoformat(told)

"""A record's way round the loop with nothing running: what the relay, the ticketing system and metrics would do, the
test does when it wants to."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import text

from shared.auth import Role
from shared.events.envelope import Fact
from shared.events.improvement import ChangeImplemented, ChangeRaised
from shared.events.metrics import Sample
from shared.ids import new_id
from tests.improvement.builders import IMPROVEMENTS, PLAN, READY, make_assessment, ok, serialised
from tests.support.solo import Solo

SIGNED = Sample(period_from=date(2016, 4, 1), period_to=date(2016, 6, 1), periods=2, n=15000, value=0.771)
"""The two months on which the effect was signed, as `make_assessment` tells them."""


class Loop:
    """The improvement service by itself, and those who bring a record round."""

    def __init__(self, solo: Solo) -> None:
        self.solo = solo
        self.author = solo.client(Role.PROCESS_OWNER, subject="petra")
        self.supervisor = solo.client(Role.IMPROVEMENT_SUPERVISOR, subject="sven")
        self.manager = solo.client(Role.OPERATIONS_MANAGER, subject="mona")
        self.auditor = solo.client(Role.AUDITOR, subject="anton")

    async def hear(self, *facts: Fact, source: str = "metrics", story: str | None = None) -> None:
        """Through the inbox, as one batch."""
        await self.hear_bodies(serialised(facts, source=source, correlation_id=story))

    async def hear_bodies(self, bodies: Sequence[bytes]) -> None:
        await self.solo.service.app.state.inbox.take(bodies)
        parked = await self.rows("SELECT handler, error FROM dead_letters")
        assert not parked, parked[0]["error"]

    async def relay(self, *types: str) -> None:
        """Have the service hear its own events of these types, as it does when everything runs."""
        await self.hear_bodies([event.raw for event in await self.solo.events(*types)])

    async def rows(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        async with self.solo.database.reading() as session:
            return [dict(row._mapping) for row in await session.execute(text(statement), parameters)]

    async def change(self, statement: str, **parameters: Any) -> None:
        """What a test does to the past."""
        async with self.solo.transaction() as session:
            await session.execute(text(statement), parameters)

    async def get(self, path: str, status: int = 200, **query: Any) -> Any:
        return ok(await self.auditor.get(f"/improvement/v1/{path}", params=query), status)

    async def read(self, id_: str) -> dict[str, Any]:
        return ok(await self.auditor.get(f"{IMPROVEMENTS}/{id_}"))

    async def history(self, id_: str) -> list[str]:
        lines = ok(await self.auditor.get(f"{IMPROVEMENTS}/{id_}/history"))["items"]
        return [line["action"] for line in lines]

    async def listed(self, **filters: str) -> list[dict[str, Any]]:
        """Oldest first."""
        found = ok(await self.auditor.get(IMPROVEMENTS, params={"limit": 500, **filters}))["items"]
        return list(reversed(found))

    async def draft(self, scope: str = "all", **fields: Any) -> dict[str, Any]:
        """A record that lacks nothing."""
        body = {
            "title": "Evening shift",
            "problem": "Tickets of the evening wait for the morning",
            "measure_key": "sla_attainment",
            "scope": scope,
            "target": 0.75,
            "verification_plan": {**PLAN.model_dump(mode="json"), "scope": scope},
            **READY,
            **fields,
        }
        return ok(await self.author.post(IMPROVEMENTS, json=body), 201)

    async def submitted(self, scope: str = "all", **fields: Any) -> dict[str, Any]:
        return await self.submit((await self.draft(scope, **fields))["id"])

    async def submit(self, id_: str) -> dict[str, Any]:
        return ok(await self.author.post(f"{IMPROVEMENTS}/{id_}/submit"))

    async def monitoring(self, scope: str = "all", **fields: Any) -> dict[str, Any]:
        """Approved, and its change carried out on 1 April 2016."""
        record = await self.submitted(scope, **fields)
        return await self.watch(record["id"])

    async def watch(self, id_: str) -> dict[str, Any]:
        """The same for a record that is submitted."""
        record = ok(await self.supervisor.post(f"{IMPROVEMENTS}/{id_}/approve"))
        assert record["state"] == "approved"
        fields = {
            "change_id": new_id(),
            "improvement_id": record["id"],
            "revision": record["revision"],
            "connection": "memory",
            "system": "memory",
            "external_id": "CHG1",
        }
        implemented = ChangeImplemented(**fields, implemented_at=datetime(2016, 4, 1, tzinfo=UTC))
        await self.hear(ChangeRaised(**fields), implemented, source="improvement")
        return await self.read(id_)

    async def assess(self, record: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Metrics' answer to the record's latest request."""
        (row,) = await self.rows("SELECT effect_request_id AS id FROM improvements WHERE id = :id", id=record["id"])
        await self.hear(make_assessment(record["id"], row["id"], record["plan_hash"], **changes))
        return await self.read(record["id"])

    async def sign(self, id_: str, verdict: str = "effective", **body: Any) -> dict[str, Any]:
        return ok(await self.manager.post(f"{IMPROVEMENTS}/{id_}/verify", json={"verdict": verdict, **body}))

    async def verified(self, scope: str = "all", **fields: Any) -> dict[str, Any]:
        record = await self.assess(await self.monitoring(scope, **fields))
        return await self.sign(record["id"])

    async def closed(self, scope: str = "all", **fields: Any) -> dict[str, Any]:
        """Signed effective at 77.1 % in April and May 2016, up from 39.86 %, and closed; its checks are planned."""
        record = await self.verified(scope, **fields)
        return await self.close(record["id"])

    async def close(self, id_: str, **body: Any) -> dict[str, Any]:
        record = ok(await self.manager.post(f"{IMPROVEMENTS}/{id_}/close", json=body or None))
        await self.relay("improvement.closed")
        return record

    async def end(self, id_: str) -> None:
        ok(await self.manager.post(f"{IMPROVEMENTS}/{id_}/withdraw", json={"reason": "not worth it"}))

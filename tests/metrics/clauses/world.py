"""An agreement in force with tickets under it, on a clock that a test sets."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements import repository
from services.metrics.agreements import service as agreements
from services.metrics.agreements.content import promise_of_row
from services.metrics.agreements.schemas import AgreementBody
from services.metrics.attainments.jobs import evaluate
from services.metrics.expectations import service as expectations
from services.metrics.expectations.schemas import TargetBody
from services.metrics.measures import service as measures
from services.metrics.tickets.service import ingest
from services.metrics.watches import jobs as watches
from shared import clock
from shared.auth import Role
from shared.database import Database
from shared.http import acting
from shared.ticketing.facts import TicketFacts
from tests.metrics.agreements.builders import CUSTOMER, Parties, agreement
from tests.support.solo import Solo


def on(day: int, hour: int = 0, minute: int = 0, month: int = 1) -> datetime:
    """In January 2027, whose 1st is a Friday."""
    return datetime(2027, month, day, hour, minute, tzinfo=UTC)


def ticket(state: str, updated_at: datetime, **values: Any) -> TicketFacts:
    """Harbour Bank's mail ticket T-1, opened on Monday 2027-01-04 at 9 o'clock."""
    return TicketFacts(
        **{
            "source": "desk",
            "external_id": "T-1",
            "state": state,
            "updated_at": updated_at,
            "opened_at": on(4, 9),
            "customer": CUSTOMER,
            "service": "mail",
            **values,
        }
    )


def clause(key: str, terms: dict[str, Any], penalty: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"key": key, "title": key.capitalize(), "terms": terms, "penalty": penalty}


_OPEN = ["09:00-17:00"]
OFFICE_HOURS: dict[str, Any] = {
    "name": "Office",
    "zone": "UTC",
    "week": {
        "monday": _OPEN,
        "tuesday": _OPEN,
        "wednesday": _OPEN,
        "thursday": _OPEN,
        "friday": _OPEN,
        "saturday": [],
        "sunday": [],
    },
}
"""Monday to Friday, 9 to 17 o'clock."""

RESPONSE = clause(
    "response", {"kind": "time", "what": "response", "within_minutes": 30, "attainment": 0.9, "clock": "elapsed"}
)
RESOLUTION = clause("resolution", {"kind": "time", "what": "resolution", "within_minutes": 240, "attainment": 0.9})
AVAILABILITY = clause("availability", {"kind": "time", "what": "availability", "attainment": 0.99, "clock": "elapsed"})


class World(Parties):
    """Both parties of one agreement through 2027, and the jobs."""

    def __init__(self, solo: Solo, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(solo, monkeypatch)
        self.staff = self.client(Role.QUALITY_MANAGER, subject="li.na")

    def go(self, moment: datetime) -> None:
        """To this moment; tokens stay good."""
        self._monkeypatch.setattr(clock, "now", lambda: moment)

    async def begin(self, *clauses: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """An agreement with these clauses, in force on 1 January 2027 and watched, as its signing would leave it."""
        body = AgreementBody.model_validate(agreement(clauses=list(clauses), **changed))
        async with self.solo.transaction("wang.fang") as session:
            designed = await agreements.design_agreement(session, body)
            for row in await repository.list_clauses(session, designed.id):
                await self._measure(session, designed, row)
            signed = {"signed_by": "wang.fang", "signed_at": clock.now()}
            await repository.update_agreement(session, designed.id, state="in_force", **signed)
        self.go(on(1, 12))
        await self.run(watches.watch)
        return {"id": str(designed.id)}

    async def _measure(self, session: AsyncSession, designed: Row[Any], row: Row[Any]) -> None:
        key = f"sla.{designed.number.lower().removeprefix('sla-')}.{row.key}"
        promise = promise_of_row(row)
        described = {"name": row.title, "description": row.title, "owner": designed.owner}
        await measures.define_clause_measure(
            session, key, **described, clause_id=row.id, promise=promise, frequency=designed.settled_by
        )
        target = TargetBody(value=promise.target, effective_from=designed.effective_from, reason="promised")
        await expectations.set_target(session, key, target, origin="agreement")
        await repository.set_measure(session, row.id, key)

    async def run(self, job: Any) -> int:
        """One job until it finds nothing more; how much it did."""
        done = total = 0
        async with acting("service:metrics"):
            while done := await job(self.solo.database):
                total += done
        return total

    async def evaluate(self) -> int:
        """Everything that was marked."""

        async def at_once(database: Database) -> int:
            return await evaluate(database, 0, 0)

        return await self.run(at_once)

    async def close(self, moment: datetime) -> None:
        """Go there, and have everything evaluated that is over by then."""
        self.go(moment)
        await self.run(watches.close)
        await self.evaluate()

    async def send(self, *updates: TicketFacts) -> None:
        async with self.solo.transaction("desk") as session:
            await ingest(session, updates)

    async def query(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        async with self.solo.database.reading() as session:
            return [dict(row) for row in (await session.execute(text(statement), values)).mappings()]

    async def timer(self, key: str = "resolution", external_id: str = "T-1") -> dict[str, Any] | None:
        """The one clock of this ticket under this clause."""
        rows = await self.query(
            "SELECT m.* FROM clause_timers m JOIN clauses c ON c.id = m.clause_id JOIN tickets t ON t.id = m.ticket_id"
            " WHERE c.key = :key AND t.external_id = :external_id",
            key=key,
            external_id=external_id,
        )
        assert len(rows) <= 1
        return rows[0] if rows else None

    async def clause_id(self, item: dict[str, Any], key: str) -> str:
        shown = await self.get(item)
        return next(one["id"] for one in shown["clauses"] if one["key"] == key)

    async def live(self, item: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """By the clauses' keys."""
        answer = await self.staff.get(f"/metrics/v1/agreements/{item['id']}/clauses/live")
        assert answer.status_code == 200, answer.text
        return {one["key"]: one for one in answer.json()["clauses"]}

    async def period(self, item: dict[str, Any], day: str = "2027-01-01") -> dict[str, Any]:
        answer = await self.staff.get(f"/metrics/v1/agreements/{item['id']}/evaluations/{day}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def value(self, item: dict[str, Any], key: str, day: str = "2027-01-01") -> dict[str, Any]:
        """The newest evaluation of this clause."""
        return next(one for one in (await self.period(item, day))["clauses"] if one["key"] == key)

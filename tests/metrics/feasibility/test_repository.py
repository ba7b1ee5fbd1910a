"""Working time counted by Postgres agrees with the clauses' own clock."""

from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert

from services.metrics.clauses.rules import elapsed, read_pauses
from services.metrics.clauses.spans import Clock
from services.metrics.feasibility.repository import Asked, Counted, Spans, Whose, count_history
from services.metrics.tickets.models import tickets
from shared.calendars import Calendar, working_spans
from shared.ids import new_id
from tests.support.solo import Solo

OFFICE = Calendar(
    zone="Asia/Shanghai",
    week=(*[((time(9), time(12)), (time(13, 30), time(18)))] * 5, (), ()),
    holidays=frozenset({datetime(2026, 2, 17, tzinfo=UTC).date()}),
)
MONTHS = [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3)]
NOW = datetime(2026, 3, 15, tzinfo=UTC)
WHOSE = Whose(["mail", "desktop"], "bank", None)


def make_tickets(count: int) -> list[dict[str, Any]]:
    """Tickets of January and February with every kind of course, drawn from a fixed seed."""
    dice = Random(7)
    rows = []
    for number in range(count):
        opened = MONTHS[0] + timedelta(minutes=dice.randrange(59 * 24 * 60), seconds=dice.randrange(60))
        resolved = opened + timedelta(minutes=dice.randrange(1, 6000)) if dice.random() < 0.9 else None
        pauses = None
        if dice.random() < 0.5:
            first = opened + timedelta(minutes=dice.randrange(3000))
            second = first + timedelta(minutes=dice.randrange(1, 2000))
            third = second + timedelta(minutes=dice.randrange(1, 2000))
            pauses = [[first.isoformat(), second.isoformat()], [third.isoformat(), None]][: dice.randrange(1, 3)]
        rows.append(
            {
                "id": new_id(),
                "source": "desk",
                "external_id": str(number),
                "kind": dice.choice(["incident"] * 9 + ["request"]),
                "state": "cancelled" if dice.random() < 0.05 else "resolved" if resolved else "in_progress",
                "updated_at": NOW,
                "priority": dice.choice(["1", "2"]),
                "service": dice.choice(["mail", "desktop", "erp"]),
                "customer": dice.choice(["bank", "bank", "port"]),
                "opened_at": opened,
                "pauses": pauses,
                "responded_at": opened + timedelta(minutes=dice.randrange(300)) if dice.random() < 0.5 else None,
                "resolved_at": resolved,
                "resolution_number": 1,
                "reopen_count": 0,
                "version": 1,
            }
        )
    return rows


def mine(row: dict[str, Any]) -> bool:
    return (
        row["kind"] == "incident"
        and row["state"] != "cancelled"
        and row["customer"] == "bank"
        and row["service"] in WHOSE.services
    )


def count_by_hand(
    rows: list[dict[str, Any]], what: str, clock: Clock, limit: timedelta, *, pausing: bool, priorities: set[str]
) -> dict[int, Counted]:
    """The same by the clauses' own clock, ticket by ticket."""
    found: dict[int, list[bool]] = {0: [], 1: []}
    for row in rows:
        if not mine(row) or row["priority"] not in priorities:
            continue
        stop = row["resolved_at"]
        if what == "response":
            stop = row["responded_at"] or stop
        pauses = read_pauses(row["pauses"]) if pausing else []
        spent = elapsed(OFFICE, clock, row["opened_at"], stop or NOW, pauses)
        if stop is not None or spent > limit:
            found[row["opened_at"].month - 1].append(spent <= limit)
    return {place: Counted(len(judged), sum(judged)) for place, judged in found.items()}


def spans() -> Spans:
    begins, ends, before, worked = [], [], [], 0.0
    for begin, end in working_spans(OFFICE, MONTHS[0], NOW):
        begins.append(begin.timestamp())
        ends.append(end.timestamp())
        before.append(worked)
        worked += (end - begin).total_seconds()
    return Spans(begins, ends, before)


class TestCountHistory:
    @pytest.fixture
    async def rows(self, solo: Solo) -> list[dict[str, Any]]:
        rows = make_tickets(400)
        async with solo.transaction() as session:
            await session.execute(insert(tickets), rows)
        return rows

    async def test_agrees_with_the_clauses_clock(self, solo: Solo, rows: list[dict[str, Any]]) -> None:
        """R162: calendar, wall clock, pauses, open tickets, priorities; all in one pass."""
        cases: list[tuple[str, Clock, int, bool, set[str]]] = [
            ("resolution", "business", 480, True, {"1", "2"}),
            ("resolution", "business", 480, False, {"1"}),
            ("resolution", "elapsed", 2880, True, {"2"}),
            ("response", "business", 30, True, {"1", "2"}),
            ("response", "elapsed", 120, False, {"1", "2"}),
        ]
        asked = [
            Asked(
                services=(),
                priorities=sorted(priorities),
                limit_seconds=minutes * 60,
                stops=what,
                business=clock == "business",
                pauses=pausing,
            )
            for what, clock, minutes, pausing, priorities in cases
        ]
        async with solo.database.reading() as session:
            counted = await count_history(session, WHOSE, asked, MONTHS, spans(), NOW)
        assert [counted[place][0] for place in (0, 1)] == [
            sum(mine(row) and row["opened_at"].month == month for row in rows) for month in (1, 2)
        ]
        for column, (what, clock, minutes, pausing, priorities) in enumerate(cases):
            limit = timedelta(minutes=minutes)
            wanted = count_by_hand(rows, what, clock, limit, pausing=pausing, priorities=priorities)
            assert {place: counted[place][1][column] for place in (0, 1)} == wanted
            assert all(0 < part.good < part.n for part in wanted.values())

    async def test_counts_of_one_service(self, solo: Solo, rows: list[dict[str, Any]]) -> None:
        asked = [Asked(services=("mail",), priorities=("1",))]
        async with solo.database.reading() as session:
            counted = await count_history(session, WHOSE, asked, MONTHS, Spans([], [], []), NOW)
        for place, month in ((0, 1), (1, 2)):
            wanted = sum(
                mine(row) and row["opened_at"].month == month and (row["service"], row["priority"]) == ("mail", "1")
                for row in rows
            )
            assert counted[place][1] == [Counted(wanted, wanted)]

    async def test_nobody_elses_tickets(self, solo: Solo, rows: list[dict[str, Any]]) -> None:
        assert rows
        async with solo.database.reading() as session:
            whose = Whose(["mail"], "harbour", None)
            assert await count_history(session, whose, [], MONTHS, Spans([], [], []), NOW) == {}

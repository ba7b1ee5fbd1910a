"""Months of tickets for tests of values, and what brings them in and has them judged."""

from typing import Any

import httpx

from services.metrics.evaluation.jobs import evaluate
from shared.http import acting
from tests.support.solo import Solo
from tests.support.tickets import at, body


def month_of_tickets(month: int, met: int, missed: int, *, year: int = 2025, **values: Any) -> list[dict[str, Any]]:
    """Closed incidents opened in that month, so many of which met their SLA."""
    opened = at(0).replace(year=year, month=month, day=10)
    name = "-".join(map(str, values.values()))
    return [
        body(
            "closed",
            external_id=f"{year}-{month}-{number}-{name}",
            opened_at=opened,
            updated_at=opened,
            resolved_at=opened,
            sla_met=number < met,
            **values,
        )
        for number in range(met + missed)
    ]


async def send(client: httpx.AsyncClient, tickets: list[dict[str, Any]]) -> None:
    answer = await client.post("/metrics/v1/tickets", json=tickets)
    assert answer.status_code == 200, answer.text


async def judge(solo: Solo) -> int:
    """Have everything that is marked computed and judged; how many months that were."""
    done = 0
    while portion := await _evaluate(solo):
        done += portion
    return done


async def _evaluate(solo: Solo) -> int:
    async with acting("service:metrics"):
        return await evaluate(solo.database, 0, 0)

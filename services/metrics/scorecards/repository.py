"""The one SQL statement of scorecards."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.scorecards.rules import Share, Work

_WORK = """
    SELECT t.resolver, count(*) AS resolved,
        count(*) FILTER (WHERE t.sla_met) AS met, count(t.sla_met) AS judged,
        count(*) FILTER (WHERE t.reopen_count > 0) AS reopened,
        avg(date_part('epoch', t.resolved_at - t.opened_at) / 3600) AS restore_hours,
        coalesce(max(c.satisfied), 0) AS satisfied, coalesce(max(c.scored), 0) AS scored
    FROM tickets t LEFT JOIN (
        SELECT resolver, count(*) FILTER (WHERE score >= 4) AS satisfied, count(score) AS scored FROM callback_facts
        WHERE resolved_at >= :start AND resolved_at < :end AND NOT cancelled GROUP BY resolver
    ) c ON c.resolver = t.resolver
    WHERE t.kind = 'incident' AND t.state <> 'cancelled' AND t.resolver IS NOT NULL
        AND t.resolved_at >= :start AND t.resolved_at < :end {only}
    GROUP BY t.resolver ORDER BY t.resolver
"""


async def list_work(
    session: AsyncSession, start: datetime, end: datetime, *, resolver: str | None = None, group: str | None = None
) -> list[Work]:
    """What each person resolved in this time, by name."""
    only, parameters = "", {"start": start, "end": end}
    values: dict[str, object] = dict(parameters)
    if resolver is not None:
        only, values["resolver"] = "AND t.resolver = :resolver", resolver
    if group is not None:
        only, values["group"] = f'{only} AND t."group" = :group', group
    return [
        Work(
            resolver=row.resolver,
            resolved=row.resolved,
            attainment=Share(row.met, row.judged),
            reopened=Share(row.reopened, row.resolved),
            satisfied=Share(row.satisfied, row.scored),
            restore_hours=row.restore_hours,
        )
        for row in await session.execute(text(_WORK.format(only=only)), values)
    ]

"""Every SQL statement on agreements and their clauses."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements.models import agreements, clauses

OPERATING = ("in_force", "under_review")


async def list_operating_clauses(session: AsyncSession, on: date) -> Sequence[Row[Any]]:
    """Every clause that counts on that day, with what its agreement says of all of them."""
    query = (
        select(
            clauses.c.id,
            clauses.c.agreement_id,
            clauses.c.key,
            clauses.c.title,
            clauses.c.terms,
            clauses.c.penalty,
            clauses.c.measure_key,
            agreements.c.number,
            agreements.c.customer,
            agreements.c.project,
            agreements.c.services,
            agreements.c.calendar,
            agreements.c.settled_by,
            agreements.c.fee,
            agreements.c.currency,
            agreements.c.penalty_cap_percent,
            agreements.c.effective_from,
            agreements.c.effective_to,
            agreements.c.owner,
        )
        .join(agreements, agreements.c.id == clauses.c.agreement_id)
        .where(
            agreements.c.state.in_(OPERATING),
            agreements.c.effective_from <= on,
            agreements.c.effective_to >= on,
        )
        .order_by(agreements.c.id, clauses.c.position)
    )
    return (await session.execute(query)).all()

"""Every SQL statement on settlements and loss claims."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, Row, delete, func, insert, literal, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements.models import agreements, clauses
from services.metrics.attainments.models import clause_evaluations
from services.metrics.clauses.terms import Penalty
from services.metrics.settlements.models import loss_claims, settlements
from services.metrics.settlements.rules import assess_penalty

_OPEN = text(
    """
    SELECT EXISTS (
        SELECT 1 FROM (
            SELECT DISTINCT ON (period) state FROM settlements WHERE agreement_id = :agreement_id
            ORDER BY period, revision DESC
        ) AS newest WHERE state <> 'confirmed'
    )
    """
)


async def has_open_settlements(session: AsyncSession, agreement_id: UUID) -> bool:
    """Whether some period's newest settlement is not confirmed by both parties yet (R160)."""
    return bool((await session.execute(_OPEN, {"agreement_id": agreement_id})).scalar_one())


async def exposure_of(session: AsyncSession, measure_key: str, period: date) -> Decimal | None:
    """What the clause behind this measure costs in that period, by its newest value and before the agreement's cap,
    in the agreement's currency; None where there is no such clause, no penalty or no value yet (R169)."""
    query = (
        select(clause_evaluations.c.adjusted, clauses.c.penalty, agreements.c.fee)
        .join(clauses, clauses.c.id == clause_evaluations.c.clause_id)
        .join(agreements, agreements.c.id == clause_evaluations.c.agreement_id)
        .where(clause_evaluations.c.measure_key == measure_key, clause_evaluations.c.period == period)
        .order_by(clause_evaluations.c.clause_id.desc(), clause_evaluations.c.revision.desc())
        .limit(1)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None or row.penalty is None or row.adjusted is None:
        return None
    return assess_penalty(Penalty.model_validate(row.penalty), row.adjusted, row.fee)


async def hold_period(session: AsyncSession, agreement_id: UUID, period: date) -> None:
    """Nobody else changes this period's account until this transaction ends."""
    name = f"settlement of {agreement_id} {period}"
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


async def newest_settlement(session: AsyncSession, agreement_id: UUID, period: date) -> Row[Any] | None:
    """The newest revision, held until the transaction ends."""
    query = (
        select(settlements)
        .where(settlements.c.agreement_id == agreement_id, settlements.c.period == period)
        .order_by(settlements.c.revision.desc())
        .limit(1)
        .with_for_update()
    )
    return (await session.execute(query)).one_or_none()


async def settlement_of(session: AsyncSession, agreement_id: UUID, period: date, revision: int) -> Row[Any] | None:
    query = select(settlements).where(
        settlements.c.agreement_id == agreement_id,
        settlements.c.period == period,
        settlements.c.revision == revision,
    )
    return (await session.execute(query)).one_or_none()


async def get_settlement(session: AsyncSession, settlement_id: UUID) -> Row[Any] | None:
    return (await session.execute(select(settlements).where(settlements.c.id == settlement_id))).one_or_none()


async def list_settlements(
    session: AsyncSession, agreement_id: UUID, before: tuple[date, int] | None, limit: int
) -> Sequence[Row[Any]]:
    """Newest period first, in it the newest revision first."""
    query = select(settlements).where(settlements.c.agreement_id == agreement_id)
    if before is not None:
        behind = tuple_(literal(before[0], Date), literal(before[1], BigInteger))
        query = query.where(tuple_(settlements.c.period, settlements.c.revision) < behind)
    query = query.order_by(settlements.c.period.desc(), settlements.c.revision.desc())
    return (await session.execute(query.limit(limit))).all()


async def insert_settlement(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(settlements).values(**values))


async def update_settlement(session: AsyncSession, settlement_id: UUID, **values: Any) -> Row[Any]:
    statement = update(settlements).where(settlements.c.id == settlement_id)
    changed = await session.execute(
        statement.values(version=settlements.c.version + 1, **values).returning(settlements)
    )
    after: Row[Any] = changed.one()
    return after


async def remove_draft(session: AsyncSession, settlement_id: UUID) -> None:
    """A correction that corrects nothing any more; what was issued is never removed."""
    await session.execute(delete(settlements).where(settlements.c.id == settlement_id, settlements.c.state == "draft"))


async def insert_claim(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(loss_claims).values(**values))


async def lock_claim(session: AsyncSession, claim_id: UUID) -> Row[Any] | None:
    query = select(loss_claims).where(loss_claims.c.id == claim_id).with_for_update()
    return (await session.execute(query)).one_or_none()


async def update_claim(session: AsyncSession, claim_id: UUID, **values: Any) -> Row[Any]:
    statement = update(loss_claims).where(loss_claims.c.id == claim_id)
    changed = await session.execute(
        statement.values(version=loss_claims.c.version + 1, **values).returning(loss_claims)
    )
    after: Row[Any] = changed.one()
    return after


async def list_claims(session: AsyncSession, agreement_id: UUID, period: date | None = None) -> Sequence[Row[Any]]:
    """Oldest first."""
    query = select(loss_claims).where(loss_claims.c.agreement_id == agreement_id)
    if period is not None:
        query = query.where(loss_claims.c.period == period)
    return (await session.execute(query.order_by(loss_claims.c.id))).all()


async def sum_accepted_claims(session: AsyncSession, agreement_id: UUID, period: date) -> Decimal:
    query = select(func.coalesce(func.sum(loss_claims.c.amount), Decimal("0.00"))).where(
        loss_claims.c.agreement_id == agreement_id,
        loss_claims.c.period == period,
        loss_claims.c.state == "accepted",
    )
    total: Decimal = (await session.execute(query)).scalar_one()
    return total

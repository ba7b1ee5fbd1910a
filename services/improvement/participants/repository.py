"""Every SQL statement on participants."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.participants.models import ACTIVE, Participant


async def list_of(session: AsyncSession, improvement_id: UUID) -> Sequence[Participant]:
    """All who were ever invited, oldest first."""
    query = select(Participant).where(col(Participant.improvement_id) == improvement_id)
    return (await session.scalars(query.order_by(col(Participant.id)))).all()


async def list_after(
    session: AsyncSession, improvement_id: UUID, customer: str | None, after: UUID | None, limit: int
) -> Sequence[Participant]:
    """Behind `after`, oldest first; with `customer` only those of that customer."""
    query = select(Participant).where(col(Participant.improvement_id) == improvement_id)
    if customer is not None:
        query = query.where(col(Participant.customer) == customer)
    if after is not None:
        query = query.where(col(Participant.id) > after)
    return (await session.scalars(query.order_by(col(Participant.id)).limit(limit))).all()


async def find(session: AsyncSession, improvement_id: UUID, participant_id: UUID) -> Participant | None:
    query = select(Participant).where(
        col(Participant.id) == participant_id, col(Participant.improvement_id) == improvement_id
    )
    return await session.scalar(query)


async def lock(session: AsyncSession, improvement_id: UUID, participant_id: UUID) -> Participant | None:
    query = select(Participant).where(
        col(Participant.id) == participant_id, col(Participant.improvement_id) == improvement_id
    )
    return await session.scalar(query.with_for_update().execution_options(populate_existing=True))


async def has_customer(session: AsyncSession, improvement_id: UUID, customer: str) -> bool:
    """Whether somebody of this customer takes part."""
    query = select(col(Participant.id)).where(
        col(Participant.improvement_id) == improvement_id, col(Participant.customer) == customer, text(ACTIVE)
    )
    return (await session.execute(query.limit(1))).first() is not None


async def insert(session: AsyncSession, row: Participant) -> bool:
    """False when this person takes part already."""
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_participants_active" not in str(error.orig):
            raise
        return False
    return True

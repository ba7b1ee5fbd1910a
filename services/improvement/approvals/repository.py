"""Every SQL statement on approval chains."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.approvals.models import ApprovalStep


async def list_of(session: AsyncSession, improvement_id: UUID) -> Sequence[ApprovalStep]:
    """All steps of a record, oldest revision first."""
    query = select(ApprovalStep).where(col(ApprovalStep.improvement_id) == improvement_id)
    return (await session.scalars(query.order_by(col(ApprovalStep.revision), col(ApprovalStep.step)))).all()

"""Every SQL statement on approval policies, chains and decisions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.approvals.models import ApprovalPolicy, ApprovalStep
from services.improvement.improvements.models import Approval, Improvement

_POLICY = 1
_HAS_NO_CHANGE = text(
    """
    NOT EXISTS (SELECT FROM change_requests c WHERE c.improvement_id = improvements.id
                AND c.revision = improvements.revision AND c.external_id IS NOT NULL)
    """
)


async def find_policy(session: AsyncSession) -> ApprovalPolicy | None:
    """The policy that somebody set; None while the built-in one holds."""
    return await session.get(ApprovalPolicy, _POLICY, populate_existing=True)


async def lock_policy(session: AsyncSession) -> None:
    """Whoever sets the policy waits for whoever is setting it."""
    await session.execute(text("LOCK TABLE approval_policies IN SHARE ROW EXCLUSIVE MODE"))


def make_policy(actor: str, now: datetime) -> ApprovalPolicy:
    """A policy that nobody has written or saved yet."""
    return ApprovalPolicy(id=_POLICY, version=0, rules=[], updated_at=now, updated_by=actor)


async def list_of(session: AsyncSession, improvement_id: UUID) -> Sequence[ApprovalStep]:
    """All steps of a record, oldest revision first."""
    query = select(ApprovalStep).where(col(ApprovalStep.improvement_id) == improvement_id)
    return (await session.scalars(query.order_by(col(ApprovalStep.revision), col(ApprovalStep.step)))).all()


async def list_chain(session: AsyncSession, improvement_id: UUID, revision: int) -> Sequence[ApprovalStep]:
    """The steps of one revision, in order."""
    query = select(ApprovalStep).where(
        col(ApprovalStep.improvement_id) == improvement_id, col(ApprovalStep.revision) == revision
    )
    return (await session.scalars(query.order_by(col(ApprovalStep.step)))).all()


async def list_decisions(session: AsyncSession, improvement_id: UUID) -> Sequence[Approval]:
    """All decisions, oldest first."""
    query = select(Approval).where(col(Approval.improvement_id) == improvement_id)
    return (await session.scalars(query.order_by(col(Approval.revision), col(Approval.step)))).all()


async def find_version(session: AsyncSession, improvement_id: UUID) -> int | None:
    """The record's version as anybody sees it now."""
    return await session.scalar(select(col(Improvement.version)).where(col(Improvement.id) == improvement_id))


async def claim_expired(session: AsyncSession, now: datetime, most: int) -> Sequence[Improvement]:
    """Records whose approvals have run out before change management had them, locked."""
    query = (
        select(Improvement)
        .where(
            col(Improvement.state).in_(("submitted", "approved")),
            col(Improvement.approval_expires_at) <= now,
            _HAS_NO_CHANGE,
        )
        .order_by(col(Improvement.approval_expires_at))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(query)).all()

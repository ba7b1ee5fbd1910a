"""Which records a caller may see: staff all, a customer those in which somebody of the customer's takes part."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements.models import Improvement
from services.improvement.improvements.service import ImprovementNotFound, get_improvement
from services.improvement.participants import repository, rules
from shared.auth import Principal, customer_of
from shared.problems import Problem


class RecordIsOver(Problem):
    """The record is not worked on any more."""

    status = 409


async def visible_improvement(session: AsyncSession, improvement_id: UUID, caller: Principal) -> Improvement:
    """The record, if this caller may see it.

    Raises:
        ImprovementNotFound, Forbidden
    """
    record = await get_improvement(session, improvement_id)
    customer = customer_of(caller)
    if customer is not None and not await repository.has_customer(session, improvement_id, customer):
        raise ImprovementNotFound(f"there is no improvement {improvement_id}")
    return record


def require_open(record: Improvement, action: str) -> None:
    """Raises `RecordIsOver`."""
    if record.state in rules.OVER:
        raise RecordIsOver(
            f"cannot {action}: the record is {record.state}; what is written about it now goes into a comment",
            state=record.state,
        )

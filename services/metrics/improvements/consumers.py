"""What metrics hears of improvements."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.evaluation.repository import mark_dirty
from services.metrics.improvements import repository
from services.metrics.measures.periods import Basis, local_day, month_of
from services.metrics.settings import settings
from shared.events.envelope import Event
from shared.events.improvement import ImprovementVerified
from shared.inbox import Handler


async def note_verified(session: AsyncSession, events: Sequence[Event[ImprovementVerified]]) -> None:
    """R26: a signed verdict is what the improvement process achieved."""
    await repository.put_facts(session, [event.data for event in events])
    zone = settings().zone
    marks: dict[tuple[Basis, date], set[str] | None] = {
        ("verified", month_of(local_day(event.data.signed_at, zone))): None for event in events
    }
    await mark_dirty(session, marks)


handlers = (Handler("metrics.improvements.note_verified", ImprovementVerified, note_verified),)

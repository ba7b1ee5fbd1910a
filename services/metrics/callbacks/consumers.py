"""What metrics hears of callbacks."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.callbacks import repository
from services.metrics.evaluation.repository import mark_dirty
from services.metrics.measures.periods import Basis, local_day, month_of
from services.metrics.settings import settings
from shared.events.callbacks import CallbackCancelled, CallbackCompleted, CallbackFact, CallbackScheduled
from shared.events.envelope import Event
from shared.inbox import Handler


async def note_callbacks(session: AsyncSession, events: Sequence[Event[CallbackFact]]) -> None:
    """Keep what coverage needs, and have the months of those resolutions computed again (F23)."""
    await repository.put_facts(session, events)
    zone = settings().zone
    marks: dict[tuple[Basis, date], set[str] | None] = {}
    for event in events:
        marks[("resolved", month_of(local_day(event.data.resolved_at, zone)))] = None
    await mark_dirty(session, marks)


handlers = (
    Handler("metrics.callbacks.note_scheduled", CallbackScheduled, note_callbacks),
    Handler("metrics.callbacks.note_completed", CallbackCompleted, note_callbacks),
    Handler("metrics.callbacks.note_cancelled", CallbackCancelled, note_callbacks),
)

"""What metrics hears of callbacks."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.callbacks import repository
from services.metrics.measures.periods import Basis, month_of
from services.metrics.measures.repository import mark_dirty
from shared.events.envelope import Event
from shared.events.satisfaction import CallbackCancelled, CallbackCompleted, CallbackFact, CallbackScheduled
from shared.inbox import Handler


async def note_callbacks(session: AsyncSession, events: Sequence[Event[CallbackFact]]) -> None:
    """Keep what coverage needs, and have the months of those resolutions computed again (F23)."""
    await repository.put_facts(session, events)
    months: set[tuple[Basis, date]] = {("resolved", month_of(event.data.resolved_at.date())) for event in events}
    await mark_dirty(session, months)


handlers = (
    Handler("metrics.callbacks.note_scheduled", CallbackScheduled, note_callbacks),
    Handler("metrics.callbacks.note_completed", CallbackCompleted, note_callbacks),
    Handler("metrics.callbacks.note_cancelled", CallbackCancelled, note_callbacks),
)

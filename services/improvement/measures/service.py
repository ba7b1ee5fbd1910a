"""Use cases of measures."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.measures import repository
from shared.events.envelope import Event
from shared.events.metrics import MeasureDefined


async def note_measures(session: AsyncSession, events: Sequence[Event[MeasureDefined]]) -> None:
    """Keep the newest version of each measure (R23), in whatever order they come."""
    newest: dict[str, MeasureDefined] = {}
    for event in events:
        told = newest.setdefault(event.data.key, event.data)
        if event.data.version > told.version:
            newest[event.data.key] = event.data
    fields = {"key", "version", "name", "unit", "direction"}
    await repository.keep_newest(session, [measure.model_dump(include=fields) for measure in newest.values()])

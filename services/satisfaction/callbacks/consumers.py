"""What the callbacks hear: resolutions and their undoing."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks.service import cancel_callbacks, schedule_callbacks
from services.satisfaction.settings import SatisfactionSettings
from shared.events.envelope import Event
from shared.events.metrics import IncidentReopened, IncidentResolved
from shared.inbox import AnyHandler, Handler


def make_handlers(thresholds: SatisfactionSettings) -> tuple[AnyHandler, ...]:
    """The handlers, with these settings."""

    async def schedule(session: AsyncSession, events: Sequence[Event[IncidentResolved]]) -> None:
        await schedule_callbacks(session, events, thresholds)

    async def cancel(session: AsyncSession, events: Sequence[Event[IncidentReopened]]) -> None:
        await cancel_callbacks(session, events, thresholds)

    return (
        Handler("satisfaction.callbacks.schedule", IncidentResolved, schedule),
        Handler("satisfaction.callbacks.cancel", IncidentReopened, cancel),
    )

"""What follow-ups hear: projects that are done."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.followups.service import schedule
from services.satisfaction.settings import SatisfactionSettings
from shared import clock
from shared.events.catalogue import ProjectCompleted
from shared.events.envelope import Event
from shared.inbox import AnyHandler, Handler


def make_handlers(thresholds: SatisfactionSettings) -> tuple[AnyHandler, ...]:
    """The handlers, with these settings."""

    async def take(session: AsyncSession, events: Sequence[Event[ProjectCompleted]]) -> None:
        await schedule(session, events, clock.now(), thresholds)

    return (Handler("satisfaction.followups.schedule", ProjectCompleted, take),)

"""What the deliveries hear: everything."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.deliveries import service
from shared import clock
from shared.events.envelope import Event
from shared.inbox import Listener


async def _queue(session: AsyncSession, events: Sequence[Event[dict[str, Any]]]) -> None:
    await service.queue_deliveries(session, events, clock.now())


handlers = (Listener("notifier.deliveries.queue", _queue),)

"""Moves recorded events from the outbox to the bus, in order, at least once."""

import asyncio
import time

import structlog
from sqlalchemy import text

from shared.bus.port import Bus, Outgoing
from shared.database import Database
from shared.outbox import RELAY
from shared.telemetry import EVENTS_PUBLISHED

_BREATH_SECONDS = 0.01
"""Without a backlog a claim begins no sooner than this after the one before: events of many commits go together."""
_LONGEST_REST_SECONDS = 0.03
"""And it rests as long as the last one worked, up to this: on the local bus that work is everybody's handlers, and
those who bring the events in want their turn."""
_log = structlog.get_logger(__name__)

_CLAIM = text(
    """
    WITH claimed AS (
        DELETE FROM outbox WHERE position IN (
            SELECT position FROM outbox ORDER BY position LIMIT :most FOR UPDATE SKIP LOCKED
        ) RETURNING position, type, body
    ) SELECT type, body FROM claimed ORDER BY position
    """
)


class Relay:
    """One service's relay. The claim is committed only when the bus has the events: a crash in between publishes
    again, and the inbox makes that harmless."""

    def __init__(self, database: Database, bus: Bus, *, most: int = 500, poll_seconds: float = 1.0) -> None:
        self._database = database
        self._bus = bus
        self._most = most
        self._poll_seconds = poll_seconds

    async def run(self) -> None:
        """Until cancelled."""
        service = self._database.spine.service
        delay = 0.1
        while True:
            began = time.monotonic()
            try:
                moved = await self.move()
                delay = 0.1
            except Exception as error:  # whatever failed, the events are still in the outbox
                _log.warning("relay_waits", service=service, error=repr(error), seconds=delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)
                continue
            if moved < self._most:
                ended = time.monotonic()
                await self._database.signals.wait(RELAY, self._poll_seconds)
                rested = max(began + _BREATH_SECONDS, ended + min(ended - began, _LONGEST_REST_SECONDS))
                await asyncio.sleep(rested - time.monotonic())

    async def move(self) -> int:
        """Move one batch; returns how many events."""
        async with self._database.engine.begin() as connection:
            rows = (await connection.execute(_CLAIM, {"most": self._most})).all()
            if not rows:
                return 0
            await self._bus.publish([Outgoing(type_, body) for type_, body in rows])
        EVENTS_PUBLISHED.labels(self._database.spine.service).inc(len(rows))
        return len(rows)

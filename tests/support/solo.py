"""One service by itself: its relay and jobs do not run, so that a test says what
happens when, and reads what was recorded from the outbox."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared import clock
from shared.app import Service
from shared.database import Database
from shared.events.envelope import Draft, Event, Fact, Origin, parse, serialise, typed
from shared.http import acting
from shared.ids import new_id
from tests.support.fleet import Fleet


@dataclass
class Solo(Fleet):
    """The service, clients that speak with a role (`client`), and its outbox."""

    service: Service

    @property
    def database(self) -> Database:
        return self.service.database

    @asynccontextmanager
    async def transaction(self, actor: str = "tester") -> AsyncIterator[AsyncSession]:
        """A transaction that commits, on behalf of `actor`."""
        async with acting(actor), self.database.transaction() as session:
            yield session

    async def events(self, *types: str) -> list[Event[dict[str, Any]]]:
        """What was recorded so far, of these types (`gap.detected`; all when none is named), in order."""
        async with self.database.reading() as session:
            rows = (await session.execute(text("SELECT type, body FROM outbox ORDER BY position"))).all()
        wanted = {f"ratchet.{name}.v1" for name in types}
        return [parse(bytes(row.body)) for row in rows if not wanted or row.type in wanted]

    async def hear(self, fact: Fact, subject: object | None = None, *, source: str = "elsewhere") -> None:
        """Have the service's handlers take this event of another service."""
        about = str(subject or new_id())
        _, raw = serialise(Draft(fact, about, 1, Origin("tester", about)), source, clock.now())
        event = typed(parse(raw), type(fact))
        for handler in self.service.definition.handlers:
            if handler.wants(event.type):
                async with acting("tester"), self.database.transaction() as session:
                    await handler.handle(session, [event])

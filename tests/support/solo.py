"""One service by itself, made once and emptied between tests: its relay and jobs do not run, so that a test says what
happens when, and reads what was recorded from the outbox."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.fleet import make_gateway, make_services
from shared import clock
from shared.app import Service
from shared.bus.local import LocalBus
from shared.database import Database
from shared.events.envelope import Draft, Event, Fact, Origin, parse, serialise, typed
from shared.http import acting
from shared.ids import new_id
from shared.settings import Settings
from tests.support.fleet import Fleet

_SEEDED = "solo_seed"


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


async def start_solo(name: str, settings: Settings, database_url: str) -> Solo:
    """This service on that database, with what it begins with kept aside."""
    (service,) = make_services([name], settings, database_url, LocalBus())
    await service.prepare()
    async with service.database.transaction() as session:
        for table in service.definition.spine.metadata.sorted_tables:
            await session.execute(text(f'CREATE TABLE "{_SEEDED}_{table.name}" AS TABLE "{table.name}"'))
        await session.execute(text(f'DELETE FROM "{_SEEDED}_outbox"'))
    transport = httpx.ASGITransport(app=make_gateway([service]), raise_app_exceptions=False)
    return Solo({name: service}, transport, settings, service)


async def empty(solo: Solo) -> None:
    """Everything that tests wrote goes, what the service begins with is there again."""
    statements: list[str] = []
    for table in solo.service.definition.spine.metadata.sorted_tables:
        statements.append(f'DELETE FROM "{table.name}";')
        statements.append(f'INSERT INTO "{table.name}" OVERRIDING SYSTEM VALUE TABLE "{_SEEDED}_{table.name}";')
    async with solo.database.transaction() as session:
        await session.execute(text(f"DO $$ BEGIN {' '.join(statements)} END $$"))

"""Services that are made once and serve many tests: a test finds them as they are on their first day."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import httpx

from services.fleet import DEFINE, make_gateway, make_services
from shared.app import Service
from shared.bus.local import LocalBus
from shared.bus.port import Bus
from shared.provision import connect
from shared.settings import Settings
from tests.support.fleet import Fleet

_SEED = "seed"


@dataclass
class Kept:
    """Prepared services on a database of their own; relays and jobs run while a test is in `started`."""

    services: list[Service]
    fleet: Fleet
    _admin: asyncpg.Connection
    _emptying: str

    async def empty(self) -> None:
        """Everything that tests wrote goes, what the services begin with is there again. Triggers are silent: the
        ledger's and the history's refuse such a thing."""
        async with self._admin.transaction():
            await self._admin.execute("SET LOCAL session_replication_role = replica")
            await self._admin.execute(self._emptying)

    @asynccontextmanager
    async def started(self, bus: Bus | None = None) -> AsyncIterator[Fleet]:
        """Emptied and running, on this bus."""
        await self.empty()
        bus = bus or LocalBus()
        for service in self.services:
            _renew(service)
            service.bus = bus
            await service.subscribe()
        for service in self.services:
            service.start()
        try:
            yield self.fleet
        finally:
            for service in self.services:
                await service.stop()
                for close in service.definition.closers:
                    await close()
            await bus.close()

    async def close(self) -> None:
        for service in self.services:
            await service.close()
        await self._admin.close()


def _renew(service: Service) -> None:
    """Jobs and ports as after a start: they keep in memory what they were doing, and read the environment."""
    service.definition = DEFINE[service.definition.name](service.settings)
    for name, port in service.definition.ports.items():
        setattr(service.app.state, name, port)


Keep = Callable[..., Awaitable[Kept]]
"""By names of services: the fixture `kept`."""


async def keep(names: list[str], settings: Settings, database_url: str) -> Kept:
    """These services on that database, with what they begin with kept aside."""
    services = make_services(names, settings, database_url, LocalBus())
    for service in services:
        await service.prepare()
    admin = await connect(database_url)
    statements = []
    for service in services:
        name = service.definition.name
        for table in service.definition.spine.metadata.sorted_tables:
            own, kept = f'{name}."{table.name}"', f'{_SEED}."{name}_{table.name}"'
            await admin.execute(f"CREATE SCHEMA IF NOT EXISTS {_SEED}; CREATE TABLE {kept} AS TABLE {own}")
            statements.append(f"DELETE FROM {own};")
            if table.name == "outbox" or not await admin.fetchval(f"SELECT count(*) FROM {kept}"):
                continue
            statements.append(f"INSERT INTO {own} OVERRIDING SYSTEM VALUE TABLE {kept};")
    transport = httpx.ASGITransport(app=make_gateway(services), raise_app_exceptions=False)
    fleet = Fleet({service.definition.name: service for service in services}, transport, settings)
    return Kept(services, fleet, admin, f"DO $$ BEGIN {' '.join(statements)} END $$")

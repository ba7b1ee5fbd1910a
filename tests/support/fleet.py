"""Running services for a test, on a database of the test's own, and clients that speak with a role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx

from services.fleet import make_gateway, make_services, start_services, stop_services
from shared.app import Service
from shared.auth import Role, mint
from shared.bus.port import Bus
from shared.settings import Settings


@dataclass
class Fleet:
    """Services in this process; `client(role)` calls them over ASGI."""

    services: dict[str, Service]
    transport: httpx.ASGITransport
    settings: Settings

    def client(
        self, *roles: Role, subject: str | None = None, address: str = "127.0.0.1", **claims: object
    ) -> httpx.AsyncClient:
        """A client with a token; without roles it has none. The subject is the first role unless given, and `address`
        is where it calls from."""
        headers = {}
        if roles:
            token = mint(self.settings, subject or roles[0].value, list(roles), timedelta(days=3650), **claims)
            headers["Authorization"] = f"Bearer {token}"
        transport = httpx.ASGITransport(self.transport.app, raise_app_exceptions=False, client=(address, 50_000))
        return httpx.AsyncClient(transport=transport, base_url="http://ratchet.test", headers=headers)

    async def is_idle(self) -> bool:
        """Whether every recorded event has taken effect everywhere (with the local bus)."""
        for service in self.services.values():
            async with service.database.engine.connect() as connection:
                if (await connection.exec_driver_sql("SELECT count(*) FROM outbox")).scalar_one():
                    return False
        return True


@asynccontextmanager
async def running(names: list[str], settings: Settings, database_url: str, bus: Bus) -> AsyncIterator[Fleet]:
    """These services, started; stopped at the end."""
    services = make_services(names, settings, database_url, bus)
    gateway = make_gateway(services)
    transport = httpx.ASGITransport(app=gateway, raise_app_exceptions=False)
    try:
        await start_services(services)
        yield Fleet({service.definition.name: service for service in services}, transport, settings)
    finally:
        await stop_services(services, bus)

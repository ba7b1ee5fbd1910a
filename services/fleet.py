"""The five services by name, started and stopped together, and one ASGI application that mounts any of them."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route

from services.audit import main as audit
from services.improvement import main as improvement
from services.metrics import main as metrics
from services.notifier import main as notifier
from services.satisfaction import main as satisfaction
from shared import problems
from shared.app import Service
from shared.bus.port import Bus
from shared.bus.rabbitmq import RabbitBus
from shared.inbox import heard_types
from shared.settings import Settings

DEFINE = {
    "metrics": metrics.define,
    "improvement": improvement.define,
    "satisfaction": satisfaction.define,
    "audit": audit.define,
    "notifier": notifier.define,
}


def make_services(names: Iterable[str], settings: Settings, database_url: str, bus: Bus) -> list[Service]:
    """These services, not yet prepared."""
    return [Service(DEFINE[name](settings), settings, database_url, bus) for name in names]


async def declare_queues(bus: RabbitBus, settings: Settings) -> None:
    """Every service's queue, before any of them relays: those that start later, on the first day or after an upgrade,
    miss nothing of what was told before."""
    await bus.declare({name: heard_types(define(settings).handlers) for name, define in DEFINE.items()})


async def start_services(services: list[Service]) -> None:
    """Everyone subscribes before anyone relays, so that no event is published before all ears are there."""
    for service in services:
        await service.prepare()
    for service in services:
        await service.subscribe()
    for service in services:
        service.start()


async def stop_services(services: list[Service], bus: Bus) -> None:
    """Relays and jobs end first, then the bus, then the engines: nothing is cut in the middle that is not redone."""
    for service in services:
        await service.stop()
    await bus.close()
    for service in services:
        await service.close()


@asynccontextmanager
async def started(services: list[Service], bus: Bus) -> AsyncIterator[None]:
    """Started inside; stopped at the end, and where the start is cut short."""
    try:
        await start_services(services)
        yield
    finally:
        await stop_services(services, bus)


def make_gateway(services: list[Service]) -> Starlette:
    """One application with every service under its name; whoever serves it starts and stops them."""
    home_path = f"/{services[0].definition.name}/"

    async def home(_request: Request) -> RedirectResponse:
        return RedirectResponse(home_path)

    async def not_found(request: Request, _error: Exception) -> Response:
        names = ", ".join(f"/{service.definition.name}" for service in services)
        return problems.response(
            404, problems.NotFound.title(), f"nothing is here; the services are at {names}", request.url.path, {}
        )

    mounts = [Mount(f"/{service.definition.name}", service.app) for service in services]
    return Starlette(routes=[*mounts, Route("/", home)], exception_handlers={404: not_found})

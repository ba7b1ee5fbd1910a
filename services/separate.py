"""`ratchet run SERVICE`: one service in a process of its own, on the Postgres and the RabbitMQ of the installation."""

import asyncio
import socket
from collections.abc import Callable

from services.fleet import declare_queues, make_services
from services.parts import await_parts
from services.serving import serve
from shared.bus.rabbitmq import RabbitBus
from shared.settings import Settings


def serve_one(
    settings: Settings,
    name: str,
    database_url: str,
    amqp_url: str,
    bound: socket.socket,
    on_ready: Callable[[], None],
) -> None:
    """One service until a signal says stop, mounted under its name as at the gateway.

    Raises:
        PartMissing: Postgres or RabbitMQ is not there in time.
    """
    bus = RabbitBus(amqp_url, namespace=settings.amqp_namespace)
    asyncio.run(_prepare(settings, database_url, amqp_url, bus))
    serve(make_services([name], settings, database_url, bus), bus, bound, on_ready)


async def _prepare(settings: Settings, database_url: str, amqp_url: str, bus: RabbitBus) -> None:
    await await_parts(database_url, amqp_url)
    await declare_queues(bus, settings)

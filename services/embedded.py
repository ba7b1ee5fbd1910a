"""`ratchet serve`: all five services and their pages in one process, on a Postgres of its own unless told otherwise."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path

import structlog
from starlette.applications import Starlette

from services.demonstration import load as load_demonstration
from services.fleet import DEFINE, make_services
from services.parts import await_parts
from services.postgres import DATABASE, EmbeddedPostgres, PostgresFailed
from services.serving import serve
from shared.bus.local import LocalBus
from shared.bus.port import Bus
from shared.bus.rabbitmq import RabbitBus
from shared.provision import create_database
from shared.settings import Settings

_log = structlog.get_logger(__name__)
_WATCH_SECONDS = 1.0


def serve_all(
    settings: Settings,
    database_url: str,
    bound: socket.socket,
    on_ready: Callable[[], None],
    *,
    postgres: EmbeddedPostgres | None,
    demonstration: "Demonstration | None",
) -> None:
    """All five services until a signal says stop.

    Without `AMQP_URL` they hear each other through the local bus. `postgres` is watched and `demonstration` loaded
    beside them.
    """
    asyncio.run(await_parts(settings.database_url, settings.amqp_url))
    url, namespace = settings.amqp_url, settings.amqp_namespace
    bus: Bus = RabbitBus(url, namespace=namespace) if url else LocalBus()
    beside: list[Callable[[Starlette], Coroutine[None, None, None]]] = []
    if postgres is not None:
        asyncio.run(create_database(postgres.admin_url(), DATABASE))
        beside.append(partial(_watch, postgres))
    if demonstration is not None and demonstration.is_wanted():
        beside.append(partial(demonstration.load, settings))
    serve(make_services(DEFINE, settings, database_url, bus), bus, bound, on_ready, beside)


class Demonstration:
    """The demonstration organisation: loaded once into a data folder that was new, never into one in use.

    A note in the data folder says `wanted`, `declined` or `loaded`; a start cut short loads the rest, because loading
    the same twice has one effect.
    """

    def __init__(self, data_dir: Path) -> None:
        self._note = data_dir / "demonstration"

    def decide(self, *, is_new: bool, wanted: bool) -> None:
        """The first start decides for good."""
        if is_new:
            self._note.write_text("wanted" if wanted else "declined")

    def is_wanted(self) -> bool:
        return self._note.exists() and self._note.read_text() == "wanted"

    async def load(self, settings: Settings, gateway: Starlette) -> None:
        try:
            await load_demonstration(gateway, settings)
        except Exception:  # the services go on without it
            _log.exception("demonstration_not_loaded", retry="at the next start")
            return
        self._note.write_text("loaded")


async def _watch(postgres: EmbeddedPostgres, _gateway: Starlette) -> None:
    """Start the server again where something killed it; whoever waits for it goes on."""
    while True:
        await asyncio.sleep(_WATCH_SECONDS)
        if not postgres.is_running():
            _log.warning("postgres_was_killed", then="starting it again")
            try:
                await asyncio.to_thread(postgres.start)
            except PostgresFailed as error:
                _log.error("postgres_does_not_start", error=str(error))

"""Serving: one socket, one event loop, an orderly end on Ctrl-C, SIGTERM and a closed terminal."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette

from services.fleet import make_gateway, started
from shared.app import Service
from shared.bus.port import Bus

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_GRACE_SECONDS = 10


class _Server(uvicorn.Server):
    """Uvicorn without its own signals: it raises them again after its end, before ours."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(
    services: list[Service],
    bus: Bus,
    bound: socket.socket,
    on_ready: Callable[[], None],
    beside: Sequence[Callable[[Starlette], Coroutine[None, None, None]]] = (),
) -> None:
    """Serve until a signal says stop, then end in order; `on_ready` is called when requests are answered, and what
    is `beside` runs with the application while the services do."""
    gateway = make_gateway(services)
    config = uvicorn.Config(
        gateway,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config, on_ready)

    async def run() -> None:
        async with _stoppable(server), started(services, bus), _running([act(gateway) for act in beside]):
            await server.serve([bound])

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(run())


@asynccontextmanager
async def _running(acts: list[Coroutine[None, None, None]]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(act) for act in acts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def _stoppable(server: uvicorn.Server) -> AsyncIterator[None]:
    """The first signal asks for an orderly end; a second one does not wait for open requests."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    cut_short = False

    def stop() -> None:
        nonlocal cut_short
        if server.started:
            server.force_exit = server.should_exit
            server.should_exit = True
        else:
            cut_short = True
            task.cancel()

    for number in STOPPING:
        loop.add_signal_handler(number, stop)
    try:
        yield
    except asyncio.CancelledError:
        if not cut_short:
            raise
    finally:
        for number in STOPPING:
            loop.remove_signal_handler(number)

"""A webhook receiver that really listens, on the loopback, and keeps what it got."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.rabbitmq import free_port


@dataclass
class Receiver:
    """`requests` are headers and body of each delivery, in order of arrival."""

    url: str
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@asynccontextmanager
async def listening() -> AsyncIterator[Receiver]:
    """A receiver that answers 204 to everything."""
    port = free_port()
    receiver = Receiver(f"http://127.0.0.1:{port}/hook")

    async def take(request: Request) -> Response:
        receiver.requests.append((dict(request.headers), await request.body()))
        return Response(status_code=204)

    app = Starlette(routes=[Route("/hook", take, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield receiver
    finally:
        server.should_exit = True
        await task

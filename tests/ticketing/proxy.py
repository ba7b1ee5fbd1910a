"""A proxy before a ticketing system that loses answers: the system did what it was asked, and nobody hears so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Proxy:
    """`lose` counts down: so many answers to a POST are still to be lost. `lost` are the requests whose were."""

    upstream: str
    url: str = ""
    lose: int = 0
    lost: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").strip().split("\r\n")
            headers = [line for line in lines if not line.lower().startswith("connection:")]
            length = next((line.partition(":")[2] for line in lines if line.lower().startswith("content-length:")), "0")
            body = await reader.readexactly(int(length))
            asked = "\r\n".join([first, *headers, "connection: close", "", ""]).encode("latin-1")
            answer = await self._forward(asked + body)
            if self.lose > 0 and first.startswith("POST "):
                self.lose -= 1
                self.lost.append(first)
                writer.transport.abort()
                return
            writer.write(answer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _forward(self, request: bytes) -> bytes:
        parts = urlsplit(self.upstream)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(request)
            await writer.drain()
            return await reader.read()
        finally:
            writer.close()


@asynccontextmanager
async def losing(upstream: str, answers: int) -> AsyncIterator[Proxy]:
    """A proxy before this address that loses the first so many answers to a POST."""
    proxy = Proxy(upstream, lose=answers)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        await server.wait_closed()

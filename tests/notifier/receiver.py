"""A webhook receiver that really listens."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser

import orjson


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict:
        return orjson.loads(self.body)


Answering = Callable[[Received], Awaitable[bytes]]


def answer(status: int = 204, body: bytes = b"", **headers: str) -> bytes:
    """An HTTP answer's bytes; `retry_after="5"` becomes the header `retry-after`."""
    lines = [f"HTTP/1.1 {status} Answer", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Receiver:
    """Keeps what it gets. It gives `answers` one after the other, the last one for ever; `answering` instead, if set.

    `most_at_once` is the most requests that were open at one time.
    """

    port: int
    scheme: str = "http"
    answers: list[bytes] = field(default_factory=lambda: [answer()])
    answering: Answering | None = None
    received: list[Received] = field(default_factory=list)
    most_at_once: int = 0
    _open: int = 0

    def url(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def types(self) -> list[str]:
        return [request.headers["ratchet-event-type"] for request in self.received]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            request_line, _, rest = head.partition(b"\r\n")
            headers = {name.lower(): value for name, value in BytesParser().parsebytes(rest).items()}
            body = await reader.readexactly(int(headers["content-length"]))
            request = Received(request_line.split()[1].decode(), headers, body)
            self.received.append(request)
            if self.answering is not None:
                writer.write(await self.answering(request))
            else:
                writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self._open -= 1
            writer.close()


@asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver on a free port of 127.0.0.1."""
    receiver = Receiver(0, "https" if tls else "http")
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await server.wait_closed()

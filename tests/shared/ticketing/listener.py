"""A ticketing system that really listens on the loopback and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson


@dataclass(frozen=True)
class Asked:
    """One request, with its query parsed."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""


@dataclass
class Answer:
    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0


@dataclass
class Listener:
    """`requests` are what was asked, in order; `answer` decides."""

    answer: Callable[[Asked], Answer]
    url: str = ""
    requests: list[Asked] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            method, target = first.split(" ")[:2]
            parts = urlsplit(target)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            asked = Asked(parts.path, query, headers, method, body)
            self.requests.append(asked)
            answer = self.answer(asked)
            await asyncio.sleep(answer.delay_seconds)
            content = answer.body if isinstance(answer.body, bytes) else orjson.dumps(answer.body)
            lines = [f"{name}: {value}" for name, value in answer.headers.items()]
            status = f"HTTP/1.1 {answer.status} X"
            head = "\r\n".join([status, *lines, f"content-length: {len(content)}", "connection: close", "", ""])
            writer.write(head.encode() + content)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening(answer: Callable[[Asked], Answer]) -> AsyncIterator[Listener]:
    listener = Listener(answer)
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    listener.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield listener
    finally:
        server.close()
        await server.wait_closed()

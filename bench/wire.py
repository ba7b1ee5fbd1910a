"""A client that costs next to nothing: it writes requests that were made before and reads only what it must, so that a
measurement on two cores is the server's."""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit


def request(url: str, body: bytes, headers: dict[str, str]) -> bytes:
    """A POST, ready to be written."""
    parts = urlsplit(url)
    lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in {"Content-Type": "application/json", **headers}.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def post_all(url: str, requests: Sequence[bytes], connections: int, status: int = 200) -> None:
    """All of these, in turns over so many connections, one at a time on each.

    Raises:
        RuntimeError: one was not answered with this status.
    """
    waiting = iter(requests)
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_post_each(url, waiting, status))


async def _post_each(url: str, waiting: Iterable[bytes], status: int) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        for each in waiting:
            writer.write(each)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 %d" % status):
                raise RuntimeError((head + body).decode(errors="replace")[:1000])
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

"""One attempt over HTTP: bounded in time, in what it reads, and in where it may go."""

import asyncio
import time
from dataclasses import dataclass
from functools import cached_property

import httpx

from services.notifier.deliveries.rules import Answer
from services.notifier.targets import Guard, GuardedTransport, PrivateTarget
from shared import clock

EXCERPT_BYTES = 1024
MOST_ERROR = 300
REDIRECT = "redirects are not followed"


@dataclass(frozen=True, slots=True)
class Request:
    """What to POST, and where."""

    url: str
    headers: dict[str, str]
    body: bytes


class Sender:
    """Sends webhooks. Every failure is an answer; nothing is raised."""

    def __init__(self, guard: Guard, timeout_seconds: float) -> None:
        self._guard = guard
        self._timeout_seconds = timeout_seconds

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=GuardedTransport(self._guard),
            timeout=self._timeout_seconds,
            follow_redirects=False,
            trust_env=False,
        )

    async def send(self, request: Request) -> Answer:
        """POST it once. Redirects are not followed, and only the first 1 KiB of the answer is read."""
        at = clock.now()
        started = time.perf_counter()
        status: int | None = None
        error: str | None = None
        excerpt = b""
        retry_after: str | None = None
        try:
            async with (
                asyncio.timeout(self._timeout_seconds),
                self._client.stream("POST", request.url, content=request.body, headers=request.headers) as response,
            ):
                status, retry_after = response.status_code, response.headers.get("retry-after")
                error = REDIRECT if response.is_redirect else None
                excerpt = await _read_beginning(response)
        except Exception as failure:  # whatever went wrong is the attempt's outcome
            if status is None:
                error = _explain(failure, self._timeout_seconds)
        latency_ms = round((time.perf_counter() - started) * 1000)
        return Answer(at, latency_ms, status, error, _as_text(excerpt), retry_after)


async def _read_beginning(response: httpx.Response) -> bytes:
    """Undecoded, so that a compressed answer cannot grow."""
    beginning = b""
    async for chunk in response.aiter_raw():
        beginning += chunk
        if len(beginning) >= EXCERPT_BYTES:
            break
    return beginning[:EXCERPT_BYTES]


def _as_text(excerpt: bytes) -> str:
    return excerpt.decode(errors="replace").replace("\x00", "\ufffd")


def _explain(failure: Exception, timeout_seconds: float) -> str:
    """Why there was no answer, for the person who looks at the delivery."""
    if isinstance(failure, PrivateTarget):
        said = f"not sent: {failure.detail}"
    elif isinstance(failure, TimeoutError | httpx.TimeoutException):
        said = f"no answer within {timeout_seconds:g} s"
    elif isinstance(failure, httpx.ConnectError):
        said = f"cannot connect: {failure}"
    elif isinstance(failure, OSError):
        said = f"cannot resolve the host: {failure}"
    else:
        said = f"{type(failure).__name__}: {failure}"
    return _as_text(said.encode(errors="replace"))[:MOST_ERROR]

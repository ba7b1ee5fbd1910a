"""Who speaks in the demonstration, and how: each with a client and a token of their own."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import httpx

from shared.auth import Role, mint
from shared.settings import Settings

_PATIENCE_SECONDS = 120.0
T = TypeVar("T")


class StoryStuck(RuntimeError):
    """A step of the story did not come about: says which."""


class People:
    """The people of the story, each with a client of their own."""

    def __init__(self, transport: httpx.ASGITransport, settings: Settings) -> None:
        self._transport = transport
        self._settings = settings
        self._clients: list[httpx.AsyncClient] = []

    def speak(self, role: Role, subject: str, **claims: object) -> httpx.AsyncClient:
        token = mint(self._settings, subject, [role], timedelta(hours=1), **claims)
        client = httpx.AsyncClient(
            transport=self._transport, base_url="http://ratchet", headers={"Authorization": f"Bearer {token}"}
        )
        self._clients.append(client)
        return client

    def visit(self) -> httpx.AsyncClient:
        """Somebody who is not signed in: whoever opens a link."""
        client = httpx.AsyncClient(transport=self._transport, base_url="http://ratchet")
        self._clients.append(client)
        return client

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


async def send(asking: Awaitable[httpx.Response]) -> httpx.Response:
    """The answer. Raises `StoryStuck` where it is a refusal."""
    answer = await asking
    if answer.is_error:
        raise StoryStuck(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:500]}")
    return answer


async def wait_for(step: str, ask: Callable[[], Awaitable[T | None]], seconds: float = 0.2) -> T:
    """The first answer that is there. Raises `StoryStuck` where none comes."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                answer = await ask()
                if answer is not None:
                    return answer
                await asyncio.sleep(seconds)
    except TimeoutError as error:
        raise StoryStuck(f"{step}: not within {_PATIENCE_SECONDS:.0f} s") from error

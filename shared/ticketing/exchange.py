"""One exchange with a system: several requests, all of them within one timeout, and whatever fails told in words."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from shared.ticketing.access import Access
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.remote import Asking, Remote

TIMEOUT_SECONDS = 20.0
"""A search and a creation take one each: together they must end before whoever asked is taken for dead."""


@asynccontextmanager
async def speaking(
    access: Access | None, timeout_seconds: float = TIMEOUT_SECONDS, headers: Mapping[str, str] | None = None
) -> AsyncIterator[Asking]:
    """An answer that a mapper cannot read is the system's failure too.

    Raises:
        RemoteFailed: also where the connection names no address.
    """
    if access is None:
        raise RemoteFailed("this connection has no base_url", is_lasting=True)
    try:
        async with (
            asyncio.timeout(timeout_seconds),
            Remote(access, timeout_seconds=timeout_seconds).session(headers) as asking,
        ):
            yield asking
    except TimeoutError as error:
        raise RemoteFailed(f"{access.base_url}: no answer within {timeout_seconds:g} s") from error
    except Unmappable as error:
        raise RemoteFailed(f"{access.base_url}: {error}") from error


def link(access: Access | None, path: str) -> str | None:
    """Where people see a record."""
    return access.base_url.rstrip("/") + path if access else None

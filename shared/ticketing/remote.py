"""Speaking with a ticketing system over HTTP: no redirects, bounded answers, and failures in words."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Container, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from shared import clock
from shared.ticketing.access import Access
from shared.ticketing.failures import RemoteFailed

TIMEOUT_SECONDS = 30.0
MOST_BYTES = 16 * 1024 * 1024
LONGEST_RETRY_AFTER_SECONDS = 86_400.0
_SHOWN = 300
_SUCCESSES = frozenset(range(200, 300))
LASTING = frozenset({*range(300, 400), 400, 401, 403, 404, 405, 409, 410, 415, 422})
MEANINGS = {
    401: "it does not know this user or token; check authentication and secret",
    403: "this user may not do that; give it the right to",
    404: "there is nothing at that address; check base_url",
    409: "it says that this conflicts with what it has",
    429: "it asks us to come less often",
}


@cache
def trust() -> ssl.SSLContext:
    """The certificates that are trusted, read once: that costs more than a page. `SSL_CERT_FILE` names others."""
    return httpx.create_ssl_context()


def find_unsound_url(url: str) -> str | None:
    """Why this cannot be polled, or None."""
    try:
        parts, read = urlsplit(url), httpx.URL(url)
        usable = bool(read.host) and parts.port != 0
    except (ValueError, httpx.InvalidURL):
        return f"{url!r} is no address like https://tickets.example.com"
    if parts.scheme not in ("http", "https") or not usable:
        return f"{url!r} must begin with http:// or https:// and name a host"
    if parts.username is not None or parts.query or parts.fragment:
        return "must hold no user, query or fragment; a user goes into the secret"
    return None


class Remote:
    """One system's address. Each session opens one client and closes it."""

    def __init__(self, access: Access, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._access = access
        self._base = access.base_url.rstrip("/")
        self._timeout_seconds = timeout_seconds

    @asynccontextmanager
    async def session(self, headers: Mapping[str, str] | None = None) -> AsyncIterator["Asking"]:
        """`headers` go with every request."""
        client = httpx.AsyncClient(
            follow_redirects=False,
            timeout=self._timeout_seconds,
            headers={**_headers(self._access), **(headers or {})},
            verify=trust(),
        )
        async with client:
            yield Asking(client, self._base, self._timeout_seconds)


class Asking:
    """Asks by one client. Paths begin behind the base address."""

    def __init__(self, client: httpx.AsyncClient, base: str, timeout_seconds: float) -> None:
        self._client = client
        self._base = base
        self._timeout_seconds = timeout_seconds

    async def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """The parsed answer.

        Raises:
            RemoteFailed: no answer in time, any status but 200, too long, or not JSON.
        """
        answer = await self.find(path, params)
        if answer is None:
            raise RemoteFailed(f"GET {self._base}{path} answered 404: {MEANINGS[404]}", is_lasting=True)
        return answer

    async def find(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """As `get`; None where the system knows no such thing (404)."""
        status, answer = await self._ask("GET", path, frozenset({200, 404}), params=params)
        return None if status == 404 else answer

    async def send(self, method: str, path: str, **content: Any) -> Any:
        """The parsed answer to a request that changes something, None where it is empty. `content` is httpx's: `json`,
        `data`, `params`, `headers`.

        Raises:
            RemoteFailed: as `get`, for any status that is no success. After it nobody knows whether it was done, unless
                `is_lasting`.
        """
        return (await self._ask(method, path, _SUCCESSES, **content))[1]

    async def _ask(self, method: str, path: str, expected: Container[int], **content: Any) -> tuple[int, Any]:
        what = f"{method} {self._base}{path}"
        try:
            async with asyncio.timeout(self._timeout_seconds):
                status, headers, raw = await self._exchange(method, self._base + path, content)
        except TimeoutError as error:
            raise RemoteFailed(f"{what}: no answer within {self._timeout_seconds:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise RemoteFailed(f"{what}: {type(error).__name__}: {error}"[:_SHOWN]) from error
        if status not in expected:
            told = raw[:_SHOWN].decode(errors="replace").replace("\x00", "")
            meaning = "redirects are not followed" if 300 <= status < 400 else MEANINGS.get(status)
            reason = f"{what} answered {status}: " + " · ".join(part for part in (meaning, told.strip()) if part)
            raise RemoteFailed(reason, retry_after(headers, clock.now()), is_lasting=status in LASTING)
        if not raw or status == 404:
            return status, None
        try:
            return status, orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise RemoteFailed(f"{what} answered with what is not JSON; check base_url") from error

    async def _exchange(self, method: str, url: str, content: Mapping[str, Any]) -> tuple[int, httpx.Headers, bytes]:
        raw = bytearray()
        async with self._client.stream(method, url, **content) as response:
            async for chunk in response.aiter_bytes():
                raw += chunk
                if len(raw) > MOST_BYTES:
                    raise RemoteFailed(f"{method} {url}: the answer is longer than {MOST_BYTES} bytes")
            return response.status_code, response.headers, bytes(raw)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """`Retry-After` in seconds, given as such or as a date; at most a day."""
    told = headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return min(float(told), LONGEST_RETRY_AFTER_SECONDS)
    try:
        moment = parsedate_to_datetime(told)
    except (ValueError, TypeError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = (aware - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)


def _headers(access: Access) -> dict[str, str]:
    headers = {"accept": "application/json"}
    match access.authentication:
        case "basic":
            headers["authorization"] = "Basic " + b64encode(access.secret.encode()).decode()
        case "bearer":
            headers["authorization"] = f"Bearer {access.secret}"
        case "token":
            headers["authorization"] = f"token {access.secret}"
        case "api_key":
            headers["x-redmine-api-key"] = access.secret
        case "user_token":
            headers["authorization"] = f"user_token {access.secret}"
        case "zammad_token":
            headers["authorization"] = f"Token token={access.secret}"
    return headers

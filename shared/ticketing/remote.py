"""Asking a ticketing system over HTTP: only GET, no redirects, bounded answers, and failures in words."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from shared import clock
from shared.ticketing.sources import PollConfig, SourceFailed

TIMEOUT_SECONDS = 30.0
MOST_BYTES = 16 * 1024 * 1024
LONGEST_RETRY_AFTER_SECONDS = 86_400.0
_SHOWN = 300
_MEANINGS = {
    401: "it does not know this user or token; check poll_authentication and poll_secret",
    403: "this user may not read that; give it the right to read tickets",
    404: "there is nothing at that address; check base_url",
    429: "it asks us to come less often",
}


@cache
def _trust() -> ssl.SSLContext:
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
        return "must hold no user, query or fragment; the user goes into poll_secret"
    return None


class Remote:
    """One system's address. Each page opens one client and closes it."""

    def __init__(self, config: PollConfig, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._config = config
        self._base = config.base_url.rstrip("/")
        self._timeout_seconds = timeout_seconds

    @asynccontextmanager
    async def session(self) -> AsyncIterator["Asking"]:
        client = httpx.AsyncClient(
            follow_redirects=False, timeout=self._timeout_seconds, headers=_headers(self._config), verify=_trust()
        )
        async with client:
            yield Asking(client, self._base, self._timeout_seconds)


class Asking:
    """Asks by one client."""

    def __init__(self, client: httpx.AsyncClient, base: str, timeout_seconds: float) -> None:
        self._client = client
        self._base = base
        self._timeout_seconds = timeout_seconds

    async def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """The parsed answer.

        Raises:
            SourceFailed: no answer in time, any status but 200, too long, or not JSON.
        """
        answer = await self.find(path, params)
        if answer is None:
            raise SourceFailed(f"GET {self._base}{path} answered 404: {_MEANINGS[404]}")
        return answer

    async def find(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """As `get`; None where the system knows no such thing (404)."""
        url = self._base + path
        try:
            async with asyncio.timeout(self._timeout_seconds):
                status, headers, content = await self._exchange(url, params)
        except TimeoutError as error:
            raise SourceFailed(f"GET {url}: no answer within {self._timeout_seconds:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise SourceFailed(f"GET {url}: {type(error).__name__}: {error}"[:_SHOWN]) from error
        if status == 404:
            return None
        if status != 200:
            told = content[:_SHOWN].decode(errors="replace").replace("\x00", "")
            meaning = _MEANINGS.get(status) or ("redirects are not followed" if 300 <= status < 400 else told)
            raise SourceFailed(f"GET {url} answered {status}: {meaning}", retry_after(headers, clock.now()))
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise SourceFailed(f"GET {url} answered with what is not JSON; check base_url") from error

    async def _exchange(self, url: str, params: Mapping[str, str | int] | None) -> tuple[int, httpx.Headers, bytes]:
        content = bytearray()
        async with self._client.stream("GET", url, params=params) as response:
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MOST_BYTES:
                    raise SourceFailed(f"GET {url}: the answer is longer than {MOST_BYTES} bytes")
            return response.status_code, response.headers, bytes(content)


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


def _headers(config: PollConfig) -> dict[str, str]:
    headers = {"accept": "application/json"}
    match config.authentication:
        case "basic":
            headers["authorization"] = "Basic " + b64encode(config.secret.encode()).decode()
        case "bearer":
            headers["authorization"] = f"Bearer {config.secret}"
        case "token":
            headers["authorization"] = f"token {config.secret}"
        case "api_key":
            headers["x-redmine-api-key"] = config.secret
    return headers

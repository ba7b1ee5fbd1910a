"""Requests signed by Standard Webhooks: redirects are not followed, answers are cut, nothing outlasts the timeout."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import orjson
from standardwebhooks.webhooks import Webhook

from shared import clock
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.remote import LASTING, MEANINGS, retry_after, trust

MOST_BYTES = 256 * 1024
_SHOWN = 300


class SignedClient:
    """`headers` go with every request; the secret signs each, where there is one."""

    def __init__(self, secret: str | None, headers: Mapping[str, str], timeout_seconds: float) -> None:
        self._secret = secret
        self._headers = headers
        self._timeout_seconds = timeout_seconds

    async def call(
        self, method: str, url: str, message_id: str, body: bytes, extra: Mapping[str, str]
    ) -> tuple[int, Any]:
        """Status (2xx, or 404 to a question) and the parsed answer. Raises `RemoteFailed`."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                status, headers, content = await self._exchange(method, url, message_id, body, extra)
        except TimeoutError as error:
            raise RemoteFailed(f"no answer within {self._timeout_seconds:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise RemoteFailed(f"{type(error).__name__}: {error}"[:_SHOWN]) from error
        if status == 404 and method == "GET":
            return status, None
        if not 200 <= status < 300:
            meaning = "redirects are not followed" if 300 <= status < 400 else MEANINGS.get(status)
            told = " · ".join(part for part in (meaning, show(content).strip()) if part)
            wait = retry_after(headers, clock.now())
            raise RemoteFailed(f"{method} {url} answered {status}: {told}", wait, is_lasting=status in LASTING)
        try:
            return status, orjson.loads(content) if content else None
        except orjson.JSONDecodeError as error:
            raise RemoteFailed(f"answered {status} with what is not JSON: {show(content)}") from error

    async def _exchange(
        self, method: str, url: str, message_id: str, body: bytes, extra: Mapping[str, str]
    ) -> tuple[int, httpx.Headers, bytes]:
        now = clock.now()
        headers = {
            **self._headers,
            "content-type": "application/json",
            "accept": "application/json",
            **extra,
        }
        if self._secret is not None:
            headers |= {
                "webhook-id": message_id,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": Webhook(self._secret).sign(message_id, now, body.decode()),
            }
        client = httpx.AsyncClient(follow_redirects=False, timeout=self._timeout_seconds, verify=trust())
        async with client, client.stream(method, url, headers=headers, content=body) as response:
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MOST_BYTES:
                    raise RemoteFailed(f"the answer is longer than {MOST_BYTES} bytes")
            return response.status_code, response.headers, bytes(content)


def show(content: bytes) -> str:
    """The beginning of an answer, for people."""
    return content[:_SHOWN].decode(errors="replace").replace("\x00", "")

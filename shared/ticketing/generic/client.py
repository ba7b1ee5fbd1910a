"""Change requests for any system that takes JSON over HTTP: a templated body, signed by Standard Webhooks."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from string import Template
from typing import Any
from urllib.parse import quote

import httpx
import orjson
from standardwebhooks.webhooks import Webhook

from shared import clock
from shared.ids import new_id
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, ChangeState, RaisedChange
from shared.ticketing.failures import RemoteFailed

TIMEOUT_SECONDS = 10.0
MOST_BYTES = 256 * 1024
_SHOWN = 300
_MISSING = object()


@dataclass(frozen=True, slots=True)
class GenericConfig:
    """How to talk to one system.

    `body` is any JSON; `${title}`, `${correlation_id}` … in its strings are filled in (default: all fields as they
    are). `find_url` holds `${correlation_id}` and answers the record, or a list whose first it is; 404 or an empty list
    say that there is none. `outcome_url` holds `${external_id}`. Pointers are RFC 6901. `states` maps the system's
    words for a state to ours.
    """

    url: str
    secret: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    find_url: str | None = None
    id_pointer: str = "/id"
    url_pointer: str = "/url"
    outcome_url: str | None = None
    state_pointer: str = "/state"
    implemented_at_pointer: str = "/implemented_at"
    states: Mapping[str, ChangeState] = field(default_factory=dict)


class GenericChangeSink:
    """Every request is signed; redirects are not followed, answers are cut, and nothing lasts longer than the timeout.

    A change's correlation id also goes as `Idempotency-Key` and as `webhook-id`, so that a system without a search
    can recognise a repeat.
    """

    def __init__(self, config: GenericConfig, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._config = config
        self._timeout_seconds = timeout_seconds

    async def find(self, correlation_id: str) -> RaisedChange | None:
        if self._config.find_url is None:
            return None
        url = _fill_url(self._config.find_url, {"correlation_id": correlation_id})
        status, answer = await self._ask(url)
        if status == 404:
            return None
        record = (answer[0] if answer else None) if isinstance(answer, list) else answer
        return self._read_record(record)

    async def raise_change(self, request: ChangeRequest) -> RaisedChange:
        body = orjson.dumps(fill(self._config.body, request))
        once = {"idempotency-key": request.correlation_id}
        _, answer = await self._call("POST", self._config.url, request.correlation_id, body, once)
        raised = self._read_record(answer)
        if raised is None:
            raise RemoteFailed(f"the answer holds no id at {self._config.id_pointer}: {_show(orjson.dumps(answer))}")
        return raised

    async def outcome(self, external_id: str) -> ChangeOutcome | None:
        if self._config.outcome_url is None:
            return None
        url = _fill_url(self._config.outcome_url, {"external_id": external_id})
        status, answer = await self._ask(url)
        word = _text(_point(answer, self._config.state_pointer))
        if status == 404 or word is None:
            raise RemoteFailed(f"{url} tells no state at {self._config.state_pointer}")
        state = self._config.states.get(word) or _own_word(word)
        return None if state is None else ChangeOutcome(state, self._read_moment(answer))

    def _read_record(self, answer: Any) -> RaisedChange | None:
        external_id = _text(_point(answer, self._config.id_pointer))
        if not external_id:
            return None
        return RaisedChange(external_id[:200], (_text(_point(answer, self._config.url_pointer)) or "")[:2000] or None)

    def _read_moment(self, answer: Any) -> datetime | None:
        told = _text(_point(answer, self._config.implemented_at_pointer))
        try:
            moment = datetime.fromisoformat(told) if told else None
        except ValueError as error:
            raise RemoteFailed(f"'{told}' at {self._config.implemented_at_pointer} is no ISO 8601 time") from error
        if moment is not None and moment.tzinfo is None:
            raise RemoteFailed(f"'{told}' at {self._config.implemented_at_pointer} has no zone")
        return moment.astimezone(UTC) if moment else None

    async def _ask(self, url: str) -> tuple[int, Any]:
        return await self._call("GET", url, str(new_id()), b"", {})

    async def _call(
        self, method: str, url: str, message_id: str, body: bytes, extra: Mapping[str, str]
    ) -> tuple[int, Any]:
        """Status (2xx, or 404 to a question) and the parsed answer."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                status, content = await self._exchange(method, url, message_id, body, extra)
        except TimeoutError as error:
            raise RemoteFailed(f"no answer within {self._timeout_seconds:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise RemoteFailed(f"{type(error).__name__}: {error}"[:_SHOWN]) from error
        if status == 404 and method == "GET":
            return status, None
        if not 200 <= status < 300:
            raise RemoteFailed(f"answered {status}: {_show(content)}")
        try:
            return status, orjson.loads(content) if content else None
        except orjson.JSONDecodeError as error:
            raise RemoteFailed(f"answered {status} with what is not JSON: {_show(content)}") from error

    async def _exchange(
        self, method: str, url: str, message_id: str, body: bytes, extra: Mapping[str, str]
    ) -> tuple[int, bytes]:
        now = clock.now()
        headers = {
            **self._config.headers,
            "content-type": "application/json",
            "accept": "application/json",
            **extra,
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self._config.secret).sign(message_id, now, body.decode()),
        }
        client = httpx.AsyncClient(follow_redirects=False, timeout=self._timeout_seconds)
        async with client, client.stream(method, url, headers=headers, content=body) as response:
            content = b""
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MOST_BYTES:
                    raise RemoteFailed(f"the answer is longer than {MOST_BYTES} bytes")
            return response.status_code, content


def fill(body: Any, request: ChangeRequest) -> Any:
    """The body for this request: placeholders in strings filled in, everything else as it is."""
    fields = request.model_dump(mode="json")
    if body is None:
        return fields
    return _fill(body, {name: "" if value is None else str(value) for name, value in fields.items()})


def _fill(part: Any, fields: Mapping[str, str]) -> Any:
    if isinstance(part, str):
        return Template(part).safe_substitute(fields)
    if isinstance(part, list):
        return [_fill(item, fields) for item in part]
    if isinstance(part, dict):
        return {key: _fill(value, fields) for key, value in part.items()}
    return part


def _fill_url(url: str, fields: Mapping[str, str]) -> str:
    return Template(url).safe_substitute({name: quote(value, safe="") for name, value in fields.items()})


def _point(document: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) points to, or `_MISSING`."""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and key in document:
            document = document[key]
        elif isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        else:
            return _MISSING
    return document


def _text(value: Any) -> str | None:
    """A string or a number as text; anything else is nothing."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _own_word(word: str) -> ChangeState | None:
    own: dict[str, ChangeState] = {
        "raised": "raised",
        "accepted": "accepted",
        "implemented": "implemented",
        "failed": "failed",
    }
    return own.get(word)


def _show(content: bytes) -> str:
    return content[:_SHOWN].decode(errors="replace").replace("\x00", "")

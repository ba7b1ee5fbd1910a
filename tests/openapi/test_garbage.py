"""Every route, pages too, given what no generator of well-formed requests sends: nothing answers 500."""

import asyncio
import base64
import json
import os
import re
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from starlette.types import Message, Scope

from services.fleet import DEFINE
from shared.app import Service
from shared.auth import Role
from tests.openapi.conftest import make_records
from tests.openapi.voices import make_voices
from tests.support.fleet import Fleet

PARTS = 3
"""Each service's routes in so many tests, so that several processes share them."""

EVERY = int(os.environ.get("RATCHET_TEST_GARBAGE_EVERY", "9"))
"""Each route is asked every so many of the requests, each route others; 1 asks all of all."""

Headers = list[tuple[bytes, bytes]]
JSON = (b"content-type", b"application/json")
VERSION = (b"if-match", b"*")
PAGE = (b"accept", b"text/html")
LONE = b'"\\ud800"'
"""A lone surrogate as JSON spells it."""

SEGMENTS = ("no-uuid", "x" * 9000, "%00", "%ff%fe", "%ED%A0%80", "..%2f..", "9" * 30, "-1", "0000-00", "9999-12", "%0a")
VALUES = (
    *("", "%00", "%ff", "\xe9", "%ED%A0%80", "-1", "9" * 30, "1e999", "NaN", "x" * 20_000, "'", "=", "service="),
    *("0000-00", "9999-12", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "%D9%A1%D9%A2%D9%A3%D9%A4-01"),
)
BODIES = (
    *(b"", b"null", b"[]", b"1", b"{", b"\xff\xfe", b"\x00", b"NaN", b"[1e999]", b"9" * 5000, b"\xef\xbb\xbf{}"),
    *(b'{"a":%s}' % LONE, b"{%s:1}" % LONE, b"[{%s:%s}]" % (LONE, LONE), b'{"a":"\\u0000"}', b'{"a":1,"a":2}'),
    *(b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 900 + b"1" + b"}" * 900),
)
TYPES = (
    *(b"", b"text/plain", b"application/json;charset=bogus", b"application/x-www-form-urlencoded", b"text/csv", b";;;"),
    *(b"multipart/form-data", b"multipart/form-data; boundary=x", b"a" * 5000),
)
FORM = b"reason=%ED%A0%80&comment=%00&a=%ff"
HEADERS = (b"", b"\x00", b"\x01\x7f", b"\xff\xfe", b'"', b"9" * 30, b"W/W/*", b"x" * 10_000, b"\xed\xa0\x80")
NAMES = (b"if-match", b"idempotency-key", b"authorization", b"content-length", b"x-correlation-id", b"traceparent")
PAGE_NAMES = (b"cookie", b"accept-language", b"authorization", b"origin")


def cursor_of(*values: Any) -> str:
    """As `encode_cursor` makes one, of anything."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


CURSORS = (
    *(
        "%",
        "=",
        "é",
        "a",
        "x" * 500,
        "x" * 600,
        cursor_of(),
        cursor_of(None),
        cursor_of(True),
        cursor_of([]),
        cursor_of({}),
    ),
    *(
        cursor_of(1),
        cursor_of(2**70),
        cursor_of(-1),
        cursor_of(1.5),
        cursor_of("x"),
        cursor_of("\x00"),
        cursor_of(1, 2),
    ),
    *(cursor_of("0001-01-01T00:00:00+14:00", "x"), cursor_of("2026-01-01T00:00:00", "x"), cursor_of("a" * 300)),
)


async def ask(fleet: Fleet, method: str, path: str, query: str, headers: Headers, body: bytes) -> int:
    """The status of the answer to a request that is not made by any library: bytes go in as they are."""
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode(errors="replace"),
        "raw_path": path.encode(),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(b"host", b"ratchet.test"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("ratchet.test", 80),
    }
    answers: list[Message] = []
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return pending.pop() if pending else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answers.append(message)

    try:
        await asyncio.wait_for(fleet.transport.app(scope, receive, send), 20)
    except Exception:
        return 500
    status: int = answers[0]["status"]
    return status


def find_routes(routes: list[Any]) -> Iterator[tuple[str, str]]:
    """Method and path of every route, however deep it was included."""
    for route in routes:
        if getattr(route, "methods", None):
            yield from ((method, route.path) for method in route.methods - {"HEAD", "OPTIONS"})
        elif hasattr(route, "original_router"):
            yield from find_routes(route.original_router.routes)


def fill(path: str, known: dict[str, list[str]], bad: str | None = None) -> str:
    """The path with ids that exist, or with `bad` in their stead."""

    def put(found: re.Match[str]) -> str:
        return f"{found[1]}/{bad or known.get(found[1], ['sla_attainment'])[0]}"

    return re.sub(r"([a-z-]+)/{[^}]+}", put, path)


def attacks(
    method: str, path: str, known: dict[str, list[str]], parameters: list[str], caller: Headers
) -> Iterator[tuple[str, str, Headers, bytes]]:
    """Path, query, headers and body of each request to one route."""
    good = fill(path, known)
    yield good, "", [PAGE], b""
    if "{" in path:
        yield from ((fill(path, known, bad), "", [*caller, VERSION, PAGE], b"") for bad in SEGMENTS)
    if method == "GET":
        for name in parameters:
            values = CURSORS if name == "cursor" else VALUES
            yield from ((good, f"{name}={value}".replace("é", "\xe9"), caller, b"") for value in values)
            yield good, f"{name}=1&{name}=%s" % values[0], caller, b""
        yield good, "&" * 5000 + "%%%=%&a=%zz", caller, b""
        for header in PAGE_NAMES:
            kept = [given for given in caller if given[0] != header]
            yield from ((good, "", [*kept, PAGE, (header, value)], b"") for value in HEADERS)
        return
    yield from ((good, "", [*caller, VERSION, JSON], body) for body in BODIES)
    yield from ((good, "", [*caller, VERSION, (b"content-type", kind)], FORM) for kind in TYPES)
    for header in NAMES:
        kept = [given for given in caller if given[0] != header]
        yield from ((good, "", [*kept, JSON, (header, value)], b"{}") for value in HEADERS)


def query_parameters(service: Service, method: str, path: str) -> list[str]:
    """Those that the OpenAPI names; for a page, those that pages use."""
    operation = service.app.openapi()["paths"].get(path, {}).get(method.lower())
    if operation is None:
        return ["cursor", "state", "scope", "type", "subject", "found", "back"]
    return [given["name"] for given in operation.get("parameters", []) if given["in"] == "query"]


class TestEveryRoute:
    @pytest.mark.parametrize("part", range(PARTS))
    @pytest.mark.parametrize("name", DEFINE)
    async def test_garbage_is_refused_and_never_crashes(self, fleet: Fleet, name: str, part: int) -> None:
        known = await make_records(fleet)
        if name == "satisfaction":
            known |= await make_voices(fleet)
        service = fleet.services[name]
        token = fleet.client(*Role, subject="fuzzer", customer="bank").headers["Authorization"].encode()
        crashed: list[str] = []
        count = 0
        for method, path in sorted(set(find_routes(service.app.routes)))[part::PARTS]:
            parameters = query_parameters(service, method, path)
            turn = zlib.crc32(f"{method} {path}".encode()) % EVERY
            every = attacks(method, path, known, parameters, [(b"authorization", token)])
            for address, query, headers, body in islice(every, turn, None, EVERY):
                count += 1
                if await ask(fleet, method, f"/{name}{address}", query, headers, body) >= 500:
                    others = [header for header in headers if header[1] != token]
                    crashed.append(f"{method} {address[:100]}?{query[:80]} {others} {body[:40]!r}"[:400])
        assert crashed == []
        assert count > 20

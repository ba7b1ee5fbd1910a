"""The edge: one transaction per request, origin and size of what comes in, idempotency, versions of records."""

import hashlib
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute, APIRouter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import problems
from shared.auth import Identity
from shared.database import Database
from shared.events.envelope import Origin, current_origin
from shared.ids import new_id
from shared.problems import BodyTooLarge, LostUpdate, Malformed, PreconditionRequired
from shared.sealing import Sealer
from shared.settings import Settings
from shared.telemetry import REQUEST_SECONDS, span

_PLAIN_ID = re.compile(r"^[A-Za-z0-9._:-]{1,100}$")


class Edge:
    """ASGI middleware: sets the origin of what a request records, answers its correlation id, limits its body.

    `larger_bodies` are paths of routes that take whole files, as patterns of their end, and how many bytes each takes.
    """

    def __init__(
        self, app: ASGIApp, service: str, body_limit_bytes: int, larger_bodies: Mapping[str, int] | None = None
    ) -> None:
        self._app = app
        self._service = service
        self._limit = body_limit_bytes
        self._larger = [(re.compile(f"{end}$"), limit) for end, limit in (larger_bodies or {}).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-correlation-id", b"").decode("latin-1")
        correlation_id = given if _PLAIN_ID.match(given) else str(new_id())
        status = 500
        received = 0
        limit = self._limit_of(scope["path"])

        async def limited_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise BodyTooLarge(_too_large(limit))
            return message

        async def noting_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-correlation-id", correlation_id.encode())]
            await send(message)

        started = time.perf_counter()
        name = f"{scope['method']} /{self._service}"
        with span(name, headers.get(b"traceparent", b"").decode("latin-1") or None) as traceparent:
            token = current_origin.set(Origin("anonymous", correlation_id, None, traceparent))
            try:
                refusal = _refusal(scope, headers, limit)
                if refusal is not None:
                    await refusal(scope, receive, noting_send)
                else:
                    await self._app(scope, limited_receive, noting_send)
            finally:
                current_origin.reset(token)
                seconds = time.perf_counter() - started
                REQUEST_SECONDS.labels(self._service, scope["method"], status).observe(seconds)

    def _limit_of(self, path: str) -> int:
        return max([self._limit, *(limit for end, limit in self._larger if end.search(path))])


def _refusal(scope: Scope, headers: dict[bytes, bytes], limit: int) -> Response | None:
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > limit:
        return problems.response(413, BodyTooLarge.title(), _too_large(limit), scope["path"], {})
    if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
        detail = "the address holds a NUL character"
        return problems.response(422, Malformed.title(), detail, "", {})
    if not scope["query_string"].isascii():
        detail = "the query holds bytes that are not ASCII; write them as %XX"
        return problems.response(422, Malformed.title(), detail, scope["path"], {})
    return None


def _too_large(limit: int) -> str:
    return f"the body is larger than {limit} bytes; send it in smaller parts"


class Replayed(Exception):
    """This request was answered before: the same answer again, and no second effect."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class KeyReused(problems.Problem):
    """The same `Idempotency-Key` came with a different request."""

    status = 422


IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="Send the same key again and the request takes effect once; the first answer is given again.",
    ),
]


async def reading(request: Request) -> AsyncIterator[AsyncSession]:
    database: Database = request.app.state.database
    async with database.reading() as session:
        yield session


async def writing(
    request: Request, _identity: Identity, idempotency_key: IdempotencyKey = None
) -> AsyncIterator[AsyncSession]:
    """The request's transaction. It commits before the response starts, whatever it then takes to send.

    The caller is known before: an idempotency key is the caller's own.
    """
    database: Database = request.app.state.database
    async with database.transaction() as session:
        if idempotency_key is not None:
            await _claim_key(request, session, idempotency_key)
        yield session


Reading = Annotated[AsyncSession, Depends(reading, scope="function")]
"""A read-only snapshot."""

Writing = Annotated[AsyncSession, Depends(writing, scope="function")]
"""The request's one transaction."""


async def _claim_key(request: Request, session: AsyncSession, key: str) -> None:
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    digest = hashlib.sha256(asked + await request.body()).digest()
    mine = {"key": key, "actor": current_origin.get().actor, "route": request.url.path}
    claimed = await session.execute(
        text(
            "INSERT INTO idempotency_keys (key, actor, route, digest) VALUES (:key, :actor, :route, :digest) "
            "ON CONFLICT DO NOTHING RETURNING key"
        ),
        {**mine, "digest": digest},
    )
    if claimed.first() is not None:
        request.state.idempotency = (session, mine)
        return
    known = (
        await session.execute(
            text(
                "SELECT digest, status, body FROM idempotency_keys "
                "WHERE key = :key AND actor = :actor AND route = :route"
            ),
            mine,
        )
    ).one()
    if bytes(known.digest) != digest:
        raise KeyReused("this Idempotency-Key was used for a different request; choose a new one")
    raise Replayed(known.status, _sealer(request).unseal(bytes(known.body).decode()).encode())


def _sealer(request: Request) -> Sealer:
    settings: Settings = request.app.state.settings
    return Sealer(settings.keys.seal)


class _Route(APIRoute):
    """Stores the answer beside the key, in the transaction of the effect; sealed, for it may show a new secret."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            try:
                response = await handle(request)
            except Replayed as replayed:
                return Response(
                    replayed.body,
                    replayed.status,
                    media_type="application/json",
                    headers={"Idempotency-Replayed": "true"},
                )
            claimed = getattr(request.state, "idempotency", None)
            if claimed is not None:
                session, mine = claimed
                sealed = _sealer(request).seal(bytes(response.body).decode())
                await session.execute(
                    text(
                        "UPDATE idempotency_keys SET status = :status, body = :body "
                        "WHERE key = :key AND actor = :actor AND route = :route"
                    ),
                    {**mine, "status": response.status_code, "body": sealed.encode()},
                )
            return response

        return handle_once


def router(tag: str) -> APIRouter:
    """A router for one noun under `/v1`."""
    return APIRouter(prefix="/v1", tags=[tag], route_class=_Route)


def etag(version: int) -> str:
    return f'"{version}"'


IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=64, description='The ETag that you read, for example "3".'),
]


def check_version(if_match: str | None, version: int) -> None:
    """Raises `PreconditionRequired` without `If-Match`, `LostUpdate` when the record has moved on."""
    if if_match is None:
        raise PreconditionRequired(f"send If-Match with the ETag that you read; it is {etag(version)} now")
    if if_match.removeprefix("W/") not in (etag(version), "*"):
        raise LostUpdate(
            f"you read version {if_match} and it is {etag(version)} now; read it again and repeat your change",
            current=version,
        )


@asynccontextmanager
async def acting(actor: str, correlation_id: str | None = None) -> AsyncIterator[None]:
    """The origin of what is recorded outside a request or an event: a job, a command."""
    token = current_origin.set(Origin(actor, correlation_id))
    try:
        yield
    finally:
        current_origin.reset(token)

"""The inbox: every event takes effect exactly once per handler, and one bad event harms no other."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple
from uuid import UUID

import structlog
from asyncpg.exceptions import DataError, InterfaceError, InternalClientError
from sqlalchemy import Text, Uuid, bindparam, insert, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bus.port import EVERYTHING
from shared.database import Database
from shared.events.envelope import Event, F, MalformedEvent, current_origin, parse, typed
from shared.ids import new_id
from shared.telemetry import EVENTS_HANDLED, EVENTS_PARKED, span

_log = structlog.get_logger(__name__)

RETRY_DELAYS_SECONDS = (0.05, 0.2, 1.0)
UNREADABLE = "envelope"
_AWAY = ("08", "25006", "28", "3D", "53", "57P", "58")
"""SQLSTATEs: no connection, read-only standby, login refused, no such database, resources, shutdown, system error."""

_CLAIM = text(  # in one order everywhere, so that two replicas never wait for one another crosswise
    """
    INSERT INTO inbox (event_id, handler) SELECT event_id, :handler FROM unnest(:events) AS event_id ORDER BY event_id
    ON CONFLICT DO NOTHING RETURNING event_id
    """
).bindparams(bindparam("events", type_=ARRAY(Uuid)), bindparam("handler", type_=Text))

Handle = Callable[[AsyncSession, Sequence[Event[F]]], Awaitable[None]]


class _Pair(NamedTuple):
    """An event as a handler that hears it reads it, and that handler's name."""

    event: Event[Any]
    handler: str


class _Failure(NamedTuple):
    pair: _Pair
    error: Exception


@dataclass(frozen=True, slots=True)
class Handler(Generic[F]):
    """Something that a service does when it hears an event.

    `handle` gets new events only, in order of arrival, and writes rows in the session that it is given. `name` is kept
    in the inbox: it never changes, or old events would count as new.
    """

    name: str
    contract: type[F]
    handle: Handle[F]

    def wants(self, type_: str) -> bool:
        return type_ == self.contract.TYPE

    def read(self, event: Event[dict[str, Any]]) -> Event[F]:
        """Raises `MalformedEvent` when the data do not fit the contract."""
        return typed(event, self.contract)


@dataclass(frozen=True, slots=True)
class Listener:
    """A handler that hears every event, with its data as they are."""

    name: str
    handle: Callable[[AsyncSession, Sequence[Event[dict[str, Any]]]], Awaitable[None]]

    def wants(self, _type: str) -> bool:
        return True

    def read(self, event: Event[dict[str, Any]]) -> Event[dict[str, Any]]:
        return event


AnyHandler = Handler[Any] | Listener


def heard_types(handlers: Iterable[AnyHandler]) -> set[str]:
    """What a service with these handlers subscribes to."""
    return {handler.contract.TYPE if isinstance(handler, Handler) else EVERYTHING for handler in handlers}


class Inbox:
    """One service's inbox. `take` is what the bus calls."""

    def __init__(
        self,
        database: Database,
        handlers: Sequence[AnyHandler],
        retry_delays_seconds: Sequence[float] = RETRY_DELAYS_SECONDS,
    ) -> None:
        self._database = database
        self._handlers = {handler.name: handler for handler in handlers}
        self._retry_delays_seconds = retry_delays_seconds
        self._service = database.spine.service
        self._turn = asyncio.Lock()
        if len(self._handlers) != len(handlers):
            raise ValueError(f"two handlers of {self._service} share a name")

    def types(self) -> set[str]:
        """What to subscribe to."""
        return heard_types(self._handlers.values())

    async def take(self, bodies: Sequence[bytes]) -> None:
        """Bring all of these to effect, or park what cannot be.

        May be called again before it returned: one batch at a time has its turn at the database, in the order of the
        calls, and the next is read meanwhile.

        Raises:
            Exception: the database is away; nothing was decided, the same events must come again.
        """
        pairs, failed, unreadable = self._read(bodies)
        async with self._turn:
            for body, error in unreadable:
                await self._park_unreadable(body, error)
            stubborn = await self._take_apart(pairs)
        for delay in self._retry_delays_seconds:
            if not stubborn:
                break
            await asyncio.sleep(delay)
            async with self._turn:
                stubborn = [again for failure in stubborn for again in await self._take_apart([failure.pair])]
        for failure in (*failed, *stubborn):
            await self._park(failure)

    async def replay(self, dead_letter_id: UUID) -> bool:
        """Run one parked event's handler again and settle the dead letter in the same transaction.

        Returns whether it was still parked. Raises what the handler raises: the letter then stays parked.
        """
        letters = self._database.spine.dead_letters
        async with self._database.transaction() as session:
            row = (
                await session.execute(
                    letters.select()
                    .where(letters.c.id == dead_letter_id, letters.c.state == "parked")
                    .with_for_update()
                )
            ).one_or_none()
            if row is None:
                return False
            handler = self._handlers.get(row.handler)
            if handler is None:
                raise MalformedEvent(f"no handler of this name hears it: {row.handler}")
            event = handler.read(parse(row.body))
            actor = current_origin.get().actor
            await self._run(session, handler, [event])
            await session.execute(
                letters.update()
                .where(letters.c.id == dead_letter_id)
                .values(state="replayed", settled_at=text("now()"), settled_by=actor)
            )
        return True

    def _read(self, bodies: Sequence[bytes]) -> tuple[list[_Pair], list[_Failure], list[tuple[bytes, MalformedEvent]]]:
        """Who hears what; what a handler cannot read; what nobody can."""
        pairs: list[_Pair] = []
        failed: list[_Failure] = []
        unreadable: list[tuple[bytes, MalformedEvent]] = []
        hearing: dict[str, list[AnyHandler]] = {}
        for body in bodies:
            try:
                event = parse(body)
            except MalformedEvent as error:
                unreadable.append((body, error))
                continue
            if event.type not in hearing:
                hearing[event.type] = [handler for handler in self._handlers.values() if handler.wants(event.type)]
            for handler in hearing[event.type]:
                try:
                    pairs.append(_Pair(handler.read(event), handler.name))
                except MalformedEvent as error:
                    failed.append(_Failure(_Pair(event, handler.name), error))
        return pairs, failed, unreadable

    async def _take_apart(self, pairs: Sequence[_Pair]) -> list[_Failure]:
        """All in one transaction; when that fails, each half by itself, down to those that fail alone."""
        if not pairs:
            return []
        try:
            await self._take_together(pairs)
        except Exception as error:
            if is_database_away(error):
                raise
            if len(pairs) == 1:
                return [_Failure(pairs[0], error)]
            middle = len(pairs) // 2
            return [*await self._take_apart(pairs[:middle]), *await self._take_apart(pairs[middle:])]
        return []

    async def _take_together(self, pairs: Sequence[_Pair]) -> None:
        heard: dict[str, list[Event[Any]]] = {}
        for event, name in pairs:
            heard.setdefault(name, []).append(event)
        async with self._database.transaction() as session:
            for name, events in heard.items():
                heard[name] = await _claim(session, name, events)
                if heard[name]:
                    await self._run(session, self._handlers[name], heard[name])
        for name, events in heard.items():
            EVENTS_HANDLED.labels(self._service, name).inc(len(events))

    async def _run(self, session: AsyncSession, handler: AnyHandler, events: list[Event[Any]]) -> None:
        actor = f"service:{self._service}"
        token = current_origin.set(events[0].origin(actor))
        try:
            with span(handler.name, events[0].traceparent):
                await handler.handle(session, events)
        finally:
            current_origin.reset(token)

    async def _park(self, failure: _Failure) -> None:
        """Park it and claim it in one transaction, so that a redelivery parks nothing twice."""
        event, handler = failure.pair
        attempts = 1 if isinstance(failure.error, MalformedEvent) else 1 + len(self._retry_delays_seconds)
        await self._insert_letter(
            event.id,
            handler,
            failure.error,
            {
                "event_id": event.id,
                "type": event.type,
                "subject": event.subject,
                "body": event.raw,
                "attempts": attempts,
            },
        )

    async def _park_unreadable(self, body: bytes, error: MalformedEvent) -> None:
        """What has no readable id is known again by its bytes."""
        fingerprint = UUID(bytes=hashlib.sha256(body).digest()[:16])
        unknown = {"event_id": None, "type": "unreadable", "subject": "", "body": body, "attempts": 1}
        await self._insert_letter(fingerprint, UNREADABLE, error, unknown)

    async def _insert_letter(self, claim_id: UUID, handler: str, error: Exception, values: dict[str, Any]) -> None:
        async with self._database.transaction() as session:
            claimed = await session.execute(_CLAIM, {"events": [claim_id], "handler": handler})
            if claimed.first() is None:
                return
            await session.execute(
                insert(self._database.spine.dead_letters).values(
                    id=new_id(), handler=handler, error=_explain(error), **values
                )
            )
        EVENTS_PARKED.labels(self._service, handler).inc()
        _log.error("event_parked", service=self._service, handler=handler, error=_explain(error))


async def _claim(session: AsyncSession, handler: str, events: list[Event[Any]]) -> list[Event[Any]]:
    """Those that this handler has not had before, each once, in order of arrival."""
    result = await session.execute(_CLAIM, {"events": [event.id for event in events], "handler": handler})
    claimed = set(result.scalars())
    if len(claimed) == len(events):
        return events
    new = []
    for event in events:
        if event.id in claimed:
            claimed.discard(event.id)
            new.append(event)
    return new


def _explain(error: Exception) -> str:
    """What Postgres can store of it."""
    said = f"{type(error).__name__}: {error}".replace("\x00", "\\x00")
    return said.encode(errors="replace").decode()[:4000]


def is_database_away(error: BaseException) -> bool:
    """Whether this failure says that Postgres could not be asked, or could not write for anyone, rather than that it
    refused this."""
    if isinstance(error, DataError):  # asyncpg could not encode a value; it calls that an interface error
        return False
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        return error.orig is not None and is_database_away(error.orig)
    if isinstance(error, PoolTimeout | OSError | InterfaceError | InternalClientError):
        return True
    if str(getattr(error, "sqlstate", None)).startswith(_AWAY):
        return True
    cause = error.__cause__
    return cause is not None and is_database_away(cause)

"""The inbox: every event takes effect exactly once per handler, and one bad event harms no other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic
from uuid import UUID

import structlog
from asyncpg.exceptions import (
    CannotConnectNowError,
    InterfaceError,
    PostgresConnectionError,
    TooManyConnectionsError,
)
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

_CLAIM = text(
    """
    INSERT INTO inbox (event_id, handler) SELECT * FROM unnest(:events, :handlers)
    ON CONFLICT DO NOTHING RETURNING event_id, handler
    """
).bindparams(bindparam("events", type_=ARRAY(Uuid)), bindparam("handlers", type_=ARRAY(Text)))

Handle = Callable[[AsyncSession, Sequence[Event[F]]], Awaitable[None]]


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

    async def run(self, session: AsyncSession, events: Sequence[Event[dict[str, Any]]]) -> None:
        await self.handle(session, [typed(event, self.contract) for event in events])


@dataclass(frozen=True, slots=True)
class Listener:
    """A handler that hears every event, with its data as they are."""

    name: str
    handle: Callable[[AsyncSession, Sequence[Event[dict[str, Any]]]], Awaitable[None]]

    def wants(self, _type: str) -> bool:
        return True

    async def run(self, session: AsyncSession, events: Sequence[Event[dict[str, Any]]]) -> None:
        await self.handle(session, events)


AnyHandler = Handler[Any] | Listener


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
        if len(self._handlers) != len(handlers):
            raise ValueError(f"two handlers of {self._service} share a name")

    def types(self) -> set[str]:
        """What to subscribe to."""
        return {h.contract.TYPE if isinstance(h, Handler) else EVERYTHING for h in self._handlers.values()}

    async def take(self, bodies: Sequence[bytes]) -> None:
        """Bring all of these to effect, or park what cannot be.

        Raises:
            Exception: the database is away; nothing was decided, the same events must come again.
        """
        events: list[Event[dict[str, Any]]] = []
        for body in bodies:
            try:
                events.append(parse(body))
            except MalformedEvent as error:
                await self._park(None, UNREADABLE, body, error, attempts=1)
        pairs = [(e, h.name) for e in events for h in self._handlers.values() if h.wants(e.type)]
        await self._take_apart(pairs)

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
            event = parse(row.body)
            actor = current_origin.get().actor
            await self._run(session, handler, [event])
            await session.execute(
                letters.update()
                .where(letters.c.id == dead_letter_id)
                .values(state="replayed", settled_at=text("now()"), settled_by=actor)
            )
        return True

    async def _take_apart(self, pairs: Sequence[tuple[Event[dict[str, Any]], str]]) -> None:
        """All in one transaction; when that fails, each half by itself, down to the one that is bad."""
        if not pairs:
            return
        try:
            await self._take_together(pairs)
        except Exception as error:
            if is_database_away(error):
                raise
            if len(pairs) == 1:
                await self._take_stubborn(*pairs[0], error)
                return
            middle = len(pairs) // 2
            await self._take_apart(pairs[:middle])
            await self._take_apart(pairs[middle:])

    async def _take_together(self, pairs: Sequence[tuple[Event[dict[str, Any]], str]]) -> None:
        async with self._database.transaction() as session:
            claimed = {
                (row.event_id, row.handler)
                for row in await session.execute(
                    _CLAIM, {"events": [e.id for e, _ in pairs], "handlers": [h for _, h in pairs]}
                )
            }
            new: dict[str, list[Event[dict[str, Any]]]] = {}
            for event, name in pairs:
                if (event.id, name) in claimed:
                    claimed.discard((event.id, name))
                    new.setdefault(name, []).append(event)
            for name, events in new.items():
                await self._run(session, self._handlers[name], events)
        for name, events in new.items():
            EVENTS_HANDLED.labels(self._service, name).inc(len(events))

    async def _run(self, session: AsyncSession, handler: AnyHandler, events: list[Event[dict[str, Any]]]) -> None:
        actor = f"service:{self._service}"
        token = current_origin.set(events[0].origin(actor))
        try:
            with span(handler.name, events[0].traceparent):
                await handler.run(session, events)
        finally:
            current_origin.reset(token)

    async def _take_stubborn(self, event: Event[dict[str, Any]], name: str, error: Exception) -> None:
        for delay in self._retry_delays_seconds:
            if isinstance(error, MalformedEvent):
                break
            await asyncio.sleep(delay)
            try:
                await self._take_together([(event, name)])
                return
            except Exception as again:
                if is_database_away(again):
                    raise
                error = again
        await self._park(event, name, event.raw, error, attempts=1 + len(self._retry_delays_seconds))

    async def _park(
        self, event: Event[dict[str, Any]] | None, handler: str, body: bytes, error: Exception, attempts: int
    ) -> None:
        """Park it and claim it in one transaction, so that a redelivery parks nothing twice."""
        async with self._database.transaction() as session:
            if event is not None:
                claimed = await session.execute(_CLAIM, {"events": [event.id], "handlers": [handler]})
                if claimed.first() is None:
                    return
            await session.execute(
                insert(self._database.spine.dead_letters).values(
                    id=new_id(),
                    event_id=event.id if event else None,
                    handler=handler,
                    type=event.type if event else "unreadable",
                    subject=event.subject if event else "",
                    body=body,
                    error=f"{type(error).__name__}: {error}".replace("\x00", "\\x00")[:4000],
                    attempts=attempts,
                )
            )
        EVENTS_PARKED.labels(self._service, handler).inc()
        _log.error("event_parked", service=self._service, handler=handler, error=repr(error))


def is_database_away(error: BaseException) -> bool:
    """Whether this failure says that Postgres could not be asked, rather than that it refused."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        return error.orig is not None and is_database_away(error.orig)
    if isinstance(error, PoolTimeout | ConnectionError | OSError | PostgresConnectionError | InterfaceError):
        return True
    if isinstance(error, CannotConnectNowError | TooManyConnectionsError):
        return True
    if getattr(error, "sqlstate", None) in {"57P01", "57P02", "57P03"}:
        return True
    cause = error.__cause__
    return cause is not None and is_database_away(cause)

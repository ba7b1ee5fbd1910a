"""One service's schema: its tables' home, its engine, and the transaction that is one request or one batch."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    event,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session

from shared.signals import Signals

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Spine:
    """The tables that every service has, in the service's own schema."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.metadata = MetaData(schema=service, naming_convention=NAMING)
        self.outbox = Table(
            "outbox",
            self.metadata,
            Column("position", BigInteger, Identity(), primary_key=True),
            Column("type", Text, nullable=False),
            Column("body", LargeBinary, nullable=False),
            Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        )
        self.inbox = Table(
            "inbox",
            self.metadata,
            Column("event_id", Uuid, nullable=False),
            Column("handler", Text, nullable=False),
            Column("claimed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
            PrimaryKeyConstraint("event_id", "handler"),
        )
        self.dead_letters = Table(
            "dead_letters",
            self.metadata,
            Column("id", Uuid, primary_key=True),
            Column("event_id", Uuid),
            Column("handler", Text, nullable=False),
            Column("type", Text, nullable=False),
            Column("subject", Text, nullable=False),
            Column("body", LargeBinary, nullable=False),
            Column("error", Text, nullable=False),
            Column("attempts", Integer, nullable=False),
            Column("state", Text, nullable=False, server_default=text("'parked'")),
            Column("parked_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
            Column("settled_at", DateTime(timezone=True)),
            Column("settled_by", Text),
            Index(None, "state", "id"),
        )
        self.idempotency_keys = Table(
            "idempotency_keys",
            self.metadata,
            Column("key", Text, nullable=False),
            Column("actor", Text, nullable=False),
            Column("route", Text, nullable=False),
            Column("digest", LargeBinary, nullable=False),
            Column("status", Integer),
            Column("body", LargeBinary),
            Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
            PrimaryKeyConstraint("actor", "route", "key"),
        )


class _SignallingSession(Session):
    """A session that wakes whoever waits for what it committed."""


@event.listens_for(_SignallingSession, "after_commit")
def _wake_waiting(session: Session) -> None:
    signals: Signals = session.info["signals"]
    for name in session.info.pop("to_wake", ()):
        signals.wake(name)


def wake_after_commit(session: AsyncSession, name: str) -> None:
    """Have the relay or the job of this name look for work as soon as this transaction has committed."""
    session.info.setdefault("to_wake", set()).add(name)


def async_url(url: str) -> URL:
    """The same address, for asyncpg."""
    return make_url(url).set(drivername="postgresql+asyncpg")


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def create_engine(url: str, schema: str, role: str | None, pool_size: int) -> AsyncEngine:
    """An engine that speaks as `role` (when given) and finds `schema` first."""
    settings = {"timezone": "UTC", "search_path": schema, "application_name": f"ratchet-{schema}"}
    if role is not None:
        settings["role"] = role
    engine = create_async_engine(
        async_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_use_lifo=True,
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        connect_args={"server_settings": settings, "timeout": 10},
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """Have the pool replace a connection that the server has closed. SQLAlchemy's own way asks the server each time,
    by three statements before every transaction; the driver knows already."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


class Database:
    """A service's door to its schema."""

    def __init__(self, engine: AsyncEngine, spine: Spine, signals: Signals) -> None:
        self.engine = engine
        self.spine = spine
        self.signals = signals
        self._sessions = async_sessionmaker(
            engine,
            expire_on_commit=False,
            sync_session_class=_SignallingSession,
            info={"spine": spine, "signals": signals},
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Commits at the end, rolls back on any error."""
        async with self._sessions() as session, session.begin():
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """One snapshot to read from; a write in it is refused by Postgres."""
        async with self._sessions() as session, session.begin():
            await session.connection(
                execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            )
            yield session

    async def close(self) -> None:
        await self.engine.dispose()

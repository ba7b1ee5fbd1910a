"""A service as small as it gets, for tests of what all services share: it notes what it hears in a table of its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

import services
from shared.app import Definition
from shared.database import Database, Spine, create_engine
from shared.events.envelope import Event, Fact
from shared.http import acting
from shared.inbox import Handler
from shared.outbox import record
from shared.provision import role_of
from shared.signals import Signals

_CREATE_NOTES = "CREATE TABLE IF NOT EXISTS notes (position serial, handler text, event_id uuid, body text)"


class Said(Fact):
    """Somebody said something."""

    TYPE: ClassVar[str] = "ratchet.test.said.v1"
    words: str


class Sung(Fact):
    """Somebody sang something."""

    TYPE: ClassVar[str] = "ratchet.test.sung.v1"
    words: str


def open_database(url: str, service: str) -> Database:
    """A service's door to its schema, speaking as its role."""
    return Database(create_engine(url, service, role_of(service), 5), Spine(service), Signals())


def define(service: str, **parts: Any) -> Definition:
    """A definition on the schema of that service, with nothing of the service's own."""
    migrations = Path(services.__path__[0]) / service / "migrations"
    return Definition(spine=Spine(service), title="test", migrations=migrations, **{"routers": (), **parts})


async def make_room(database: Database) -> None:
    """A table of notes, and nothing of what the service told when it was made, nor of what a test before wrote."""
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(_CREATE_NOTES)
        tables = ", ".join(table.name for table in database.spine.metadata.sorted_tables)
        await connection.exec_driver_sql(f"TRUNCATE notes, {tables} RESTART IDENTITY")


async def say(database: Database, *words: str, fact: type[Said | Sung] = Said) -> None:
    """Record one event for each, in one transaction."""
    async with acting("anna"), database.transaction() as session:
        for number, word in enumerate(words, 1):
            await record(session, fact(words=word), subject="talk", sequence=number)


async def recorded(database: Database) -> list[bytes]:
    """The bodies in the outbox, in order."""
    async with database.reading() as session:
        return [
            bytes(body) for body in (await session.execute(text("SELECT body FROM outbox ORDER BY position"))).scalars()
        ]


async def note(session: AsyncSession, handler: str, events: Sequence[Event[Any]]) -> None:
    """Write what was heard; a word that Postgres refuses fails."""
    await session.execute(
        text("INSERT INTO notes (handler, event_id, body) VALUES (:handler, :event_id, :body)"),
        [{"handler": handler, "event_id": event.id, "body": event.data.words} for event in events],
    )


class Noting:
    """A handler that notes what it hears and fails on the words in `poison`."""

    def __init__(self, name: str, contract: type[Said | Sung] = Said) -> None:
        self.name = name
        self.poison: dict[str, Exception] = {}
        self.calls: list[list[str]] = []
        self.handler: Handler[Any] = Handler(name, contract, self.handle)

    async def handle(self, session: AsyncSession, events: Sequence[Event[Any]]) -> None:
        self.calls.append([event.data.words for event in events])
        await note(session, self.name, events)
        for event in events:
            if event.data.words in self.poison:
                raise self.poison[event.data.words]


async def noted(database: Database, handler: str) -> list[str]:
    """What this handler's committed transactions noted, in order."""
    async with database.reading() as session:
        rows = await session.execute(
            text("SELECT body FROM notes WHERE handler = :handler ORDER BY position"), {"handler": handler}
        )
        return [str(body) for body in rows.scalars()]

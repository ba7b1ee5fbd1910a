"""From the outbox to the bus: recorded with the change or not at all, in order, at least once."""

import asyncio
import contextvars
from collections.abc import Collection, Sequence

import orjson
import pytest
from sqlalchemy import text

from shared.bus.port import Outgoing, Receive
from shared.database import Database
from shared.events.envelope import Draft, Origin, parse
from shared.http import acting
from shared.inbox import Inbox
from shared.outbox import record, record_all
from shared.relay import Relay
from tests.support.spine import Noting, Said, Sung, noted, open_database, recorded, say
from tests.support.waiting import eventually


class MemoryBus:
    """Keeps what was published; raises as often as `failures` says, after having taken the events when `after`."""

    def __init__(self, failures: int = 0, *, after: bool = False) -> None:
        self.failures = failures
        self.after = after
        self.published: list[list[Outgoing]] = []

    async def publish(self, events: Sequence[Outgoing]) -> None:
        fails = self.failures > 0
        self.failures -= fails
        if not fails or self.after:
            self.published.append(list(events))
        if fails:
            raise ConnectionError("the broker is away")

    async def subscribe(self, queue: str, types: Collection[str], receive: Receive) -> None:
        raise NotImplementedError

    async def close(self) -> None: ...

    def is_connected(self) -> bool:
        return True

    def words(self) -> list[str]:
        return [orjson.loads(event.body)["data"]["words"] for batch in self.published for event in batch]


class TestRecord:
    async def test_tells_nothing_when_the_transaction_rolls_back(self, database: Database) -> None:
        async def fail() -> None:
            async with acting("anna"), database.transaction() as session:
                await record(session, Said(words="never"), subject="talk", sequence=1)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        assert await recorded(database) == []
        assert await Relay(database, MemoryBus()).move() == 0

    async def test_takes_actor_and_story_from_the_origin(self, database: Database) -> None:
        async with acting("anna", "story"), database.transaction() as session:
            await record(session, Said(words="hello"), subject="talk", sequence=1)
            await record(session, Said(words="hello"), subject="talk", sequence=2, correlation_id="another")
        first, second = [parse(body) for body in await recorded(database)]
        assert (first.actor, first.correlation_id, first.source) == ("anna", "story", "metrics")
        assert (second.actor, second.correlation_id) == ("anna", "another")

    async def test_of_many_keeps_their_order_and_origins(self, database: Database) -> None:
        drafts = [Draft(Said(words=str(n)), "talk", n, Origin(f"actor-{n}", "story")) for n in range(1200)]
        async with acting("anna"), database.transaction() as session:
            await record_all(session, drafts)
            await record_all(session, [])
        events = [parse(body) for body in await recorded(database)]
        assert [(event.sequence, event.actor) for event in events] == [(n, f"actor-{n}") for n in range(1200)]
        assert len({event.id for event in events}) == 1200

    async def test_notices_an_edge_that_forgot_its_origin(self, database: Database) -> None:
        async def forgetful() -> None:
            async with database.transaction() as session:
                await record(session, Said(words="x"), subject="talk", sequence=1)

        with pytest.raises(LookupError):
            await asyncio.get_running_loop().create_task(forgetful(), context=contextvars.Context())


class TestMove:
    async def test_hands_over_in_order_and_empties_the_outbox(self, database: Database) -> None:
        await say(database, *map(str, range(700)))
        bus = MemoryBus()
        relay = Relay(database, bus)
        moved = [await relay.move() for _ in range(3)]
        assert moved == [500, 200, 0]
        assert bus.words() == [str(n) for n in range(700)]
        assert await recorded(database) == []

    async def test_changes_no_byte(self, database: Database) -> None:
        await say(database, "中文", "emoji 🙂", 'quote " and \\')
        before, bus = await recorded(database), MemoryBus()
        await Relay(database, bus).move()
        assert [event.body for event in bus.published[0]] == before

    async def test_keeps_the_events_when_the_bus_raises(self, database: Database) -> None:
        await say(database, "one", "two")
        before = await recorded(database)
        with pytest.raises(ConnectionError):
            await Relay(database, MemoryBus(failures=1)).move()
        assert await recorded(database) == before

    async def test_publishes_again_after_a_crash_between_confirm_and_commit(self, database: Database) -> None:
        """At least once here, exactly once behind the inbox."""
        await say(database, "one", "two")
        bus = MemoryBus(failures=1, after=True)
        relay = Relay(database, bus)
        with pytest.raises(ConnectionError):
            await relay.move()
        await relay.move()
        assert bus.words() == ["one", "two", "one", "two"]
        listener = Noting("test.listen")
        inbox = Inbox(database, [listener.handler])
        for batch in bus.published:
            await inbox.take([event.body for event in batch])
        assert await noted(database, "test.listen") == ["one", "two"]

    async def test_of_two_relays_share_the_events(self, database: Database) -> None:
        await say(database, *map(str, range(1000)))
        bus = MemoryBus()
        both = (Relay(database, bus, most=100), Relay(database, bus, most=100))

        async def until_empty(relay: Relay) -> None:
            while await relay.move():
                pass

        await asyncio.gather(*map(until_empty, both))
        assert sorted(map(int, bus.words())) == list(range(1000))


class TestRun:
    async def test_is_woken_by_the_commit(self, database: Database) -> None:
        """Long before it would poll."""
        bus = MemoryBus()
        running = asyncio.create_task(Relay(database, bus, poll_seconds=600).run())
        try:
            for n in range(3):
                await say(database, str(n))

                async def said() -> bool:
                    return len(bus.words()) == n + 1  # noqa: B023 - awaited before n changes

                await eventually(said, 5)
        finally:
            running.cancel()

    async def test_finds_what_another_process_recorded(self, database: Database, module_database_url: str) -> None:
        bus = MemoryBus()
        running = asyncio.create_task(Relay(database, bus, poll_seconds=0.1).run())
        other = open_database(module_database_url, "metrics")
        try:
            await say(other, "from afar", fact=Sung)

            async def said() -> bool:
                return bus.words() == ["from afar"]

            await eventually(said, 5)
        finally:
            running.cancel()
            await other.close()

    async def test_survives_a_bus_that_raises(self, database: Database) -> None:
        bus = MemoryBus(failures=3)
        running = asyncio.create_task(Relay(database, bus).run())
        try:
            await say(database, "one", "two")

            async def said() -> bool:
                return bus.words() == ["one", "two"]

            await eventually(said)
        finally:
            running.cancel()

    async def test_survives_a_database_that_refuses(self, database: Database) -> None:
        bus = MemoryBus()
        async with database.engine.begin() as connection:
            await connection.execute(text("ALTER TABLE outbox RENAME TO hidden"))
        running = asyncio.create_task(Relay(database, bus).run())
        try:
            await asyncio.sleep(0.2)
            assert not running.done()
            async with database.engine.begin() as connection:
                await connection.execute(text("ALTER TABLE hidden RENAME TO outbox"))
            await say(database, "one")

            async def said() -> bool:
                return bus.words() == ["one"]

            await eventually(said)
        finally:
            running.cancel()

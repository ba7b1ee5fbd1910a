"""Every event takes effect exactly once per handler, and one bad event harms no other."""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from shared import clock
from shared.database import Database
from shared.events.envelope import Draft, Event, MalformedEvent, Origin, current_origin, parse, serialise
from shared.http import acting
from shared.ids import new_id
from shared.inbox import Handler, Inbox, Listener, is_database_away
from shared.outbox import record
from shared.provision import connect
from tests.support.spine import Noting, Said, Sung, noted, open_database, recorded

QUICK = (0.0, 0.0)


def event(words: str, fact: type[Said | Sung] = Said, **origin: Any) -> bytes:
    draft = Draft(fact(words=words), "talk", 1, Origin("anna", "story", **origin))
    return serialise(draft, "elsewhere", clock.now())[1]


def events(count: int) -> list[bytes]:
    return [event(str(n)) for n in range(count)]


async def letters(database: Database) -> list[Any]:
    async with database.reading() as session:
        return list(await session.execute(database.spine.dead_letters.select().order_by("id")))


class TestTypes:
    def test_are_those_of_the_handlers(self, database: Database) -> None:
        listener = Listener("ledger", Noting("x").handle)
        assert Inbox(database, [Noting("a").handler, Noting("b", Sung).handler]).types() == {Said.TYPE, Sung.TYPE}
        assert Inbox(database, [Noting("a").handler, listener]).types() == {Said.TYPE, "#"}

    def test_two_handlers_of_one_name_are_a_mistake(self, database: Database) -> None:
        with pytest.raises(ValueError, match="share a name"):
            Inbox(database, [Noting("same").handler, Noting("same", Sung).handler])


class TestTake:
    async def test_gives_a_batch_to_each_handler_at_once_and_in_order(self, database: Database) -> None:
        one, two = Noting("one"), Noting("two")
        await Inbox(database, [one.handler, two.handler]).take(events(300))
        assert one.calls == two.calls == [[str(n) for n in range(300)]]
        assert await noted(database, "one") == await noted(database, "two") == [str(n) for n in range(300)]

    async def test_gives_a_handler_only_its_type(self, database: Database) -> None:
        talk, song = Noting("talk"), Noting("song", Sung)
        await Inbox(database, [talk.handler, song.handler]).take([event("said"), event("sung", Sung)])
        assert (talk.calls, song.calls) == ([["said"]], [["sung"]])

    async def test_gives_a_listener_everything_as_it_is(self, database: Database) -> None:
        heard: list[Event[Any]] = []

        async def listen(_session: AsyncSession, batch: Sequence[Event[Any]]) -> None:
            heard.extend(batch)

        bodies = [event("said"), event("sung", Sung)]
        await Inbox(database, [Listener("all", listen)]).take(bodies)
        assert [one.raw for one in heard] == bodies
        assert heard[0].data == {"words": "said"}

    async def test_of_a_duplicate_has_one_effect(self, database: Database) -> None:
        """Inside a batch, across batches, and from two consumers at the same moment."""
        one, two = Noting("one"), Noting("two")
        inbox = Inbox(database, [one.handler, two.handler])
        bodies = events(20)
        await inbox.take([*bodies, *bodies])
        await inbox.take(bodies)
        await asyncio.gather(*(inbox.take([*bodies, event(str(20 + n))]) for n in range(4)))
        for name in ("one", "two"):
            assert sorted(map(int, await noted(database, name))) == list(range(24))

    async def test_of_the_same_events_at_two_replicas_has_one_effect(
        self, database: Database, module_database_url: str
    ) -> None:
        """In opposite orders, so that they wait for one another crosswise."""
        replica = open_database(module_database_url, "metrics")
        one = Noting("one")
        bodies = events(200)
        try:
            await asyncio.gather(
                Inbox(database, [one.handler], QUICK).take(bodies),
                Inbox(replica, [one.handler], QUICK).take(bodies[::-1]),
            )
        finally:
            await replica.close()
        assert sorted(map(int, await noted(database, "one"))) == list(range(200))
        assert await letters(database) == []

    async def test_calls_no_handler_when_nothing_is_new(self, database: Database) -> None:
        one = Noting("one")
        inbox = Inbox(database, [one.handler])
        bodies = events(3)
        await inbox.take(bodies)
        await inbox.take(bodies)
        await inbox.take([])
        assert len(one.calls) == 1

    async def test_records_what_follows_in_the_same_transaction_with_its_cause(self, database: Database) -> None:
        async def answer(session: AsyncSession, batch: Sequence[Event[Said]]) -> None:
            for heard in batch:
                await record(session, Sung(words=heard.data.words), subject="song", sequence=1)

        body = event("hello", traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01")
        await Inbox(database, [Handler("answer", Said, answer)]).take([body])
        (follower,) = [parse(one) for one in await recorded(database)]
        assert follower.causation_id == str(parse(body).id)
        assert (follower.correlation_id, follower.actor) == ("story", "service:metrics")


class TestPoison:
    async def test_among_many_parks_only_itself(self, database: Database) -> None:
        one = Noting("one")
        one.poison["250"] = ValueError("cannot digest")
        bodies = events(500)
        await Inbox(database, [one.handler], QUICK).take(bodies)
        assert await noted(database, "one") == [str(n) for n in range(500) if n != 250]
        (letter,) = await letters(database)
        assert bytes(letter.body) == bodies[250]
        assert letter.event_id == parse(bodies[250]).id
        assert (letter.handler, letter.type, letter.subject, letter.state) == ("one", Said.TYPE, "talk", "parked")
        assert (letter.error, letter.attempts) == ("ValueError: cannot digest", 3)

    async def test_for_one_handler_harms_no_other(self, database: Database) -> None:
        sick, well = Noting("sick"), Noting("well")
        sick.poison["3"] = ValueError("cannot digest")
        await Inbox(database, [sick.handler, well.handler], QUICK).take(events(10))
        assert await noted(database, "sick") == [str(n) for n in range(10) if n != 3]
        assert await noted(database, "well") == [str(n) for n in range(10)]
        assert [letter.handler for letter in await letters(database)] == ["sick"]

    async def test_holds_the_others_up_once_and_not_once_each(self, database: Database) -> None:
        one = Noting("one")
        one.poison = {str(n): ValueError("cannot digest") for n in range(30)}
        started = asyncio.get_running_loop().time()
        await Inbox(database, [one.handler], (0.3,)).take(events(30))
        assert asyncio.get_running_loop().time() - started < 5.0
        assert len(await letters(database)) == 30

    async def test_that_comes_again_is_parked_once(self, database: Database) -> None:
        one = Noting("one")
        one.poison["x"] = ValueError("cannot digest")
        inbox = Inbox(database, [one.handler], QUICK)
        body = event("x")
        await inbox.take([body])
        await inbox.take([body])
        assert len(await letters(database)) == 1

    async def test_that_passes_when_tried_again_is_not_parked(self, database: Database) -> None:
        one = Noting("one")

        async def recover(session: AsyncSession, batch: Sequence[Event[Said]]) -> None:
            if len(one.calls) == 2:
                one.poison.clear()
            await one.handle(session, batch)

        one.poison["x"] = ValueError("not yet")
        await Inbox(database, [Handler("one", Said, recover)], QUICK).take([event("x")])
        assert await noted(database, "one") == ["x"]
        assert await letters(database) == []

    async def test_that_postgres_refuses_is_parked(self, database: Database) -> None:
        """A value that asyncpg cannot encode is no sign that the database is away."""

        async def overflow(session: AsyncSession, batch: Sequence[Event[Said]]) -> None:
            values = {"n": 2**70 if batch[0].data.words == "huge" else 1}
            await session.execute(text("SELECT CAST(:n AS bigint)"), values)

        async def nul(session: AsyncSession, batch: Sequence[Event[Said]]) -> None:
            await session.execute(text("SELECT CAST(:w AS text)"), {"w": batch[0].data.words + "\x00"})

        handlers = [Handler("overflow", Said, overflow), Handler("nul", Said, nul)]
        await asyncio.wait_for(Inbox(database, handlers, QUICK).take([event("huge")]), 10)
        assert {letter.handler for letter in await letters(database)} == {"overflow", "nul"}

    async def test_whose_data_break_the_contract_is_parked_without_retries(self, database: Database) -> None:
        one = Noting("one")
        broken = orjson.dumps({**orjson.loads(event("x")), "data": {"volume": 3}})
        await asyncio.wait_for(Inbox(database, [one.handler], (60.0,)).take([event("a"), broken, event("b")]), 10)
        assert await noted(database, "one") == ["a", "b"]
        (letter,) = await letters(database)
        assert letter.error.startswith("MalformedEvent")
        assert letter.attempts == 1

    async def test_with_an_error_that_cannot_be_stored_is_parked_all_the_same(self, database: Database) -> None:
        one = Noting("one")
        one.poison["x"] = ValueError("nul \x00 surrogate \ud800 " + "long " * 5000)
        await Inbox(database, [one.handler], QUICK).take([event("x")])
        (letter,) = await letters(database)
        assert letter.error.startswith("ValueError: nul \\x00 surrogate ?")

    @pytest.mark.parametrize("body", [b"", b"\x00\xff", b"{}", b'{"id": "x"}', b"[1]"])
    async def test_that_cannot_be_read_is_parked_once(self, database: Database, body: bytes) -> None:
        one = Noting("one")
        inbox = Inbox(database, [one.handler], QUICK)
        await inbox.take([event("a"), body, event("b")])
        await inbox.take([body])
        assert await noted(database, "one") == ["a", "b"]
        (letter,) = await letters(database)
        assert (bytes(letter.body), letter.handler, letter.type) == (body, "envelope", "unreadable")


class TestDatabaseAway:
    async def test_parks_nothing_and_raises(self, database: Database, module_database_url: str) -> None:
        """The consumer then waits, and the broker keeps the events."""
        one = Noting("one")
        away = open_database(module_database_url.replace("/test_", "/gone_"), "metrics")
        bodies = events(3)
        with pytest.raises(Exception, match="gone_") as raised:
            await Inbox(away, [one.handler], QUICK).take(bodies)
        assert is_database_away(raised.value)
        assert one.calls == []
        await Inbox(database, [one.handler]).take(bodies)
        assert await noted(database, "one") == ["0", "1", "2"]
        assert await letters(database) == []

    async def test_in_the_midst_parks_nothing_and_raises(self, database: Database, postgres_url: str) -> None:
        one = Noting("one")

        async def cut(session: AsyncSession, batch: Sequence[Event[Said]]) -> None:
            await one.handle(session, batch)
            if len(one.calls) == 1:
                pid = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
                administrator = await connect(postgres_url)
                await administrator.execute("SELECT pg_terminate_backend($1)", pid)
                await administrator.close()
                await session.execute(text("SELECT 1"))

        inbox = Inbox(database, [Handler("one", Said, cut)], QUICK)
        bodies = events(3)
        with pytest.raises((DBAPIError, OSError)) as raised:
            await inbox.take(bodies)
        assert is_database_away(raised.value)
        assert await noted(database, "one") == []
        await inbox.take(bodies)
        assert await noted(database, "one") == ["0", "1", "2"]
        assert await letters(database) == []


class TestIsDatabaseAway:
    @pytest.mark.parametrize("state", ["08006", "57P01", "57P03", "53100", "53300", "28P01", "3D000", "25006", "58030"])
    async def test_when_nobody_could_have_written(self, database: Database, state: str) -> None:
        assert is_database_away(await self.failure(database, state))

    @pytest.mark.parametrize("state", ["22003", "23505", "23502", "42P01", "40001", "40P01", "57014", "P0001", "22P05"])
    async def test_not_when_postgres_refused_this(self, database: Database, state: str) -> None:
        assert not is_database_away(await self.failure(database, state))

    async def failure(self, database: Database, state: str) -> Exception:
        async with database.engine.connect() as connection:
            with pytest.raises(DBAPIError) as raised:
                await connection.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$")
        return raised.value

    async def test_when_the_pool_is_exhausted(self) -> None:
        assert is_database_away(PoolTimeout("QueuePool limit reached"))

    async def test_not_for_a_mistake_of_ours(self) -> None:
        assert not is_database_away(KeyError("words"))


class TestReplay:
    async def park(self, database: Database) -> tuple[Noting, Inbox, Any]:
        one = Noting("one")
        one.poison["x"] = ValueError("cannot digest")
        inbox = Inbox(database, [one.handler], QUICK)
        await inbox.take([event("x")])
        (letter,) = await letters(database)
        return one, inbox, letter

    async def test_brings_the_event_to_effect_once(self, database: Database) -> None:
        one, inbox, letter = await self.park(database)
        one.poison.clear()
        async with acting("anna"):
            assert await inbox.replay(letter.id) is True
            assert await inbox.replay(letter.id) is False
        assert await noted(database, "one") == ["x"]
        (settled,) = await letters(database)
        assert (settled.state, settled.settled_by) == ("replayed", "anna")

    async def test_of_two_at_once_one_takes_effect(self, database: Database) -> None:
        one, inbox, letter = await self.park(database)
        one.poison.clear()
        async with acting("anna"):
            assert sorted(await asyncio.gather(*(inbox.replay(letter.id) for _ in range(3)))) == [False, False, True]
        assert await noted(database, "one") == ["x"]

    async def test_that_fails_again_leaves_it_parked(self, database: Database) -> None:
        _, inbox, letter = await self.park(database)
        async with acting("anna"):
            with pytest.raises(ValueError, match="cannot digest"):
                await inbox.replay(letter.id)
        assert [one.state for one in await letters(database)] == ["parked"]
        assert await noted(database, "one") == []

    async def test_of_a_handler_that_is_gone_says_so(self, database: Database) -> None:
        _, _, letter = await self.park(database)
        async with acting("anna"):
            with pytest.raises(MalformedEvent, match="no handler"):
                await Inbox(database, []).replay(letter.id)

    async def test_of_an_unknown_letter_is_false(self, database: Database) -> None:
        async with acting("anna"):
            assert await Inbox(database, []).replay(new_id()) is False


class TestOrigin:
    async def test_does_not_leak_out_of_a_handler(self, database: Database) -> None:
        async with acting("anna", "mine"):
            await Inbox(database, [Noting("one").handler]).take([event("x")])
            assert current_origin.get() == Origin("anna", "mine")

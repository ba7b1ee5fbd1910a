from datetime import timedelta

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.deliveries import repository
from services.notifier.deliveries.service import queue_deliveries
from services.notifier.endpoints.schemas import NewEndpoint
from services.notifier.endpoints.service import create_endpoint, disable_endpoint
from shared import clock
from shared.app import Service
from shared.events.envelope import Draft, Event, Fact, Origin, parse, serialise
from shared.events.notifier import DeliveryExhausted, EndpointFailing
from shared.ids import new_id
from shared.sealing import Sealer
from tests.notifier.steps import a_gap_closed

SEALER = Sealer("k" * 32)
NOW = clock.now()


def heard(*facts: Fact) -> list[Event[dict]]:
    return [parse(serialise(Draft(fact, "subject", 1, Origin("tester")), "metrics", NOW)[1]) for fact in facts]


async def subscribe(session: AsyncSession, **options: object):
    body = NewEndpoint.model_validate({"url": "https://hooks.example.com/", **options})
    endpoint, _ = await create_endpoint(session, body, SEALER, "tester", NOW)
    return endpoint


async def counts(session: AsyncSession) -> tuple[int, int]:
    query = "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM deliveries)"
    messages, deliveries = (await session.execute(text(query))).one()
    return messages, deliveries


class TestQueueDeliveries:
    async def test_without_endpoints_a_batch_is_one_question(self, service: Service, session: AsyncSession) -> None:
        asked: list[str] = []
        engine = service.database.engine.sync_engine

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            asked.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        await queue_deliveries(session, heard(*(a_gap_closed() for _ in range(500))), NOW)
        event.remove(engine, "before_cursor_execute", note)
        assert len(asked) == 1
        assert await counts(session) == (0, 0)

    async def test_with_endpoints_a_batch_is_a_few_statements(self, service: Service, session: AsyncSession) -> None:
        for _ in range(3):
            await subscribe(session)
        asked: list[str] = []
        engine = service.database.engine.sync_engine

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            asked.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        await queue_deliveries(session, heard(*(a_gap_closed() for _ in range(500))), NOW)
        event.remove(engine, "before_cursor_execute", note)
        assert len(asked) == 3
        assert await counts(session) == (500, 1500)

    async def test_keeps_only_what_somebody_hears(self, session: AsyncSession) -> None:
        await subscribe(session, filter={"scope": "one"})
        await queue_deliveries(session, heard(a_gap_closed(scope="one"), a_gap_closed(scope="two")), NOW)
        assert await counts(session) == (1, 1)

    async def test_keeps_without_queueing_what_a_disabled_one_hears(self, session: AsyncSession) -> None:
        await disable_endpoint(session, await subscribe(session), "tester", NOW)
        await queue_deliveries(session, heard(a_gap_closed()), NOW)
        assert await counts(session) == (1, 0)

    async def test_an_event_that_comes_twice_is_queued_once(self, session: AsyncSession) -> None:
        await subscribe(session)
        events = heard(a_gap_closed())
        await queue_deliveries(session, events, NOW)
        await queue_deliveries(session, events, NOW)
        assert await counts(session) == (1, 1)

    async def test_news_of_an_endpoint_goes_to_the_others_only(self, session: AsyncSession) -> None:
        one, other = await subscribe(session), await subscribe(session)
        failing = EndpointFailing(endpoint_id=one.id, url=one.url, last_answer="500", failing_since=NOW)
        exhausted = DeliveryExhausted(
            delivery_id=new_id(), endpoint_id=one.id, event_id=new_id(), event_type="t", attempts=8, last_answer="500"
        )
        await queue_deliveries(session, heard(failing, exhausted), NOW)
        rows = (await session.execute(text("SELECT DISTINCT endpoint_id FROM deliveries"))).scalars().all()
        assert rows == [other.id]


class TestClaim:
    async def test_takes_from_each_endpoint_what_is_left_of_its_share(self, session: AsyncSession) -> None:
        busy, idle, off = [await subscribe(session) for _ in range(3)]
        await queue_deliveries(session, heard(*(a_gap_closed() for _ in range(20))), NOW)
        await disable_endpoint(session, off, "tester", NOW)
        until = NOW + timedelta(minutes=1)
        claimed = await repository.claim(session, {busy.id: 3}, 5, 100, NOW, until)
        shares = {busy.id: 0, idle.id: 0}
        for row in claimed:
            shares[row.endpoint_id] += 1
        assert shares == {busy.id: 2, idle.id: 5}
        assert len(await repository.claim(session, {busy.id: 5, idle.id: 5}, 5, 100, NOW, until)) == 0

    async def test_when_room_is_scarce_the_idle_come_first(self, session: AsyncSession) -> None:
        busy, idle = [await subscribe(session) for _ in range(2)]
        await queue_deliveries(session, heard(*(a_gap_closed() for _ in range(20))), NOW)
        claimed = await repository.claim(session, {busy.id: 3}, 5, 4, NOW, NOW + timedelta(minutes=1))
        assert {row.endpoint_id for row in claimed} == {idle.id}

    async def test_a_lease_that_is_over_is_claimed_again(self, session: AsyncSession) -> None:
        await subscribe(session)
        await queue_deliveries(session, heard(a_gap_closed()), NOW)
        until = NOW + timedelta(minutes=1)
        assert len(await repository.claim(session, {}, 5, 5, NOW, until)) == 1
        await repository.reclaim(session, until - timedelta(seconds=1))
        assert len(await repository.claim(session, {}, 5, 5, until, until)) == 0
        await repository.reclaim(session, until)
        assert len(await repository.claim(session, {}, 5, 5, until, until + timedelta(minutes=1))) == 1


class TestForget:
    async def test_forgets_what_is_settled_and_old_and_nothing_else(self, session: AsyncSession) -> None:
        endpoint = await subscribe(session)
        await queue_deliveries(session, heard(a_gap_closed(), a_gap_closed(), a_gap_closed()), NOW)
        ids = (await session.execute(text("SELECT id FROM deliveries ORDER BY id"))).scalars().all()
        for days, delivery_id in zip((40, 20), ids, strict=False):
            await session.execute(
                text("UPDATE deliveries SET state = 'succeeded', settled_at = :at WHERE id = :id"),
                {"at": NOW - timedelta(days=days), "id": delivery_id},
            )
        await session.execute(text("UPDATE messages SET time = time - interval '50 days'"))
        assert await repository.forget(session, NOW - timedelta(days=30), 1000) == 2
        assert await counts(session) == (2, 2)
        left = await repository.list_deliveries(session, {"endpoint_id": endpoint.id}, None, 10)
        assert sorted(row.state for row in left) == ["pending", "succeeded"]

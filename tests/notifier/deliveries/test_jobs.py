import asyncio
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

from services.notifier.settings import NotifierSettings
from shared.events.metrics import GapDismissed
from shared.ids import new_id
from tests.notifier.receiver import Received, Receiver, answer
from tests.notifier.steps import Notifier, a_gap_closed, notifying
from tests.support.waiting import eventually


class TestDelivery:
    async def test_the_library_verifies_what_arrives(self, notifier: Notifier, receiver: Receiver) -> None:
        endpoint = await notifier.subscribe(receiver.url())
        fact = a_gap_closed()
        await notifier.tell(fact, sequence=7)
        (delivery,) = await notifier.in_state("succeeded", endpoint["id"])
        (request,) = receiver.received
        verified = Webhook(endpoint["secret"]).verify(request.body, request.headers)
        assert verified["data"] == orjson.loads(fact.model_dump_json())
        assert request.headers["webhook-id"] == verified["id"] == delivery["event_id"]
        assert request.headers["content-type"] == "application/cloudevents+json"
        assert request.headers["ratchet-event-type"] == "ratchet.gap.closed.v1"
        assert request.headers["ratchet-subject"] == str(fact.gap_id)
        assert request.headers["ratchet-sequence"] == "7"
        assert "webhook-test" not in request.headers

    async def test_the_bytes_are_those_that_were_recorded(self, notifier: Notifier, receiver: Receiver) -> None:
        endpoint = await notifier.subscribe(receiver.url())
        await notifier.tell(a_gap_closed(reason="naïve 基准 🙂"))
        await notifier.in_state("succeeded", endpoint["id"])
        async with notifier.fleet.services["notifier"].database.engine.connect() as connection:
            body = (await connection.execute(text("SELECT body FROM messages"))).scalar_one()
        assert receiver.received[0].body == body

    async def test_thin_leaves_the_data_out(self, notifier: Notifier, receiver: Receiver) -> None:
        endpoint = await notifier.subscribe(receiver.url(), thin=True)
        await notifier.tell(a_gap_closed())
        await notifier.in_state("succeeded", endpoint["id"])
        event = Webhook(endpoint["secret"]).verify(receiver.received[0].body, receiver.received[0].headers)
        assert "data" not in event
        assert event["type"] == "ratchet.gap.closed.v1"

    async def test_only_what_the_endpoint_hears_is_sent(
        self, notifier: Notifier, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        one = await notifier.subscribe(receiver.url(), event_types=["ratchet.gap.dismissed.v1"])
        other = await notifier.subscribe(
            other_receiver.url(), event_types=["ratchet.gap.*"], filter={"measure_key": ["mttr_mean", "backlog"]}
        )
        dismissed = GapDismissed(gap_id=new_id(), measure_key="backlog", scope="all", reason="one day")
        await notifier.tell(a_gap_closed(), a_gap_closed(measure_key="mttr_mean"), dismissed)
        await notifier.in_state("succeeded", one["id"], 1)
        await notifier.in_state("succeeded", other["id"], 2)
        assert receiver.types() == ["ratchet.gap.dismissed.v1"]
        assert sorted(request.event["data"]["measure_key"] for request in other_receiver.received) == [
            "backlog",
            "mttr_mean",
        ]


class TestRetry:
    async def test_tries_again_until_it_succeeds(self, notifier: Notifier, receiver: Receiver) -> None:
        receiver.answers = [answer(500, b"try later"), answer(200, b"thanks")]
        endpoint = await notifier.subscribe(receiver.url())
        await notifier.tell(a_gap_closed())
        (delivery,) = await notifier.in_state("succeeded", endpoint["id"])
        detail = await notifier.get(f"/deliveries/{delivery['id']}")
        assert [(a["status"], a["answer"], a["succeeded"]) for a in detail["attempt_log"]] == [
            (500, "try later", False),
            (200, "thanks", True),
        ]
        assert detail["attempts"] == 2
        assert detail["event"]["id"] == delivery["event_id"]
        assert receiver.received[0].headers["webhook-id"] == receiver.received[1].headers["webhook-id"]
        assert receiver.received[0].body == receiver.received[1].body

    async def test_the_last_failure_exhausts_and_tells(
        self, notifier: Notifier, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        receiver.answers = [answer(503)]
        endpoint = await notifier.subscribe(receiver.url(), event_types=["ratchet.gap.*"])
        await notifier.subscribe(other_receiver.url(), event_types=["ratchet.endpoint.*", "ratchet.delivery.*"])
        await notifier.tell(a_gap_closed())
        (delivery,) = await notifier.in_state("exhausted", endpoint["id"])
        assert len(receiver.received) == delivery["attempts"] == 3
        assert delivery["last_answer"] == "503"

        async def told() -> list[Received]:
            assert sorted(other_receiver.types()) == ["ratchet.delivery.exhausted.v1", "ratchet.endpoint.failing.v1"]
            return other_receiver.received

        events = {request.event["type"]: request.event for request in await eventually(told)}
        exhausted = events["ratchet.delivery.exhausted.v1"]
        assert exhausted["data"]["event_id"] == delivery["event_id"]
        assert exhausted["causationid"] == delivery["event_id"]
        assert exhausted["correlationid"] == "story"
        assert exhausted["data"]["attempts"] == 3

    async def test_retry_after_is_waited_for(self, notifier: Notifier, receiver: Receiver) -> None:
        receiver.answers = [answer(429, retry_after="3600"), answer()]
        endpoint = await notifier.subscribe(receiver.url())
        before = datetime.now(UTC)
        await notifier.tell(a_gap_closed())

        async def waits() -> dict:
            found = await notifier.deliveries(endpoint_id=endpoint["id"], state="pending")
            assert [delivery["attempts"] for delivery in found] == [1]
            return found[0]

        delivery = await eventually(waits)
        wait = datetime.fromisoformat(delivery["next_attempt_at"]) - before
        assert timedelta(seconds=3599) < wait < timedelta(seconds=3630)

    async def test_a_redirect_is_a_failure_and_is_not_followed(
        self, notifier: Notifier, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        receiver.answers = [answer(307, location=other_receiver.url())]
        endpoint = await notifier.subscribe(receiver.url())
        await notifier.tell(a_gap_closed())
        (delivery,) = await notifier.in_state("exhausted", endpoint["id"])
        assert delivery["last_answer"] == "307: redirects are not followed"
        assert other_receiver.received == []

    async def test_nobody_listening_is_told(self, notifier: Notifier) -> None:
        endpoint = await notifier.subscribe("http://127.0.0.1:9/hook")
        await notifier.tell(a_gap_closed())
        (delivery,) = await notifier.in_state("exhausted", endpoint["id"])
        assert "cannot connect" in delivery["last_answer"]


class TestGone:
    async def test_410_disables_at_once(self, notifier: Notifier, receiver: Receiver, other_receiver: Receiver) -> None:
        receiver.answers = [answer(410)]
        endpoint = await notifier.subscribe(receiver.url() + "?token=hidden", event_types=["ratchet.gap.*"])
        await notifier.subscribe(other_receiver.url(), event_types=["ratchet.endpoint.disabled.v1"])
        await notifier.tell(a_gap_closed())
        (delivery,) = await notifier.in_state("failed", endpoint["id"])
        assert delivery["attempts"] == 1
        shown = await notifier.endpoint(endpoint["id"])
        assert (shown["state"], shown["disabled_reason"]) == ("disabled", "it answered 410 Gone")

        async def told() -> dict:
            return other_receiver.received[0].event["data"] if other_receiver.received else {}

        data = await eventually(told)
        assert (data["endpoint_id"], data["last_answer"]) == (endpoint["id"], "410")
        assert data["url"] == receiver.url()

    async def test_what_it_misses_is_kept_and_can_be_replayed(self, notifier: Notifier, receiver: Receiver) -> None:
        receiver.answers = [answer(410), answer()]
        endpoint = await notifier.subscribe(receiver.url())
        since = datetime.now(UTC).isoformat()
        await notifier.tell(a_gap_closed(reason="first"))
        await notifier.in_state("failed", endpoint["id"])
        await notifier.tell(a_gap_closed(reason="missed"))
        await eventually(notifier.fleet.is_idle)
        assert len(await notifier.deliveries(endpoint_id=endpoint["id"])) == 1
        await notifier.post(f"/endpoints/{endpoint['id']}/enable", 200)
        queued = await notifier.post(
            f"/endpoints/{endpoint['id']}/replay", 202, since=since, event_types=["ratchet.gap.*"]
        )
        assert queued == {"queued": 2}
        await notifier.in_state("succeeded", endpoint["id"], 2)
        reasons = [request.event["data"]["reason"] for request in receiver.received]
        assert sorted(reasons) == ["first", "first", "missed"]


class TestHealth:
    async def test_failing_and_recovered_are_told_once_to_others(
        self, notifier: Notifier, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        receiver.answers = [answer(500), answer(500), answer()]
        endpoint = await notifier.subscribe(receiver.url())
        await notifier.subscribe(other_receiver.url(), event_types=["ratchet.endpoint.*"])
        await notifier.tell(a_gap_closed())
        await notifier.in_state("succeeded", endpoint["id"])

        async def told() -> bool:
            return len(other_receiver.received) == 2

        await eventually(told)
        by_sequence = sorted(other_receiver.received, key=lambda request: request.event["sequence"])
        assert [request.event["type"] for request in by_sequence] == [
            "ratchet.endpoint.failing.v1",
            "ratchet.endpoint.recovered.v1",
        ]
        shown = await notifier.endpoint(endpoint["id"])
        assert shown["failing_since"] is None
        assert shown["version"] == by_sequence[1].event["sequence"]
        assert "ratchet.endpoint.failing.v1" not in receiver.types()

    async def test_failing_for_too_long_disables(
        self, quick: NotifierSettings, database_url: str, receiver: Receiver
    ) -> None:
        receiver.answers = [answer(500)]
        settings = quick.model_copy(update={"disable_after_hours": 0.1 / 3600, "retry_delays_seconds": (0.2,) * 50})
        async with notifying(settings, database_url) as notifier:
            endpoint = await notifier.subscribe(receiver.url())
            await notifier.tell(a_gap_closed())

            async def disabled() -> dict:
                shown = await notifier.endpoint(endpoint["id"])
                assert shown["state"] == "disabled"
                return shown

            shown = await eventually(disabled)
            assert "every attempt failed since" in shown["disabled_reason"]
            (waiting,) = await notifier.deliveries(endpoint_id=endpoint["id"])
            assert waiting["state"] == "pending"

    async def test_two_dead_endpoints_do_not_keep_each_other_busy(self, notifier: Notifier) -> None:
        endpoints = [await notifier.subscribe(f"http://127.0.0.1:9/{number}") for number in range(2)]
        await notifier.tell(a_gap_closed())
        for endpoint in endpoints:
            # the gap, and that the other one fails and could not be told of the gap
            await notifier.in_state("exhausted", endpoint["id"], 3)
        await eventually(notifier.fleet.is_idle)
        assert len(await notifier.deliveries()) == 6


class TestFairness:
    async def test_a_slow_endpoint_delays_no_other(
        self, notifier: Notifier, receiver: Receiver, other_receiver: Receiver, quick: NotifierSettings
    ) -> None:
        released = asyncio.Event()

        async def stall(_request: Received) -> bytes:
            await released.wait()
            return answer()

        receiver.answering = stall
        await notifier.subscribe(receiver.url())
        await notifier.subscribe(other_receiver.url())
        await notifier.tell(*(a_gap_closed() for _ in range(60)))

        async def all_arrived() -> bool:
            return len(other_receiver.received) == 60

        await eventually(all_arrived, 4)
        assert receiver.most_at_once == quick.concurrency_per_endpoint
        assert len(receiver.received) == quick.concurrency_per_endpoint
        released.set()

        async def all_slow() -> bool:
            return len(receiver.received) == 60

        await eventually(all_slow)

    async def test_a_slow_answer_times_out(
        self, quick: NotifierSettings, database_url: str, receiver: Receiver
    ) -> None:
        async def never(_request: Received) -> bytes:
            await asyncio.sleep(30)
            return answer()

        receiver.answering = never
        settings = quick.model_copy(update={"attempt_timeout_seconds": 0.2, "retry_delays_seconds": ()})
        async with notifying(settings, database_url) as notifier:
            endpoint = await notifier.subscribe(receiver.url())
            await notifier.tell(a_gap_closed())
            (delivery,) = await notifier.in_state("exhausted", endpoint["id"])
        assert delivery["last_answer"] == "no answer within 0.2 s"


class TestRestart:
    async def test_what_was_under_way_is_sent_again(
        self, quick: NotifierSettings, database_url: str, receiver: Receiver
    ) -> None:
        async def never(_request: Received) -> bytes:
            await asyncio.sleep(30)
            return answer()

        receiver.answering = never
        settings = quick.model_copy(update={"lease_seconds": 0.5})
        async with notifying(settings, database_url) as notifier:
            endpoint = await notifier.subscribe(receiver.url())
            await notifier.tell(a_gap_closed())

            async def under_way() -> bool:
                return len(receiver.received) == 1

            await eventually(under_way)
        receiver.answering = None
        async with notifying(settings, database_url) as notifier:
            (delivery,) = await notifier.in_state("succeeded", endpoint["id"])
        assert len(receiver.received) == 2
        assert receiver.received[0].body == receiver.received[1].body
        assert delivery["attempts"] == 1


class TestAnswer:
    async def test_a_long_answer_is_cut(self, notifier: Notifier, receiver: Receiver) -> None:
        receiver.answers = [answer(200, b"\x00\xff" * 500_000)]
        endpoint = await notifier.subscribe(receiver.url())
        await notifier.tell(a_gap_closed())
        (delivery,) = await notifier.in_state("succeeded", endpoint["id"])
        (attempt,) = (await notifier.get(f"/deliveries/{delivery['id']}"))["attempt_log"]
        assert attempt["answer"] == "\ufffd\ufffd" * 512

    @pytest.mark.parametrize(
        "garbage",
        [b"", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000, b"HTTP/1.1 99999 what\r\n\r\n"],
        ids=["nothing", "not http", "endless header", "no status"],
    )
    async def test_what_is_no_answer_is_a_failure(self, notifier: Notifier, receiver: Receiver, garbage: bytes) -> None:
        receiver.answers = [garbage]
        endpoint = await notifier.subscribe(receiver.url())
        await notifier.tell(a_gap_closed())
        (delivery,) = await notifier.in_state("exhausted", endpoint["id"])
        assert delivery["last_answer"]


class TestRotation:
    async def test_both_secrets_sign_during_the_grace(self, notifier: Notifier, receiver: Receiver) -> None:
        endpoint = await notifier.subscribe(receiver.url())
        rotated = await notifier.post(f"/endpoints/{endpoint['id']}/rotate-secret", 200, grace_hours=1)
        assert rotated["secret"] != endpoint["secret"]
        await notifier.tell(a_gap_closed())
        await notifier.in_state("succeeded", endpoint["id"])
        (request,) = receiver.received
        assert len(request.headers["webhook-signature"].split()) == 2
        for secret in (endpoint["secret"], rotated["secret"]):
            assert Webhook(secret).verify(request.body, request.headers)

    async def test_without_grace_the_old_one_signs_no_more(self, notifier: Notifier, receiver: Receiver) -> None:
        endpoint = await notifier.subscribe(receiver.url())
        await notifier.post(f"/endpoints/{endpoint['id']}/rotate-secret", 200)
        await notifier.post(f"/endpoints/{endpoint['id']}/rotate-secret", 200, grace_hours=0)
        await notifier.tell(a_gap_closed())
        await notifier.in_state("succeeded", endpoint["id"])
        assert len(receiver.received[0].headers["webhook-signature"].split()) == 1

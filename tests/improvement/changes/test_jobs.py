import asyncio
from typing import Any

import pytest

from services.improvement.changes.jobs import raise_changes
from services.improvement.connections.service import Ticketing
from services.improvement.settings import ImprovementSettings
from shared.http import acting
from shared.sealing import Sealer
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, RaisedChange
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.memory.client import MemoryChangeSink
from tests.improvement.builders import CHANGES, IMPROVEMENTS, LONG_AGO, PLAN, People, ok, published, rows, until
from tests.support.fleet import Fleet
from tests.support.waiting import eventually


class TroubledSink(MemoryChangeSink):
    """A system that fails as it is told: `lost` answers never arrive although the record is there; `down` it is not
    reached at all."""

    def __init__(self, lost: int = 0, down: int = 0) -> None:
        super().__init__()
        self.lost, self.down = lost, down
        self.calls: list[str] = []

    async def raise_change(self, request: ChangeRequest) -> RaisedChange:
        self.calls.append("raise")
        if self.down > 0:
            self.down -= 1
            raise RemoteFailed("answered 503: maintenance")
        raised = await super().raise_change(request)
        if self.lost > 0:
            self.lost -= 1
            raise RemoteFailed("no answer within 10 s")
        return raised


def ticketing_of(fleet: Fleet) -> Ticketing:
    ticketing: Ticketing = fleet.services["improvement"].app.state.ticketing
    return ticketing


async def change_in(people: People, improvement_id: str, state: str) -> dict[str, Any]:
    async def there() -> dict[str, Any]:
        change = (await people.read(improvement_id))["change"]
        assert change is not None
        assert change["state"] == state
        return ok(await people.reader.get(f"{CHANGES}/{change['id']}"))

    return await eventually(there)


class TestRaiseChanges:
    async def test_what_is_approved_is_raised_once_with_its_story(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("implementing", alone)
        change = await change_in(people, record["id"], "raised")
        assert change["reference"] == f"{record['id']}:1"
        assert change["correlation_id"] == record["correlation_id"]
        assert [attempt["outcome"] for attempt in change["attempt_log"]] == ["raised"]
        (request,) = ticketing_of(alone).memory.requests.values()
        assert (request.plan, request.correlation_id) == (record["plan"], change["reference"])

    async def test_a_lost_answer_makes_no_second_record(self, people: People, alone: Fleet) -> None:
        ticketing_of(alone).memory = sink = TroubledSink(lost=1)
        record = await people.bring_to("implementing", alone)
        change = await change_in(people, record["id"], "raised")
        assert len(sink.requests) == 1
        assert change["external_id"] == next(iter(sink.requests))
        assert [attempt["outcome"] for attempt in change["attempt_log"]] == ["failed", "found"]
        assert sink.calls == ["raise"]

    async def test_a_process_that_died_in_the_call_makes_no_second_record(self, people: People, alone: Fleet) -> None:
        ticketing_of(alone).memory = sink = TroubledSink(down=3)
        record = await people.bring_to("approved", alone)
        change = await change_in(people, record["id"], "failed")
        await MemoryChangeSink.raise_change(sink, ChangeRequest.model_validate(change["body"]))
        await rows(
            alone,
            "UPDATE change_requests SET state = 'pending', attempts = 1, "
            "next_attempt_at = now() - interval '1 second' RETURNING id",
        )
        assert (await change_in(people, record["id"], "raised"))["external_id"] == next(iter(sink.requests))
        assert len(sink.requests) == 1

    async def test_after_the_last_attempt_it_has_failed_for_all_to_see(self, people: People, alone: Fleet) -> None:
        ticketing_of(alone).memory = sink = TroubledSink(down=3)
        record = await people.bring_to("approved", alone)
        change = await change_in(people, record["id"], "failed")
        assert len(sink.calls) == 3
        assert [attempt["error"] for attempt in change["attempt_log"]] == ["answered 503: maintenance"] * 3
        shown = await people.read(record["id"])
        assert (shown["state"], shown["change_failed"]) == ("approved", "answered 503: maintenance")
        (failed,) = [e for e in await published(alone) if e["type"] == "ratchet.change.failed.v1"]
        assert "after 3 attempts" in failed["data"]["reason"]

        again = ok(await people.manager.post(f"{CHANGES}/{change['id']}/raise"))
        assert (again["state"], again["last_error"]) == ("pending", None)
        assert (await until(people, record["id"], "implementing"))["change_failed"] is None
        assert (await people.manager.post(f"{CHANGES}/{change['id']}/raise")).status_code == 409

    async def test_an_adapter_that_crashes_is_an_attempt_that_failed(
        self, people: People, alone: Fleet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sink = ticketing_of(alone).memory

        async def crash(_request: ChangeRequest) -> RaisedChange:
            raise KeyError("a mistake of ours")

        monkeypatch.setattr(sink, "raise_change", crash)
        record = await people.bring_to("approved", alone)
        assert "KeyError" in (await change_in(people, record["id"], "failed"))["last_error"]

    async def test_many_workers_at_once_raise_each_once(self, people: People, alone: Fleet) -> None:
        service = alone.services["improvement"]
        await service.stop()
        for number in range(6):
            plan = {**PLAN.model_dump(mode="json"), "scope": f"group={number}"}
            await people.bring_to("approved", alone, scope=f"group={number}", verification_plan=plan)
        inbox = service.app.state.inbox
        bodies = await rows(alone, "SELECT body FROM outbox ORDER BY position")
        await inbox.take([bytes(row["body"]) for row in bodies])
        slow = MemoryChangeSink()
        ticketing = Ticketing(Sealer("k" * 32))
        ticketing.memory = slow
        async with acting("service:improvement"):
            tried = await asyncio.gather(
                *(raise_changes(service.database, ticketing, ImprovementSettings()) for _ in range(6))
            )
        assert sum(tried) == 6
        assert len(slow.requests) == 6

    async def test_a_plan_that_was_given_up_is_raised_no_more(self, people: People, alone: Fleet) -> None:
        ticketing_of(alone).memory = sink = TroubledSink(down=3)
        record = await people.bring_to("approved", alone)
        change = await change_in(people, record["id"], "failed")
        ok(await people.manager.post(f"{IMPROVEMENTS}/{record['id']}/withdraw", json={"reason": "no"}))
        ok(await people.manager.post(f"{CHANGES}/{change['id']}/raise"))
        await change_in(people, record["id"], "cancelled")
        assert len(sink.requests) == 0

    async def test_what_is_on_hold_waits(self, people: People, alone: Fleet) -> None:
        ticketing_of(alone).memory = sink = TroubledSink(down=3)
        record = await people.bring_to("approved", alone)
        change = await change_in(people, record["id"], "failed")
        path = f"{IMPROVEMENTS}/{record['id']}"
        ok(await people.manager.post(f"{path}/hold", json={"reason": "freeze"}))
        ok(await people.manager.post(f"{CHANGES}/{change['id']}/raise"))
        service = alone.services["improvement"]
        assert await raise_changes(service.database, ticketing_of(alone), ImprovementSettings()) == 0
        assert len(sink.requests) == 0
        ok(await people.manager.post(f"{path}/resume"))
        await until(people, record["id"], "implementing")


class TestPollOutcomes:
    async def test_brings_the_outcome_back(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("implementing", alone)
        memory = ticketing_of(alone).memory
        external_id = record["change"]["external_id"]
        memory.settle(external_id, ChangeOutcome("accepted"))
        await change_in(people, record["id"], "accepted")
        memory.settle(external_id, ChangeOutcome("implemented", LONG_AGO))
        monitored = await until(people, record["id"], "monitoring")
        assert monitored["implemented_at"] == "2016-04-01T00:00:00Z"
        types = [event["type"] for event in await published(alone)]
        assert types.count("ratchet.change.accepted.v1") == types.count("ratchet.change.implemented.v1") == 1

    async def test_a_failed_change_is_shown_with_its_reason(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("implementing", alone)
        external_id = record["change"]["external_id"]
        ticketing_of(alone).memory.settle(external_id, ChangeOutcome("failed", None, "the board said no"))
        change = await change_in(people, record["id"], "failed")
        shown = await people.read(record["id"])
        assert (shown["state"], shown["change_failed"]) == ("implementing", "the board said no")
        problem = ok(await people.manager.post(f"{CHANGES}/{change['id']}/raise"), 409)
        assert problem["allowed"] == ["revise the improvement"]

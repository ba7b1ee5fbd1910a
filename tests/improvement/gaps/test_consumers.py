import asyncio
from typing import Any

import pytest

from shared.events.metrics import GapClosed, GapDetected, GapDismissed, GapRecurred
from shared.ids import new_id
from tests.improvement.builders import IMPROVEMENTS, People, hear, make_gap, ok, rows, serialised
from tests.support.fleet import Fleet

Settled = GapClosed | GapDismissed


def settled(gap: GapDetected, contract: type[Settled] = GapClosed, reason: str = "restated") -> Settled:
    return contract(gap_id=gap.gap_id, measure_key=gap.measure_key, scope=gap.scope, reason=reason)


async def listed(people: People, **filters: str) -> list[dict[str, Any]]:
    return ok(await people.reader.get(IMPROVEMENTS, params={"limit": 500, **filters}))["items"]


async def told(people: People, improvement_id: str) -> list[str]:
    lines = ok(await people.reader.get(f"{IMPROVEMENTS}/{improvement_id}/history"))["items"]
    return [line["action"] for line in lines]


class TestTakeGaps:
    async def test_a_gap_opens_a_record_by_itself(self, people: People, alone: Fleet) -> None:
        gap = make_gap()
        await hear(alone, gap, correlation_id="the-story")
        (item,) = await listed(people)
        record = await people.read(item["id"])
        assert (record["state"], record["origin"], record["requester"]) == ("draft", "gap", "service:metrics")
        assert (record["gap_id"], record["correlation_id"]) == (str(gap.gap_id), "the-story")
        assert (record["measure_key"], record["scope"], record["target"]) == ("sla_attainment", "all", 0.75)
        assert record["verification_plan"]["baseline_to"] == "2016-04-01"
        assert "39.86%" in record["problem"]
        (event,) = await rows(alone, "SELECT correlation_id FROM improvements")
        assert event["correlation_id"] == "the-story"

    async def test_the_same_event_twice_opens_one(self, people: People, alone: Fleet) -> None:
        inbox = alone.services["improvement"].app.state.inbox
        bodies = serialised([make_gap()])
        await inbox.take(bodies)
        await inbox.take(bodies + bodies)
        (record,) = await listed(people)
        assert await told(people, record["id"]) == ["open"]

    async def test_fifty_gaps_of_one_measure_at_once_open_one(self, people: People, alone: Fleet) -> None:
        await asyncio.gather(*(hear(alone, make_gap()) for _ in range(50)))
        (record,) = await listed(people)
        history = await told(people, record["id"])
        assert sorted(history) == ["gap_attached"] * 49 + ["open"]

    async def test_opposite_orders_at_once_do_not_block_each_other(self, people: People, alone: Fleet) -> None:
        scopes = [f"group={number}" for number in range(20)]
        forward = [make_gap(scope=scope) for scope in scopes]
        backward = [make_gap(scope=scope) for scope in reversed(scopes)]
        await asyncio.gather(*(hear(alone, *gaps) for gaps in (forward, backward)))
        assert sorted(record["scope"] for record in await listed(people)) == sorted(scopes)
        assert await rows(alone, "SELECT 1 FROM dead_letters") == []

    async def test_a_thousand_at_once(self, people: People, alone: Fleet) -> None:
        gaps = [make_gap(scope=f"customer={number}") for number in range(1000)]
        await hear(alone, *gaps)
        (count,) = await rows(alone, "SELECT count(*) AS opened, count(DISTINCT number) AS numbers FROM improvements")
        assert count == {"opened": 1000, "numbers": 1000}

    async def test_another_gap_attaches_to_the_record_that_is_open(self, people: People, alone: Fleet) -> None:
        first, second = make_gap(), make_gap()
        await hear(alone, first)
        await hear(alone, second)
        (record,) = await listed(people, gap_id=str(second.gap_id))
        assert record["gap_id"] == str(first.gap_id)
        assert await told(people, record["id"]) == ["open", "gap_attached"]

    async def test_a_gap_after_the_end_opens_another(self, people: People, alone: Fleet) -> None:
        closed = await people.bring_to("closed", alone)
        await hear(alone, make_gap())
        assert {record["state"] for record in await listed(people)} == {"closed", "draft"}
        assert (await told(people, closed["id"]))[-1] == "close"

    async def test_a_recurrence_is_a_line_of_history(self, people: People, alone: Fleet) -> None:
        gap = make_gap()
        await hear(alone, gap)
        await hear(alone, make_gap(GapRecurred, gap_id=gap.gap_id, actual=0.5))
        (record,) = await listed(people)
        lines = ok(await people.reader.get(f"{IMPROVEMENTS}/{record['id']}/history"))["items"]
        assert lines[-1]["action"] == "gap_recurred"
        assert "50.00%" in lines[-1]["note"]
        assert record["version"] == 1

    async def test_a_recurrence_may_come_before_its_detection(self, people: People, alone: Fleet) -> None:
        gap = make_gap()
        await hear(alone, make_gap(GapRecurred, gap_id=gap.gap_id))
        await hear(alone, gap)
        (record,) = await listed(people)
        assert await told(people, record["id"]) == ["open", "gap_recurred"]


class TestSettleGaps:
    @pytest.mark.parametrize("contract", [GapClosed, GapDismissed])
    async def test_an_untouched_draft_is_withdrawn_with_the_reason(
        self, people: People, alone: Fleet, contract: type[Settled]
    ) -> None:
        gap = make_gap()
        await hear(alone, gap)
        await hear(alone, settled(gap, contract, "holiday month"))
        (record,) = await listed(people)
        assert (record["state"], record["version"]) == ("withdrawn", 2)
        lines = ok(await people.reader.get(f"{IMPROVEMENTS}/{record['id']}/history"))["items"]
        assert lines[-1]["note"] == "holiday month"

    async def test_what_somebody_works_on_stays(self, people: People, alone: Fleet) -> None:
        gap = make_gap()
        await hear(alone, gap)
        (record,) = await listed(people)
        path = f"{IMPROVEMENTS}/{record['id']}"
        ok(await people.author.patch(path, json={"owner": "olga"}, headers={"If-Match": '"1"'}))
        await hear(alone, settled(gap))
        assert (await people.read(record["id"]))["state"] == "draft"
        assert (await told(people, record["id"]))[-1] == "gap_settled"

    async def test_a_draft_with_another_gap_stays(self, people: People, alone: Fleet) -> None:
        first, second = make_gap(), make_gap()
        await hear(alone, first, second)
        await hear(alone, settled(first))
        (record,) = await listed(people)
        assert record["state"] == "draft"
        await hear(alone, settled(second))
        (record,) = await listed(people)
        assert record["state"] == "withdrawn"

    async def test_a_gap_that_was_gone_before_it_was_heard_of_opens_nothing(self, people: People, alone: Fleet) -> None:
        gap = make_gap()
        await hear(alone, settled(gap))
        await hear(alone, gap, make_gap(GapRecurred, gap_id=gap.gap_id))
        assert await listed(people) == []

    async def test_both_in_one_batch_end_withdrawn_or_never_opened(self, people: People, alone: Fleet) -> None:
        gap = make_gap()
        await hear(alone, settled(gap), gap)
        assert await listed(people) == []
        other = make_gap(scope="group=7")
        await hear(alone, other, settled(other))
        (record,) = await listed(people)
        assert record["state"] == "withdrawn"

    async def test_a_gap_that_nobody_opened_is_harmless(self, people: People, alone: Fleet) -> None:
        nobody = GapClosed(gap_id=new_id(), measure_key="m", scope="all", reason="r")
        await hear(alone, nobody, nobody)
        assert await rows(alone, "SELECT 1 FROM dead_letters") == []

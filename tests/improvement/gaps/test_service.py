"""The gate and the cool-down of gaps; by default every gap opens a record, as ever (R3, R11)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.events.envelope import Draft, Origin, serialise
from shared.events.metrics import GapClosed, GapRecurred
from shared.ids import new_id
from tests.improvement.builders import make_gap
from tests.improvement.loop import Loop

Configure = Callable[..., None]


async def sources(loop: Loop) -> list[dict[str, Any]]:
    """Oldest first."""
    return list(reversed((await loop.get("sources", kind="gap", limit=500))["items"]))


async def outcomes(loop: Loop) -> list[str]:
    return [source["outcome"] for source in await sources(loop)]


async def hear_at(loop: Loop, gap: Any, at: datetime) -> None:
    """As if metrics had told of it then."""
    _, raw = serialise(Draft(gap, str(gap.gap_id), 1, Origin("service:metrics", "story")), "metrics", at)
    await loop.hear_bodies([raw])


class TestGate:
    async def test_every_gap_opens_by_default_and_is_a_source(self, loop: Loop) -> None:
        gap = make_gap(severity="low", scope="service=mail")
        await loop.hear(gap)
        (record,) = await loop.listed()
        (source,) = await sources(loop)
        assert (source["outcome"], source["improvement_id"], source["reference"]) == (
            "opened",
            record["id"],
            str(gap.gap_id),
        )
        whole = await loop.read(record["id"])
        assert (whole["severity"], whole["service"]) == ("low", "mail")
        assert whole["priority"] is not None

    async def test_below_the_gate_it_is_kept_and_opens_when_it_grows(self, loop: Loop, configure: Configure) -> None:
        configure(open_from_severity={"gap": "high"})
        gap = make_gap(severity="medium")
        await loop.hear(gap)
        assert await loop.listed() == []
        (source,) = await sources(loop)
        assert (source["outcome"], "below high" in source["reason"]) == ("suppressed", True)
        await loop.hear(make_gap(GapRecurred, gap_id=gap.gap_id, severity="medium"))
        assert await loop.listed() == []
        await loop.hear(make_gap(GapRecurred, gap_id=gap.gap_id, severity="high"))
        (record,) = await loop.listed()
        assert record["gap_id"] == str(gap.gap_id)
        assert await loop.history(record["id"]) == ["open"]
        assert await outcomes(loop) == ["suppressed", "suppressed", "opened"]
        await loop.hear(make_gap(GapRecurred, gap_id=gap.gap_id, severity="low"))
        assert await loop.history(record["id"]) == ["open", "gap_recurred"]

    async def test_below_the_gate_it_attaches_to_what_is_open(self, loop: Loop, configure: Configure) -> None:
        configure(open_from_severity={"gap": "high"})
        await loop.draft()
        await loop.hear(make_gap(severity="low"))
        (record,) = await loop.listed()
        assert await loop.history(record["id"]) == ["open", "gap_attached"]
        assert await outcomes(loop) == ["attached"]

    async def test_in_one_batch_the_worst_telling_decides(self, loop: Loop, configure: Configure) -> None:
        configure(open_from_severity={"gap": "high"})
        gap_id = new_id()
        await loop.hear(*(make_gap(GapRecurred, gap_id=gap_id, severity=one) for one in ("low", "critical")))
        (record,) = await loop.listed()
        assert (await loop.read(record["id"]))["severity"] == "critical"
        assert sorted(await loop.history(record["id"])) == ["gap_recurred", "open"]

    async def test_two_gaps_of_one_measure_one_of_them_severe(self, loop: Loop, configure: Configure) -> None:
        configure(open_from_severity={"gap": "high"})
        mild, severe = make_gap(severity="low"), make_gap(severity="high")
        await loop.hear(mild, severe)
        (record,) = await loop.listed()
        assert record["gap_id"] == str(severe.gap_id)
        assert sorted(await outcomes(loop)) == ["attached", "opened"]

    async def test_what_is_suppressed_and_settled_stays_so(self, loop: Loop, configure: Configure) -> None:
        configure(open_from_severity={"gap": "high"})
        gap = make_gap(severity="low")
        await loop.hear(gap)
        await loop.hear(GapClosed(gap_id=gap.gap_id, measure_key=gap.measure_key, scope=gap.scope, reason="restated"))
        await loop.hear(make_gap(GapRecurred, gap_id=gap.gap_id, severity="critical"))
        assert await loop.listed() == []


class TestCoolDown:
    async def test_none_by_default(self, loop: Loop) -> None:
        await loop.hear(make_gap())
        (record,) = await loop.listed()
        await loop.end(record["id"])
        await loop.hear(make_gap())
        assert [one["state"] for one in await loop.listed()] == ["withdrawn", "draft"]

    async def test_after_the_last_record_of_the_measure_and_scope_ended(self, loop: Loop, configure: Configure) -> None:
        configure(cool_down_days={"gap": 10})
        await loop.hear(make_gap())
        (record,) = await loop.listed()
        await loop.end(record["id"])
        again, elsewhere = make_gap(), make_gap(scope="group=7")
        await loop.hear(again, elsewhere)
        assert [one["scope"] for one in await loop.listed(state="draft")] == ["group=7"]
        suppressed = next(source for source in await sources(loop) if source["outcome"] == "suppressed")
        assert record["number"] in suppressed["reason"]
        later = make_gap(GapRecurred, gap_id=again.gap_id)
        await hear_at(loop, later, datetime.now(UTC) + timedelta(days=9))
        assert len(await loop.listed(state="draft")) == 1
        await hear_at(loop, later, datetime.now(UTC) + timedelta(days=11))
        assert len(await loop.listed(state="draft")) == 2


class TestManyAtOnce:
    async def test_repeats_and_opposite_orders_open_each_once(self, loop: Loop) -> None:
        gaps = [make_gap(scope=f"customer={number}") for number in range(100)]
        await loop.hear(*gaps)
        await loop.hear(*reversed(gaps))
        assert len(await loop.listed()) == 100
        assert await outcomes(loop) == ["opened"] * 100
        assert len(await loop.solo.events("improvement.opened")) == 100

"""R27, R36, R39, R127: checks planned at closing, asked when due, and the next cycle where the effect was lost."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.improvement.sustain.jobs import ask_sustained
from shared.events.improvement import ImprovementClosed
from shared.events.metrics import EffectAssessed, MeasureDefined, Sample
from tests.improvement.builders import IMPROVEMENTS, make_assessment, make_gap, ok, serialised
from tests.improvement.loop import SIGNED, Loop

Configure = Callable[..., None]
FELL = Sample(period_from=date(2016, 6, 1), period_to=date(2016, 8, 1), periods=2, n=9000, value=0.6)
HOLDS = FELL.model_copy(update={"value": 0.77})
SHARE = MeasureDefined(
    key="sla_attainment",
    version=1,
    name="SLA attainment",
    aspect="quality",
    unit="share",
    direction="higher_is_better",
    data_kind="proportion",
    formula="sla_attainment",
    parameters={},
    owner="process_owner",
)


async def checks(loop: Loop, id_: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await loop.get(f"improvements/{id_}/checks")
    return found


async def states(loop: Loop, id_: str) -> list[str]:
    return [check["state"] for check in await checks(loop, id_)]


async def pass_days(loop: Loop, days: int) -> None:
    """So many days go by; nothing else happens."""
    await loop.change("UPDATE sustain_checks SET due_at = due_at - make_interval(days => :days)", days=days)


async def fall_due(loop: Loop, days: int) -> list[dict[str, Any]]:
    """Those days go by and the job runs; returns what it asked, as metrics hears it."""
    before = {event.id for event in await loop.solo.events("effect.requested")}
    await pass_days(loop, days)
    while await ask_sustained(loop.solo.database):
        pass
    return [event.data for event in await loop.solo.events("effect.requested") if event.id not in before]


def answer(request: dict[str, Any], verdict: str = "effective", **changes: Any) -> EffectAssessed:
    """What metrics says to a sustain request."""
    fields: dict[str, Any] = {
        "verdict": verdict,
        "reason": f"because {verdict}",
        "before": SIGNED,
        "after": FELL if verdict == "regressed" else HOLDS,
        "purpose": "sustain",
    }
    return make_assessment(
        request["improvement_id"], request["request_id"], request["plan_hash"], **{**fields, **changes}
    )


async def regress(loop: Loop, record: dict[str, Any], days: int = 31) -> dict[str, Any]:
    """The next check finds the effect lost; returns the check."""
    (request,) = await fall_due(loop, days)
    await loop.hear(answer(request, "regressed"))
    return next(check for check in await checks(loop, record["id"]) if check["request_id"] == request["request_id"])


class TestPlanning:
    async def test_thirty_sixty_and_ninety_days_after_closing(self, loop: Loop) -> None:
        record = await loop.closed()
        closed_at = datetime.fromisoformat(record["closed_at"])
        found = await checks(loop, record["id"])
        assert [(check["day"], check["state"]) for check in found] == [(30, "due"), (60, "due"), (90, "due")]
        for check in found:
            assert datetime.fromisoformat(check["due_at"]) - closed_at == timedelta(days=check["day"])

    async def test_on_the_days_in_settings(self, loop: Loop, configure: Configure) -> None:
        configure(sustain_days=[7, 7, 365])
        record = await loop.closed()
        assert [check["day"] for check in await checks(loop, record["id"])] == [7, 365]

    async def test_closing_that_is_told_again_plans_nothing_twice(self, loop: Loop) -> None:
        record = await loop.closed()
        (event,) = await loop.solo.events("improvement.closed")
        again = ImprovementClosed.model_validate(event.data)
        await loop.hear(again, again)
        assert len(await checks(loop, record["id"])) == 3

    async def test_what_was_not_signed_effective_is_not_watched(self, loop: Loop) -> None:
        record = await loop.assess(await loop.monitoring(), verdict="ineffective")
        await loop.sign(record["id"], "ineffective")
        await loop.close(record["id"])
        assert await checks(loop, record["id"]) == []

    async def test_a_newer_level_of_the_measure_is_watched_instead(self, loop: Loop) -> None:
        first = await loop.closed()
        other = await loop.closed(scope="group=7")
        second = await loop.closed()
        assert await states(loop, first["id"]) == ["cancelled"] * 3
        assert (await checks(loop, first["id"]))[0]["reason"].startswith(second["number"])
        assert await states(loop, other["id"]) == ["due"] * 3
        assert await states(loop, second["id"]) == ["due"] * 3


class TestAsking:
    async def test_asks_when_due_and_not_before(self, loop: Loop) -> None:
        record = await loop.closed()
        assert await fall_due(loop, 29) == []
        (request,) = await fall_due(loop, 2)
        assert await states(loop, record["id"]) == ["asked", "due", "due"]
        assert request == {
            **request,
            "purpose": "sustain",
            "improvement_id": record["id"],
            "target": 0.75,
            "implemented_at": "2016-06-01T00:00:00Z",
        }
        plan = request["plan"]
        assert (plan["baseline_from"], plan["baseline_to"], plan["minimum_points"]) == ("2016-04-01", "2016-06-01", 1)
        assert request["plan_hash"] != record["plan_hash"]

    async def test_asks_once(self, loop: Loop) -> None:
        await loop.closed()
        assert len(await fall_due(loop, 31)) == 1
        assert await fall_due(loop, 0) == []

    async def test_what_fell_due_while_nobody_ran_is_asked_late(self, loop: Loop) -> None:
        record = await loop.closed()
        requests = await fall_due(loop, 400)
        assert len({request["request_id"] for request in requests}) == 3
        await loop.hear(*(answer(request) for request in requests))
        assert await states(loop, record["id"]) == ["held", "held", "held"]

    async def test_in_the_records_story_and_sequence(self, loop: Loop) -> None:
        record = await loop.closed()
        await fall_due(loop, 31)
        mine = [event for event in await loop.solo.events() if event.subject == record["id"]]
        assert [event.sequence for event in mine] == list(range(1, len(mine) + 1))
        assert {event.correlation_id for event in mine} == {record["correlation_id"]}

    async def test_many_due_at_once_are_all_asked(self, loop: Loop) -> None:
        records = [await loop.closed(scope=f"group={number}") for number in range(3)]
        requests = await fall_due(loop, 31)
        assert sorted(request["improvement_id"] for request in requests) == sorted(record["id"] for record in records)


class TestAnswers:
    @pytest.mark.parametrize(("verdict", "state"), [("effective", "held"), ("inconclusive", "inconclusive")])
    async def test_are_kept_and_open_nothing(self, loop: Loop, verdict: str, state: str) -> None:
        record = await loop.closed()
        (request,) = await fall_due(loop, 31)
        await loop.hear(answer(request, verdict))
        (check, *_) = await checks(loop, record["id"])
        assert (check["state"], check["reason"], check["successor_id"]) == (state, f"because {verdict}", None)
        assert check["assessment"]["after"]["value"] == 0.77
        assert len(await loop.listed()) == 1
        assert (await loop.history(record["id"]))[-1] == "sustain_checked"
        assert await states(loop, record["id"]) == [state, "due", "due"]

    async def test_never_touch_what_was_signed(self, loop: Loop) -> None:
        record = await loop.closed()
        (request,) = await fall_due(loop, 31)
        await loop.hear(answer(request, "regressed"))
        now = await loop.read(record["id"])
        for untouched in ("assessment", "signature", "state", "version", "baseline_value", "effect_requested_at"):
            assert now[untouched] == record[untouched], untouched
        kept = (await loop.get(f"improvements/{record['id']}/assessments"))["items"]
        assert [(one["purpose"], one["counts"]) for one in kept] == [("verification", True), ("sustain", False)]

    async def test_not_even_while_another_cycle_of_the_same_record_is_watched(self, loop: Loop) -> None:
        """A sustain answer with the record's own request id is not taken for evidence."""
        record = await loop.monitoring()
        (row,) = await loop.rows("SELECT effect_request_id AS id FROM improvements")
        await loop.hear(make_assessment(record["id"], row["id"], record["plan_hash"], purpose="sustain"))
        assert (await loop.read(record["id"]))["assessment"] is None

    async def test_of_a_late_check_come_after_those_of_a_later_one(self, loop: Loop) -> None:
        record = await loop.closed()
        (first,) = await fall_due(loop, 31)
        (second,) = await fall_due(loop, 30)
        await loop.hear(answer(second))
        await loop.hear(answer(first, "inconclusive"))
        assert await states(loop, record["id"]) == ["inconclusive", "held", "due"]

    async def test_decide_once(self, loop: Loop) -> None:
        record = await loop.closed()
        (request,) = await fall_due(loop, 31)
        await loop.hear(answer(request))
        late = datetime(2030, 1, 1, tzinfo=UTC)
        await loop.hear(answer(request, "regressed", assessed_at=late), answer(request, "inconclusive"))
        assert (await states(loop, record["id"]))[0] == "held"
        assert len(await loop.listed()) == 1

    async def test_to_what_nobody_asked_are_harmless(self, loop: Loop) -> None:
        record = await loop.closed()
        (request,) = await fall_due(loop, 31)
        await loop.hear(answer({**request, "request_id": record["id"]}, "regressed"))
        assert await states(loop, record["id"]) == ["asked", "due", "due"]


class TestRegression:
    async def test_opens_the_next_cycle_with_the_numbers(self, loop: Loop) -> None:
        await loop.hear(SHARE)
        record = await loop.closed(service="mail", severity="high", department="operations")
        check = await regress(loop, record)
        assert check["state"] == "regressed"
        following = await loop.read(check["successor_id"])
        assert (following["origin"], following["state"], following["cycle"]) == ("regression", "draft", 2)
        assert following["parent_id"] == record["id"]
        assert following["correlation_id"] == record["correlation_id"]
        kept = ("measure_key", "scope", "target", "owner", "service", "severity", "department")
        assert [following[name] for name in kept] == [record[name] for name in kept]
        for part in (
            record["number"],
            "77.10%",
            "60.00%",
            "39.86%",
            "17.10 percentage points",
            "20.14 percentage points",
            "n = 9000",
            "30 days after",
        ):
            assert part in following["problem"], part
        plan = following["verification_plan"]
        assert (plan["baseline_from"], plan["baseline_to"]) == ("2016-06-01", "2016-08-01")

    async def test_is_told_once_in_the_records_story(self, loop: Loop) -> None:
        record = await loop.closed()
        check = await regress(loop, record)
        (told,) = await loop.solo.events("improvement.regressed")
        assert (told.subject, told.correlation_id) == (record["id"], record["correlation_id"])
        assert told.data == {
            **told.data,
            "check_id": check["id"],
            "day": 30,
            "cycle": 1,
            "original_value": 0.3986,
            "signed_value": 0.771,
            "now_value": 0.6,
            "n": 9000,
            "successor_id": check["successor_id"],
            "attached": False,
        }
        opened = [event for event in await loop.solo.events("improvement.opened") if event.subject != record["id"]]
        assert [event.data["origin"] for event in opened] == ["regression"]

    async def test_what_is_still_due_is_asked_no_more(self, loop: Loop) -> None:
        record = await loop.closed()
        await regress(loop, record)
        assert await states(loop, record["id"]) == ["regressed", "cancelled", "cancelled"]
        assert await fall_due(loop, 400) == []

    async def test_found_by_two_checks_is_one_next_cycle(self, loop: Loop) -> None:
        record = await loop.closed()
        requests = await fall_due(loop, 400)
        await loop.hear(*(answer(request, "regressed") for request in requests))
        found = await checks(loop, record["id"])
        assert [check["state"] for check in found] == ["regressed"] * 3
        assert len({check["successor_id"] for check in found}) == 1
        assert len(await loop.listed()) == 2
        assert len(await loop.solo.events("improvement.regressed")) == 1

    async def test_attaches_to_the_record_that_is_open_and_links_it(self, loop: Loop) -> None:
        record = await loop.closed()
        await loop.hear(make_gap())
        (gap_record,) = await loop.listed(state="draft")
        check = await regress(loop, record)
        assert check["successor_id"] == gap_record["id"]
        linked = await loop.read(gap_record["id"])
        assert (linked["parent_id"], linked["cycle"], linked["origin"]) == (record["id"], 2, "gap")
        assert (await loop.history(gap_record["id"]))[-1] == "source_attached"
        (told,) = await loop.solo.events("improvement.regressed")
        assert told.data["attached"] is True
        assert len(await loop.listed()) == 2

    async def test_a_record_that_follows_another_keeps_its_parent(self, loop: Loop) -> None:
        record = await loop.closed(scope="group=1")
        other = await loop.closed(scope="group=2")
        await loop.hear(make_gap(scope="group=1"))
        (gap_record,) = await loop.listed(state="draft")
        link = "UPDATE improvements SET parent_id = :parent WHERE id = :id"
        await loop.change(link, parent=other["id"], id=gap_record["id"])
        requests = {request["improvement_id"]: request for request in await fall_due(loop, 31)}
        await loop.hear(answer(requests[record["id"]], "regressed"))
        assert (await loop.read(gap_record["id"]))["parent_id"] == other["id"]

    async def test_is_a_source_of_the_next_cycle(self, loop: Loop) -> None:
        record = await loop.closed()
        check = await regress(loop, record)
        (source,) = (await loop.get("sources", improvement_id=check["successor_id"]))["items"]
        assert (source["kind"], source["outcome"], source["reference"]) == ("regression", "opened", check["id"])

    async def test_goes_round_again_and_tells_the_effect_against_the_original(self, loop: Loop) -> None:
        record = await loop.closed()
        check = await regress(loop, record)
        second = check["successor_id"]
        before = await loop.get(f"improvements/{second}/effect")
        assert (before["original"]["value"], before["after"], before["change_from_original"]) == (0.3986, None, None)
        current = await loop.read(second)
        body = {"plan": "p", "owner": "olga", "resources": "r"}
        ok(
            await loop.author.patch(
                f"{IMPROVEMENTS}/{second}", json=body, headers={"If-Match": f'"{current["version"]}"'}
            )
        )
        await loop.submit(second)
        watched = await loop.watch(second)
        after = Sample(period_from=date(2016, 9, 1), period_to=date(2016, 11, 1), periods=2, n=8000, value=0.8)
        await loop.assess(watched, before=FELL, after=after)
        await loop.sign(second)
        await loop.close(second)
        effect = await loop.get(f"improvements/{second}/effect")
        assert effect["change"] == pytest.approx(0.2)
        assert effect["change_from_original"] == pytest.approx(0.4014)
        assert effect["share_of_original"] == pytest.approx(0.4014 / 0.3986)
        assert effect["better"] is True
        assert [cycle["number"] for cycle in effect["cycles"]] == [record["number"], current["number"]]
        assert await states(loop, second) == ["due"] * 3


class TestTogether:
    async def test_closing_and_its_answer_in_one_batch(self, loop: Loop) -> None:
        record = await loop.closed()
        requests = await fall_due(loop, 61)
        bodies = serialised([answer(requests[0]), answer(requests[1], "regressed")])
        await loop.hear_bodies(bodies + bodies)
        await loop.hear_bodies(bodies)
        assert await states(loop, record["id"]) == ["held", "regressed", "cancelled"]
        assert len(await loop.listed()) == 2

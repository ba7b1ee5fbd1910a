"""Every source by event: one record a matter, in the story of the event, exactly once."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.auth import Role
from shared.ids import new_id
from tests.improvement.builders import IMPROVEMENTS, make_gap, ok, serialised
from tests.improvement.loop import Loop
from tests.improvement.sources.builders import as_event, make

Configure = Callable[..., None]
MARCH = datetime(2026, 3, 3, 10, 20, tzinfo=UTC)


def score(day: int, points: int = 2, **changes: Any) -> Any:
    """A low score so many days after the third of March 2026."""
    return make("dissatisfaction.recorded", recorded_at=MARCH + timedelta(days=day), score=points, **changes)


async def sources(loop: Loop, **filters: str) -> list[dict[str, Any]]:
    """Oldest first."""
    return list(reversed((await loop.get("sources", limit=500, **filters))["items"]))


async def outcomes(loop: Loop) -> list[str]:
    return [source["outcome"] for source in await sources(loop)]


class TestEachKind:
    """R6-R10, R14, R51, R101, R107, R150, R158."""

    @pytest.mark.parametrize(
        ("name", "kind", "requester", "place"),
        [
            ("nonconformity.raised", "nonconformity", "zhao.min", {"department": "operations", "service": "mail"}),
            ("decision.recorded", "decision", "liu.yang", {"project": "branch-operations"}),
            ("risk.raised", "risk", "zhao.min", {"service": "mail"}),
            ("complaint.escalated", "complaint", "he.li", {"customer": "harbour-bank", "service": "mail"}),
            ("survey.analysed", "survey", "he.li", {}),
            ("report.opinion_marked", "report", "sun.lei", {"service": "branch-desk"}),
            ("renegotiation.requested", "renegotiation", None, {}),
        ],
    )
    async def test_opens_a_record_in_its_own_story(
        self, loop: Loop, name: str, kind: str, requester: str | None, place: dict[str, str]
    ) -> None:
        await loop.hear(make(name), source="elsewhere", story="the-story")
        (item,) = await loop.listed()
        record = await loop.read(item["id"])
        assert (record["origin"], record["state"], record["correlation_id"]) == (kind, "draft", "the-story")
        assert requester is None or record["requester"] == requester
        assert {name: record[name] for name in place} == place
        assert record["severity"] is not None
        assert record["priority"] is not None
        (source,) = await sources(loop)
        assert (source["outcome"], source["improvement_id"]) == ("opened", record["id"])
        assert source["reference"] in str(source)
        (opened,) = await loop.solo.events("improvement.opened")
        assert (opened.correlation_id, opened.data["origin"]) == ("the-story", kind)
        assert await loop.history(record["id"]) == ["open"]

    async def test_a_survey_opens_one_record_for_each_gap(self, loop: Loop) -> None:
        campaign = make("survey.analysed")
        gap = campaign.gaps[0]
        gaps = (gap, gap.model_copy(update={"aspect": "process", "key": "change", "name": "Change"}), campaign.gaps[1])
        await loop.hear(campaign.model_copy(update={"gaps": gaps}))
        assert [record["title"][:6] for record in await loop.listed()] == ["Respon", "Change"]

    async def test_an_owner_is_taken_over(self, loop: Loop) -> None:
        await loop.hear(make("nonconformity.raised"))
        (record,) = await loop.listed()
        assert record["owner"] == "wang.fang"

    async def test_a_decision_without_improvement_is_kept_and_opens_none(self, loop: Loop) -> None:
        await loop.hear(make("decision.recorded", opens_improvement=False))
        assert await loop.listed() == []
        (source,) = await sources(loop)
        assert (source["outcome"], source["reason"]) == ("suppressed", "no improvement was asked for")


class TestExactlyOnce:
    async def test_the_same_event_again_and_again(self, loop: Loop) -> None:
        bodies = serialised([make("nonconformity.raised")])
        for _ in range(3):
            await loop.hear_bodies(bodies + bodies)
        assert len(await loop.listed()) == 1
        assert await outcomes(loop) == ["opened"]

    async def test_one_matter_told_twenty_times_at_once_opens_one(self, loop: Loop) -> None:
        complaint = make("complaint.received", complaint_class="major")
        batches = [serialised([complaint]) for _ in range(20)]
        inboxes = loop.solo.service.app.state.inbox
        await asyncio.gather(*(inboxes.take(bodies) for bodies in batches))
        (record,) = await loop.listed()
        assert sorted(await outcomes(loop)) == ["attached"] * 19 + ["opened"]
        assert sorted(await loop.history(record["id"])) == ["open"] + ["source_attached"] * 19

    async def test_two_replicas_at_once_open_one(self, loop: Loop) -> None:
        """Without the inbox's turn-taking: two transactions side by side."""
        handlers = {handler.name: handler for handler in loop.solo.service.definition.handlers}
        handler: Any = handlers["improvement.sources.risk"]
        fact = make("risk.raised")

        async def take() -> None:
            async with loop.solo.transaction() as session:
                await handler.handle(session, [as_event(fact)])

        await asyncio.gather(*(take() for _ in range(5)))
        assert len(await loop.listed()) == 1

    async def test_escalation_heard_before_the_complaint(self, loop: Loop) -> None:
        escalated = make("complaint.escalated")
        received = make("complaint.received", complaint_id=escalated.complaint_id)
        await loop.hear(escalated)
        await loop.hear(received)
        assert len(await loop.listed()) == 1
        assert await outcomes(loop) == ["opened", "attached"]

    async def test_escalation_of_a_complaint_that_the_gate_held_opens_it(self, loop: Loop) -> None:
        received = make("complaint.received")
        await loop.hear(received)
        assert await loop.listed() == []
        await loop.hear(make("complaint.escalated", complaint_id=received.complaint_id))
        assert len(await loop.listed()) == 1
        assert await outcomes(loop) == ["suppressed", "opened"]


class TestAttaching:
    async def test_the_same_measure_and_scope_attaches_whatever_the_source(self, loop: Loop) -> None:
        await loop.hear(make_gap(measure_key="reopen_rate", scope="service=branch-desk"))
        await loop.hear(make("report.opinion_marked"))
        (record,) = await loop.listed()
        assert record["origin"] == "gap"
        assert await loop.history(record["id"]) == ["open", "source_attached"]

    async def test_a_gap_attaches_to_what_an_opinion_opened(self, loop: Loop) -> None:
        await loop.hear(make("report.opinion_marked"))
        await loop.hear(make_gap(measure_key="reopen_rate", scope="service=branch-desk"))
        (record,) = await loop.listed()
        assert record["origin"] == "report"
        assert [source["kind"] for source in await sources(loop, improvement_id=record["id"])] == ["report", "gap"]

    async def test_another_complaint_of_that_customer_about_that_service_attaches(self, loop: Loop) -> None:
        first = make("complaint.received", complaint_class="major")
        near = make("complaint.received", complaint_class="major", received_at=first.received_at + timedelta(days=30))
        other = make("complaint.received", complaint_class="major", customer="river-logistics")
        await loop.hear(first)
        await loop.hear(near)
        await loop.hear(other)
        assert await outcomes(loop) == ["opened", "attached", "opened"]

    async def test_attached_by_its_subject_it_stays_with_that_record(self, loop: Loop) -> None:
        first = make("complaint.received", complaint_class="major")
        second = make("complaint.received", complaint_class="major")
        await loop.hear(first, second)
        await loop.hear(make("complaint.escalated", complaint_id=second.complaint_id, customer="renamed"))
        assert len(await loop.listed()) == 1

    async def test_a_repeated_nonconformity_attaches_to_the_open_record(self, loop: Loop) -> None:
        first = make("nonconformity.raised")
        await loop.hear(first)
        await loop.hear(make("nonconformity.raised", repeats=first.nonconformity_id))
        await loop.hear(make("nonconformity.raised"))
        assert await outcomes(loop) == ["opened", "attached", "opened"]


class TestGate:
    async def test_a_complaint_opens_from_major_on_unless_configured(self, loop: Loop, configure: Configure) -> None:
        await loop.hear(make("complaint.received", customer=None))
        (source,) = await sources(loop)
        assert (source["outcome"], source["severity"]) == ("suppressed", "medium")
        assert "below high" in source["reason"]
        configure(open_from_severity={"complaint": "medium"})
        await loop.hear(make("complaint.received", customer=None))
        assert len(await loop.listed()) == 1

    async def test_a_risk_opens_from_its_level_on(self, loop: Loop) -> None:
        low = make("risk.raised", level="medium")
        await loop.hear(low)
        assert await loop.listed() == []
        await loop.hear(low.model_copy(update={"level": "high", "previous_level": "medium"}))
        assert len(await loop.listed()) == 1


class TestCoolDown:
    async def test_nothing_new_opens_for_so_many_days_after_the_end(self, loop: Loop) -> None:
        risk = make("risk.raised", raised_at=datetime.now(UTC))
        await loop.hear(risk)
        (record,) = await loop.listed()
        await loop.end(record["id"])
        await loop.hear(risk.model_copy(update={"level": "critical"}))
        (_, source) = await sources(loop)
        assert (source["outcome"], record["number"] in source["reason"]) == ("suppressed", True)
        assert len(await loop.listed()) == 1
        later = datetime.now(UTC) + timedelta(days=31)
        await loop.hear(risk.model_copy(update={"raised_at": later}))
        assert len(await loop.listed()) == 2

    async def test_what_must_be_corrected_never_cools_down(self, loop: Loop) -> None:
        """R101: a nonconformity whose record was withdrawn opens another."""
        finding = make("nonconformity.raised")
        await loop.hear(finding)
        (record,) = await loop.listed()
        await loop.end(record["id"])
        await loop.hear(finding)
        assert len(await loop.listed()) == 2


class TestDissatisfaction:
    """R54, R82: one bad score opens nothing by itself."""

    async def test_three_of_one_service_within_thirty_days_open_one(self, loop: Loop) -> None:
        await loop.hear(score(0), score(10, service="print"), score(20, points=1))
        assert await loop.listed() == []
        assert await outcomes(loop) == ["counted"] * 3
        await loop.hear(score(30))
        (item,) = await loop.listed()
        record = await loop.read(item["id"])
        assert record["problem"].startswith(
            "3 low scores within 30 days, from 2026-03-03 to 2026-04-02: mean 1.67 of 5"
        )
        assert record["problem"].count("INC0045731") == 3
        assert (record["service"], record["origin"]) == ("mail", "dissatisfaction")
        mine = await sources(loop, improvement_id=record["id"])
        assert [source["outcome"] for source in mine] == ["attached", "attached", "opened"]

    async def test_spread_over_more_days_they_open_none(self, loop: Loop) -> None:
        await loop.hear(score(0), score(16), score(31))
        assert await loop.listed() == []

    async def test_whatever_their_order_and_batches(self, loop: Loop) -> None:
        await loop.hear(score(40))
        await loop.hear(score(15), score(0))
        assert await loop.listed() == []
        await loop.hear(score(29))
        assert len(await loop.listed()) == 1

    async def test_three_in_one_batch_are_enough(self, loop: Loop) -> None:
        await loop.hear(score(0), score(1), score(2), score(3))
        (record,) = await loop.listed()
        assert sorted(await outcomes(loop)) == ["attached", "attached", "attached", "opened"]
        assert (await loop.history(record["id"])) == ["open", "source_attached"]

    async def test_one_callback_told_three_times_is_one_score(self, loop: Loop) -> None:
        callback = new_id()
        for day in range(3):
            await loop.hear(score(day, callback_id=callback))
        assert await loop.listed() == []

    async def test_scores_that_opened_a_record_do_not_count_for_the_next(
        self, loop: Loop, configure: Configure
    ) -> None:
        configure(cool_down_days={})
        await loop.hear(score(0), score(1), score(2))
        (record,) = await loop.listed()
        await loop.end(record["id"])
        await loop.hear(score(3), score(4))
        assert len(await loop.listed()) == 1
        await loop.hear(score(5))
        assert len(await loop.listed()) == 2

    async def test_configured_to_one_a_single_score_opens(self, loop: Loop, configure: Configure) -> None:
        configure(dissatisfaction_count=1, dissatisfaction_score=1)
        await loop.hear(score(0, points=2))
        assert await loop.listed() == []
        await loop.hear(score(1, points=1))
        assert len(await loop.listed()) == 1


class TestOneAfterTheOther:
    async def test_a_source_that_nobody_can_store_is_parked_alone(self, loop: Loop) -> None:
        sound, broken = make("risk.raised"), make("risk.raised", title="a\x00b")
        await loop.solo.service.app.state.inbox.take(serialised([broken, sound]))
        assert len(await loop.listed()) == 1
        (letter,) = await loop.rows("SELECT handler FROM dead_letters")
        assert letter["handler"] == "improvement.sources.risk"

    async def test_the_requester_of_a_finding_does_not_approve_its_record(self, loop: Loop) -> None:
        await loop.hear(make("report.opinion_marked", marked_by="sven"))
        (item,) = await loop.listed()
        plan = {"direction": "lower_is_better", "baseline_from": "2026-05-01", "baseline_to": "2026-06-01"}
        body = {"plan": "p", "owner": "olga", "resources": "r", "verification_plan": plan, "target": 0.1}
        path = f"{IMPROVEMENTS}/{item['id']}"
        ok(await loop.author.patch(path, json=body, headers={"If-Match": f'"{item["version"]}"'}))
        ok(await loop.author.post(f"{path}/submit"))
        problem = ok(await loop.supervisor.post(f"{path}/approve"), 409)
        assert "sven" in problem["detail"]
        async with loop.solo.client(Role.IMPROVEMENT_SUPERVISOR, subject="somebody else") as other:
            ok(await other.post(f"{path}/approve"))

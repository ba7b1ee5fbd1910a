from datetime import UTC, date, datetime
from typing import Any

from services.improvement.improvements.rules import hash_plan
from shared.auth import Role
from shared.events.improvement import ChangeImplemented, ChangeRaised
from shared.events.metrics import BaselineSet
from shared.ids import new_id
from tests.improvement.builders import (
    IMPROVEMENTS,
    PLAN,
    People,
    assess,
    hear,
    latest_request,
    make_assessment,
    ok,
    published,
    rows,
)
from tests.support.fleet import Fleet


def change_fact(record: dict[str, Any], contract: type[Any], **extra: Any) -> Any:
    return contract(
        change_id=new_id(),
        improvement_id=record["id"],
        revision=record["revision"],
        connection="memory",
        system="memory",
        **extra,
    )


class TestMonitoring:
    async def test_an_implemented_change_asks_for_its_effect(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("monitoring", alone)
        assert record["implemented_at"] == "2016-04-01T00:00:00Z"
        assert record["effect_requested_at"] is not None
        assert record["plan_hash"] == hash_plan(PLAN)

    async def test_while_on_hold_it_is_noted_and_the_hold_stays(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("implementing", alone)
        path = f"{IMPROVEMENTS}/{record['id']}"
        ok(await people.manager.post(f"{path}/hold", json={"reason": "freeze"}))
        await hear(alone, change_fact(record, ChangeImplemented, implemented_at=datetime(2016, 4, 1, tzinfo=UTC)))
        held = await people.read(record["id"])
        assert (held["state"], held["held_from"]) == ("on_hold", "monitoring")
        assert (await assess(people, alone, held))["assessment"]["verdict"] == "effective"
        assert ok(await people.manager.post(f"{path}/resume"))["state"] == "monitoring"

    async def test_implemented_before_raised_moves_it_once(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("implementing", alone)
        implemented = change_fact(record, ChangeImplemented, implemented_at=datetime(2016, 4, 1, tzinfo=UTC))
        await hear(alone, implemented, implemented)
        await hear(alone, change_fact(record, ChangeRaised, external_id="X"))
        assert (await people.read(record["id"]))["state"] == "monitoring"
        requests = await rows(alone, "SELECT 1 FROM improvement_history WHERE action = 'change_implemented'")
        assert len(requests) == 2

    async def test_the_change_of_an_old_revision_moves_nothing(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("implementing", alone)
        ok(await people.author.post(f"{IMPROVEMENTS}/{record['id']}/revise", json={"reason": "other plan"}))
        await hear(alone, change_fact(record, ChangeImplemented, implemented_at=datetime(2016, 4, 1, tzinfo=UTC)))
        assert (await people.read(record["id"]))["state"] == "draft"


class TestAssess:
    async def test_an_answer_to_an_earlier_request_counts_no_more(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("monitoring", alone)
        old = await latest_request(alone, record["id"])
        ok(await people.manager.post(f"{IMPROVEMENTS}/{record['id']}/assess"))
        await hear(alone, make_assessment(record["id"], old, record["plan_hash"]))
        assert (await people.read(record["id"]))["assessment"] is None
        assert (await assess(people, alone, record, verdict="inconclusive"))["assessment"]["verdict"] == "inconclusive"

    async def test_the_newest_evidence_wins_whatever_comes_last(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("monitoring", alone)
        await assess(people, alone, record, assessed_at=datetime(2016, 7, 1, tzinfo=UTC))
        late = await assess(people, alone, record, verdict="inconclusive", assessed_at=datetime(2016, 6, 1, tzinfo=UTC))
        assert late["assessment"]["verdict"] == "effective"


class TestVerify:
    async def test_needs_evidence(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("monitoring", alone)
        path = f"{IMPROVEMENTS}/{record['id']}/verify"
        problem = ok(await people.manager.post(path, json={"verdict": "effective"}), 409)
        assert "assessment" in problem["missing"][0]

    async def test_overruling_needs_a_reason_and_keeps_both(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("monitoring", alone)
        await assess(people, alone, record, verdict="regressed", reason="guard mttr_mean is worse")
        path = f"{IMPROVEMENTS}/{record['id']}/verify"
        problem = ok(await people.manager.post(path, json={"verdict": "effective"}), 409)
        assert (problem["type"], problem["computed_verdict"]) == ("urn:ratchet:problem:reason-needed", "regressed")
        signed = ok(await people.manager.post(path, json={"verdict": "effective", "reason": "one bad week"}))
        assert signed["state"] == "verified"
        assert signed["signature"] == {
            **signed["signature"],
            "verdict": "effective",
            "computed_verdict": "regressed",
            "signed_by": "mona",
            "reason": "one bad week",
        }

    async def test_nobody_signs_their_own_work(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("monitoring", alone)
        await assess(people, alone, record)
        async with alone.client(Role.OPERATIONS_MANAGER, subject="olga") as owner:
            answer = await owner.post(f"{IMPROVEMENTS}/{record['id']}/verify", json={"verdict": "effective"})
        assert ok(answer, 409)["title"] == "Verifier is implementer"

    async def test_what_did_not_work_may_begin_anew(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("monitoring", alone)
        await assess(people, alone, record, verdict="ineffective")
        path = f"{IMPROVEMENTS}/{record['id']}"
        ok(await people.manager.post(f"{path}/verify", json={"verdict": "ineffective"}))
        revised = ok(await people.author.post(f"{path}/revise", json={"reason": "another way"}))
        assert (revised["revision"], revised["signature"], revised["assessment"]) == (2, None, None)

    async def test_evidence_after_the_signature_changes_nothing(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("verified", alone)
        late = await assess(people, alone, record, verdict="regressed", assessed_at=datetime(2030, 1, 1, tzinfo=UTC))
        assert late["assessment"]["verdict"] == "effective"


class TestBaseline:
    async def test_only_a_signed_effective_verdict_asks_for_one(self, people: People, alone: Fleet) -> None:
        for verdict, scope in (("effective", "group=a"), ("ineffective", "group=b")):
            plan = {**PLAN.model_dump(mode="json"), "scope": scope}
            record = await people.bring_to("monitoring", alone, scope=scope, verification_plan=plan)
            await assess(people, alone, record, verdict=verdict)
            ok(await people.manager.post(f"{IMPROVEMENTS}/{record['id']}/verify", json={"verdict": verdict}))
        asked = [e for e in await published(alone) if e["type"] == "ratchet.baseline_reset.requested.v1"]
        (reset,) = asked
        assert reset["data"] == {
            **reset["data"],
            "scope": "group=a",
            "value": 0.771,
            "n": 15000,
            "effective_from": "2016-04-01",
            "signed_by": "mona",
        }

    async def test_notes_the_baseline_that_came_of_it(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("closed", alone)
        baseline = BaselineSet(
            baseline_id=new_id(),
            measure_key="sla_attainment",
            scope="all",
            value=0.771,
            n=15000,
            effective_from=date(2016, 4, 1),
            origin="improvement",
            reason="signed",
            improvement_id=record["id"],
        )
        await hear(alone, baseline, baseline.model_copy(update={"improvement_id": None}))
        noted = await people.read(record["id"])
        assert noted["baseline_value"] == 0.771
        assert noted["baseline_set_at"] is not None


class TestEvents:
    async def test_one_story_in_one_unbroken_sequence(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("closed", alone)
        events = [event for event in await published(alone) if event["subject"] == record["id"]]
        events.sort(key=lambda event: event["sequence"])
        assert [event["type"].removeprefix("ratchet.").removesuffix(".v1") for event in events] == [
            "improvement.opened",
            "improvement.submitted",
            "improvement.approved",
            "change.raised",
            "change.implemented",
            "effect.requested",
            "improvement.verified",
            "baseline_reset.requested",
            "improvement.closed",
        ]
        assert [event["sequence"] for event in events] == list(range(1, 10))
        assert {event["correlationid"] for event in events} == {record["correlation_id"]}
        by_type = {event["type"]: event for event in events}
        raised, requested = by_type["ratchet.change.implemented.v1"], by_type["ratchet.effect.requested.v1"]
        assert requested["causationid"] == raised["id"]
        assert requested["data"]["implemented_at"] == "2016-04-01T00:00:00Z"
        assert requested["data"]["target"] == 0.75

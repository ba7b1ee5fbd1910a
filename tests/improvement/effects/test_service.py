"""R24, R36, R38: the evidence in full history, signatures that stay, and the effect against the original baseline."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import DBAPIError

from shared.ids import new_id
from tests.improvement.builders import IMPROVEMENTS, make_assessment, ok, serialised
from tests.improvement.loop import Loop

JUNE, JULY = (datetime(2016, month, 1, tzinfo=UTC) for month in (6, 7))


async def assessments(loop: Loop, id_: str) -> list[tuple[str, bool]]:
    kept = (await loop.get(f"improvements/{id_}/assessments"))["items"]
    return [(row["assessment"]["verdict"], row["counts"]) for row in kept]


class TestKeepAssessments:
    async def test_every_answer_stays_to_be_read(self, loop: Loop) -> None:
        record = await loop.monitoring()
        await loop.assess(record, verdict="inconclusive", assessed_at=JUNE)
        await loop.assess(record, assessed_at=JULY)
        assert await assessments(loop, record["id"]) == [("inconclusive", True), ("effective", True)]
        assert (await loop.read(record["id"]))["assessment"]["verdict"] == "effective"

    async def test_late_and_outdated_ones_stay_too_and_count_for_nothing(self, loop: Loop) -> None:
        record = await loop.monitoring()
        (old,) = await loop.rows("SELECT effect_request_id AS id FROM improvements")
        ok(await loop.manager.post(f"{IMPROVEMENTS}/{record['id']}/assess"))
        await loop.assess(record, assessed_at=JULY)
        await loop.assess(record, verdict="ineffective", assessed_at=JUNE)
        await loop.hear(make_assessment(record["id"], old["id"], record["plan_hash"], verdict="regressed"))
        assert await assessments(loop, record["id"]) == [
            ("effective", True),
            ("ineffective", False),
            ("regressed", False),
        ]
        assert (await loop.read(record["id"]))["assessment"]["verdict"] == "effective"

    async def test_the_same_answer_in_two_events_is_one_row(self, loop: Loop) -> None:
        record = await loop.monitoring()
        await loop.assess(record)
        await loop.assess(record)
        assert await assessments(loop, record["id"]) == [("effective", True)]

    async def test_of_nobody_we_know_are_harmless(self, loop: Loop) -> None:
        await loop.hear_bodies(serialised([make_assessment(new_id(), new_id(), "0" * 64)]))

    async def test_pages(self, loop: Loop) -> None:
        record = await loop.monitoring()
        for day in (1, 2, 3):
            await loop.assess(record, assessed_at=datetime(2016, 6, day, tzinfo=UTC))
        path = f"improvements/{record['id']}/assessments"
        first = await loop.get(path, limit=2)
        rest = await loop.get(path, limit=2, cursor=first["next_cursor"])
        assert [row["assessment"]["assessed_at"][:10] for row in first["items"] + rest["items"]] == [
            "2016-06-01",
            "2016-06-02",
            "2016-06-03",
        ]
        await loop.get(path, 422, cursor="x")
        await loop.get(f"improvements/{new_id()}/assessments", 404)

    @pytest.mark.parametrize(
        "statement", ["UPDATE effect_assessments SET verdict = 'x'", "DELETE FROM effect_signatures"]
    )
    async def test_what_is_kept_cannot_be_rewritten(self, loop: Loop, statement: str) -> None:
        await loop.verified()
        with pytest.raises(DBAPIError, match="append-only"):
            await loop.change(statement)


class TestSign:
    async def test_an_overruled_verdict_stays_beside_the_computed_one_over_revisions(self, loop: Loop) -> None:
        record = await loop.assess(await loop.monitoring(), verdict="inconclusive")
        await loop.sign(record["id"], "ineffective", reason="everybody sees that it is not")
        ok(await loop.author.post(f"{IMPROVEMENTS}/{record['id']}/revise", json={"reason": "another way"}))
        (signature,) = await loop.get(f"improvements/{record['id']}/signatures")
        assert signature == {
            **signature,
            "revision": 1,
            "verdict": "ineffective",
            "computed_verdict": "inconclusive",
            "signed_by": "mona",
            "reason": "everybody sees that it is not",
        }
        assert (await loop.read(record["id"]))["signature"] is None

    async def test_who_carried_a_task_out_does_not_sign(self, loop: Loop) -> None:
        record = await loop.assess(await loop.monitoring(tasks=[{"title": "Train the desk", "owner": "Mona"}]))
        problem = ok(
            await loop.manager.post(f"{IMPROVEMENTS}/{record['id']}/verify", json={"verdict": "effective"}), 409
        )
        assert problem["title"] == "Verifier is implementer"

    async def test_only_the_operations_manager_signs(self, loop: Loop) -> None:
        record = await loop.assess(await loop.monitoring())
        for client in (loop.author, loop.supervisor, loop.auditor):
            ok(await client.post(f"{IMPROVEMENTS}/{record['id']}/verify", json={"verdict": "effective"}), 403)

    async def test_signed_ineffective_it_is_revised_or_closed_as_not_achieved(self, loop: Loop) -> None:
        record = await loop.assess(await loop.monitoring(), verdict="ineffective")
        await loop.sign(record["id"], "ineffective")
        closed = await loop.close(record["id"])
        assert closed["closure_code"] == "not_achieved"
        assert await loop.solo.events("baseline_reset.requested") == []


class TestAssessAgain:
    async def test_what_was_signed_inconclusive_is_watched_again(self, loop: Loop) -> None:
        record = await loop.assess(await loop.monitoring(), verdict="inconclusive", assessed_at=JUNE)
        path = f"{IMPROVEMENTS}/{record['id']}"
        signed = await loop.sign(record["id"], "inconclusive")
        assert "assess" in signed["allowed"]
        again = ok(await loop.manager.post(f"{path}/assess"))
        assert (again["state"], again["signature"]) == ("monitoring", None)
        assert len(await loop.solo.events("effect.requested")) == 2
        await loop.assess(record, assessed_at=JULY)
        assert (await loop.sign(record["id"]))["signature"]["verdict"] == "effective"
        kept = await loop.get(f"improvements/{record['id']}/signatures")
        assert [signature["verdict"] for signature in kept] == ["inconclusive", "effective"]
        assert len(await loop.solo.events("baseline_reset.requested")) == 1

    @pytest.mark.parametrize("verdict", ["effective", "ineffective"])
    async def test_any_other_signature_stands(self, loop: Loop, verdict: str) -> None:
        record = await loop.assess(await loop.monitoring(), verdict=verdict)
        await loop.sign(record["id"], verdict)
        ok(await loop.manager.post(f"{IMPROVEMENTS}/{record['id']}/assess"), 409)


class TestTraceEffect:
    """R27, R36."""

    async def test_nothing_is_known_before_the_evidence(self, loop: Loop) -> None:
        record = await loop.draft()
        effect = await loop.get(f"improvements/{record['id']}/effect")
        unknown = ("original", "before", "after", "change", "change_from_original", "share_of_original", "better")
        assert {name: effect[name] for name in unknown} == dict.fromkeys(unknown)
        assert [cycle["number"] for cycle in effect["cycles"]] == [record["number"]]

    async def test_in_the_first_cycle_its_own_baseline_is_the_original(self, loop: Loop) -> None:
        record = await loop.assess(await loop.monitoring())
        effect = await loop.get(f"improvements/{record['id']}/effect")
        assert effect["original"] == effect["before"]
        assert effect["change"] == effect["change_from_original"] == pytest.approx(0.3724)

    async def test_of_another_measure_than_the_parents_it_is_no_further_turn(self, loop: Loop) -> None:
        parent = await loop.closed(scope="group=1")
        child = await loop.draft(scope="group=2")
        link = "UPDATE improvements SET parent_id = :parent, cycle = 2 WHERE id = :id"
        await loop.change(link, parent=parent["id"], id=child["id"])
        effect = await loop.get(f"improvements/{child['id']}/effect")
        assert effect["original"] is None
        assert len(effect["cycles"]) == 1

    async def test_of_nothing_is_not_found(self, loop: Loop) -> None:
        for what in ("effect", "signatures", "inspections"):
            await loop.get(f"improvements/{new_id()}/{what}", 404)

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.improvement.improvements.rules import ClosureContradictsVerdict, judge_closure
from shared import clock
from shared.problems import Missing
from tests.improvement.builders import IMPROVEMENTS, ok
from tests.improvement.loop import Loop
from tests.support.solo import Solo


class TestFields:
    """R2, R4, R13, R15, R126: what a record knows."""

    async def test_are_kept_and_the_priority_is_explained(self, loop: Loop) -> None:
        fields: dict[str, Any] = {
            "department": "desk",
            "service": "mail",
            "customer": "harbour bank",
            "project": "move",
            "severity": "high",
            "impact": "high",
            "effort": "small",
            "measure_type": "people",
            "action_kind": "preventive",
        }
        record = await loop.draft(**fields)
        assert {name: record[name] for name in fields} == fields
        assert record["priority"] == 1
        assert record["priority_explanation"].startswith("severity high (3) + impact high (3) = 6: level 2")
        assert (record["cycle"], record["parent_id"]) == (1, None)

    async def test_the_priority_follows_every_change(self, loop: Loop) -> None:
        record = await loop.draft(severity="low", impact="low")
        path = f"{IMPROVEMENTS}/{record['id']}"
        raised = ok(await loop.author.patch(path, json={"severity": "critical"}, headers={"If-Match": "*"}))
        assert (record["priority"], raised["priority"]) == (5, 3)
        cleared = ok(await loop.author.patch(path, json={"severity": None, "impact": None}, headers={"If-Match": "*"}))
        assert cleared["priority"] is None

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("severity", "awful"),
            ("impact", "enormous"),
            ("effort", 3),
            ("department", ""),
            ("customer", "a\x00b"),
            ("project", "x" * 201),
            ("parent_id", "seven"),
        ],
    )
    async def test_a_malformed_one_says_where(self, loop: Loop, field: str, value: Any) -> None:
        answer = await loop.author.post(IMPROVEMENTS, json={"title": "T", "problem": "P", field: value})
        assert field in ok(answer, 422)["detail"]


class TestCycle:
    """R27: improvement is a cycle."""

    async def test_a_record_goes_on_where_another_ended(self, loop: Loop) -> None:
        first = await loop.draft()
        body = {"title": "T", "problem": "P", "parent_id": first["id"]}
        second = ok(await loop.author.post(IMPROVEMENTS, json=body), 201)
        assert (second["cycle"], second["parent_id"], second["correlation_id"]) == (2, first["id"], first["id"])

    async def test_an_unknown_parent_is_told(self, loop: Loop) -> None:
        body = {"title": "T", "problem": "P", "parent_id": str(uuid4())}
        assert "parent_id" in ok(await loop.author.post(IMPROVEMENTS, json=body), 422)["detail"]


class TestHold:
    """Its clocks stand still."""

    async def test_counts_the_time(self, loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
        record = await loop.draft()
        path = f"{IMPROVEMENTS}/{record['id']}"
        for held, resumed in (((1, 10), (3, 11)), ((5, 0), (5, 1))):
            monkeypatch.setattr(clock, "now", lambda at=held: datetime(2026, 3, at[0], at[1], tzinfo=UTC))
            on_hold = ok(await loop.manager.post(f"{path}/hold", json={"reason": "freeze"}))
            assert on_hold["held_at"] == f"2026-03-0{held[0]}T{held[1]:02}:00:00Z"
            monkeypatch.setattr(clock, "now", lambda at=resumed: datetime(2026, 3, at[0], at[1], tzinfo=UTC))
            record = ok(await loop.manager.post(f"{path}/resume"))
            assert record["held_at"] is None
        assert record["held_seconds"] == (49 + 1) * 3600

    async def test_what_is_planned_is_due_so_much_later(self, loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
        record = await loop.submitted(planned_end="2026-03-10")
        path = f"{IMPROVEMENTS}/{record['id']}"
        assert record["next_due_at"] is None
        approved = ok(await loop.supervisor.post(f"{path}/approve"))
        assert approved["next_due_at"] == "2026-03-11T00:00:00Z"
        monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, 1, tzinfo=UTC))
        held = ok(await loop.manager.post(f"{path}/hold", json={"reason": "freeze"}))
        assert held["next_due_at"] is None
        monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, 8, tzinfo=UTC))
        resumed = ok(await loop.manager.post(f"{path}/resume"))
        assert resumed["next_due_at"] == "2026-03-18T00:00:00Z"
        edit = {"json": {"planned_end": "2026-03-20"}, "headers": {"If-Match": "*"}}
        moved = ok(await loop.author.patch(path, **edit))
        assert moved["next_due_at"] == "2026-03-21T00:00:00Z"

    async def test_goes_on_to_an_end(self, loop: Loop) -> None:
        record = await loop.draft()
        path = f"{IMPROVEMENTS}/{record['id']}"
        ok(await loop.manager.post(f"{path}/hold", json={"reason": "freeze"}))
        ended = ok(await loop.manager.post(f"{path}/withdraw", json={"reason": "not worth it"}))
        assert (ended["state"], ended["held_at"], ended["held_from"]) == ("withdrawn", None, None)


class TestJudgeClosure:
    """R39: how it ends follows from what was signed."""

    @pytest.mark.parametrize(
        ("verdict", "code", "closed"),
        [
            ("effective", None, "achieved"),
            ("effective", "partly_achieved", "partly_achieved"),
            ("ineffective", None, "not_achieved"),
            ("regressed", None, "not_achieved"),
            ("inconclusive", None, "not_achieved"),
            ("inconclusive", "partly_achieved", "partly_achieved"),
            ("ineffective", "superseded", "superseded"),
        ],
    )
    def test_what_fits(self, verdict: Any, code: Any, closed: str) -> None:
        assert judge_closure(verdict, code, []) == closed

    @pytest.mark.parametrize(
        ("verdict", "code"),
        [
            ("effective", "not_achieved"),
            ("ineffective", "achieved"),
            ("ineffective", "partly_achieved"),
            ("regressed", "achieved"),
            ("inconclusive", "achieved"),
        ],
    )
    def test_what_contradicts(self, verdict: Any, code: Any) -> None:
        with pytest.raises(ClosureContradictsVerdict):
            judge_closure(verdict, code, [])

    def test_names_all_that_is_missing(self) -> None:
        with pytest.raises(Missing) as refused:
            judge_closure(None, None, ["2 'train'"])
        assert refused.value.extra["missing"] == [
            "the signature under the effect",
            "task 2 'train' to be done or dropped",
        ]


class TestClose:
    """R39: close, then enter the next cycle."""

    async def test_keeps_the_code_and_tells_it(self, loop: Loop, solo: Solo) -> None:
        record = await loop.verified()
        closed = await loop.close(record["id"], closure_code="partly_achieved", comment="two desks of three")
        assert (closed["state"], closed["closure_code"]) == ("closed", "partly_achieved")
        (told,) = await solo.events("improvement.closed")
        assert (told.data["closure_code"], told.data["next_cycle_id"]) == ("partly_achieved", None)

    async def test_opens_the_next_cycle(self, loop: Loop, solo: Solo) -> None:
        record = await loop.verified(department="desk", severity="high")
        await loop.close(record["id"], next_cycle={"title": "The rest of it"})
        (told,) = await solo.events("improvement.closed")
        following = await loop.read(told.data["next_cycle_id"])
        assert (following["title"], following["problem"], following["state"]) == (
            "The rest of it",
            record["problem"],
            "draft",
        )
        assert (following["cycle"], following["parent_id"], following["department"]) == (2, record["id"], "desk")
        assert (following["measure_key"], following["scope"]) == (record["measure_key"], record["scope"])
        assert following["correlation_id"] == record["correlation_id"]

    async def test_unfinished_tasks_are_named(self, loop: Loop) -> None:
        record = await loop.verified(tasks=[{"title": "hire"}, {"title": "train"}])
        path = f"{IMPROVEMENTS}/{record['id']}"
        done, open_ = record["tasks"]
        ok(await loop.author.post(f"{path}/tasks/{done['id']}/complete"))
        problem = ok(await loop.manager.post(f"{path}/close"), 409)
        assert problem["missing"] == ["task 2 'train' to be done or dropped"]
        ok(await loop.author.post(f"{path}/tasks/{open_['id']}/drop", json={"reason": "not needed"}))
        assert ok(await loop.manager.post(f"{path}/close"))["state"] == "closed"

    async def test_a_code_against_the_signature_is_refused(self, loop: Loop) -> None:
        record = await loop.verified()
        answer = await loop.manager.post(f"{IMPROVEMENTS}/{record['id']}/close", json={"closure_code": "not_achieved"})
        assert ok(answer, 409)["fitting"] == ["achieved", "partly_achieved", "superseded"]

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.improvement.tasks.rules import (
    ApproverAskedForTask,
    TaskIsApproved,
    TaskNeedsNoApproval,
    deadline_of,
    is_overdue,
    progress_percent,
    require_approver,
    require_begun,
    require_record,
    require_task,
    require_unfrozen,
)
from shared.problems import IllegalTransition, Missing

NOW = datetime(2026, 3, 21, tzinfo=UTC)


class TestRequireBegun:
    """R35: only approved plans are implemented, and with a change request."""

    @pytest.mark.parametrize("state", ["implementing", "monitoring", "verified"])
    def test_what_has_begun_is_done(self, state: str) -> None:
        require_begun("start", state, None, False)

    @pytest.mark.parametrize(
        ("state", "waits_for", "awaits", "words"),
        [
            ("draft", None, False, ["the submission of the plan"]),
            ("submitted", "department_head", False, ["the approval of the plan by department_head"]),
            ("approved", None, False, ["the change request"]),
            ("implementing", None, True, ["the approval of this task"]),
            ("approved", None, True, ["the change request", "the approval of this task"]),
        ],
    )
    def test_names_what_is_missing(self, state: str, waits_for: str | None, awaits: bool, words: list[str]) -> None:
        with pytest.raises(Missing) as refused:
            require_begun("start", state, waits_for, awaits)
        missing = refused.value.extra["missing"]
        assert len(missing) == len(words)
        assert all(said.startswith(word) for said, word in zip(missing, words, strict=True))

    @pytest.mark.parametrize("state", ["on_hold", "closed", "rejected", "withdrawn"])
    def test_nothing_is_done_on_hold_or_after_the_end(self, state: str) -> None:
        with pytest.raises(IllegalTransition):
            require_begun("complete", state, None, False)


class TestRequireTask:
    @pytest.mark.parametrize("state", ["done", "dropped"])
    @pytest.mark.parametrize("action", ["edit", "start", "complete", "drop", "approve"])
    def test_an_end_is_an_end(self, state: str, action: Any) -> None:
        with pytest.raises(IllegalTransition):
            require_task(action, 1, state)

    def test_names_what_may_be_done(self) -> None:
        with pytest.raises(IllegalTransition) as refused:
            require_task("start", 1, "in_progress")
        assert refused.value.extra["allowed"] == ["edit", "complete", "drop"]


class TestRequireRecord:
    def test_names_what_the_record_allows(self) -> None:
        with pytest.raises(IllegalTransition) as refused:
            require_record("add", "on_hold", ("draft",))
        assert refused.value.extra["allowed"] == ["resume", "withdraw"]


class TestRequireUnfrozen:
    def test_whom_and_when_may_move(self) -> None:
        require_unfrozen("implementing", False, ["owner", "due", "start"])
        require_unfrozen("draft", False, ["title"])
        require_unfrozen("implementing", True, ["title", "description", "phase"])

    @pytest.mark.parametrize("field", ["title", "description", "phase"])
    def test_what_may_not(self, field: str) -> None:
        with pytest.raises(TaskIsApproved, match=field):
            require_unfrozen("approved", False, ["owner", field])


class TestRequireApprover:
    def test_by_another_than_who_asked(self) -> None:
        require_approver("sven", "petra", True)
        with pytest.raises(ApproverAskedForTask):
            require_approver("petra", "petra", True)
        with pytest.raises(TaskNeedsNoApproval):
            require_approver("sven", "petra", False)


class TestDeadlineOf:
    def test_is_the_end_of_the_day_where_it_is_due(self) -> None:
        assert deadline_of(date(2026, 3, 20), "UTC", timedelta(0)) == datetime(2026, 3, 21, tzinfo=UTC)
        assert deadline_of(date(2026, 3, 20), "Asia/Shanghai", timedelta(0)) == datetime(2026, 3, 20, 16, tzinfo=UTC)

    def test_is_later_by_the_time_on_hold_whatever_the_clocks_did(self) -> None:
        """In Berlin the last Sunday of March has 23 hours."""
        held = timedelta(days=10)
        assert deadline_of(date(2026, 3, 20), "Europe/Berlin", held) == datetime(2026, 3, 30, 23, tzinfo=UTC)


class TestIsOverdue:
    """R20: what is done or not approved is not overdue, nor is anything on hold."""

    @pytest.mark.parametrize(
        ("state", "awaits", "record", "deadline", "overdue"),
        [
            ("planned", False, "implementing", NOW, True),
            ("in_progress", False, "approved", NOW, True),
            ("planned", False, "verified", NOW - timedelta(days=1), True),
            ("planned", False, "implementing", NOW + timedelta(microseconds=1), False),
            ("planned", False, "implementing", None, False),
            ("done", False, "implementing", NOW, False),
            ("dropped", False, "implementing", NOW, False),
            ("planned", True, "implementing", NOW, False),
            ("planned", False, "on_hold", NOW, False),
            ("planned", False, "draft", NOW, False),
            ("planned", False, "submitted", NOW, False),
            ("planned", False, "closed", NOW, False),
        ],
    )
    def test_by_hand(self, state: str, awaits: bool, record: str, deadline: datetime | None, overdue: bool) -> None:
        assert is_overdue(state, awaits, record, deadline, NOW) is overdue


class TestProgressPercent:
    @pytest.mark.parametrize(
        ("tasks", "percent"),
        [
            ([], None),
            ([("dropped", False), ("planned", True)], None),
            ([("planned", False)], 0),
            ([("done", False), ("planned", False), ("in_progress", False)], 33),
            ([("done", False), ("done", False), ("planned", False)], 66),
            ([("done", False), ("dropped", False), ("planned", True)], 100),
        ],
    )
    def test_by_hand(self, tasks: list[tuple[str, bool]], percent: int | None) -> None:
        assert progress_percent(tasks) == percent

    @given(st.lists(st.tuples(st.sampled_from(["planned", "in_progress", "done", "dropped"]), st.booleans())))
    def test_is_whole_only_when_nothing_is_left(self, tasks: list[tuple[str, bool]]) -> None:
        left = [state for state, awaits in tasks if not awaits and state in ("planned", "in_progress")]
        done = [state for state, awaits in tasks if not awaits and state == "done"]
        percent = progress_percent(tasks)
        assert (percent == 100) == (bool(done) and not left)
        assert percent is None or 0 <= percent <= 100

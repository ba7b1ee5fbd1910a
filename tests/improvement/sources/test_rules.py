from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.improvement.sources.rules import (
    Standing,
    Told,
    find_cluster,
    is_cooling,
    is_severe_enough,
    judge,
    say_cluster,
)

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
RECORD, OTHER = uuid4(), uuid4()


def told(**changes: Any) -> Told:
    fields: dict[str, Any] = {
        "kind": "complaint",
        "reference": "1",
        "label": "CPL-1",
        "keys": ("complaint:1",),
        "title": "t",
        "problem": "p",
        "told_by": "he.li",
        "told_at": NOON,
        "severity": "high",
    }
    return Told(**{**fields, **changes})


def standing(ended: datetime | None = None, *, id_: UUID = RECORD, told_at: datetime = NOON) -> Standing:
    return Standing(id_, "IMP-000007", ended, told_at)


def outcome(source: Told, same: list[Standing], about: Standing | None = None, **how: Any) -> tuple[str, UUID | None]:
    verdict = judge(source, same, about, how.get("of_measure"), how.get("gate"), how.get("days", 30))
    assert verdict.reason
    return verdict.outcome, verdict.improvement_id


class TestJudge:
    """R6-R10, R14, R66, R107."""

    def test_what_nobody_has_opens(self) -> None:
        assert outcome(told(), []) == ("opened", None)

    def test_the_same_attaches_while_its_record_is_open_however_late(self) -> None:
        assert outcome(told(), [standing(told_at=NOON - timedelta(days=900))]) == ("attached", RECORD)

    def test_the_same_subject_attaches_within_the_cool_down_only(self) -> None:
        near, far = (standing(told_at=NOON - timedelta(days=days)) for days in (30, 31))
        assert outcome(told(subject="s"), [], near) == ("attached", RECORD)
        assert outcome(told(subject="s"), [], far) == ("opened", None)

    def test_the_same_measure_and_scope_attaches(self) -> None:
        assert outcome(told(), [], of_measure=OTHER) == ("attached", OTHER)

    def test_below_the_gate_it_is_kept_and_attaches_to_what_is_open(self) -> None:
        mild = told(severity="medium")
        assert outcome(mild, [], gate="high") == ("suppressed", None)
        assert outcome(mild, [standing()], gate="high") == ("attached", RECORD)
        assert outcome(mild, [], of_measure=OTHER, gate="high") == ("attached", OTHER)

    def test_within_the_cool_down_nothing_new_opens(self) -> None:
        ended = standing(NOON - timedelta(days=29))
        assert outcome(told(), [ended]) == ("suppressed", None)
        assert outcome(told(subject="s"), [], ended) == ("suppressed", None)
        assert outcome(told(), [standing(NOON - timedelta(days=30))]) == ("opened", None)
        assert outcome(told(), [ended], days=0) == ("opened", None)

    def test_the_cool_down_says_what_ended_and_until_when(self) -> None:
        verdict = judge(told(), [standing(datetime(2026, 3, 1, tzinfo=UTC))], None, None, None, 30)
        assert "IMP-000007" in verdict.reason
        assert "2026-03-31" in verdict.reason

    def test_what_asks_for_none_leads_to_none(self) -> None:
        assert outcome(told(asks=False), [standing()]) == ("suppressed", None)


class TestIsSevereEnough:
    @pytest.mark.parametrize(
        ("severity", "gate", "enough"),
        [
            ("low", None, True),
            ("low", "low", True),
            ("low", "medium", False),
            ("high", "medium", True),
            ("critical", "high", True),
            ("high", "critical", False),
            (None, "critical", True),
        ],
    )
    def test_by_rank(self, severity: Any, gate: Any, enough: bool) -> None:
        assert is_severe_enough(severity, gate) is enough


class TestIsCooling:
    def test_what_happened_before_the_end_is_cooled_as_well(self) -> None:
        assert is_cooling(NOON - timedelta(days=400), NOON, 1)

    def test_ends_on_the_day(self) -> None:
        assert is_cooling(NOON, NOON - timedelta(days=1, seconds=-1), 1)
        assert not is_cooling(NOON, NOON - timedelta(days=1), 1)


class TestFindCluster:
    """R54, R82: one bad score is no proof."""

    def test_enough_within_the_window_whatever_their_order(self) -> None:
        days = [40, 1, 25, 20]
        times = [NOON + timedelta(days=day) for day in days]
        assert sorted(find_cluster(times, 3, 30)) == [1, 2, 3]

    def test_both_ends_of_the_window_count(self) -> None:
        assert find_cluster([NOON, NOON + timedelta(days=30)], 2, 30) == [0, 1]
        assert find_cluster([NOON, NOON + timedelta(days=30, seconds=1)], 2, 30) == []

    def test_too_few_are_none(self) -> None:
        assert find_cluster([NOON], 2, 30) == []
        assert find_cluster([], 1, 30) == []

    @given(st.lists(st.integers(0, 60), max_size=7), st.integers(1, 4), st.integers(1, 30))
    def test_agrees_with_trying_every_choice(self, days: list[int], count: int, window: int) -> None:
        times = [NOON + timedelta(days=day) for day in days]
        found = find_cluster(times, count, window)
        there_is_one = any(max(chosen) - min(chosen) <= window for chosen in combinations(days, count))
        assert bool(found) == there_is_one
        if found:
            chosen = [days[position] for position in found]
            assert len(set(found)) == len(found) >= count
            assert max(chosen) - min(chosen) <= window

    def test_is_told_in_numbers(self) -> None:
        said = say_cluster([1, 2, 2], [NOON, NOON - timedelta(days=3), NOON], 30)
        assert said == "3 low scores within 30 days, from 2026-03-07 to 2026-03-10: mean 1.67 of 5, lowest 1."

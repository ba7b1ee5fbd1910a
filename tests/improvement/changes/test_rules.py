from datetime import UTC, datetime, timedelta

import pytest

from services.improvement.changes.rules import (
    allow_raise,
    find_superseded,
    judge_outcome,
    poll_delay,
    refer_to,
)
from shared.problems import IllegalTransition, Malformed
from shared.ticketing.changes import ChangeOutcome

NOW = datetime(2026, 1, 1, tzinfo=UTC)
THEN = datetime(2016, 4, 1, tzinfo=UTC)
STATES = ("pending", "raised", "accepted", "implemented", "failed", "cancelled", "superseded")
NEWS = {
    ("raised", "accepted"),
    ("raised", "implemented"),
    ("raised", "failed"),
    ("accepted", "implemented"),
    ("accepted", "failed"),
}


class TestPollDelay:
    @pytest.mark.parametrize(
        ("failures", "asked", "seconds"),
        [(1, None, 300), (2, None, 600), (3, None, 3600), (99, None, 3600), (1, 7200.0, 7200), (1, 1e12, 86_400)],
    )
    def test_asks_more_and_more_rarely_and_never_gives_up(
        self, failures: int, asked: float | None, seconds: float
    ) -> None:
        told = poll_delay(failures, timedelta(seconds=300), (5, 600, 3600), asked, 0.0)
        assert told == timedelta(seconds=seconds)

    def test_without_a_schedule_it_stays_as_it_is(self) -> None:
        assert poll_delay(3, timedelta(seconds=300), (), None, 1.0) == timedelta(seconds=300)


class TestFindSuperseded:
    """R35: only the change of the approved plan counts."""

    def test_says_why(self) -> None:
        assert find_superseded("implementing", 1, 1) is None
        assert "revision 2" in (find_superseded("submitted", 1, 2) or "")
        assert "withdrawn" in (find_superseded("withdrawn", 1, 1) or "")


class TestJudgeOutcome:
    @pytest.mark.parametrize("state", STATES)
    @pytest.mark.parametrize("told", ["accepted", "implemented", "failed"])
    def test_every_pair_of_state_and_outcome(self, state: str, told: str) -> None:
        outcome = ChangeOutcome(told, THEN if told == "implemented" else None)
        implemented_at = THEN if state == "implemented" else None
        if (state, told) in NEWS:
            assert judge_outcome(state, None, implemented_at, outcome, NOW) is True
        elif state == told:
            assert judge_outcome(state, None, implemented_at, outcome, NOW) is False
        else:
            with pytest.raises(IllegalTransition):
                judge_outcome(state, None, implemented_at, outcome, NOW)

    def test_what_was_told_before_is_no_news_later(self) -> None:
        assert judge_outcome("implemented", NOW, THEN, ChangeOutcome("accepted"), NOW) is False
        assert judge_outcome("implemented", None, THEN, ChangeOutcome("implemented"), NOW) is False

    def test_another_time_of_implementation_is_refused(self) -> None:
        with pytest.raises(IllegalTransition):
            judge_outcome("implemented", None, THEN, ChangeOutcome("implemented", THEN + timedelta(days=1)), NOW)

    def test_nothing_was_implemented_in_the_future(self) -> None:
        with pytest.raises(Malformed):
            judge_outcome("raised", None, None, ChangeOutcome("implemented", NOW + timedelta(minutes=6)), NOW)
        assert judge_outcome("raised", None, None, ChangeOutcome("implemented", NOW + timedelta(minutes=4)), NOW)


class TestAllowRaise:
    def test_only_what_could_not_be_raised(self) -> None:
        allow_raise("failed", None)
        for state, external_id in (("failed", "CHG1"), ("pending", None), ("raised", "CHG1"), ("implemented", "CHG1")):
            with pytest.raises(IllegalTransition):
                allow_raise(state, external_id)


class TestReferTo:
    def test_names_improvement_and_revision(self) -> None:
        assert refer_to("abc", 2) == "abc:2"

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.satisfaction.callbacks import rules
from services.satisfaction.callbacks.rules import (
    CallerIsResolver,
    NextAttemptNotLater,
    TimeBeforeResolution,
    TimeInFuture,
)
from shared.fields import EARLIEST, LATEST
from shared.problems import IllegalTransition, Missing

moments = st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None), timezones=st.just(UTC))
spans = st.timedeltas(timedelta(0), timedelta(days=400))
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


DUE = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


class TestComputeDueAt:
    @given(moments)
    def test_is_24_hours_later(self, resolved_at: datetime) -> None:
        assert (rules.compute_due_at(resolved_at) - resolved_at).total_seconds() == 24 * 3600

    def test_counts_hours_and_not_days_when_clocks_change(self) -> None:
        before = datetime(2026, 3, 28, 12, 0, tzinfo=timezone(timedelta(hours=1)))
        assert rules.compute_due_at(before) == datetime(2026, 3, 29, 13, 0, tzinfo=timezone(timedelta(hours=2)))


class TestIsOnTime:
    @given(moments, spans)
    def test_up_to_and_with_the_last_moment(self, resolved_at: datetime, taken: timedelta) -> None:
        due_at = rules.compute_due_at(resolved_at)
        assert rules.is_on_time(resolved_at + taken, due_at) == (taken <= timedelta(hours=24))


class TestIsOverdue:
    @given(moments, spans)
    def test_is_what_completing_now_would_not_be(self, resolved_at: datetime, waited: timedelta) -> None:
        due_at, now = rules.compute_due_at(resolved_at), resolved_at + waited
        assert rules.is_overdue("due", due_at, now) != rules.is_on_time(now, due_at)

    @pytest.mark.parametrize("state", ["completed", "unreachable", "cancelled"])
    def test_what_is_settled_never_is(self, state: str) -> None:
        assert not rules.is_overdue(state, NOON, NOON + timedelta(days=9))


class TestIsHistory:
    def test_from_so_long_after_the_deadline_on(self) -> None:
        due_at, week = datetime(2026, 3, 2, 9, 0, tzinfo=UTC), timedelta(days=7)
        assert not rules.is_history(due_at, due_at - timedelta(hours=23), week)
        assert not rules.is_history(due_at, due_at + week - timedelta(seconds=1), week)
        assert rules.is_history(due_at, due_at + week, week)


class TestFindCancelling:
    def test_a_reopen_undoes_its_resolution_and_those_before(self) -> None:
        assert [rules.find_cancelling(number, [2]) for number in (1, 2, 3)] == [2, 2, None]

    @given(st.integers(1, 9), st.sets(st.integers(1, 9)))
    def test_is_the_first_that_does(self, number: int, reopens: set[int]) -> None:
        found = rules.find_cancelling(number, reopens)
        later = {reopen for reopen in reopens if reopen >= number}
        assert (found in later and all(found <= reopen for reopen in later)) if later else found is None


class TestCheckCaller:
    """R81: caller ≠ resolver, however a ticketing system writes the resolver."""

    @pytest.mark.parametrize(
        "resolver",
        [
            "li.wei",
            "LI.WEI",
            "  li   wei ",
            "Wei, Li",
            "Li_Wei",
            "li-wei",
            "liwei",
            "li.wei@example.com",
            "EXAMPLE\\li.wei",
            "Li Wei (network, 2nd level)",
            "Ｌｉ　Ｗｅｉ",
            "Li Wei <li.wei@example.com>",
        ],
    )
    def test_the_resolver_does_not_ask(self, resolver: str) -> None:
        with pytest.raises(CallerIsResolver, match="somebody else"):
            rules.check_caller(["u10234", "Li Wei"], resolver)
        with pytest.raises(CallerIsResolver):
            rules.check_caller(["li.wei"], resolver)

    def test_nor_under_another_name_of_theirs(self) -> None:
        with pytest.raises(CallerIsResolver):
            rules.check_caller(["wang.fang", "Wang Fang", "u10234"], "U10234")
        with pytest.raises(CallerIsResolver):
            rules.check_caller(["wang.fang", "王芳"], "王 芳（服务台）")

    @pytest.mark.parametrize("resolver", [None, "", "–", "()", "@example.com", "Li Weilin", "wei", "Li", "li.wei2"])
    def test_anybody_else_may(self, resolver: str | None) -> None:
        rules.check_caller(["li.wei", "Li Wei", "", "--"], resolver)


class TestCheckOpen:
    def test_what_is_due_goes_on(self) -> None:
        rules.check_open("complete", "due")

    @pytest.mark.parametrize("state", ["completed", "unreachable", "cancelled"])
    def test_what_is_settled_does_not(self, state: str) -> None:
        with pytest.raises(IllegalTransition) as refused:
            rules.check_open("complete", state)
        assert refused.value.extra == {"state": state, "allowed": []}


class TestCheckMoment:
    @given(moments, spans, spans)
    def test_between_resolution_and_now(self, resolved_at: datetime, first: timedelta, second: timedelta) -> None:
        rules.check_moment("completed_at", resolved_at + first, resolved_at, resolved_at + first + second)

    def test_not_in_the_future(self) -> None:
        with pytest.raises(TimeInFuture, match="attempted_at: 2026-03-02T12:00:01Z lies in the future"):
            rules.check_moment("attempted_at", NOON + timedelta(seconds=1), NOON, NOON)

    def test_not_before_the_resolution(self) -> None:
        with pytest.raises(TimeBeforeResolution, match="before the resolution at 2026-03-02T12:00:00Z"):
            rules.check_moment("completed_at", NOON - timedelta(seconds=1), NOON, NOON)


class TestCheckNextAttempt:
    def test_nothing_agreed_is_fine(self) -> None:
        rules.check_next_attempt(None, NOON)

    def test_comes_after_this_one(self) -> None:
        rules.check_next_attempt(NOON + timedelta(seconds=1), NOON)
        with pytest.raises(NextAttemptNotLater):
            rules.check_next_attempt(NOON, NOON)


class TestCheckExhausted:
    def test_says_how_many_are_missing(self) -> None:
        with pytest.raises(Missing, match="2 more failed attempts") as refused:
            rules.check_exhausted(1, 3)
        assert refused.value.extra["missing"] == ["2 more failed attempts (1 of 3 recorded)"]

    @given(st.integers(0, 20), st.integers(1, 20))
    def test_holds_from_the_threshold_on(self, failed: int, needed: int) -> None:
        if failed >= needed:
            rules.check_exhausted(failed, needed)
        else:
            with pytest.raises(Missing):
                rules.check_exhausted(failed, needed)


class TestFindLevel:
    LEVELS = (-4.0, 4.0, 24.0)

    @pytest.mark.parametrize(
        ("hours", "level"), [(-4.001, 0), (-4, 1), (0, 1), (3.99, 1), (4, 2), (23.9, 2), (24, 3), (1000, 3)]
    )
    def test_each_level_from_its_hour_on(self, hours: float, level: int) -> None:
        """R80: before the deadline and after it."""
        assert rules.find_level(DUE, DUE + timedelta(hours=hours), self.LEVELS) == level

    def test_without_levels_nobody_is_told(self) -> None:
        assert rules.find_level(DUE, DUE + timedelta(days=9), ()) == 0


class TestIsAtRisk:
    @pytest.mark.parametrize(("hours", "verdict"), [(-5, False), (-4, True), (0, True), (0.1, False)])
    def test_from_the_first_level_up_to_the_deadline(self, hours: float, verdict: bool) -> None:
        """R80."""
        now = DUE + timedelta(hours=hours)
        assert rules.is_at_risk("due", DUE, DUE, now, (-4.0, 4.0)) is verdict
        assert not rules.is_at_risk("completed", DUE, DUE, now, (-4.0, 4.0))
        assert not rules.is_at_risk("due", DUE, DUE, now, (4.0,))

    def test_as_long_before_the_quiet_hours_in_which_the_deadline_lies(self) -> None:
        """R80: nobody can call later than these begin."""
        call_by = DUE - timedelta(hours=10)
        assert not rules.is_at_risk("due", call_by, DUE, call_by - timedelta(hours=4, seconds=1), (-4.0,))
        assert rules.is_at_risk("due", call_by, DUE, call_by - timedelta(hours=4), (-4.0,))


class TestVerdicts:
    def test_only_a_no_is_a_dispute(self) -> None:
        assert [rules.is_disputed(solved) for solved in ("yes", "partly", "no")] == [False, False, True]

    def test_dissatisfied_up_to_the_threshold(self) -> None:
        assert [rules.is_dissatisfied(score, 2) for score in (1, 2, 3, 4, 5)] == [True, True, False, False, False]

    def test_only_who_was_reached_was_reached(self) -> None:
        outcomes = ("no_answer", "busy", "wrong_number", "refused", "reached")
        assert [rules.is_failed(outcome) for outcome in outcomes] == [True, True, True, True, False]

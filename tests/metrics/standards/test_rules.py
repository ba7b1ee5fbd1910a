from datetime import date

import pytest

from services.metrics.standards.problems import UnsoundEvaluation, UnsoundStandard
from services.metrics.standards.rules import (
    check_evaluation,
    check_follow_ups,
    check_standard,
    count_met,
    next_due,
)
from services.metrics.standards.schemas import Action, FollowUp, StandardBody
from shared.problems import Missing


class TestNextDue:
    """R156: the evaluation cycle of a service."""

    @pytest.mark.parametrize(
        ("evaluated_on", "cycle", "due"),
        [
            ("2026-01-15", 6, "2026-07-15"),
            ("2026-08-31", 6, "2027-02-28"),
            ("2023-08-31", 6, "2024-02-29"),
            ("2025-12-31", 1, "2026-01-31"),
            ("2024-02-29", 12, "2025-02-28"),
            ("2025-12-01", 24, "2027-12-01"),
        ],
    )
    def test_is_so_many_months_later(self, evaluated_on: str, cycle: int, due: str) -> None:
        assert next_due(date.fromisoformat(evaluated_on), cycle) == date.fromisoformat(due)

    def test_without_a_cycle_there_is_none(self) -> None:
        assert next_due(date(2026, 1, 1), None) is None


class TestCountMet:
    def test_a_level_that_is_just_reached_is_held(self) -> None:
        assert count_met("higher_is_better", 0.9, [0.9, 0.95, 0.89, None]) == (3, 2)
        assert count_met("lower_is_better", 4.0, [4.0, 3.0, 4.1, None]) == (3, 2)

    def test_without_a_level_nothing_is_judged(self) -> None:
        assert count_met("higher_is_better", None, [0.9]) == (0, 0)


def standard(**values: object) -> StandardBody:
    indicators = [{"measure_key": "sla_attainment", "level": 0.9}]
    body = {"name": "Mail", "service": "mail", "reference": "ISO/IEC 20000-1", "review_on": "2027-01-01"}
    return StandardBody.model_validate({**body, "indicators": indicators, **values})


class TestCheckStandard:
    """R153."""

    def test_of_one_service_or_one_class(self) -> None:
        check_standard(standard())
        check_standard(standard(service=None, service_class="core"))
        for wrong in ({"service": None}, {"service_class": "core"}):
            with pytest.raises(UnsoundStandard, match="give one of them, and not both"):
                check_standard(standard(**wrong))

    def test_a_measure_is_named_once(self) -> None:
        with pytest.raises(UnsoundStandard, match="sla_attainment is named 2 times"):
            check_standard(standard(indicators=[{"measure_key": "sla_attainment"}] * 2))


class TestCheckEvaluation:
    today = date(2026, 3, 20)

    def test_what_has_been(self) -> None:
        check_evaluation(date(2025, 10, 1), date(2026, 3, 1), self.today, self.today)

    @pytest.mark.parametrize(
        ("first", "last", "on", "says"),
        [
            ("2026-03-01", "2026-02-01", "2026-03-20", "swap them"),
            ("2026-03-01", "2026-03-01", "2026-03-21", "right is 2026-03-20 or earlier"),
            ("2026-01-01", "2026-03-01", "2026-02-28", "right is 2026-02 or earlier"),
        ],
    )
    def test_what_has_not_been_is_refused(self, first: str, last: str, on: str, says: str) -> None:
        days = [date.fromisoformat(day) for day in (first, last, on)]
        with pytest.raises(UnsoundEvaluation, match=says):
            check_evaluation(*days, self.today)


class TestCheckFollowUps:
    """R156: the effect of what was decided before is told first."""

    actions = tuple(Action(what=what, owner="li.wei", due_on=date(2026, 1, 31)) for what in ("Second site", "Training"))

    def test_every_action_once(self) -> None:
        told = [FollowUp(action=1, outcome="effective"), FollowUp(action=0, outcome="not_done")]
        check_follow_ups(self.actions, told)
        check_follow_ups([], [])

    def test_one_that_is_left_out_is_named(self) -> None:
        with pytest.raises(Missing, match="follow-up of action 1, 'Training', due 2026-01-31"):
            check_follow_ups(self.actions, [FollowUp(action=0, outcome="effective")])

    def test_one_of_no_action_and_two_of_one_are_refused(self) -> None:
        with pytest.raises(UnsoundEvaluation, match="there is no action 2; the evaluation before has actions 0 to 1"):
            check_follow_ups(self.actions, [FollowUp(action=2, outcome="effective")])
        with pytest.raises(UnsoundEvaluation, match="there is no action 0; there are none"):
            check_follow_ups([], [FollowUp(action=0, outcome="effective")])
        with pytest.raises(UnsoundEvaluation, match="action 0 is followed up 2 times"):
            check_follow_ups(self.actions, [FollowUp(action=0, outcome="effective")] * 2)

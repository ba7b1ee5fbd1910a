"""When a service is to be evaluated, and what makes an evaluation and a standard sound; pure."""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from services.metrics.measures.rules import is_better
from services.metrics.standards.problems import UnsoundEvaluation, UnsoundStandard
from services.metrics.standards.schemas import Action, FollowUp, StandardBody
from shared.events.metrics import Direction
from shared.problems import Missing


def next_due(evaluated_on: date, cycle_months: int | None) -> date | None:
    """R156: the same day of the month so many months later, or that month's last one."""
    if cycle_months is None:
        return None
    months = evaluated_on.month - 1 + cycle_months
    year, month = evaluated_on.year + months // 12, months % 12 + 1
    return date(year, month, min(evaluated_on.day, monthrange(year, month)[1]))


def count_met(direction: Direction, level: float | None, values: Iterable[float | None]) -> tuple[int, int]:
    """How many values there are to hold against the level, and how many of them hold it."""
    if level is None:
        return 0, 0
    judged = [value for value in values if value is not None]
    return len(judged), sum(not is_better(direction, level, value) for value in judged)


def check_standard(body: StandardBody) -> None:
    """R153: of one service or one class, each measure once.

    Raises:
        UnsoundStandard: with what would be right.
    """
    if (body.service is None) == (body.service_class is None):
        raise UnsoundStandard("service, service_class: give one of them, and not both")
    for key, times in Counter(indicator.measure_key for indicator in body.indicators).items():
        if times > 1:
            raise UnsoundStandard(f"indicators: {key} is named {times} times; give it one level")


def check_evaluation(first_month: date, last_month: date, evaluated_on: date, today: date) -> None:
    """Only what has been can be evaluated.

    Raises:
        UnsoundEvaluation: with what would be right.
    """
    if first_month > last_month:
        raise UnsoundEvaluation(
            f"first_month ({first_month:%Y-%m}) lies after last_month ({last_month:%Y-%m}); swap them"
        )
    if evaluated_on > today:
        raise UnsoundEvaluation(f"evaluated_on: {evaluated_on} lies in the future; right is {today} or earlier")
    if last_month > evaluated_on:
        raise UnsoundEvaluation(
            f"last_month: {last_month:%Y-%m} had not begun on {evaluated_on}; right is {evaluated_on:%Y-%m} or earlier"
        )


def check_follow_ups(actions: Sequence[Action], follow_ups: Sequence[FollowUp]) -> None:
    """R156: no new evaluation before the effect of what the last one decided is told.

    Raises:
        UnsoundEvaluation: a follow-up of no action, or two of one.
        Missing: names each action that is not followed up.
    """
    told = Counter(follow_up.action for follow_up in follow_ups)
    for number, times in told.items():
        if number >= len(actions):
            last = f"the evaluation before has actions 0 to {len(actions) - 1}" if actions else "there are none"
            raise UnsoundEvaluation(f"follow_ups: there is no action {number}; {last}")
        if times > 1:
            raise UnsoundEvaluation(f"follow_ups: action {number} is followed up {times} times; tell its outcome once")
    missing = [
        f"follow-up of action {number}, '{action.what[:80]}', due {action.due_on}"
        for number, action in enumerate(actions)
        if number not in told
    ]
    if missing:
        raise Missing("record this evaluation", missing)

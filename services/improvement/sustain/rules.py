"""Whether an effect lasts: what is asked, what the answer means, and how a loss is told."""

from datetime import UTC, datetime, time, timedelta
from typing import Literal

from services.improvement.effects.rules import Effect
from shared.events.improvement import VerificationPlan
from shared.events.metrics import EffectAssessed, Sample, Verdict
from shared.pages.formats import format_date, format_number, format_quantity

State = Literal["due", "asked", "held", "regressed", "inconclusive", "cancelled"]
_LANGUAGE = "en"


def is_watched(verdict: str | None, closure_code: str | None, evidence: EffectAssessed | None) -> bool:
    """R127: what was signed effective and has a level to hold. What another improvement superseded has not."""
    return verdict == "effective" and closure_code != "superseded" and evidence is not None and _has_level(evidence)


def _has_level(evidence: EffectAssessed) -> bool:
    return evidence.after.value is not None and evidence.after.period_to > evidence.after.period_from


def due_at(closed_at: datetime, day: int) -> datetime:
    """Full days after closing."""
    return closed_at + timedelta(days=day)


def plan_check(plan: VerificationPlan, signed: Sample) -> tuple[VerificationPlan, datetime]:
    """What metrics is asked: the level of the signed period against all that came after it, of whatever length. Guards
    were judged when it was signed. Also the moment from which periods count."""
    asked = plan.model_copy(
        update={
            "baseline_from": signed.period_from,
            "baseline_to": signed.period_to,
            "minimum_effect": 0.0,
            "settle_days": 0,
            "minimum_points": 1,
            "guard_measures": (),
        }
    )
    return asked, datetime.combine(signed.period_to, time(), UTC)


def judge_answer(verdict: Verdict) -> State:
    """`effective` says that the level holds; `ineffective` is no answer to this question and proves nothing."""
    if verdict == "effective":
        return "held"
    return "regressed" if verdict == "regressed" else "inconclusive"


def plan_next_cycle(plan: VerificationPlan, lost: Sample) -> VerificationPlan:
    """R29: the next cycle's effect is told against the level to which it fell back."""
    return plan.model_copy(update={"baseline_from": lost.period_from, "baseline_to": lost.period_to})


def title_regression(number: str, title: str) -> str:
    """One line, for the next cycle's record."""
    return f"The effect of {number} was lost: {title}"[:200]


def describe_regression(
    number: str, day: int, unit: str, signed: Sample, answer: EffectAssessed, effect: Effect
) -> str:
    """R27: what was lost, in the measure's unit, against the signed level and against the original one."""
    now, held = answer.after.value, signed.value
    assert now is not None
    assert held is not None
    told = (
        f"{number} was signed effective at {_quantity(held, unit)} (n = {signed.n}, {_span(signed)}). {day} days after "
        f"closing the level was {_quantity(now, unit)} (n = {answer.after.n}, {_span(answer.after)}): a loss of "
        f"{_difference(held - now, unit)} against what was signed"
    )
    original = effect.original
    if original is None or original.value is None:
        return f"{told}. {answer.reason}."
    away = now - original.value
    return (
        f"{told}; {_difference(away, unit)} {_side(away, effect)} the original level of "
        f"{_quantity(original.value, unit)} (n = {original.n}, {_span(original)}). {answer.reason}."
    )


def _side(change: float, effect: Effect) -> str:
    if change == 0 or effect.direction is None:
        return "from"
    is_better = (change > 0) == (effect.direction == "higher_is_better")
    return "better than" if is_better else "worse than"


def _difference(value: float, unit: str) -> str:
    """Shares differ by percentage points."""
    if unit in ("share", "percent"):
        points = abs(value) * (100 if unit == "share" else 1)
        return f"{format_number(points, _LANGUAGE, 2)} percentage points"
    return _quantity(abs(value), unit)


def _quantity(value: float, unit: str) -> str:
    return format_quantity(value, unit, _LANGUAGE)


def _span(sample: Sample) -> str:
    return f"{format_date(sample.period_from, _LANGUAGE)} up to {format_date(sample.period_to, _LANGUAGE)}"

"""A gap in words, and the verification plan that it suggests."""

from shared.events.improvement import VerificationPlan
from shared.events.metrics import GapFact
from shared.pages.formats import format_date, format_quantity

_LANGUAGE = "en"


def title_gap(gap: GapFact) -> str:
    """One line: measure, what was delivered and expected, since when."""
    actual, expected = (_quantity(gap, value) for value in (gap.actual, gap.expected))
    where = "" if gap.scope == "all" else f" of {gap.scope}"
    return f"{gap.measure_name}{where}: {actual} instead of {expected}"[:200]


def describe_gap(gap: GapFact) -> str:
    """R32: the problem in numbers that a business reader knows."""
    wanted = "at least" if gap.direction == "higher_is_better" else "at most"
    return (
        f"From {format_date(gap.period, _LANGUAGE)} up to {format_date(gap.period_end, _LANGUAGE)}, "
        f"{gap.measure_name} ({gap.scope}) was {_quantity(gap, gap.actual)} where {wanted} "
        f"{_quantity(gap, gap.expected)} was expected: a gap of {_quantity(gap, gap.size)} over n = {gap.n}. "
        f"{gap.impact.tickets_affected} of {gap.impact.tickets_total} tickets were affected; severity {gap.severity}; "
        f"found by: {gap.detection.replace('_', ' ')}."
    )


def describe_recurrence(gap: GapFact) -> str:
    """The same gap in another period, in one line."""
    return (
        f"{gap.measure_name} ({gap.scope}) from {format_date(gap.period, _LANGUAGE)}: {_quantity(gap, gap.actual)}, "
        f"expected {_quantity(gap, gap.expected)}, n = {gap.n}, severity {gap.severity}"
    )


def suggest_verification(gap: GapFact) -> VerificationPlan:
    """R29: the effect is told against the period in which the gap was seen (`period_end` is the first day after it)."""
    return VerificationPlan(
        measure_key=gap.measure_key,
        scope=gap.scope,
        direction=gap.direction,
        baseline_from=gap.period,
        baseline_to=gap.period_end,
    )


def place_gap(gap: GapFact) -> dict[str, str]:
    """R4: the service, customer or project that the scope names."""
    dimension, _, value = gap.scope.partition("=")
    return {dimension: value} if dimension in ("service", "customer", "project") else {}


def is_withdrawn_by_itself(state: str, is_edited: bool, open_gaps: int) -> bool:
    """A draft that nobody has touched ends with its last gap; what people work on is theirs to end."""
    return state == "draft" and not is_edited and open_gaps == 0


def _quantity(gap: GapFact, value: float) -> str:
    return format_quantity(value, gap.unit, _LANGUAGE)

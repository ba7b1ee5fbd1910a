"""The named formulas: each defined once, as SQL aggregates over the facts of one period.

A formula yields `n` (what it counts over), `missing` (what it should have counted over, but whose datum is not known),
`numerator` (for proportions) and `value`; where `n` is 0 there is no data: the value is null, never 0 and never 100 %.
Quantiles interpolate linearly between the closest ranks (`percentile_cont`, as NumPy's and pandas' default), durations
are in hours.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from services.metrics.measures.rules import DIMENSIONS, DataKind

REPORTED = "reported"
CLAUSE = "clause"
_FREE_TEXT = re.compile(r"^[^\x00]{1,200}$")


class UnknownParameter(ValueError):
    """A parameter that the formula has not, or a value that it does not take: says which would do."""


@dataclass(frozen=True, slots=True)
class Expression:
    """SQL over the facts' table `f`: `population` says which rows ought to count, `sample` what each contributes (a
    boolean for proportions, hours for durations, null where it is not known), `value` the aggregate over samples.
    `bindings` are the values of its parameters. Where `is_single` is false a sample has several parts, and no test can
    go by it."""

    facts: str
    population: str
    sample: str
    value: str
    bindings: Mapping[str, str] = field(default_factory=dict)
    is_single: bool = True


@dataclass(frozen=True, slots=True)
class Interruptions:
    """Aggregates over the spans in which a service was interrupted: overlapping ones are one span, clipped to the
    period (R179). `value` is SQL over `hours` (a span's length) and `:total` (the period's hours until now);
    `without_any` is the value of a scope that had none."""

    value: str
    without_any: float


@dataclass(frozen=True, slots=True)
class Formula:
    """A named formula. `choices` are its parameters with the values that they take, the default first; one without
    values takes any text. `build` is None where the values come from elsewhere."""

    key: str
    title: str
    data_kind: DataKind
    unit: str
    choices: Mapping[str, tuple[str, ...]]
    build: Callable[[Mapping[str, str]], Expression | Interruptions] | None

    @property
    def dimensions(self) -> tuple[str, ...]:
        """By which its values can be told apart."""
        facts = (
            self.build({name: values[0] if values else "" for name, values in self.choices.items()})
            if self.build
            else None
        )
        return DIMENSIONS_OF[facts.facts] if isinstance(facts, Expression) else DIMENSIONS

    def complete(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """The parameters with defaults filled in.

        Raises:
            UnknownParameter: names what would do.
        """
        for name, value in parameters.items():
            if name not in self.choices:
                having = f"it has {', '.join(self.choices)}" if self.choices else "it has none"
                raise UnknownParameter(f"{self.key} has no parameter {name!r}; {having}")
            if self.choices[name] and value not in self.choices[name]:
                raise UnknownParameter(f"{name}: {value!r} is none of {', '.join(self.choices[name])}")
            if not _FREE_TEXT.match(value):
                raise UnknownParameter(f"{name}: give 1 to 200 characters")
        absent = [name for name, values in self.choices.items() if not values and name not in parameters]
        if absent:
            raise UnknownParameter(f"{self.key} needs {', '.join(absent)}")
        return {name: parameters[name] if name in parameters else values[0] for name, values in self.choices.items()}


DIMENSIONS_OF = {
    "tickets": DIMENSIONS,
    "callback_facts": ("service", "customer", "group"),
    "cost_facts": ("service",),
    "improvement_facts": (),
}
_BASIS = ("opened", "resolved", "closed")
_PERIOD_COLUMN = {
    "opened": "opened_at",
    "resolved": "resolved_at",
    "closed": "closed_at",
    "spent": "month_at",
    "verified": "verified_at",
}
_MEAN = "avg(sample)"
_STATISTIC_SQL = {
    "mean": _MEAN,
    "median": "percentile_cont(0.5) WITHIN GROUP (ORDER BY sample)",
    "p90": "percentile_cont(0.9) WITHIN GROUP (ORDER BY sample)",
}
_SHARE = "count(*) FILTER (WHERE sample)::float / nullif(count(sample), 0)"
_KINDS = ("incident", "request", "problem", "change")
_CLASSES = ("any", "interruption", "degradation", "fault", "latent_risk")


def period_column(basis: str) -> str:
    """The time by which a fact belongs to a period."""
    return _PERIOD_COLUMN[basis]


def is_proportion(expression: Expression) -> bool:
    """Whether its samples are booleans, of which the true ones are the numerator."""
    return expression.value == _SHARE


def _of_kind(parameters: Mapping[str, str]) -> str:
    return f"f.kind = '{parameters.get('kind', 'incident')}' AND f.state <> 'cancelled'"


def _hours_between(earlier: str, later: str) -> str:
    return f"date_part('epoch', f.{later} - {earlier}) / 3600"


def _duration(earlier: str, later: str, parameters: Mapping[str, str]) -> Expression:
    sample = _hours_between(earlier, later)
    return Expression("tickets", _of_kind(parameters), sample, _STATISTIC_SQL[parameters["statistic"]])


def _sla_attainment(parameters: Mapping[str, str]) -> Expression:
    return Expression("tickets", _of_kind(parameters), "f.sla_met", _SHARE)


def _on_time_rate(parameters: Mapping[str, str]) -> Expression:
    """Open past its due time is late already; open before it is not known yet."""
    done = "coalesce(f.resolved_at, f.closed_at)"
    sample = f"CASE WHEN {done} <= f.due_at THEN true WHEN coalesce({done}, now()) > f.due_at THEN false END"
    return Expression("tickets", _of_kind(parameters), sample, _SHARE)


_RESOLVED = {"reported": "reported_resolved_at", "observed": "last_resolved_at"}
_BEGAN = {"opened": "f.opened_at", "failed": "coalesce(f.failed_at, f.opened_at)"}


def _time_to_restore(parameters: Mapping[str, str]) -> Expression:
    return _duration(_BEGAN[parameters["since"]], _RESOLVED[parameters["resolution"]], parameters)


def _first_response(parameters: Mapping[str, str]) -> Expression:
    return _duration("f.opened_at", "responded_at", parameters)


def _handling_time(parameters: Mapping[str, str]) -> Expression:
    return _duration("f.responded_at", _RESOLVED[parameters["resolution"]], parameters)


def _reopen_rate(parameters: Mapping[str, str]) -> Expression:
    counter = {"reported": "coalesce(f.reported_reopen_count, f.reopen_count)", "observed": "f.reopen_count"}
    return Expression("tickets", _of_kind(parameters), f"{counter[parameters['reopens']]} > 0", _SHARE)


def _resolution_rate(parameters: Mapping[str, str]) -> Expression:
    return Expression("tickets", _of_kind(parameters), f"f.{_RESOLVED[parameters['resolution']]} IS NOT NULL", _SHARE)


def _ticket_count(parameters: Mapping[str, str]) -> Expression:
    population = _of_kind(parameters)
    if parameters["incident_class"] != "any":
        population += f" AND f.incident_class = '{parameters['incident_class']}'"
    return Expression("tickets", population, "true", "count(*)::float")


def _cause_share(parameters: Mapping[str, str]) -> Expression:
    return Expression("tickets", _of_kind(parameters), "f.cause = :cause", _SHARE, {"cause": parameters["cause"]})


def _callback_coverage(_parameters: Mapping[str, str]) -> Expression:
    on_time = "coalesce(f.completed_at <= f.due_at, false)"
    return Expression("callback_facts", "NOT f.cancelled", on_time, _SHARE)


def _satisfaction(_parameters: Mapping[str, str]) -> Expression:
    return Expression("callback_facts", "NOT f.cancelled", "f.score >= 4", _SHARE)


def _satisfaction_score(_parameters: Mapping[str, str]) -> Expression:
    return Expression("callback_facts", "NOT f.cancelled", "f.score::float", _MEAN)


def _cost_benefit(_parameters: Mapping[str, str]) -> Expression:
    """All costs by all income; amounts of different currencies are never added."""
    sample = "CASE WHEN f.complete THEN ARRAY[f.cost::float, f.income::float, hashtext(f.currency)::float] END"
    ratio = "sum(sample[1]) / nullif(sum(sample[2]), 0)"
    one_currency = f"CASE WHEN min(sample[3]) = max(sample[3]) THEN {ratio} END"
    return Expression("cost_facts", "true", sample, one_currency, is_single=False)


def _improvement_effect(_parameters: Mapping[str, str]) -> Expression:
    return Expression("improvement_facts", "true", "f.verdict = 'effective'", _SHARE)


def _availability(_parameters: Mapping[str, str]) -> Interruptions:
    return Interruptions("1 - coalesce(sum(hours), 0) / nullif(:total, 0)", 1.0)


def _outage_count(_parameters: Mapping[str, str]) -> Interruptions:
    return Interruptions("count(hours)::float", 0.0)


def _longest_outage(_parameters: Mapping[str, str]) -> Interruptions:
    return Interruptions("coalesce(max(hours), 0)", 0.0)


_STATISTIC = ("mean", "median", "p90")
_RESOLUTION = ("reported", "observed")
_INTERRUPTED: Mapping[str, tuple[str, ...]] = {"period_by": ("interrupted",)}

FORMULAS: dict[str, Formula] = {
    formula.key: formula
    for formula in (
        Formula(
            "sla_attainment",
            "Tickets that met their SLA / tickets with a settled verdict (F3)",
            "proportion",
            "ratio",
            {"period_by": _BASIS, "kind": _KINDS},
            _sla_attainment,
        ),
        Formula(
            "on_time_rate",
            "Tickets done by their due time / tickets that were due (F3)",
            "proportion",
            "ratio",
            {"period_by": _BASIS, "kind": _KINDS},
            _on_time_rate,
        ),
        Formula(
            "time_to_restore",
            "Time from opening, or from the fault, to resolution (F11, R134); resolution as the source's field reports "
            "it, or as observed in its updates",
            "duration",
            "hours",
            {
                "period_by": _BASIS,
                "statistic": _STATISTIC,
                "resolution": _RESOLUTION,
                "since": ("opened", "failed"),
                "kind": _KINDS,
            },
            _time_to_restore,
        ),
        Formula(
            "first_response",
            "Time from opening to the first response (F2, F13)",
            "duration",
            "hours",
            {"period_by": _BASIS, "statistic": _STATISTIC, "kind": _KINDS},
            _first_response,
        ),
        Formula(
            "handling_time",
            "Time from acceptance (the first response) to resolution (F1, F14)",
            "duration",
            "hours",
            {"period_by": _BASIS, "statistic": _STATISTIC, "resolution": _RESOLUTION, "kind": _KINDS},
            _handling_time,
        ),
        Formula(
            "reopen_rate",
            "Tickets that were reopened / tickets; reopens as the source counts them, or as observed",
            "proportion",
            "ratio",
            {"period_by": _BASIS, "reopens": _RESOLUTION, "kind": _KINDS},
            _reopen_rate,
        ),
        Formula(
            "resolution_rate",
            "Tickets resolved / tickets received (F6)",
            "proportion",
            "ratio",
            {"period_by": _BASIS, "resolution": _RESOLUTION, "kind": _KINDS},
            _resolution_rate,
        ),
        Formula(
            "incident_count",
            "Number of tickets, incidents by default, of one class or any (F12, R123, R135)",
            "count",
            "count",
            {"period_by": _BASIS, "kind": _KINDS, "incident_class": _CLASSES},
            _ticket_count,
        ),
        Formula(
            "cause_share",
            "Tickets of one cause / tickets whose cause is known: the share of human error, for one (R180)",
            "proportion",
            "ratio",
            {"period_by": _BASIS, "kind": _KINDS, "cause": ()},
            _cause_share,
        ),
        Formula(
            "availability",
            "Time without interruption / time, around the clock (F10, R133)",
            "value",
            "ratio",
            _INTERRUPTED,
            _availability,
        ),
        Formula("outage_count", "Number of interruptions (R179)", "count", "count", _INTERRUPTED, _outage_count),
        Formula(
            "longest_outage",
            "Hours of the longest interruption (R179)",
            "value",
            "hours",
            _INTERRUPTED,
            _longest_outage,
        ),
        Formula(
            "callback_coverage",
            "Callbacks completed within 24 hours / resolutions (F23); the unreachable stay in the denominator",
            "proportion",
            "ratio",
            {"period_by": ("resolved",)},
            _callback_coverage,
        ),
        Formula(
            "satisfaction",
            "Customers who gave 4 or 5 of 5 in the callback / customers who gave a score (F4)",
            "proportion",
            "ratio",
            {"period_by": ("resolved",)},
            _satisfaction,
        ),
        Formula(
            "satisfaction_score",
            "Mean of the scores, 1 to 5, that customers gave in the callback (F4)",
            "value",
            "score",
            {"period_by": ("resolved",)},
            _satisfaction_score,
        ),
        Formula(
            "cost_benefit",
            "Cost / income, of months of services whose people, material, money and income are recorded (F16, R138)",
            "value",
            "ratio",
            {"period_by": ("spent",)},
            _cost_benefit,
        ),
        Formula(
            "improvement_effect",
            "Improvements whose effect was signed as effective / improvements signed (R26)",
            "proportion",
            "ratio",
            {"period_by": ("verified",)},
            _improvement_effect,
        ),
        Formula(REPORTED, "Handed in by its owner, with what it was counted from (R30)", "value", "", {}, None),
        Formula(CLAUSE, "Follows from a clause of an agreement (R89)", "value", "", {"clause": ()}, None),
    )
}

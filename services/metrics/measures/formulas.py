"""The named formulas: each defined once, as SQL aggregates over the facts of one period.

A formula yields `n` (what it counts over), `numerator` (for proportions) and `value`; where `n` is 0 there is no data:
the value is null, never 0 and never 100 %. Quantiles interpolate linearly between the closest ranks (`percentile_cont`,
as NumPy's and pandas' default), durations are in hours.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

DataKind = Literal["proportion", "duration", "count"]


class UnknownParameter(ValueError):
    """A parameter that the formula has not, or a value that it does not take: says which would do."""


@dataclass(frozen=True, slots=True)
class Expression:
    """SQL over the facts' table `f`: `member` says which rows count, `sample` what each contributes (a boolean for
    proportions, hours for durations, null for counts), `value` the aggregate over `member` rows."""

    facts: str
    member: str
    sample: str
    value: str


@dataclass(frozen=True, slots=True)
class Formula:
    """A named formula. `choices` are its parameters with the values that they take, the default first."""

    key: str
    title: str
    data_kind: DataKind
    unit: str
    choices: Mapping[str, tuple[str, ...]]
    build: Callable[[Mapping[str, str]], Expression]

    def complete(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """The parameters with defaults filled in.

        Raises:
            UnknownParameter: names what would do.
        """
        for name, value in parameters.items():
            if name not in self.choices:
                raise UnknownParameter(f"{self.key} has no parameter {name!r}; it has {', '.join(self.choices)}")
            if value not in self.choices[name]:
                raise UnknownParameter(f"{name}: {value!r} is none of {', '.join(self.choices[name])}")
        return {name: parameters.get(name, values[0]) for name, values in self.choices.items()}


_BASIS = ("opened", "resolved", "closed")
_PERIOD_COLUMN = {"opened": "opened_at", "resolved": "resolved_at", "closed": "closed_at"}
_STATISTIC_SQL = {
    "mean": "avg({})",
    "median": "percentile_cont(0.5) WITHIN GROUP (ORDER BY {})",
    "p90": "percentile_cont(0.9) WITHIN GROUP (ORDER BY {})",
}
_INCIDENTS = "f.kind = 'incident' AND f.state <> 'cancelled'"


def period_column(basis: str) -> str:
    """The time by which a fact belongs to a period."""
    return _PERIOD_COLUMN[basis]


def _proportion(facts: str, member: str, sample: str) -> Expression:
    value = "CASE WHEN count(*) > 0 THEN count(*) FILTER (WHERE sample)::float / count(*) END"
    return Expression(facts, member, sample, value)


def _hours(later: str, statistic: str, member: str) -> Expression:
    sample = f"extract(epoch FROM f.{later} - f.opened_at)::float / 3600"
    return Expression(
        "tickets", f"{member} AND f.{later} IS NOT NULL", sample, _STATISTIC_SQL[statistic].format("sample")
    )


def _sla_attainment(_parameters: Mapping[str, str]) -> Expression:
    return _proportion("tickets", f"{_INCIDENTS} AND f.sla_met IS NOT NULL", "f.sla_met")


def _time_to_restore(parameters: Mapping[str, str]) -> Expression:
    later = {"reported": "reported_resolved_at", "observed": "last_resolved_at"}[parameters["resolution"]]
    return _hours(later, parameters["statistic"], _INCIDENTS)


def _first_response(parameters: Mapping[str, str]) -> Expression:
    return _hours("responded_at", parameters["statistic"], _INCIDENTS)


def _reopen_rate(parameters: Mapping[str, str]) -> Expression:
    counter = {"reported": "coalesce(f.reported_reopen_count, f.reopen_count)", "observed": "f.reopen_count"}
    return _proportion("tickets", _INCIDENTS, f"{counter[parameters['reopens']]} > 0")


def _resolution_rate(parameters: Mapping[str, str]) -> Expression:
    later = {"reported": "reported_resolved_at", "observed": "last_resolved_at"}[parameters["resolution"]]
    return _proportion("tickets", _INCIDENTS, f"f.{later} IS NOT NULL")


def _incident_count(_parameters: Mapping[str, str]) -> Expression:
    return Expression("tickets", _INCIDENTS, "true", "count(*)::float")


def _callback_coverage(_parameters: Mapping[str, str]) -> Expression:
    on_time = "f.completed_at IS NOT NULL AND f.completed_at <= f.due_at"
    return _proportion("callback_facts", "NOT f.cancelled", on_time)


_STATISTIC = ("mean", "median", "p90")
_RESOLUTION = ("reported", "observed")

FORMULAS: dict[str, Formula] = {
    formula.key: formula
    for formula in (
        Formula(
            "sla_attainment",
            "Incidents that met their SLA / incidents with a settled verdict (F3)",
            "proportion",
            "ratio",
            {"period_by": _BASIS},
            _sla_attainment,
        ),
        Formula(
            "time_to_restore",
            "Time from opening to resolution (F11); resolution as the source's field reports it, or as observed in "
            "its updates",
            "duration",
            "hours",
            {"period_by": _BASIS, "statistic": _STATISTIC, "resolution": _RESOLUTION},
            _time_to_restore,
        ),
        Formula(
            "first_response",
            "Time from opening to the first response (F2)",
            "duration",
            "hours",
            {"period_by": _BASIS, "statistic": _STATISTIC},
            _first_response,
        ),
        Formula(
            "reopen_rate",
            "Incidents that were reopened / incidents; reopens as the source counts them, or as observed",
            "proportion",
            "ratio",
            {"period_by": _BASIS, "reopens": _RESOLUTION},
            _reopen_rate,
        ),
        Formula(
            "resolution_rate",
            "Incidents resolved / incidents received (F6)",
            "proportion",
            "ratio",
            {"period_by": _BASIS, "resolution": _RESOLUTION},
            _resolution_rate,
        ),
        Formula(
            "incident_count", "Number of incidents (F12)", "count", "count", {"period_by": _BASIS}, _incident_count
        ),
        Formula(
            "callback_coverage",
            "Callbacks completed within 24 hours / resolutions (F23); the unreachable stay in the denominator",
            "proportion",
            "ratio",
            {"period_by": ("resolved",)},
            _callback_coverage,
        ),
    )
}

"""What a clause promises: four kinds, each with a test of its own (R164-R167), and what a miss costs (R169)."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from shared.events.metrics import Direction
from shared.fields import Body, Name, Text

Minutes = Annotated[int, Field(ge=1, le=527_040)]
Ratio = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Quantity = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Percent = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]
Money = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Names = Annotated[tuple[Name, ...], Field(max_length=50)]


class TimeTerms(Body):
    """R164. `response` and `resolution`: the share `attainment` of tickets is taken up or resolved `within_minutes`.
    `downtime`: a period has at most `within_minutes` of interruption. `availability`: of the agreed time the service
    can be used for at least the share `attainment`.

    `clock` is the agreement's calendar, or the wall clock. `longest_minutes` limits a single interruption (R179).
    Of `services` and `priorities`, empty means all. `warn_at` is the share of the time after which a ticket is at risk.
    """

    kind: Literal["time"]
    what: Literal["response", "resolution", "downtime", "availability"]
    within_minutes: Minutes | None = None
    attainment: Ratio | None = None
    longest_minutes: Minutes | None = None
    clock: Literal["business", "elapsed"] = "business"
    pause_while_pending: bool = True
    services: Names = ()
    priorities: Names = ()
    warn_at: Annotated[float, Field(gt=0, lt=1)] = 0.8

    @model_validator(mode="after")
    def _says_how_much(self) -> "TimeTerms":
        if self.what != "availability" and self.within_minutes is None:
            raise ValueError(f"within_minutes: a {self.what} clause needs its limit in minutes")
        if self.what in ("response", "resolution", "availability") and self.attainment is None:
            raise ValueError(f"attainment: a {self.what} clause needs the promised share, 0.95 for 95 %")
        if self.what in ("response", "resolution") and self.longest_minutes is not None:
            raise ValueError("longest_minutes: only downtime and availability clauses have interruptions to limit")
        return self


class CountTerms(Body):
    """R165. A number that is at most or at least so much: of the period's `incidents` (of some `priorities` or one
    `incident_class`), or one that its owner reports (concurrent users, users an engineer)."""

    kind: Literal["count"]
    counts: Literal["incidents", "reported"]
    at_most: Quantity | None = None
    at_least: Quantity | None = None
    services: Names = ()
    priorities: Names = ()
    incident_class: Literal["interruption", "degradation", "fault", "latent_risk"] | None = None

    @model_validator(mode="after")
    def _has_one_limit(self) -> "CountTerms":
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("at_most, at_least: a count clause needs exactly one of the two")
        return self


class FrequencyTerms(Body):
    """R166. Something happens at least every `every_minutes` (backup every two days: 2880), with so much tolerance: a
    missed interval is a miss, whatever the average. An occurrence is recorded by REST, or is a ticket of `category`
    that was resolved."""

    kind: Literal["frequency"]
    every_minutes: Minutes
    tolerance_minutes: Annotated[int, Field(ge=0, le=527_040)] = 0
    category: Name | None = None
    services: Names = ()


class FulfilmentTerms(Body):
    """R167. Something is supplied, with evidence: once, by `due_on`, or in every period (`due_on` left out)."""

    kind: Literal["clause"]
    statement: Text
    due_on: date | None = None


Terms = Annotated[TimeTerms | CountTerms | FrequencyTerms | FulfilmentTerms, Field(discriminator="kind")]


class Tier(Body):
    """What a value from `low` up to and without `high` costs: a percentage of the period's fee, or an amount in the
    agreement's currency. None is unbounded. The value is the clause's adjusted one, in its measure's unit."""

    low: float | None = None
    high: float | None = None
    percent_of_fee: Percent | None = None
    amount: Money | None = None

    @model_validator(mode="after")
    def _costs_one_thing(self) -> "Tier":
        if (self.percent_of_fee is None) == (self.amount is None):
            raise ValueError("percent_of_fee, amount: a tier needs exactly one of the two")
        if self.low is None and self.high is None:
            raise ValueError("low, high: a tier needs at least one bound")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low ({self.low}) must lie below high ({self.high})")
        return self


class Penalty(Body):
    """R169. The tiers of one clause, and the most that it may cost in a period as a percentage of the fee."""

    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=20)]
    cap_percent: Percent | None = None


class Promise(Body):
    """How a clause is measured: the unit and direction of its measure, and the value that keeps it."""

    unit: str
    data_kind: Literal["proportion", "count", "value"]
    direction: Direction
    target: float


def promise_of(terms: TimeTerms | CountTerms | FrequencyTerms | FulfilmentTerms) -> Promise:
    """R89: the measure that follows from the clause.

    Response, resolution: share within the limit. Availability: ratio. Downtime: minutes of interruption. Count: the
    number. Frequency: missed intervals, of which there may be none. Clause: 1 when fulfilled.
    """
    match terms:
        case TimeTerms(what="downtime"):
            assert terms.within_minutes is not None
            return Promise(
                unit="minutes", data_kind="value", direction="lower_is_better", target=float(terms.within_minutes)
            )
        case TimeTerms(what="availability"):
            assert terms.attainment is not None
            return Promise(unit="ratio", data_kind="value", direction="higher_is_better", target=terms.attainment)
        case TimeTerms():
            assert terms.attainment is not None
            return Promise(unit="ratio", data_kind="proportion", direction="higher_is_better", target=terms.attainment)
        case CountTerms(at_most=None):
            assert terms.at_least is not None
            return Promise(unit="count", data_kind="value", direction="higher_is_better", target=terms.at_least)
        case CountTerms():
            assert terms.at_most is not None
            return Promise(unit="count", data_kind="value", direction="lower_is_better", target=terms.at_most)
        case FrequencyTerms():
            return Promise(unit="count", data_kind="count", direction="lower_is_better", target=0.0)
        case FulfilmentTerms():
            return Promise(unit="ratio", data_kind="proportion", direction="higher_is_better", target=1.0)

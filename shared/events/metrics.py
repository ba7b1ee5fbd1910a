"""What metrics tells: tickets' state changes, measures with their targets and values, gaps, assessed effects."""

from datetime import date, datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import Fact

Direction = Literal["higher_is_better", "lower_is_better"]
Detection = Literal["target_missed", "signal", "trend", "clause_breach"]
"""How a gap was seen: a missed target or promise, a chart's signal, or a trend that will miss the target."""
Severity = Literal["low", "medium", "high", "critical"]
Verdict = Literal["effective", "ineffective", "inconclusive", "regressed"]
EffectPurpose = Literal["verification", "sustain"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class IncidentFact(Fact):
    """A ticket's facts as they stood right after the state change; subject is `ticket_id`.

    `resolution_number` counts this incident's resolutions from 1; 0 before the first.
    """

    ticket_id: UUID
    source: str
    external_id: str
    title: str | None = None
    priority: str | None = None
    service: str | None = None
    customer: str | None = None
    project: str | None = None
    group: str | None = None
    resolver: str | None = None
    category: str | None = None
    cause: str | None = None
    opened_at: datetime
    resolution_number: int = 0


class IncidentOpened(IncidentFact):
    """The first that Ratchet hears of an incident."""

    TYPE: ClassVar[str] = "ratchet.incident.opened.v1"


class IncidentResponded(IncidentFact):
    """Somebody first took up the incident (F2)."""

    TYPE: ClassVar[str] = "ratchet.incident.responded.v1"
    responded_at: datetime


class IncidentResolved(IncidentFact):
    """Resolved, not closed: the start of the 24 hours of the callback (R80)."""

    TYPE: ClassVar[str] = "ratchet.incident.resolved.v1"
    resolved_at: datetime


class IncidentReopened(IncidentFact):
    """Taken up again. `resolution_number` and `resolved_at` name the resolution that is undone."""

    TYPE: ClassVar[str] = "ratchet.incident.reopened.v1"
    reopened_at: datetime
    resolved_at: datetime | None = None


class IncidentClosed(IncidentFact):
    """Closed in the ticketing system."""

    TYPE: ClassVar[str] = "ratchet.incident.closed.v1"
    closed_at: datetime
    resolved_at: datetime | None = None


class MeasureDefined(Fact):
    """A measure exists, or has a new version (R23); subject is the measure's key."""

    TYPE: ClassVar[str] = "ratchet.measure.defined.v1"
    key: str
    version: int
    name: str
    aspect: str
    unit: str
    direction: Direction
    data_kind: str
    formula: str
    parameters: dict[str, str]
    owner: str
    frequency: str = "monthly"


class MeasureReviewDue(Fact):
    """The definition is to be looked at again (R64); subject is the measure's key."""

    TYPE: ClassVar[str] = "ratchet.measure.review_due.v1"
    key: str
    name: str
    owner: str
    due_on: date


class TargetSet(Fact):
    """From `effective_from` on, this is expected (R29); subject is the measure's key. `loosened` when it asks less than
    the one before while the gap `gap_id` was open."""

    TYPE: ClassVar[str] = "ratchet.target.set.v1"
    target_id: UUID
    measure_key: str
    scope: str
    value: float
    previous_value: float | None = None
    effective_from: date
    origin: str
    reason: str
    loosened: bool = False
    gap_id: UUID | None = None


class BaselineSet(Fact):
    """From `effective_from` on, this is the level to hold (R29, R36); subject is the measure's key."""

    TYPE: ClassVar[str] = "ratchet.baseline.set.v1"
    baseline_id: UUID
    measure_key: str
    scope: str
    value: float
    n: int
    previous_value: float | None = None
    effective_from: date
    origin: str
    reason: str
    improvement_id: UUID | None = None


class ObservationRecorded(Fact):
    """A closed period's value, or a restatement of it (`revision` > 1); subject is `measure:scope:period`.

    `missing` counts what ought to have been in it and could not be. A reported value names who handed it in, and what
    they suggest (R30).
    """

    TYPE: ClassVar[str] = "ratchet.observation.recorded.v1"
    observation_id: UUID
    measure_key: str
    measure_version: int
    scope: str
    period: date
    period_end: date
    value: float | None
    n: int
    numerator: float | None = None
    revision: int
    previous_value: float | None = None
    provisional: bool
    missing: int = 0
    origin: str = "computed"
    suggestion: str | None = None
    reported_by: str | None = None


class CollectionOverdue(Fact):
    """Data that were due have not come (R31): a value that its owner reports, or anything from a connection; subject is
    the measure's or the connection's key."""

    TYPE: ClassVar[str] = "ratchet.collection.overdue.v1"
    measure_key: str | None = None
    connection: str | None = None
    scope: str | None = None
    period: date | None = None
    owner: str | None = None
    due_at: datetime


class ReopenFailed(Fact):
    """An incident whose resolution the customer disputes could not be reopened at its source (R81): `reason` says why,
    and what to mend; subject is `reopen_id`."""

    TYPE: ClassVar[str] = "ratchet.reopen.failed.v1"
    reopen_id: UUID
    callback_id: UUID
    ticket_id: UUID
    source: str
    external_id: str
    resolution_number: int
    attempts: int
    reason: str


class GapImpact(_Part):
    """The gap in numbers that a business reader knows (R32): `customers` had incidents in that scope and period, the
    penalty is what the clause behind it costs, in the agreement's currency."""

    tickets_affected: int
    tickets_total: int
    customers: int | None = None
    penalty_exposure: float | None = None


class GapFact(Fact):
    """A gap between what was expected and what was delivered (R3, R32); subject is `gap_id`.

    `expected`, `actual` and `size` are in the measure's unit; `size` is positive; `period` is the first day.
    """

    gap_id: UUID
    measure_key: str
    measure_name: str
    unit: str
    data_kind: str
    direction: Direction
    scope: str
    detection: Detection
    period: date
    period_end: date
    expected: float
    actual: float
    n: int
    size: float
    severity: Severity
    impact: GapImpact
    observation_id: UUID
    criticality: str | None = None
    evidence: dict[str, Any] | None = None


class GapDetected(GapFact):
    """A gap opened."""

    TYPE: ClassVar[str] = "ratchet.gap.detected.v1"


class GapRecurred(GapFact):
    """The same gap again: another period, or the same period restated."""

    TYPE: ClassVar[str] = "ratchet.gap.recurred.v1"
    occurrence: int


class GapDismissed(Fact):
    """A person decided that this gap needs no improvement."""

    TYPE: ClassVar[str] = "ratchet.gap.dismissed.v1"
    gap_id: UUID
    measure_key: str
    scope: str
    reason: str


class GapClosed(Fact):
    """The gap is gone: a new baseline was set, or the value was restated."""

    TYPE: ClassVar[str] = "ratchet.gap.closed.v1"
    gap_id: UUID
    measure_key: str
    scope: str
    reason: str


class Sample(_Part):
    """One side of a comparison: a value in the measure's unit over `n` tickets in `periods` whole periods, from the
    first day of the first one to the day after the last one."""

    period_from: date
    period_to: date
    periods: int
    n: int
    value: float | None


class GuardResult(_Part):
    """A guard measure before and after: `worse` when it moved in its bad direction at the plan's α."""

    measure_key: str
    before: Sample
    after: Sample
    p_value: float | None
    worse: bool


class ChartSignal(_Part):
    """A rule of the process-behaviour chart that this period's value completes."""

    period: date
    rule: Literal["outlier", "short_run", "long_run"]
    side: Literal["above", "below"]


class LevelChange(_Part):
    """The measure's level changed with this period: medians before and after, the corrected p-value between them."""

    period: date
    before: float
    after: float
    p_value: float
    better: bool


class EffectAssessed(Fact):
    """The evidence and the verdict on one frozen verification plan; subject is the improvement's id.

    `effect` is after minus before in the measure's unit, `interval` its 1 − α confidence interval, `p_value` one-sided
    in the measure's good direction. `signals` are the chart's in the good direction since the change has settled, with
    limits from the baseline window, `changes` the change points at or after implementation; null where there are too
    few periods for a verdict. They stand beside the verdict and do not decide it. The statistics are evidence: a person
    signs. With the purpose `sustain`, `before` is the signed period, and `effective` says that its level still holds.
    """

    TYPE: ClassVar[str] = "ratchet.effect.assessed.v1"
    improvement_id: UUID
    request_id: UUID
    plan_hash: str
    verdict: Verdict
    reason: str
    test: str | None
    before: Sample
    after: Sample
    effect: float | None
    interval: tuple[float, float] | None
    p_value: float | None
    alpha: float
    target: float | None
    target_met: bool | None
    guards: tuple[GuardResult, ...] = ()
    signals: tuple[ChartSignal, ...] | None = None
    changes: tuple[LevelChange, ...] | None = None
    assessed_at: datetime
    purpose: EffectPurpose = "verification"

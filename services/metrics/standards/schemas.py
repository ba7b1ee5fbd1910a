"""What the REST of standards and evaluations takes and answers."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.metrics.agreements.schemas import Day
from services.metrics.catalogue.schemas import EntryKey
from services.metrics.costs.schemas import BenefitView
from shared.events.catalogue import ServiceClass
from shared.events.metrics import Direction
from shared.fields import Body, Count, Key, Name, Text

Verdict = Literal["good", "adequate", "poor"]
Outcome = Literal["effective", "ineffective", "not_done"]


class Indicator(Body):
    """A measure that tells whether the standard is held, and the level to hold, in the measure's unit."""

    measure_key: Key
    level: Annotated[float | None, Field(allow_inf_nan=False)] = None
    note: Text | None = None


class StandardBody(Body):
    """R153: what good means for one service, or for a class of services. `reference` says which practice of the
    industry it follows; on `review_on` it is looked at again."""

    name: Name
    service: EntryKey | None = None
    service_class: ServiceClass | None = None
    reference: Text
    indicators: Annotated[tuple[Indicator, ...], Field(min_length=1, max_length=50)]
    review_on: Day


class StandardView(StandardBody):
    model_config = ConfigDict(from_attributes=True)

    key: str
    version: int
    edited_by: str
    edited_at: datetime


class StandardVersionView(BaseModel):
    """What the standard was."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    standard: dict[str, Any]
    edited_by: str
    edited_at: datetime


class Judgement(Body):
    """What the evaluator holds of one side of the service, and why."""

    verdict: Verdict
    text: Text


class Action(Body):
    """A measure to take."""

    what: Text
    owner: Name
    due_on: Day


class FollowUp(Body):
    """R156: what became of an action of the evaluation before; `action` is its place there, from 0."""

    action: Count
    outcome: Outcome
    note: Text | None = None


class EvaluationBody(Body):
    """R115: the service's effect, quality and cost over the months from `first_month` to `last_month`, judged on
    `evaluated_on` (today unless given)."""

    service: EntryKey
    evaluated_on: Day | None = None
    first_month: Day
    last_month: Day
    effect: Judgement
    quality: Judgement
    cost: Judgement
    conclusions: Text
    actions: Annotated[tuple[Action, ...], Field(max_length=50)] = ()
    follow_ups: Annotated[tuple[FollowUp, ...], Field(max_length=50)] = ()


class FigureView(BaseModel):
    """A period's value as it stood; the observation and its revision say which."""

    model_config = ConfigDict(from_attributes=True)

    period: date
    value: float | None
    n: int
    revision: int
    observation_id: UUID
    provisional: bool


class IndicatorFigures(BaseModel):
    """An indicator's values over the evaluated months. `met` of `judged` periods held the level; where there is no
    level, or no closed period with a value, nothing is judged."""

    standard: str
    standard_version: int
    measure_key: str
    measure_name: str
    definition_version: int
    unit: str
    direction: Direction
    scope: str
    level: float | None
    note: str | None
    periods: list[FigureView]
    judged: int
    met: int


class Figures(BaseModel):
    """All that an evaluation rests on, as it stood when it was made."""

    indicators: list[IndicatorFigures]
    cost_benefit: list[BenefitView]


class EvaluationView(BaseModel):
    """An evaluation; its figures never change."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    service: str
    evaluated_on: date
    first_month: date
    last_month: date
    effect: Judgement
    quality: Judgement
    cost: Judgement
    conclusions: str
    actions: list[Action]
    follow_ups: list[FollowUp]
    figures: Figures
    next_due: date | None
    evaluated_by: str
    recorded_at: datetime


class DueView(BaseModel):
    """When a published service is to be evaluated next; `missed_since` is when it was found not to have been."""

    model_config = ConfigDict(from_attributes=True)

    service: str
    name: str
    owner: str
    evaluation_cycle_months: int
    last_evaluated_on: date | None
    due_on: date
    missed_since: datetime | None


class MissedView(BaseModel):
    """An evaluation that was not made in time, and when it was made after all."""

    model_config = ConfigDict(from_attributes=True)

    service: str
    due_on: date
    found_at: datetime
    evaluated_on: date | None

"""What comes in and goes out of assigned results (R54, R70)."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict
from sqlalchemy import Row

from services.satisfaction.questionnaires.schemas import Group
from shared.fields import EARLIEST, LATEST, Body, Name, Text

Aspect = Literal["figure", "dimension", "process", "stratum", "risk"]


def _is_near(day: date) -> date:
    if not EARLIEST.date() <= day < LATEST.date():
        raise ValueError("must lie between 1990-01-01 and 2199-12-31")
    return day


Day = Annotated[date, AfterValidator(_is_near)]


class NewResult(Body):
    """A result of the analysis that somebody must answer: a figure (`csat`), a dimension, a process or a stratum by its
    key, or the sampling risk (`sampling_risk`). Without a `person` the whole department is asked."""

    aspect: Aspect
    key: Group
    department: Name
    person: Name | None = None
    question: Text
    due_on: Day


class ResultEdit(Body):
    """Another person, question or day, until it is answered. Fields left out stay as they are."""

    person: Name | None = None
    question: Text | None = None
    due_on: Day | None = None


class NewAnswer(Body):
    """What comes of it."""

    answer: Text


class ResultView(BaseModel):
    """`on_time` is null until it is answered; `overdue` when its day is over and nobody answered."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    campaign_id: UUID
    version: int
    aspect: Aspect
    key: str
    department: str
    person: str | None
    question: str
    due_on: date
    assigned_by: str
    assigned_at: datetime
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    on_time: bool | None
    overdue: bool


def view_of(row: Row[Any], today: date, answered_on: date | None) -> ResultView:
    """From a row of the table; the days are those of the installation's zone."""
    return ResultView(
        **{name: getattr(row, name) for name in ResultView.model_fields if name not in ("on_time", "overdue")},
        on_time=None if answered_on is None else answered_on <= row.due_on,
        overdue=answered_on is None and today > row.due_on,
    )

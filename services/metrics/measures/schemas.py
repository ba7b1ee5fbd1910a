"""What the measures' REST takes and answers. Proportions are ratios from 0 to 1, durations are hours."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.metrics.measures.periods import Frequency
from services.metrics.measures.rules import DataKind
from shared.events.metrics import Direction
from shared.fields import Body, Key, Name, Text

Value = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]
Day = Annotated[date, Field(ge=date(1990, 1, 1), le=date(2199, 12, 31))]
ScopeText = Annotated[str, StringConstraints(min_length=1, max_length=700, pattern=r"^[^\x00]*$")]
Aspect = Literal["quality", "effect", "cost", "efficiency"]
ObjectKind = Literal["service", "process", "tool", "ci"]
Dimension = Literal["service", "customer", "project", "group", "priority", "category", "cause"]
Choice = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]


class View(BaseModel):
    """The base of what is answered from a row."""

    model_config = ConfigDict(from_attributes=True)


class MeasureBody(Body):
    """A measure to define (R23, R28). `formula` is one of `GET /v1/formulas`, `parameters` are its choices.

    Every value that holds data of one of `dimensions` is observed by itself; other scopes when somebody asks for them.
    `unit` and `data_kind` are given for formula `reported` only. `collection` says how the data are collected; reported
    values are due `collection_days` after the period (R31). `document` is the controlled document that the measure is
    taken from; on `review_due` its definition is to be looked at again (R64).
    """

    name: Name
    description: Text
    aspect: Aspect = "quality"
    object_kind: ObjectKind = "process"
    process: Name = "incident management"
    direction: Direction
    formula: Key
    parameters: Annotated[dict[Choice, Choice], Field(default_factory=dict, max_length=20)]
    unit: Name | None = None
    data_kind: Literal["proportion", "duration", "count", "value"] | None = None
    dimensions: Annotated[tuple[Dimension, ...], Field(max_length=7)] = ()
    frequency: Frequency = "monthly"
    collection: Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")] = ""
    collection_days: Annotated[int, Field(ge=0, le=366)] = 10
    document: Name | None = None
    review_due: Day | None = None
    owner: Name


class MeasureView(View):
    """A measure as defined; `definition_version` rises when its definition changes."""

    key: str
    definition_version: int
    name: str
    description: str
    aspect: Aspect
    object_kind: ObjectKind
    process: str
    unit: str
    direction: Direction
    data_kind: DataKind
    formula: str
    parameters: dict[str, str]
    dimensions: tuple[str, ...]
    frequency: Frequency
    collection: str
    collection_days: int
    document: str | None
    review_due: date | None
    owner: str
    defined_at: datetime


class DefinitionView(View):
    """One version of a measure's definition, as it was."""

    key: str
    definition_version: int
    definition: dict[str, Any]
    defined_by: str
    defined_at: datetime


class FormulaView(View):
    """A formula that measures can use; the first choice of each parameter is its default, one without choices takes any
    text. Its values can be told apart by `dimensions`."""

    key: str
    title: str
    data_kind: DataKind
    unit: str
    parameters: dict[str, list[str]]
    dimensions: list[str]


class ScopeBody(Body):
    """A part of the facts to observe from now on, its past periods too."""

    scope: ScopeText

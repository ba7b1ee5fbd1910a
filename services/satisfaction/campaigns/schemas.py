"""What comes in and goes out of survey campaigns."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from sqlalchemy import Row

from services.satisfaction.questionnaires.schemas import Group
from shared.fields import Body, Key, Moment, Name, Text

State = Literal["draft", "launched", "closed", "cancelled"]
Kind = Literal["company", "project", "ad_hoc", "expectation"]
Level = Literal["company", "project"]
_NO_NUL = r"^[^\x00]*$"
ClauseOrAll = Annotated[str, StringConstraints(pattern=r"^[^\x00/]{1,100}/([a-z][a-z0-9_.-]{0,99}|\*)$")]
"""A clause of an agreement, or all of its clauses: `SLA-2026-0001/response`, `SLA-2026-0001/*`."""

Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00/]*$")]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=0, le=3650)]
Seed = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NO_NUL)]
_NEVER_EMPTY = {
    "title",
    "owner",
    "questionnaire_key",
    "anonymous",
    "margin",
    "confidence",
    "expected_response_rate",
    "minimum_per_stratum",
    "reminder_every_days",
    "rest_days",
}
_DEFAULT_LEVEL: dict[Kind, Level] = {"company": "company", "project": "project"}


class Waiver(BaseModel):
    """R84: why nobody is asked about this clause, or `NUMBER/*` about any of the agreement, and who decided so."""

    clause: str
    reason: str
    waived_by: str
    waived_at: datetime


class StratumSample(BaseModel):
    """One stratum: of `population` people `resting` are left alone, since another campaign asked them within the rest
    days; `required` answers keep the margin, `planned` invitations are expected to bring them, `drawn` go out."""

    stratum: str
    population: int
    resting: int = 0
    required: int
    planned: int
    drawn: int = 0
    census: bool


class SamplePlan(BaseModel):
    """R85: how many must answer and how many are asked, by stratum; once drawn, how it was drawn.

    The draw can be repeated by anybody: of each stratum those whose hex MD5 of seed and reference, one behind the
    other, come first. `drawn_at` is null while this is only a plan.
    """

    margin: float
    confidence: float
    expected_response_rate: float
    minimum_per_stratum: int
    rest_days: int
    population: int
    resting: int = 0
    required: int
    planned: int
    drawn: int = 0
    census: bool
    strata: tuple[StratumSample, ...]
    seed: str | None = None
    drawn_at: datetime | None = None
    drawn_by: str | None = None


class _Terms(Body):
    title: Name
    customer: Name | None = None
    service: Name | None = None
    project: Name | None = None
    department: Name | None = None
    occasion: Text | None = None
    owner: Name | None = None
    questionnaire_key: Key
    questionnaire_version: Annotated[int, Field(ge=1, le=100_000)] | None = None
    agreements: Annotated[tuple[Number, ...], Field(min_length=1, max_length=500)] | None = None
    strata: Annotated[tuple[Group, ...], Field(min_length=1, max_length=500)] | None = None
    anonymous: bool = False
    opens_on: date | None = None
    closes_at: Moment | None = None
    margin: Annotated[float, Field(ge=0.001, le=0.5, allow_inf_nan=False)] = 0.05
    confidence: Annotated[float, Field(ge=0.5, le=0.999, allow_inf_nan=False)] = 0.95
    expected_response_rate: Annotated[float, Field(ge=0.01, le=1, allow_inf_nan=False)] = 0.3
    minimum_per_stratum: Annotated[int, Field(ge=1, le=100_000)] = 10
    reminder_every_days: Days = 7
    reminders_at_most: Annotated[int, Field(ge=0, le=100)] | None = 3
    rest_days: Days = 30
    previous_id: UUID | None = None


class NewCampaign(_Terms):
    """A campaign (R79). `kind`: company (at least yearly, R83), project, ad_hoc (R121, R172; `occasion` says what it
    follows) or expectation (R161: asked at design, how it should be). `level` follows from the kind where that leaves
    no choice. `agreements` are the numbers of those it must ask about, by default all in force of its customer or
    project; `strata` those that must all be asked, by default those of the population.

    The sample: at most ± `margin` at `confidence` in each stratum, when `expected_response_rate` of those asked answer;
    never fewer than `minimum_per_stratum` asked. `reminder_every_days` 0: none; `reminders_at_most` null: until
    answered or stopped. `rest_days`: nobody is asked whom another campaign asked within so many days.
    """

    kind: Kind
    level: Level | None = None

    @model_validator(mode="after")
    def _fits(self) -> "NewCampaign":
        wanted = _DEFAULT_LEVEL.get(self.kind)
        if wanted is not None and self.level not in (None, wanted):
            raise ValueError(f"level: a {self.kind} survey is of level {wanted}")
        if self.kind == "project" and self.project is None:
            raise ValueError("project: a project survey names its project")
        if self.strata is not None and len(set(self.strata)) < len(self.strata):
            raise ValueError("strata: name each once")
        return self

    @property
    def at_level(self) -> Level:
        return self.level or _DEFAULT_LEVEL.get(self.kind) or "project"


class CampaignEdit(Body):
    """Fields left out stay as they are. Once it is launched only title, owner, closes_at and the reminders change."""

    title: Name | None = None
    customer: Name | None = None
    service: Name | None = None
    project: Name | None = None
    department: Name | None = None
    occasion: Text | None = None
    owner: Name | None = None
    questionnaire_key: Key | None = None
    questionnaire_version: Annotated[int, Field(ge=1, le=100_000)] | None = None
    agreements: Annotated[tuple[Number, ...], Field(min_length=1, max_length=500)] | None = None
    strata: Annotated[tuple[Group, ...], Field(min_length=1, max_length=500)] | None = None
    anonymous: bool | None = None
    opens_on: date | None = None
    closes_at: Moment | None = None
    margin: Annotated[float, Field(ge=0.001, le=0.5, allow_inf_nan=False)] | None = None
    confidence: Annotated[float, Field(ge=0.5, le=0.999, allow_inf_nan=False)] | None = None
    expected_response_rate: Annotated[float, Field(ge=0.01, le=1, allow_inf_nan=False)] | None = None
    minimum_per_stratum: Annotated[int, Field(ge=1, le=100_000)] | None = None
    reminder_every_days: Days | None = None
    reminders_at_most: Annotated[int, Field(ge=0, le=100)] | None = None
    rest_days: Days | None = None
    previous_id: UUID | None = None

    @model_validator(mode="after")
    def _fits(self) -> "CampaignEdit":
        emptied = sorted(name for name in self.model_fields_set & _NEVER_EMPTY if getattr(self, name) is None)
        if emptied:
            raise ValueError(f"{', '.join(emptied)}: cannot be empty; leave out what stays as it is")
        if self.strata is not None and len(set(self.strata)) < len(self.strata):
            raise ValueError("strata: name each once")
        return self


class Draw(Body):
    """`seed`: to repeat a draw; left out, a random one is taken and recorded."""

    seed: Seed | None = None


class NewWaivers(Body):
    """R84: these clauses (`SLA-2026-0001/response`, or `SLA-2026-0001/*` for all of one agreement) need no question,
    and why."""

    clauses: Annotated[tuple[ClauseOrAll, ...], Field(min_length=1, max_length=500)]
    reason: Text


class CampaignSummary(BaseModel):
    """A campaign as lists show it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    state: State
    title: str
    kind: Kind
    level: Level
    customer: str | None
    service: str | None
    project: str | None
    department: str | None
    owner: str
    questionnaire_key: str
    questionnaire_version: int | None
    anonymous: bool
    opens_on: date | None
    closes_at: datetime | None
    drawn_at: datetime | None
    launched_at: datetime | None
    closed_at: datetime | None
    analysed_at: datetime | None
    updated_at: datetime


class CampaignView(CampaignSummary):
    """The whole campaign. `digest` is the SHA-256 of what is asked, frozen at launch; `sample` is null until drawn."""

    version: int
    occasion: str | None
    digest: str | None
    agreements: tuple[str, ...] | None
    waivers: tuple[Waiver, ...]
    strata: tuple[str, ...] | None
    margin: float
    confidence: float
    expected_response_rate: float
    minimum_per_stratum: int
    reminder_every_days: int
    reminders_at_most: int | None
    rest_days: int
    seed: str | None
    sample: SamplePlan | None
    drawn_by: str | None
    launched_by: str | None
    closed_by: str | None
    previous_id: UUID | None
    created_at: datetime
    created_by: str


class ClauseCheck(BaseModel):
    """R84: one clause of the agreements, the items that ask about it, and why nobody has to where it is waived."""

    clause: str
    title: str
    customer: str
    project: str | None
    items: tuple[str, ...]
    waiver: Waiver | None
    covered: bool


class LaunchCheck(BaseModel):
    """What still keeps a campaign from being launched: nothing when it is `ready`. `uncovered` are clauses without
    question and waiver; `unknown_clauses` are named by items and belong to none of the agreements, which keeps
    nothing."""

    ready: bool
    missing: tuple[str, ...]
    uncovered: tuple[str, ...]
    unknown_clauses: tuple[str, ...]
    clauses: tuple[ClauseCheck, ...]


def format_number(number: int) -> str:
    """How people call a campaign: `SV-12`."""
    return f"SV-{number}"


def summary_of(row: Row[Any]) -> CampaignSummary:
    """From a row of the table."""
    return CampaignSummary.model_validate({**row._mapping, "number": format_number(row.number)})


def view_of(row: Row[Any]) -> CampaignView:
    """From a row of the table."""
    return CampaignView.model_validate({**row._mapping, "number": format_number(row.number)})

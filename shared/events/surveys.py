"""What satisfaction tells of surveys: campaigns, what they found, and who has to answer a result."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import Fact


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SurveyStratum(_Part):
    """One stratum of a survey's sample: of `population` people so many were invited, and `required` answers keep the
    margin."""

    name: str
    population: int
    required: int
    invited: int


class SurveyFact(Fact):
    """A survey campaign as it stood right after (R47, R79); subject is `campaign_id`.

    `kind`: at least yearly for the company (R83), of a project, ad hoc (R121, R172; `occasion` says after what), or
    what is expected at design (R161).
    """

    campaign_id: UUID
    number: str
    title: str
    kind: Literal["company", "project", "ad_hoc", "expectation"]
    level: Literal["company", "project"]
    questionnaire: str
    questionnaire_version: int
    anonymous: bool
    customer: str | None = None
    service: str | None = None
    project: str | None = None
    department: str | None = None
    occasion: str | None = None


class SurveyLaunched(SurveyFact):
    """People were invited (R83, R85). `digest` is the SHA-256 of what they are asked; of `population` people `resting`
    were left alone, since another survey asked them not long ago. `margin` (half width at `confidence`) is what
    `required` answers keep in each stratum; `seed` repeats the draw. `clauses` of agreements are asked about, `waived`
    ones are not (R84)."""

    TYPE: ClassVar[str] = "ratchet.survey.launched.v1"
    digest: str
    population: int
    required: int
    invited: int
    resting: int = 0
    margin: float
    confidence: float
    seed: str
    strata: tuple[SurveyStratum, ...]
    clauses: tuple[str, ...] = ()
    waived: tuple[str, ...] = ()
    closes_at: datetime | None = None
    launched_by: str
    launched_at: datetime


class SurveySheetsTaken(SurveyFact):
    """Answers that were gathered elsewhere, on paper or by another tool, were handed in as a file (R83): so many sheets
    were `taken` and so many rows `refused`; `file_digest` is the SHA-256 of the file."""

    TYPE: ClassVar[str] = "ratchet.survey.sheets_taken.v1"
    taken: int
    refused: int = 0
    file_digest: str
    taken_by: str
    taken_at: datetime


class SurveyClosed(SurveyFact):
    """Nobody answers any more: by hand, or because its time was over. Its analysis follows."""

    TYPE: ClassVar[str] = "ratchet.survey.closed.v1"
    population: int
    invited: int
    answered: int
    response_rate: float | None = None
    launched_at: datetime
    closed_by: str
    closed_at: datetime


class SurveyOpened(Fact):
    """A campaign began by itself after a change or a project's end, by a trigger that somebody wrote (R121); subject is
    `campaign_id`.

    `launched`: people are being asked. If not it waits as a draft, because its trigger says so or for `reasons`.
    `people` are in its population. `follows` says what it came after, `occasion` which one.
    """

    TYPE: ClassVar[str] = "ratchet.survey.opened.v1"
    campaign_id: UUID
    number: str
    title: str
    trigger_id: UUID
    trigger: str
    follows: Literal["change", "project"]
    occasion: str
    customer: str | None = None
    service: str | None = None
    project: str | None = None
    owner: str
    launched: bool
    people: int
    reasons: tuple[str, ...] = ()
    occurred_at: datetime
    opened_at: datetime


class SurveyOverdue(Fact):
    """For too long the company's customers were not surveyed (R83); subject is `level`.

    `last_number` and `last_launched_at` are those of the last campaign of that level, null where there was none since
    the installation began. Told again after another `every_days` days.
    """

    TYPE: ClassVar[str] = "ratchet.survey.overdue.v1"
    level: Literal["company"] = "company"
    every_days: int
    due_at: datetime
    last_campaign_id: UUID | None = None
    last_number: str | None = None
    last_launched_at: datetime | None = None
    noticed_at: datetime


class SurveyFigure(_Part):
    """One figure of a survey with its interval at 1 − `significance_level` (F4, F22, F24): `n` answers of a
    `population`; `key` is `csat`, `nps`, `ces`, `index` or a question's own."""

    key: str
    name: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int
    population: int | None = None


class SurveyGap(_Part):
    """Perception less expectation of one SERVQUAL dimension or ITIL process (F21, R175), on the questionnaire's scale.

    `low` and `high` are the gap's interval at 1 − `significance_level`; `significant` when it excludes 0. `n` are the
    answers behind it, `cronbach_alpha` is how well its items hold together (null for a single item).
    """

    aspect: Literal["dimension", "process"]
    key: str
    name: str
    expectation: float
    perception: float
    gap: float
    low: float
    high: float
    significance_level: float = 0.05
    significant: bool
    n: int
    cronbach_alpha: float | None = None
    measure_key: str | None = None
    scope: str | None = None


class SurveyAnalysed(Fact):
    """A campaign was analysed (R10, R54, R85); subject is `campaign_id`. Analysed again it has the next `revision`.

    Answers came from `period_from` up to and without `period_to`; `scale_from` and `scale_to` are the questionnaire's
    worst and best answer; `sampling_risk` is the half width of the main figure's interval (F24); `uncovered` names the
    strata without enough answers. `gaps` lists every dimension and process that was analysed, significant or not.
    """

    TYPE: ClassVar[str] = "ratchet.survey.analysed.v1"
    campaign_id: UUID
    title: str
    kind: Literal["company", "project", "ad_hoc", "expectation"]
    questionnaire: str
    revision: int = 1
    period_from: date
    period_to: date
    customer: str | None = None
    service: str | None = None
    project: str | None = None
    department: str | None = None
    population: int
    invited: int
    answered: int
    response_rate: float | None = None
    sampling_risk: float | None = None
    uncovered: tuple[str, ...] = ()
    scale_from: float = 1
    scale_to: float = 7
    figures: tuple[SurveyFigure, ...] = ()
    gaps: tuple[SurveyGap, ...] = ()
    analysed_by: str
    analysed_at: datetime
    url: str | None = None


class SamplingRiskFound(Fact):
    """R85, F24: what was asked says less than was wanted; subject is `campaign_id`.

    `sampling_risk` is the half width of the interval of `figure` as a part of what the figure can be, from 0 to 1
    (null where there is no interval), `margin` what was asked for. `uncovered_share` of the population lies in the
    strata `uncovered`, `non_response` of those invited said nothing; `answers_missing` would bring the margin in every
    stratum.
    """

    TYPE: ClassVar[str] = "ratchet.sampling_risk.found.v1"
    campaign_id: UUID
    number: str
    title: str
    revision: int
    customer: str | None = None
    service: str | None = None
    project: str | None = None
    department: str | None = None
    owner: str
    level: Literal["raised", "high"]
    figure: str | None = None
    sampling_risk: float | None = None
    margin: float
    uncovered: tuple[str, ...] = ()
    uncovered_share: float
    non_response: float | None = None
    answers_missing: int
    found_at: datetime
    url: str | None = None


class SurveyResultFact(Fact):
    """R54, R70: a result of a survey that a department or a person must answer; subject is `result_id`."""

    result_id: UUID
    campaign_id: UUID
    campaign_number: str
    campaign_title: str
    aspect: str
    key: str
    department: str
    person: str | None = None
    question: str
    due_on: date
    assigned_by: str
    assigned_at: datetime
    url: str | None = None


class SurveyResultAssigned(SurveyResultFact):
    """Somebody must say by a day what comes of it."""

    TYPE: ClassVar[str] = "ratchet.survey.result_assigned.v1"


class SurveyResultAnswered(SurveyResultFact):
    """They did."""

    TYPE: ClassVar[str] = "ratchet.survey.result_answered.v1"
    answer: str
    answered_by: str
    answered_at: datetime
    on_time: bool


class SurveyResultOverdue(SurveyResultFact):
    """The day is over and nobody answered; told once."""

    TYPE: ClassVar[str] = "ratchet.survey.result_overdue.v1"
    noticed_at: datetime

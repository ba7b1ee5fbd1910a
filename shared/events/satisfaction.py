"""What satisfaction tells: the course of every callback, disputes and dissatisfaction, complaints and surveys."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events.envelope import Fact

Solved = Literal["yes", "partly", "no"]
Channel = Literal["phone", "email", "chat", "visit", "link"]


class CallbackFact(Fact):
    """A callback and the resolution it asks about; subject is `callback_id`. Desk and segment are the customer's."""

    callback_id: UUID
    ticket_id: UUID
    source: str
    external_id: str
    resolution_number: int
    resolved_at: datetime
    due_at: datetime
    service: str | None = None
    customer: str | None = None
    group: str | None = None
    resolver: str | None = None
    title: str | None = None
    project: str | None = None
    desk: str | None = None
    segment: str | None = None


class CallbackScheduled(CallbackFact):
    """Due 24 h after the resolution (R80)."""

    TYPE: ClassVar[str] = "ratchet.callback.scheduled.v1"


class CallbackAttempted(CallbackFact):
    """Somebody tried to reach the customer."""

    TYPE: ClassVar[str] = "ratchet.callback.attempted.v1"
    attempted_at: datetime
    attempted_by: str
    channel: Channel
    outcome: str


class CallbackCompleted(CallbackFact):
    """The customer answered (R81, R82); `conduct` are the scores, 1 to 5, by item (R185)."""

    TYPE: ClassVar[str] = "ratchet.callback.completed.v1"
    completed_at: datetime
    completed_by: str
    channel: Channel
    solved: Solved
    score: int
    comment: str | None = None
    on_time: bool
    conduct: dict[str, int] = Field(default_factory=dict)


class CallbackUnreachable(CallbackFact):
    """Given up after the attempts: stays in the denominator (F23)."""

    TYPE: ClassVar[str] = "ratchet.callback.unreachable.v1"
    decided_at: datetime
    decided_by: str
    attempts: int
    reason: str


class CallbackOverdue(CallbackFact):
    """The 24 hours are over and nobody asked."""

    TYPE: ClassVar[str] = "ratchet.callback.overdue.v1"
    noticed_at: datetime


class CallbackEscalated(CallbackFact):
    """Its deadline comes near, or has passed for a while (R80): `told_to` is the role that has to see to it.

    `level` counts from 1; it is reached `hours_from_deadline` after the deadline, before it where that is negative.
    """

    TYPE: ClassVar[str] = "ratchet.callback.escalated.v1"
    level: int
    told_to: str
    hours_from_deadline: float
    overdue: bool
    escalated_at: datetime


class CallbackLinkIssued(CallbackFact):
    """The customer may answer by a personal link. The link itself is told to nobody but who asked for it."""

    TYPE: ClassVar[str] = "ratchet.callback.link_issued.v1"
    issued_at: datetime
    issued_by: str
    expires_at: datetime


class CallbackCancelled(CallbackFact):
    """The incident was reopened before the customer was asked."""

    TYPE: ClassVar[str] = "ratchet.callback.cancelled.v1"
    cancelled_at: datetime
    reason: str


class ResolutionDisputed(CallbackFact):
    """The customer says that it is not solved (R81)."""

    TYPE: ClassVar[str] = "ratchet.resolution.disputed.v1"
    disputed_at: datetime
    solved: Solved
    comment: str | None = None
    score: int | None = None
    channel: Channel | None = None


class DissatisfactionRecorded(CallbackFact):
    """A score at or below the threshold (R82)."""

    TYPE: ClassVar[str] = "ratchet.dissatisfaction.recorded.v1"
    recorded_at: datetime
    score: int
    comment: str | None = None
    solved: Solved | None = None
    channel: Channel | None = None
    conduct: dict[str, int] = Field(default_factory=dict)


ComplaintClass = Literal["simple", "general", "major"]
"""R199, R51: simple is answered at once, general on the same day, major with a plan, a cause analysis and a call."""


class ComplaintFact(Fact):
    """A complaint as it stood right after (R60, R182); subject is `complaint_id`.

    `customer` and `complainant` are null when it is anonymous. `ticket_id` and `external_id` name the incident that it
    is about, `owner` who answers for it (the first receiver until somebody else accepts it, R198); `due_at` is when its
    answer is due. `measure_key` and `scope` name the measure that it speaks of, where somebody said so.
    """

    complaint_id: UUID
    number: str
    complaint_class: ComplaintClass
    title: str
    description: str
    channel: str
    anonymous: bool = False
    complainant: str | None = None
    customer: str | None = None
    service: str | None = None
    project: str | None = None
    department: str | None = None
    ticket_id: UUID | None = None
    external_id: str | None = None
    owner: str | None = None
    received_by: str
    received_at: datetime
    due_at: datetime | None = None
    measure_key: str | None = None
    scope: str | None = None
    url: str | None = None


class ComplaintReceived(ComplaintFact):
    """Somebody complained (R8, R193)."""

    TYPE: ClassVar[str] = "ratchet.complaint.received.v1"


class ComplaintEscalated(ComplaintFact):
    """Passed up: to somebody, to another class, or both (R60). `complaint_class` is the class from now on."""

    TYPE: ClassVar[str] = "ratchet.complaint.escalated.v1"
    previous_class: ComplaintClass
    escalated_by: str
    escalated_to: str | None = None
    escalated_at: datetime
    reason: str


class ComplaintPassedOn(ComplaintFact):
    """R193, R198: a pass-on and what became of it. Only when it is `accepted` has the complaint another `owner`;
    `returned`: nobody accepted it in time. `pass_ons` counts those that were offered so far."""

    TYPE: ClassVar[str] = "ratchet.complaint.passed_on.v1"
    outcome: Literal["offered", "accepted", "declined", "returned"]
    passed_to: str
    told_by: str
    told_at: datetime
    pass_ons: int
    reason: str | None = None


class ComplaintAnswered(ComplaintFact):
    """R56, R193: the customer has an answer; `round` counts from 1 and rises with each rejection."""

    TYPE: ClassVar[str] = "ratchet.complaint.answered.v1"
    answer: str
    answered_by: str
    answered_at: datetime
    on_time: bool
    round: int


class ComplaintAccepted(ComplaintFact):
    """The customer is content with the answer."""

    TYPE: ClassVar[str] = "ratchet.complaint.accepted.v1"
    answered_by: str | None = None
    accepted_at: datetime
    score: int | None = None
    comment: str | None = None


class ComplaintRejected(ComplaintFact):
    """The customer is not content: the complaint is open again. `rejections` counts how often."""

    TYPE: ClassVar[str] = "ratchet.complaint.rejected.v1"
    answered_by: str | None = None
    rejected_at: datetime
    reason: str
    rejections: int


class ComplaintOverdue(ComplaintFact):
    """R193, R194, R199: a deadline has passed and what was due was not done; told once for each."""

    TYPE: ClassVar[str] = "ratchet.complaint.overdue.v1"
    deadline: Literal["acknowledge", "plan", "answer", "progress", "settlement"]
    deadline_at: datetime
    noticed_at: datetime


class ComplaintClosed(ComplaintFact):
    """Settled: the customer accepted the answer, or said nothing to it for long. `on_time`: no deadline was missed."""

    TYPE: ClassVar[str] = "ratchet.complaint.closed.v1"
    closing: Literal["accepted", "no_reaction"]
    closed_by: str
    closed_at: datetime
    on_time: bool
    pass_ons: int
    rejections: int
    note: str | None = None


class SuggestionFact(Fact):
    """A suggestion as it stood right after (R184, R195); subject is `suggestion_id`. Anonymous ones name nobody."""

    suggestion_id: UUID
    number: str
    title: str
    description: str
    channel: str
    anonymous: bool = False
    suggested_by: str | None = None
    supervisor: bool = False
    customer: str | None = None
    service: str | None = None
    project: str | None = None
    department: str | None = None
    received_by: str
    received_at: datetime
    due_at: datetime
    url: str | None = None


class SuggestionReceived(SuggestionFact):
    """A customer or an independent supervisor suggests something."""

    TYPE: ClassVar[str] = "ratchet.suggestion.received.v1"


class SuggestionAnswered(SuggestionFact):
    """It was studied, and whoever made it was told what comes of it; `reward` says how it was thanked for."""

    TYPE: ClassVar[str] = "ratchet.suggestion.answered.v1"
    outcome: Literal["adopted", "declined"]
    reason: str
    reward: str | None = None
    answered_by: str
    answered_at: datetime
    on_time: bool


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

"""What the analysis of a campaign says: frozen at the close, and stored as it is (R85, R175). Light to import."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

FEWEST_ANSWERS = 5
"""A stratum with fewer answers (and fewer than its people) is not covered; in an anonymous campaign its figures and
comments are withheld."""

RiskLevel = Literal["low", "raised", "high"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Basis(_Part):
    """One item that a result is made of, with its scale; of a share, from which answer on somebody is counted."""

    item: str
    low: int
    high: int
    satisfied_from: int | None = None


class Figure(_Part):
    """A score of the whole population, weighed by stratum. `value` with its interval: of csat and a rating the share of
    the satisfied (F4), of nps points from −100 to 100 (F22), of ces the mean on its scale, of index the mean of all
    ratings and perceptions from 0 to 100, of expectation the same of what was expected. `least` and `most` are what it
    can be, `error` its standard error with `freedom` degrees; `design_effect` by how much the variance is that of a
    simple random sample of as many answers. `answers` says how many gave which answer, `said_so` of how many it is the
    share, `parts` the shares of promoters, passives and detractors as they answered, `basis` the items it is made of.
    In an anonymous campaign nothing is told of what fewer than five answered."""

    key: str
    name: dict[str, str]
    kind: Literal["csat", "nps", "ces", "rating", "index", "expectation"]
    unit: Literal["share", "points", "scale"]
    least: float
    most: float
    value: float | None
    low: float | None
    high: float | None
    error: float | None
    freedom: float | None
    n: int
    said_so: int | None
    mean: float | None
    deviation: float | None
    answers: dict[str, int]
    parts: dict[str, float]
    design_effect: float | None = None
    basis: tuple[Basis, ...] = ()


class StratumFigure(_Part):
    """A headline figure of one stratum: Wilson's interval for shares, Student's for means, both with finite-population
    correction (F24)."""

    key: str
    value: float | None
    low: float | None
    high: float | None
    n: int


class StratumResult(_Part):
    """One stratum. `response_rate` is answered / invited, `coverage` answered / population, null without a denominator;
    `required` answers keep the campaign's margin in it, `missing` of them are not there, and `invitations_needed` more
    would bring them at the rate at which people answered. `sheets` of the answers were gathered elsewhere. Where it is
    `withheld` too few answered an anonymous campaign for its figures to be shown."""

    stratum: str
    population: int
    drawn: int
    invited: int
    answered: int
    response_rate: float | None
    coverage: float | None
    weight: float
    required: int
    missing: int
    invitations_needed: int | None
    covered: bool
    withheld: bool
    comments: int
    figures: tuple[StratumFigure, ...]
    sheets: int = 0


class OptionShare(_Part):
    """How many chose one option, and the weighed share of those who answered the item."""

    option: str
    name: dict[str, str]
    n: int
    share: float | None
    low: float | None
    high: float | None


class ChoiceResult(_Part):
    """A choice among options."""

    item: str
    name: dict[str, str]
    answered: int
    options: tuple[OptionShare, ...]


class AlphaResult(_Part):
    """Cronbach's α over `n` whole rows: `raw` by covariances, `standardised` by the mean correlation. `undefined` says
    why one of them is null: a single item, fewer than two whole rows, an item or the sum that does not vary."""

    raw: float | None
    standardised: float | None
    n: int
    undefined: Literal["one_item", "too_few_answers", "no_variance"] | None = None


class ItemResult(_Part):
    """SERVQUAL: one statement."""

    item: str
    name: dict[str, str]
    expectation: float | None
    perception: float | None
    gap: float | None
    n: int


class GroupResult(_Part):
    """SERVQUAL: a dimension or an ITIL process, with the interval of its gap at the campaign's confidence. `p_value` is
    corrected for the number of groups (Holm); `significant` when it lies below the significance level. `n` answered
    any of its `items`; `basis` tells their scales."""

    aspect: Literal["dimension", "process"]
    key: str
    items: tuple[str, ...]
    expectation: float | None
    perception: float | None
    gap: float | None
    low: float | None
    high: float | None
    p_value: float | None
    significant: bool
    n: int
    alpha_expectation: AlphaResult
    alpha_perception: AlphaResult
    alpha_gap: AlphaResult
    error: float | None = None
    freedom: float | None = None
    basis: tuple[Basis, ...] = ()


class WholeResult(_Part):
    """SERVQUAL: `gap` is Σ w · gap over the dimensions (F21) with its interval, `unweighted` the mean over all
    statements; `n` answered any of them."""

    expectation: float | None
    perception: float | None
    gap: float | None
    unweighted: float | None
    weights: dict[str, float]
    alpha_expectation: AlphaResult
    alpha_perception: AlphaResult
    alpha_gap: AlphaResult
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    n: int = 0


class Lowering(_Part):
    """What would lower the risk: so many more answers of this stratum, and the invitations that they take (null where
    nobody answered so far)."""

    stratum: str
    answers: int
    invitations: int | None


class SamplingRisk(_Part):
    """R85, F24: `half_width` of the interval of the `figure` in its unit; `value` is the same as a part of what the
    figure can be, from 0 to 1, to be held against the `margin` that was asked for; both are null where there is no
    interval.

    `uncovered_share` of the population lies in strata with too few answers, `non_response` of those invited said
    nothing: neither is in the interval. The level is low where the margin was kept and all strata are covered; high
    where there is no interval, it is more than twice the margin, or more than a tenth of the population is uncovered.
    """

    figure: str | None
    half_width: float | None
    value: float | None
    margin: float
    confidence: float
    level: RiskLevel
    uncovered_share: float
    non_response: float | None
    lowered_by: tuple[Lowering, ...]


class Compared(_Part):
    """One figure, dimension or process against the campaign before. `difference` is now − before with its interval;
    `p_value` is corrected for all that is compared (Holm), null where neither side has a sampling error."""

    aspect: Literal["figure", "dimension", "process"]
    key: str
    now: float
    before: float
    difference: float
    low: float | None
    high: float | None
    p_value: float | None
    test: Literal["fisher", "welch"]
    significant: bool


class Previous(_Part):
    """The campaign that this one is compared with, as it was frozen."""

    id: UUID
    number: str
    title: str
    closed_at: datetime
    confidence: float
    stratified: bool
    digest: str
    figures: tuple[Figure, ...]
    groups: tuple[GroupResult, ...]


class NotCompared(_Part):
    """A figure, dimension or process of either campaign that stands alone: only one of them has it, it is made of other
    items or on another scale, or too few answered for an interval."""

    aspect: Literal["figure", "dimension", "process"]
    key: str
    reason: Literal["only_now", "only_before", "other_items", "other_scale", "too_few_answers"]


class Comparison(_Part):
    """With the last campaign of the same kind and scope, or the one that this one names. `same_questionnaire`: word for
    word; where it is false, what still has the same items on the same scales is compared."""

    campaign_id: UUID
    number: str
    title: str
    closed_at: datetime
    compared: tuple[Compared, ...]
    not_compared: tuple[NotCompared, ...] = ()
    same_questionnaire: bool | None = None


class PartResult(_Part):
    """The index and csat of one segment (R204), customer or department, of those whose answers can be told apart."""

    by: Literal["segment", "customer", "department"]
    value: str
    n: int
    index: StratumFigure | None
    csat: StratumFigure | None


class Method(_Part):
    """How it was computed, in words."""

    confidence: float
    significance_level: float
    fewest_answers: int
    weights: str
    interval: str
    missing_answers: str
    cronbach_alpha: str
    comparison: str


class Facts(_Part):
    """The campaign, as its analysis names it. Answers came from `period_from` up to and without `period_to`."""

    campaign_id: UUID
    number: str
    title: str
    kind: Literal["company", "project", "ad_hoc", "expectation"]
    level: Literal["company", "project"]
    customer: str | None
    service: str | None
    project: str | None
    department: str | None
    anonymous: bool
    questionnaire: str
    questionnaire_version: int
    digest: str
    revision: int
    period_from: date
    period_to: date
    analysed_by: str
    analysed_at: datetime


class CampaignAnalysis(Facts):
    """Everything that came out of a campaign. `sheets` of the answers were gathered elsewhere and handed in as a file.
    `main` is the key of the figure that the sampling risk is about; the largest 500 of each kind are among `parts`,
    `parts_left_out` says how many are not."""

    population: int
    drawn: int
    invited: int
    answered: int
    response_rate: float | None
    coverage: float | None
    uncovered: tuple[str, ...]
    main: str | None
    sampling_risk: SamplingRisk
    strata: tuple[StratumResult, ...]
    figures: tuple[Figure, ...]
    choices: tuple[ChoiceResult, ...]
    comments: dict[str, int]
    items: tuple[ItemResult, ...]
    groups: tuple[GroupResult, ...]
    whole: WholeResult | None
    comparison: Comparison | None
    parts: tuple[PartResult, ...]
    parts_left_out: int
    method: Method
    sheets: int = 0


class Comment(_Part):
    """What one respondent wrote, by item."""

    response_id: UUID
    stratum: str
    language: str
    texts: dict[str, str]

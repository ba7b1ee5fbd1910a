"""What the REST of analysis answers. Proportions are ratios from 0 to 1, durations are hours."""

from datetime import date
from typing import Literal

from pydantic import BaseModel

from services.metrics.analysis.charts import Kind, Rule
from services.metrics.analysis.charts import Side as ChartSide
from services.metrics.measures.periods import Frequency
from services.metrics.measures.rules import DataKind
from shared.events.metrics import Direction


class PeriodUsed(BaseModel):
    """One closed period as it was used: the newest revision of its value. `revision` is null where there was nothing to
    count in this scope while there was in others: a count of 0."""

    period: date
    value: float
    n: int
    numerator: float | None
    revision: int | None
    definition_version: int


class Source(BaseModel):
    """What an answer rests on: `n` periods with data, over `cases` cases in all."""

    measure: str
    definition_version: int
    scope: str
    unit: str
    data_kind: DataKind
    direction: Direction
    frequency: Frequency
    n: int
    cases: int
    periods: list[PeriodUsed]


class Finding(Source):
    """Every answer says how it was come by; `alpha` is null where nothing is tested."""

    method: str
    alpha: float | None


class DescriptionView(Finding):
    """F17 of the periods' values. `variance` is the sample's (n − 1)."""

    mean: float
    variance: float | None
    standard_deviation: float | None
    median: float
    minimum: float
    maximum: float
    quantiles: dict[str, float]


class Crossing(BaseModel):
    """The trend crosses the target in `crosses_on`, so many periods after the newest value."""

    target: float
    crosses_on: date
    periods_ahead: int
    projected: float


class TrendView(Finding):
    """F18: the slope per period with its 1 − α interval; `intercept` is the line's value at the first period. `verdict`
    is `unclear` where the interval holds 0."""

    slope: float
    low: float
    high: float
    intercept: float
    verdict: Literal["better", "worse", "unclear"]
    warning: Crossing | None


class ChartPoint(BaseModel):
    """A period between its limits."""

    period: date
    value: float
    n: int
    sigma: float
    lower: float
    upper: float


class SignalView(BaseModel):
    """`adverse`: on the measure's bad side."""

    period: date
    rule: Rule
    side: ChartSide
    adverse: bool


class ChartView(Finding):
    """A process-behaviour chart (R32). Centre and limits come from the periods `reference_from` to `reference_to`:
    those asked for (`given`), those of the level that the baseline in force speaks of (`baseline`), or all."""

    kind: Kind
    centre: float
    reference: Literal["given", "baseline", "all"]
    reference_from: date
    reference_to: date
    reference_n: int
    points: list[ChartPoint]
    signals: list[SignalView]


class ChangeView(BaseModel):
    """The level changed with `period`: medians of the neighbouring segments, p-values of the rank test between them
    before and after correction."""

    period: date
    before: float
    after: float
    before_n: int
    after_n: int
    shift: float
    noise: float
    p_value: float
    p_adjusted: float
    verdict: Literal["better", "worse"]


class ChangesView(Finding):
    """Where the level changed for good; `places` is how many there were where it could have."""

    minimum_segment: int
    minimum_shift: float
    places: int
    changes: list[ChangeView]


class ForecastPoint(BaseModel):
    """The period's expected value, and where it will lie if nothing changes."""

    period: date
    value: float
    low: float
    high: float


class ForecastView(Finding):
    """`level` is the nominal level of the prediction intervals, of each period by itself."""

    level: float
    slope: float
    points: list[ForecastPoint]


class CoefficientView(BaseModel):
    """`p_adjusted`: after Bonferroni's correction for the lags tested; `interval` is at 1 − α, of Pearson's only."""

    value: float
    p_value: float
    p_adjusted: float
    interval: tuple[float, float] | None


class LagView(BaseModel):
    """`n` pairs at this lag; coefficients are null where there are too few or one side does not vary."""

    lag: int
    n: int
    pearson: CoefficientView | None
    spearman: CoefficientView | None


class CorrelationView(BaseModel):
    """F19. At a positive lag `a` comes first. `n` are the pairs at lag 0; `significant`: whether Spearman's coefficient
    at the strongest lag is, after correction for `tests` lags. `common_trend`: both series rise or fall throughout,
    which makes any two of them go together."""

    a: Source
    b: Source
    method: str
    alpha: float
    n: int
    tests: int
    strongest_lag: int
    significant: bool
    common_trend: bool
    lags: list[LagView]

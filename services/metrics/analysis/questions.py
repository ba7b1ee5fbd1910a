"""What the worker is asked about series and what it answers, beside the assessment of effects (`evidence`); light to
import, so that a service may hold it without SciPy."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.metrics.analysis.evidence import Question

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.9, 0.95)
MINIMUM_SEGMENT = 5
MINIMUM_SHIFT = 1.0
MINIMUM_PAIRS = 8

Place = tuple[int, float]
"""A value and where it stands: whole periods since any fixed one."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DescribeValues(_Value):
    """F17 of these values, at least one."""

    kind: Literal["describe"] = "describe"
    values: tuple[float, ...] = Field(min_length=1)


class Description(_Value):
    """`variance` and `standard_deviation` are the sample's (n − 1), None of a single value. Quantiles interpolate
    linearly between the closest ranks: Hyndman and Fan's type 7, Postgres's `percentile_cont`, NumPy's default."""

    n: int
    mean: float
    variance: float | None
    standard_deviation: float | None
    median: float
    minimum: float
    maximum: float
    quantiles: dict[str, float]


class FindChanges(_Value):
    """Where the level of these values changed. `minimum_shift` is in robust standard deviations."""

    kind: Literal["changes"] = "changes"
    values: tuple[float, ...]
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    minimum_segment: int = Field(default=MINIMUM_SEGMENT, ge=2)
    minimum_shift: float = Field(default=MINIMUM_SHIFT, ge=0)


class Change(_Value):
    """The value at `index` is the first of the new level. `before` and `after` are the medians of the two neighbouring
    segments, `p_adjusted` is `p_value` times the number of places where a change could have been found."""

    index: int
    before: float
    after: float
    before_n: int
    after_n: int
    shift: float
    noise: float
    p_value: float
    p_adjusted: float


class Changes(_Value):
    """`places`: by how many possible places p-values were multiplied; `candidates`: how many were looked at."""

    changes: tuple[Change, ...]
    candidates: int
    places: int


class Correlate(_Value):
    """How `a` goes with `b`, at every lag from −`lags` to `lags`; at a positive lag `a` comes first."""

    kind: Literal["correlate"] = "correlate"
    a: tuple[Place, ...]
    b: tuple[Place, ...]
    lags: int = Field(default=0, ge=0, le=24)
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    minimum_pairs: int = Field(default=MINIMUM_PAIRS, ge=4)


class Coefficient(_Value):
    """`interval` is at 1 − α by Fisher's transformation, for Pearson's only."""

    value: float
    p_value: float
    p_adjusted: float
    interval: tuple[float, float] | None = None


class Lagged(_Value):
    """One lag; coefficients are None where there are too few pairs or one side does not vary."""

    lag: int
    n: int
    pearson: Coefficient | None
    spearman: Coefficient | None


class Correlations(_Value):
    """`tests`: the lags tested, by which p-values were multiplied; `strongest`: the lag with the smallest p-value of
    Spearman's coefficient, None where none could be computed."""

    lags: tuple[Lagged, ...]
    tests: int
    strongest: int | None


class Foresee(_Value):
    """The next `horizon` periods after the last of `points`, within `floor` and `ceiling`."""

    kind: Literal["forecast"] = "forecast"
    points: tuple[Place, ...] = Field(min_length=5)
    horizon: int = Field(ge=1, le=36)
    level: float = Field(default=0.95, ge=0.5, lt=1)
    floor: float | None = None
    ceiling: float | None = None


class Foreseen(_Value):
    """One period ahead: the line's value, and the interval in which the period's own value is expected to lie."""

    ahead: int
    value: float
    low: float
    high: float


class Forecast(_Value):
    """`level` is the prediction intervals' nominal level, of each period by itself."""

    slope: float
    residual_deviation: float
    level: float
    points: tuple[Foreseen, ...]


Asked = Annotated[Question | DescribeValues | FindChanges | Correlate | Foresee, Field(discriminator="kind")]

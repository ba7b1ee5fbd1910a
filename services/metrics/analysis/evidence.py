"""What an assessment is asked and what it answers; light to import, so that a service may hold it without SciPy."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.events.metrics import Direction, EffectPurpose, Verdict

Statistic = Literal["mean", "median", "p90"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Proportion(_Value):
    """How many of `n` were successes."""

    kind: Literal["proportion"] = "proportion"
    successes: int = Field(ge=0)
    n: int = Field(ge=0)

    @model_validator(mode="after")
    def _is_a_part(self) -> "Proportion":
        if self.successes > self.n:
            raise ValueError("more successes than tries")
        return self


class Numbers(_Value):
    """The raw numbers, in the measure's unit (hours for durations); `statistic` is the one that the measure reports."""

    kind: Literal["numbers"] = "numbers"
    statistic: Statistic
    values: tuple[float, ...]


class Count(_Value):
    """Events over an exposure, in periods: their rate is what the measure reports."""

    kind: Literal["count"] = "count"
    events: int = Field(ge=0)
    exposure: float = Field(gt=0)


Data = Annotated[Proportion | Numbers | Count, Field(discriminator="kind")]


class Guard(_Value):
    """A measure that must not get worse."""

    measure_key: str
    direction: Direction
    before: Data
    after: Data


class Question(_Value):
    """A frozen verification plan with its data. `minimum_effect` and `target` are in the measure's unit.

    With the purpose `sustain` the question is whether the level of `before` still holds; `without_worst` are then the
    data after it but for the worst period, null where there is only one.
    """

    kind: Literal["assess"] = "assess"
    purpose: EffectPurpose = "verification"
    direction: Direction
    before: Data
    after: Data
    minimum_effect: float = Field(default=0.0, ge=0)
    minimum_n: int = Field(default=30, ge=1)
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    target: float | None = None
    guards: tuple[Guard, ...] = ()
    without_worst: Data | None = None


class Side(_Value):
    """One side of a comparison: the reported value over `n`, None where there is none."""

    n: int
    value: float | None


class GuardAnswer(_Value):
    """`p_value` is one-sided in the guard's bad direction, None where a side has no data."""

    measure_key: str
    before: Side
    after: Side
    p_value: float | None
    worse: bool


class Answer(_Value):
    """The evidence, in the terms of `ratchet.effect.assessed.v1`.

    `effect` is after minus before, `interval` its 1 − α confidence interval, `p_value` one-sided in the measure's good
    direction; all None where a side has no data.
    """

    verdict: Verdict
    reason: str
    test: str | None
    before: Side
    after: Side
    effect: float | None
    interval: tuple[float, float] | None
    p_value: float | None
    alpha: float
    target: float | None
    target_met: bool | None
    guards: tuple[GuardAnswer, ...]

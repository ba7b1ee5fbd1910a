"""What the callbacks' figures answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel

from services.satisfaction.callbacks.figures.repository import Dimension


class CoverageFigures(BaseModel):
    """F23 over some resolutions.

    `resolved` is the sum of `completed_on_time`, `completed_late`, `unreachable`, `open` and `cancelled`; `overdue` is
    the part of `open` whose time is over, `completed_by_link` the part of the completed that customers answered by
    link. `coverage` is `completed_on_time / n` with `n = resolved - cancelled`, from 0 to 1; null where `n` is 0.
    """

    resolved: int
    completed_on_time: int
    completed_late: int
    completed_by_link: int
    unreachable: int
    open: int
    overdue: int
    cancelled: int
    n: int
    coverage: float | None


class Coverage(CoverageFigures):
    """F23 over the resolutions of a period; `resolved_before` is its first moment that does not belong to it."""

    resolved_from: datetime | None
    resolved_before: datetime | None


class CoverageOf(CoverageFigures):
    """F23 of one group, customer, …; `value` is null for the resolutions of which it is not known."""

    by: Dimension
    value: str | None


class Score(BaseModel):
    """F4 over `n` answers: how many gave 4 or 5, their share of `n` from 0 to 1, the mean of 1 to 5, and how many gave
    each score from 1 to 5. Share and mean are null where nobody answered."""

    n: int
    satisfied: int
    csat: float | None
    mean: float | None
    scores: Sequence[int]


class ConductScore(BaseModel):
    """The `n` scores of one item of conduct (R185)."""

    item: str
    n: int
    mean: float


class SatisfactionFigures(Score):
    """F4 in all, by mode (the channel by which the customer answered; only those by which somebody did), whether it
    was really solved (R81), and the scores of conduct."""

    modes: Mapping[str, Score]
    solved: Mapping[str, int]
    conduct: Sequence[ConductScore]


class Satisfaction(SatisfactionFigures):
    """F4 over the resolutions of a period; `resolved_before` is its first moment that does not belong to it."""

    resolved_from: datetime | None
    resolved_before: datetime | None


class SatisfactionOf(SatisfactionFigures):
    """F4 of one group, handler, …; `value` is null for the answers of which it is not known."""

    by: Dimension
    value: str | None


class Around(BaseModel):
    """F4 before and after a moment (R121): the resolutions of as many days on either side of a release."""

    at: datetime
    days: int
    before: Satisfaction
    after: Satisfaction

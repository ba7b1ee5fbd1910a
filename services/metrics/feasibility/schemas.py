"""What the feasibility's REST takes and answers. Money is of one settlement period, in the agreement's currency."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.metrics.agreements.schemas import ClauseKey, Money
from services.metrics.clauses.terms import Penalty, Promise, Terms
from services.metrics.feasibility.rules import Word
from services.metrics.measures.periods import Frequency
from shared.fields import Body, Name

Months = Annotated[int, Field(ge=1, le=36)]
Level = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Levels = Annotated[tuple[Level, ...], Field(max_length=10)]
Basis = Literal["customer", "everybody", "measure"]


class StudyBody(Body):
    """Look back over so many months. `cost` and `subcontracting` are what delivering costs the provider a period;
    `levels` are other levels of a clause, by its key, to compare with the promised one."""

    months: Months = 12
    cost: Money | None = None
    subcontracting: Money | None = None
    levels: dict[ClauseKey, Levels] = Field(default_factory=dict, max_length=100)


class PromiseBody(Body):
    """One promise that nobody has written into an agreement yet."""

    customer: Name | None = None
    services: Annotated[tuple[Name, ...], Field(min_length=1, max_length=50)]
    terms: Terms
    penalty: Penalty | None = None
    fee: Money = Decimal("0.00")
    calendar: Name = "always"
    settled_by: Frequency = "monthly"
    months: Months = 12
    levels: Levels = ()


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ChanceView(_View):
    """In `kept` of `periods` it was kept; `probability` with its 95 % Wilson interval, null without history.

    In a `word`: fewer than six periods are `little_history`; `likely_kept` and `likely_missed` where the interval lies
    on one side of one half, else `uncertain`."""

    periods: int
    kept: int
    probability: float | None
    low: float | None
    high: float | None
    word: Word


class LevelView(_View):
    """The chance if this level were promised."""

    level: float
    chance: ChanceView


class PastView(_View):
    """A past period as it would have been under the promise; `penalty` is what it would have cost."""

    period: date
    value: float
    n: int
    kept: bool
    penalty: Decimal


class ClauseFeasibility(_View):
    """R162. `basis`: whose history it is, the customer's tickets, everybody's for these services where the customer has
    none, or the clause's own measure; null without history. `n` tickets or values are behind it. `attainable` is the
    best level that was kept in nine of ten periods."""

    key: str
    title: str
    promise: Promise
    basis: Basis | None
    n: int
    chance: ChanceView
    attainable: float | None
    expected_penalty: Decimal | None
    levels: list[LevelView]
    history: list[PastView]


class CompensationView(_View):
    """R163: what misses would have cost a period under the agreement's cap; shares are of the fee."""

    periods: int
    expected: Decimal
    worst: Decimal
    expected_share: float | None
    worst_share: float | None


class Findings(_View):
    """R162, R163: each clause, the risk of delivery (`delivery`: all clauses kept in one period), the risk of
    compensation, and what remains of the fee. History runs from `since` up to and without `until`."""

    since: date
    until: date
    settled_by: Frequency
    customer: str | None
    fee: Decimal
    clauses: list[ClauseFeasibility]
    delivery: ChanceView
    compensation: CompensationView | None
    cost: Decimal | None
    subcontracting: Decimal | None
    margin: Decimal | None
    margin_at_worst: Decimal | None
    note: str


class StudyView(_View):
    """A study that was kept; `present`: whether it is of the agreement's present content."""

    id: UUID
    agreement_id: UUID
    digest: str
    present: bool
    findings: Findings
    made_by: str
    made_at: datetime

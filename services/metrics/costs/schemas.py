"""What the REST of costs takes and answers. Money is decimal, in the record's currency, to the cent."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.metrics.agreements.schemas import Currency, Money
from shared.fields import Body, Text

CostKind = Literal["people", "material", "money"]
Kind = Literal["people", "material", "money", "income"]
"""R138: people, material and money spent; and what the service brought in."""


class CostBody(Body):
    """One amount of a service's month."""

    amount: Money
    currency: Currency = "CNY"
    note: Text | None = None


class CostView(BaseModel):
    """An amount as last corrected, or as it was in an earlier revision."""

    model_config = ConfigDict(from_attributes=True)

    service: str
    month: date
    kind: Kind
    revision: int
    amount: Money
    currency: str
    note: str | None
    recorded_by: str
    recorded_at: datetime


class BenefitView(BaseModel):
    """F16 of a period, from what is recorded: `cost` is people, material and money together; `ratio` is cost / income,
    null where there is no income or no cost to divide. `incomplete` names months and what is not recorded of them."""

    model_config = ConfigDict(from_attributes=True)

    period: date
    currency: str
    people: Decimal | None
    material: Decimal | None
    money: Decimal | None
    cost: Decimal | None
    income: Decimal | None
    ratio: Decimal | None
    incomplete: dict[str, list[Kind]]

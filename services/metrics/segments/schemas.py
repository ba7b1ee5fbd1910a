"""What the REST of customer groups answers."""

from datetime import date

from pydantic import BaseModel, ConfigDict


class SegmentView(BaseModel):
    """A group of customers, and how many are in it; null are those in none."""

    model_config = ConfigDict(from_attributes=True)

    segment: str | None
    customers: int


class SegmentPoint(BaseModel):
    """A closed period of one group: `told` of its `customers` have a value. Null where values of several customers do
    not add up (a median) or there are no data."""

    model_config = ConfigDict(from_attributes=True)

    period: date
    segment: str
    value: float | None
    n: int
    customers: int
    told: int


class SegmentsView(BaseModel):
    """By period and group. A customer counts in the group that it is in today."""

    measure_key: str
    unit: str
    points: list[SegmentPoint]

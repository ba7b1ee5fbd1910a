"""What comes in and goes out of populations."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.fields import Body, Moment, Name

Mode = Literal["append", "replace"]


class KnownCustomers(Body):
    """The customers that are known here: all of the catalogue, or with a period those with a callback of a resolution
    in it, from `resolved_from` up to and without `resolved_to`. `stratify_by` says what makes the strata; a customer of
    whom that is not known is in the stratum `other`. `segments` takes only those (R204); `service` those who have an
    agreement about it, or had an incident of it; `customer` only this one."""

    mode: Mode = "append"
    resolved_from: Moment | None = None
    resolved_to: Moment | None = None
    stratify_by: Literal["segment", "desk", "nothing"] = "segment"
    segments: Annotated[tuple[Name, ...], Field(min_length=1, max_length=200)] | None = None
    service: Name | None = None
    customer: Name | None = None

    @model_validator(mode="after")
    def _is_a_period(self) -> "KnownCustomers":
        if self.resolved_from and self.resolved_to and self.resolved_from >= self.resolved_to:
            raise ValueError("resolved_to: must be later than resolved_from")
        return self


class SamePeople(Body):
    """The people of another campaign, as they are there; `customer`: only those of this one."""

    campaign_id: UUID
    mode: Mode = "append"
    customer: Name | None = None


class FlawView(BaseModel):
    """A cell that keeps its row from being taken; row 1 is the header."""

    model_config = ConfigDict(from_attributes=True)

    row: int
    column: str
    reason: str


class Stratum(BaseModel):
    """So many people are in it."""

    stratum: str
    members: int


class PopulationView(BaseModel):
    """Of `rows` rows `taken` were taken and `refused` were not; `errors` are the first thousand flaws. Then what is
    there now, in all and by stratum."""

    rows: int
    taken: int
    refused: int
    errors: tuple[FlawView, ...]
    population: int
    strata: tuple[Stratum, ...]


class MemberView(BaseModel):
    """Somebody whom a campaign is about; `resting`: not asked, since another campaign asked within the rest days."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    reference: str
    name: str | None
    email: str | None
    language: str | None
    stratum: str
    customer: str | None
    department: str | None
    segment: str | None
    drawn: bool
    resting: bool

"""What the catalogue's REST takes and answers. A key is the very value that tickets carry."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.metrics.agreements.schemas import Currency, Day, Money
from shared.auth import STAFF, Role
from shared.events.catalogue import Criticality, ServiceClass, ServiceState
from shared.fields import Body, Key, Name, Text

_VERBS = frozenset({"versions", "publish", "retire", "complete", "targets"})


def _is_no_verb(key: str) -> str:
    if key.rpartition("/")[2] in _VERBS and "/" in key:
        raise ValueError(f"must not end with /{key.rpartition('/')[2]}, which asks for something else")
    return key


EntryKey = Annotated[
    str,
    StringConstraints(max_length=200, pattern=r"^[^\s/\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s/\x00-\x1f\x7f])?$"),
    AfterValidator(_is_no_verb),
]
"""What tickets call it: 1 to 200 characters on one line, neither blank nor slash at its ends."""

Kind = Literal["service", "customer", "project", "department"]


class ServiceBody(Body):
    """R109, R116: an entry of the service catalogue. `cost` is what one month of it costs the provider.

    `visible_to` are the roles that see it once it is published; who edits the catalogue always sees it.
    `evaluation_cycle_months` is how often the service is evaluated (R156).
    """

    name: Name
    description: Text | None = None
    service_class: ServiceClass
    level: Name | None = None
    cost: Money | None = None
    currency: Currency | None = None
    owner: Name
    department: Key | None = None
    criticality: Criticality = "normal"
    evaluation_cycle_months: Annotated[int | None, Field(ge=1, le=60)] = None
    benefit: Text | None = None
    risk: Text | None = None
    calendar: Key = "always"
    visible_to: Annotated[tuple[Role, ...], Field(max_length=len(Role))] = STAFF


class OfferedService(BaseModel):
    """What a customer sees of a published service."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    version: int
    state: ServiceState
    name: str
    description: str | None
    service_class: ServiceClass
    level: str | None
    evaluation_cycle_months: int | None
    calendar: str


class ServiceView(OfferedService):
    """The whole entry."""

    cost: Money | None
    currency: str | None
    owner: str
    department: str | None
    criticality: Criticality
    benefit: str | None
    risk: str | None
    visible_to: tuple[Role, ...]
    published_on: date | None
    edited_by: str
    edited_at: datetime


class CustomerBody(Body):
    """R177, R204: a customer. `segment` is the group that it is served with; its targets are set on the scope
    `customer=<key>`."""

    name: Name
    segment: Name | None = None
    notes: Text | None = None


class CustomerView(CustomerBody):
    model_config = ConfigDict(from_attributes=True)

    key: str
    version: int
    edited_by: str
    edited_at: datetime


class ProjectBody(Body):
    """A project for a customer, from its first to its last day."""

    name: Name
    customer: EntryKey
    manager: Name
    department: Key | None = None
    starts_on: Day
    ends_on: Day | None = None


class ProjectView(ProjectBody):
    model_config = ConfigDict(from_attributes=True)

    key: str
    completed_on: date | None
    version: int
    edited_by: str
    edited_at: datetime


class Completion(Body):
    """The day on which the project was done; today unless given."""

    completed_on: Day | None = None


class DepartmentBody(Body):
    """A part of the organisation, and the one that it belongs to."""

    name: Name
    head: Name | None = None
    parent: Key | None = None


class DepartmentView(DepartmentBody):
    model_config = ConfigDict(from_attributes=True)

    key: str
    version: int
    edited_by: str
    edited_at: datetime


class VersionView(BaseModel):
    """What the entry was."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    entry: dict[str, Any]
    edited_by: str
    edited_at: datetime


class UnknownView(BaseModel):
    """A value that tickets carry and the catalogue does not: in how many of the tickets looked at, and when last."""

    model_config = ConfigDict(from_attributes=True)

    kind: Kind
    value: str
    tickets: int
    last_opened_at: datetime


class Unknowns(BaseModel):
    """`looked_at` tickets, the newest since `since`; those that occur most come first."""

    since: datetime
    looked_at: int
    items: list[UnknownView]

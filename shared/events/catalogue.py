"""What metrics tells of its catalogue: services, customers and projects, each with all that the entry says."""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal

from shared.events.envelope import Fact

ServiceState = Literal["draft", "published", "retired"]
ServiceClass = Literal["core", "auxiliary", "value_added"]
Criticality = Literal["low", "normal", "high", "critical"]


class ServiceCataloged(Fact):
    """A service is in the catalogue, or its entry has a new version (R109, R116); subject is its key.

    `visible_to` are the roles that may see it once it is published.
    """

    TYPE: ClassVar[str] = "ratchet.service.cataloged.v1"
    key: str
    version: int
    state: ServiceState
    name: str
    description: str | None
    service_class: ServiceClass
    level: str | None
    cost: Decimal | None
    currency: str | None
    owner: str
    department: str | None
    criticality: Criticality
    evaluation_cycle_months: int | None
    benefit: str | None
    risk: str | None
    calendar: str
    visible_to: tuple[str, ...]


class CustomerRegistered(Fact):
    """A customer is known, or what is known of it changed (R177, R204); subject is its key."""

    TYPE: ClassVar[str] = "ratchet.customer.registered.v1"
    key: str
    version: int
    name: str
    segment: str | None
    notes: str | None


class ProjectCompleted(Fact):
    """A project is done: the service desk follows up with its customer (R88); subject is its key."""

    TYPE: ClassVar[str] = "ratchet.project.completed.v1"
    key: str
    version: int
    name: str
    customer: str
    customer_name: str
    manager: str
    department: str | None
    starts_on: date
    ends_on: date | None
    completed_on: date

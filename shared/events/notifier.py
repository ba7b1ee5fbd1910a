"""What notifier tells: how its subscribers' endpoints fare."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Fact


class EndpointFact(Fact):
    """A webhook endpoint; subject is `endpoint_id`. `last_answer` is the status, or why there was none."""

    endpoint_id: UUID
    url: str
    last_answer: str
    failing_since: datetime | None = None


class EndpointFailing(EndpointFact):
    """Deliveries to it began to fail."""

    TYPE: ClassVar[str] = "ratchet.endpoint.failing.v1"


class EndpointDisabled(EndpointFact):
    """It failed for too long: nothing more is sent until a person enables it."""

    TYPE: ClassVar[str] = "ratchet.endpoint.disabled.v1"


class EndpointRecovered(EndpointFact):
    """It answers again."""

    TYPE: ClassVar[str] = "ratchet.endpoint.recovered.v1"


class DeliveryExhausted(Fact):
    """Every attempt of the schedule failed; the delivery can be sent again by hand."""

    TYPE: ClassVar[str] = "ratchet.delivery.exhausted.v1"
    delivery_id: UUID
    endpoint_id: UUID
    event_id: UUID
    event_type: str
    attempts: int
    last_answer: str

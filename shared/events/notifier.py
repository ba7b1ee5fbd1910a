"""What notifier tells: how its subscribers' endpoints fare, and what is thought of its reports."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Fact
from shared.events.metrics import Severity


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


class ReportOpinionMarked(Fact):
    """The improvement supervisor marked an opinion on a report (R14); subject is `report_id`.

    `kind` is the report's (`monthly_quality`, `customer_sla` …), `section` and `figure` say where in it. With
    `opens_improvement` it becomes an improvement; `measure_key` and `scope` name the measure that it speaks of.
    """

    TYPE: ClassVar[str] = "ratchet.report.opinion_marked.v1"
    opinion_id: UUID
    report_id: UUID
    report_title: str
    kind: str | None = None
    period_from: date | None = None
    period_to: date | None = None
    section: str | None = None
    figure: str | None = None
    opinion: str
    opens_improvement: bool
    severity: Severity | None = None
    department: str | None = None
    service: str | None = None
    customer: str | None = None
    project: str | None = None
    measure_key: str | None = None
    scope: str | None = None
    marked_by: str
    marked_at: datetime
    url: str | None = None

"""Incidents as the real log's look, for the measurements that need many."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.events.envelope import Draft, Origin
from shared.events.metrics import IncidentResolved
from shared.ids import new_id

OPENED = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def resolved(number: int) -> Draft:
    """A resolution as metrics tells it: its own ticket, its own story."""
    ticket_id: UUID = new_id()
    opened_at = OPENED + timedelta(seconds=number)
    fact = IncidentResolved(
        ticket_id=ticket_id,
        source="servicenow",
        external_id=f"INC{number:07d}",
        title=f"Category {number % 40}: subcategory {number % 200}",
        priority="3 - Moderate",
        service="Workplace",
        customer=f"Caller {number % 5000}",
        group=f"Group {number % 70}",
        resolver=f"Resolved by {number % 200}",
        category=f"Category {number % 40}",
        cause=f"code {number % 16}",
        opened_at=opened_at,
        resolution_number=1,
        resolved_at=opened_at + timedelta(hours=5, minutes=number % 60),
    )
    return Draft(fact, str(ticket_id), 2, Origin("integration", str(ticket_id)))

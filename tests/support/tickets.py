"""Tickets for tests: what a test does not say is some plain incident's."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.ticketing.facts import TicketFacts

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def at(hours: float) -> datetime:
    """So many hours after Monday, 9 o'clock."""
    return MONDAY + timedelta(hours=hours)


def facts(state: str = "new", hours: float = 0, **values: Any) -> TicketFacts:
    """The facts of ticket T-1 as updated so many hours after it was opened."""
    return TicketFacts(
        **{
            "source": "desk",
            "external_id": "T-1",
            "state": state,
            "updated_at": at(hours),
            "opened_at": MONDAY,
            **values,
        }
    )


def body(state: str = "new", hours: float = 0, **values: Any) -> dict[str, Any]:
    """The same as a request body."""
    return facts(state, hours, **values).model_dump(mode="json", exclude_none=True)

"""What the callbacks' tests are made of: incidents' events, the service hearing them, and what it then tells."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest
from sqlalchemy import Row, text

from services.satisfaction.callbacks.models import callbacks
from services.satisfaction.settings import SatisfactionSettings
from shared import clock
from shared.app import Service
from shared.events.envelope import Draft, Event, Origin, parse, serialise
from shared.events.metrics import IncidentFact, IncidentReopened, IncidentResolved
from shared.inbox import Inbox

MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NAMESPACE = UUID("0199f0a0-0000-7000-8000-000000000000")

REST = "/satisfaction/v1/callbacks"
NOBODYS = "0199f0a0-0000-7000-8000-00000000dead"
ANSWERS: dict[str, Any] = {"solved": "yes", "score": 5}
ATTEMPT: dict[str, Any] = {"channel": "phone", "outcome": "no_answer"}


def ticket_id(number: int) -> UUID:
    return uuid5(NAMESPACE, str(number))


def resolved(number: int = 1, resolution_number: int = 1, **changes: Any) -> IncidentResolved:
    """Ticket `number`, resolved in the morning, each further resolution a day later."""
    facts: dict[str, Any] = {
        "ticket_id": ticket_id(number),
        "source": "servicenow",
        "external_id": f"INC{number:07d}",
        "title": "No printing on the third floor",
        "service": "printing",
        "customer": "acme",
        "group": "Group 24",
        "resolver": "Li Wei",
        "opened_at": MORNING - timedelta(hours=5),
        "resolution_number": resolution_number,
        "resolved_at": MORNING + timedelta(days=resolution_number - 1),
    }
    return IncidentResolved(**{**facts, **changes})


def reopened(number: int = 1, resolution_number: int = 1, **changes: Any) -> IncidentReopened:
    """That resolution, undone two hours after it."""
    facts = resolved(number, resolution_number).model_dump()
    facts["reopened_at"] = facts["resolved_at"] + timedelta(hours=2)
    return IncidentReopened(**{**facts, **changes})


def envelope(fact: IncidentFact) -> bytes:
    """A new event that tells of this, in the ticket's story."""
    origin = Origin("service:metrics", f"story-{fact.external_id}")
    return serialise(Draft(fact, str(fact.ticket_id), 1, origin), "metrics", MORNING)[1]


async def hear(service: Service, *facts: IncidentFact) -> list[bytes]:
    """All of these in one batch; returns their bytes."""
    bodies = [envelope(fact) for fact in facts]
    await hear_again(service, bodies)
    return bodies


async def hear_again(service: Service, bodies: Sequence[bytes]) -> None:
    inbox: Inbox = service.app.state.inbox
    await inbox.take(bodies)


async def stored(service: Service) -> dict[tuple[UUID, int], Row[Any]]:
    """Every callback, by ticket and resolution number."""
    async with service.database.reading() as session:
        rows = await session.execute(callbacks.select())
        return {(row.ticket_id, row.resolution_number): row for row in rows}


async def told(service: Service) -> list[Event[dict[str, Any]]]:
    """What was recorded, in order."""
    async with service.database.reading() as session:
        return [
            parse(bytes(row.body)) for row in await session.execute(text("SELECT body FROM outbox ORDER BY position"))
        ]


async def parked(service: Service) -> int:
    async with service.database.reading() as session:
        count: int = (await session.execute(text("SELECT count(*) FROM dead_letters"))).scalar_one()
        return count


def short(event: Event[dict[str, Any]]) -> str:
    """`ratchet.callback.scheduled.v1` as `callback.scheduled`."""
    return event.type.removeprefix("ratchet.").removesuffix(".v1")


def recently(**changes: Any) -> IncidentResolved:
    """Resolved an hour ago."""
    return resolved(**{"resolved_at": clock.now() - timedelta(hours=1), **changes})


async def scheduled(service: Service, fact: IncidentResolved | None = None) -> str:
    """The path of a callback after this resolution."""
    fact = fact or recently()
    await hear(service, fact)
    row = (await stored(service))[fact.ticket_id, fact.resolution_number]
    return f"{REST}/{row.id}"


def items(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["external_id"] for item in answer.json()["items"]]


def problem(answer: httpx.Response, status: int, name: str) -> str:
    """The detail of this named problem."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:ratchet:problem:{name}"
    detail: str = answer.json()["detail"]
    return detail


def around_now(before: float = 1, after: float = 2) -> str:
    """Quiet hours by UTC's clock that began so many hours ago and end in so many."""
    now = clock.now()
    begin, end = now - timedelta(hours=before), now + timedelta(hours=after)
    return f"{begin:%H:%M}-{end:%H:%M}"


def change_settings(patch: pytest.MonkeyPatch, service: Service, **changes: Any) -> SatisfactionSettings:
    """The service with these settings, until the test is over."""
    thresholds = SatisfactionSettings(**changes)
    patch.setitem(service.app.state._state, "thresholds", thresholds)
    return thresholds

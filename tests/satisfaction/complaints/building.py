"""What the complaints' tests are made of: a desk, an engineer, a complaint."""

from datetime import datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import text

from services.satisfaction.complaints import ownership, watching
from services.satisfaction.settings import SatisfactionSettings
from shared import clock
from shared.auth import Role
from shared.http import acting
from tests.support.fleet import Fleet
from tests.support.solo import Solo

SETTINGS = SatisfactionSettings()
REST = "/satisfaction/v1/complaints"
NOBODYS = "0199f0a0-0000-7000-8000-00000000dead"
_EARLIER = (
    "UPDATE complaint_deadlines SET due_at = due_at - CAST(:by AS interval) "
    "WHERE complaint_id = :id AND met_at IS NULL",
    "UPDATE complaints SET next_due_at = next_due_at - CAST(:by AS interval), "
    "offer_ends_at = offer_ends_at - CAST(:by AS interval), silent_until = silent_until - CAST(:by AS interval) "
    "WHERE id = :id",
)
NEW: dict[str, Any] = {
    "title": "Mail stood still",
    "description": "Nobody called us.",
    "channel": "hotline",
    "complainant": "Ms. Gao",
    "contact": "+86 512 0000",
    "customer": "harbour-bank",
    "service": "mail",
}


def desk(solo: Fleet) -> Any:
    return solo.client(Role.SERVICE_DESK, subject="wang.fang", name="Wang Fang")


def engineer(solo: Fleet, subject: str = "chen.jie") -> Any:
    return solo.client(Role.ENGINEER, subject=subject, name=subject)


def manager(solo: Fleet) -> Any:
    return solo.client(Role.OPERATIONS_MANAGER, subject="mona", name="Mona")


def customer(solo: Fleet, of: str = "harbour-bank") -> Any:
    return solo.client(Role.CUSTOMER, subject="gao", name="Ms. Gao", customer=of)


async def receive(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """A complaint that this client received."""
    answer = await client.post(REST, json={**NEW, **changes})
    assert answer.status_code == 201, answer.text
    received: dict[str, Any] = answer.json()
    return received


async def do(client: httpx.AsyncClient, complaint: dict[str, Any], step: str, **body: Any) -> dict[str, Any]:
    """The complaint after this step."""
    answer = await client.post(f"{REST}/{complaint['id']}/{step}", json=body)
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def refused(
    client: httpx.AsyncClient, complaint: dict[str, Any], step: str, status: int, name: str, **body: Any
) -> str:
    """Why this step was refused."""
    answer = await client.post(f"{REST}/{complaint['id']}/{step}", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"urn:ratchet:problem:{name}"
    detail: str = answer.json()["detail"]
    return detail


async def move_deadlines(solo: Solo, complaint: dict[str, Any], hours: float) -> None:
    """Every open deadline, and the offer, so much earlier."""
    given = {"id": complaint["id"], "by": timedelta(hours=hours)}
    async with solo.transaction() as session:
        for statement in _EARLIER:
            await session.execute(text(statement), given)


async def run_job(solo: Solo, name: str, now: datetime | None = None) -> int:
    """One portion of this job of the complaints, at this moment."""
    at = now or clock.now()
    async with acting("service:satisfaction"):
        if name == "overdue":
            return await watching.notice_overdue(solo.database, at, SETTINGS, 100)
        if name == "escalation":
            return await watching.escalate_late(solo.database, at, SETTINGS, 100)
        if name == "offers":
            return await ownership.return_offers(solo.database, at, SETTINGS, 100)
        return await watching.delete_expired(solo.database, at, 100)


def moment(written: str) -> datetime:
    return datetime.fromisoformat(written)


def kinds(complaint: dict[str, Any]) -> list[str]:
    """The timeline's kinds, in order."""
    return [entry["kind"] for entry in complaint["timeline"]]

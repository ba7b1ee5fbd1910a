"""What stands around a record of the fuzzed fleet: people, words, links, amounts; a meeting, and a lesson."""

from typing import Any

from sqlalchemy import text

from shared.auth import Role
from shared.database import Database
from shared.http import acting
from tests.journeys.loop import Loop

_SIGNATURE = (
    '{"verdict": "effective", "computed_verdict": "effective", "signed_by": "x", '
    '"signed_at": "2026-03-01T00:00:00+00:00", "reason": null}'
)
_AROUND: dict[str, dict[str, Any]] = {
    "discussion": {"kind": "progress", "percent": 10, "body": "begun", "next_step": "go on"},
    "participants": {"person": "kim", "role": "customer", "customer": "bank"},
    "links": {"kind": "ticket", "reference": "INC0045731"},
    "benefits": {"side": "cost", "kind": "planned", "category": "people", "day": "2026-03-01", "amount": "10"},
    "cost-periods": {
        "phase": "before",
        "period_from": "2026-01-01",
        "period_to": "2026-02-01",
        "volume": "10",
        "volume_unit": "tickets",
        "cost": "100",
        "evidence": "accounts",
    },
}
_MEETING = {
    "kind": "monthly_quality_analysis",
    "title": "Quality",
    "planned_at": "2026-03-02T06:00:00Z",
    "chair": "mona",
    "items": [{"kind": "action", "title": "Staff the evening", "owner": "olga", "due": "2026-04-01"}],
}


async def make_meetings(loop: Loop, improvement: Database, draft: str) -> dict[str, list[str]]:
    """Their ids, by what stands before them in a path; `draft` is the record that they stand around."""
    around = {
        name: [(await loop.post(Role.PROCESS_OWNER, f"/improvement/v1/improvements/{draft}/{name}", body, 201))["id"]]
        for name, body in _AROUND.items()
    }
    meeting = await loop.post(Role.OPERATIONS_MANAGER, "/improvement/v1/meetings", _MEETING, 201)
    learned = {"title": "Ended", "problem": "It was slow."}
    source = await loop.post(Role.PROCESS_OWNER, "/improvement/v1/improvements", learned, 201)
    async with acting("tester"), improvement.transaction() as session:
        await session.execute(
            text("UPDATE improvements SET state = 'verified', signature = cast(:signature AS jsonb) WHERE id = :id"),
            {"signature": _SIGNATURE, "id": source["id"]},
        )
    lesson = await loop.post(
        Role.PROCESS_OWNER,
        "/improvement/v1/lessons",
        {"improvement_id": source["id"], "title": "Evenings", "worked": "x", "context": "x", "reuse": "x"},
        201,
    )
    return {
        **around,
        "meetings": [meeting["id"]],
        "items": [item["id"] for item in meeting["items"]],
        "lessons": [lesson["id"]],
    }

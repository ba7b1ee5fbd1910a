"""Records for the tests of what stands around them: opened over REST, brought into a state by the shortest way."""

from datetime import datetime
from typing import Any

import httpx
from sqlalchemy import text

from shared.auth import Role
from tests.improvement.builders import IMPROVEMENTS, ok
from tests.support.solo import Solo


async def open_improvement(solo: Solo, **fields: Any) -> str:
    """A draft's id."""
    body = {"title": "Evening shift", "problem": "Tickets of the evening wait for the morning", **fields}
    async with solo.client(Role.PROCESS_OWNER, subject="petra") as petra:
        return str(ok(await petra.post(IMPROVEMENTS, json=body), 201)["id"])


async def put(solo: Solo, improvement_id: str, **columns: Any) -> None:
    """Write columns of a record as if its way had brought it there."""
    assigned = ", ".join(f"{name} = :{name}" for name in columns)
    async with solo.transaction() as session:
        await session.execute(
            text(f"UPDATE improvements SET {assigned} WHERE id = :id"), {"id": improvement_id, **columns}
        )


async def sign(
    solo: Solo, improvement_id: str, verdict: str, signed_at: str = "2026-03-10T09:00:00+00:00", **columns: Any
) -> None:
    """A signed verdict, and whatever else is to be so."""
    signature = (
        f'{{"verdict": "{verdict}", "computed_verdict": "{verdict}", "signed_by": "mona", '
        f'"signed_at": "{signed_at}", "reason": null}}'
    )
    async with solo.transaction() as session:
        await session.execute(
            text("UPDATE improvements SET state = 'verified', signature = cast(:signature AS jsonb) WHERE id = :id"),
            {"id": improvement_id, "signature": signature},
        )
        await session.execute(
            text(
                "INSERT INTO effect_signatures (id, improvement_id, revision, request_id, verdict, computed_verdict, "
                "signed_by, signed_at) VALUES (gen_random_uuid(), :id, 1, gen_random_uuid(), :verdict, :verdict, "
                "'mona', :signed_at)"
            ),
            {"id": improvement_id, "verdict": verdict, "signed_at": datetime.fromisoformat(signed_at)},
        )
    if columns:
        await put(solo, improvement_id, **columns)


def refused(answer: httpx.Response, status: int) -> str:
    """What the problem says."""
    assert answer.status_code == status, answer.text
    return str(answer.json()["detail"])

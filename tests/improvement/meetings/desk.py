"""Whoever keeps the meetings: plans them, writes them up, holds and closes them."""

from typing import Any

import httpx

from shared.auth import Role
from tests.improvement.builders import ok
from tests.support.solo import Solo

MEETINGS = "/improvement/v1/meetings"
ACTION = {"kind": "action", "title": "Staff the evening", "owner": "olga", "due": "2026-04-30"}
PLAN = {"kind": "plan", "title": "Patch the mail gateway", "owner": "eva"}


class Desk:
    """`client` is the manager who chairs ("mona")."""

    def __init__(self, solo: Solo) -> None:
        self.solo = solo
        self.client = solo.client(Role.OPERATIONS_MANAGER, subject="mona")

    async def plan(self, **fields: Any) -> dict[str, Any]:
        body = {
            "kind": "monthly_quality_analysis",
            "title": "Quality analysis",
            "planned_at": "2026-04-02T06:00:00Z",
            "chair": "mona",
            **fields,
        }
        return dict(ok(await self.client.post(MEETINGS, json=body), 201))

    async def read(self, meeting: dict[str, Any]) -> dict[str, Any]:
        return dict(ok(await self.client.get(f"{MEETINGS}/{meeting['id']}")))

    async def put(self, meeting: dict[str, Any], what: str, body: dict[str, Any]) -> httpx.Response:
        return await self.client.put(f"{MEETINGS}/{meeting['id']}/{what}", json=body, headers={"If-Match": "*"})

    async def prepare(self, meeting: dict[str, Any], minutes: str = "It was said.") -> None:
        """Minutes, and everyone there."""
        people = [{"person": who["person"], "presence": "present"} for who in (await self.read(meeting))["attendees"]]
        ok(await self.put(meeting, "attendees", {"attendees": people}))
        ok(await self.put(meeting, "minutes", {"body": minutes}))

    async def hold(self, meeting: dict[str, Any]) -> dict[str, Any]:
        await self.prepare(meeting)
        return dict(ok(await self.client.post(f"{MEETINGS}/{meeting['id']}/hold")))

    async def tell(
        self, meeting: dict[str, Any], item: dict[str, Any], state: str, reason: str | None = None
    ) -> httpx.Response:
        body = {"state": state, "reason": reason}
        return await self.client.post(f"{MEETINGS}/{meeting['id']}/items/{item['id']}/outcome", json=body)

    async def sign_off(self, meeting: dict[str, Any]) -> httpx.Response:
        return await self.client.post(f"{MEETINGS}/{meeting['id']}/sign-off", headers={"If-Match": "*"})

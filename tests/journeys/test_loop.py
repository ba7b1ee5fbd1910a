"""The closed loop on a small organisation, on both buses."""

import json

from standardwebhooks import Webhook

from services.fleet import DEFINE
from shared.auth import Role
from shared.bus.port import Bus
from shared.settings import Settings
from tests.journeys.loop import THE_STORY, Json, Loop, in_order
from tests.metrics.gaps.test_service import month_of_tickets
from tests.support.fleet import running
from tests.support.receiver import Receiver, listening
from tests.support.waiting import eventually


async def turn_the_loop(loop: Loop, receiver: Receiver) -> None:
    """From a subscriber's registration to the closed improvement; asserts every station."""
    endpoint = await loop.post(Role.ADMINISTRATOR, "/notifier/v1/endpoints", {"url": receiver.url}, 201)
    tickets = month_of_tickets(3, 80, 120) + month_of_tickets(4, 190, 10) + month_of_tickets(5, 185, 15)
    again = await loop.post(Role.INTEGRATION, "/metrics/v1/tickets", tickets)
    assert again["changed"] == len(tickets)
    await loop.expect_target(0.75, "2025-03-01")

    gap = await loop.await_gap()
    assert (gap["actual"], gap["expected"], gap["period"]) == (0.4, 0.75, "2025-03-01")
    improvement = await loop.await_improvement(gap["id"])
    assert (improvement["state"], improvement["correlation_id"]) == ("draft", gap["id"])
    implementing = await loop.plan_and_approve(improvement)
    monitoring = await loop.implement(implementing, "2025-04-01T06:00:00Z")
    assessment = await loop.await_assessment(monitoring["id"], "effective")
    assert (assessment["before"]["value"], assessment["after"]["value"]) == (0.4, 375 / 400)
    closed = await loop.sign_and_close(monitoring)
    assert (closed["state"], closed["baseline_value"]) == ("closed", 375 / 400)

    story = await loop.await_story(gap["id"], "improvement.closed")
    assert in_order(story) == THE_STORY
    assert (await loop.get("/audit/v1/ledger/verification", Role.AUDITOR))["intact"] is True
    await check_callbacks(loop, len(tickets))
    await check_deliveries(receiver, endpoint, gap["id"])


async def check_callbacks(loop: Loop, resolutions: int) -> None:
    async def all_due() -> bool:
        coverage = await loop.get("/satisfaction/v1/callbacks/coverage", Role.SERVICE_DESK)
        assert coverage["resolved"] == resolutions, coverage
        return True

    await eventually(all_due, loop.timeout_seconds)
    (first, *_rest) = (await loop.get("/satisfaction/v1/callbacks", Role.SERVICE_DESK, state="due"))["items"]
    done = await loop.post(
        Role.SERVICE_DESK, f"/satisfaction/v1/callbacks/{first['id']}/complete", {"solved": "yes", "score": 5}
    )
    assert done["state"] == "completed"


async def check_deliveries(receiver: Receiver, endpoint: Json, gap_id: str) -> None:
    async def whole_story() -> bool:
        told = {json.loads(body)["type"] for _, body in receiver.requests if gap_id in body.decode()}
        assert {f"ratchet.{step}.v1" for step in THE_STORY} <= told
        return True

    await eventually(whole_story, 60)
    webhook = Webhook(endpoint["secret"])
    for headers, body in receiver.requests:
        webhook.verify(body, headers)
        assert headers["webhook-id"] == json.loads(body)["id"]


class TestLoop:
    async def test_one_turn(self, settings: Settings, database_url: str, bus: Bus) -> None:
        async with listening() as receiver, running(list(DEFINE), settings, database_url, bus) as fleet:
            loop = Loop(fleet.client)
            try:
                await turn_the_loop(loop, receiver)
            finally:
                await loop.close()

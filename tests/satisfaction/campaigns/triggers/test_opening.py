"""R121: a survey opens by itself after a release, and at a project's end."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from services.satisfaction.campaigns.triggers.opening import open_next
from services.satisfaction.tokens import derive_key
from shared import clock
from shared.auth import Role
from shared.events.catalogue import CustomerRegistered, ProjectCompleted
from shared.events.improvement import ChangeImplemented
from shared.http import acting
from tests.satisfaction.campaigns.building import PATH, create, hear, people, signed, upload
from tests.satisfaction.invitations.building import read
from tests.support.solo import Solo

TRIGGERS = "/satisfaction/v1/survey-triggers"
NEW: dict[str, Any] = {
    "title": "After a release",
    "service": "mail",
    "questionnaire_key": "csat",
    "waiver": "Only mail",
}


def implemented(scope: str | None = "service=mail", **fields: Any) -> ChangeImplemented:
    made: dict[str, Any] = {
        "change_id": uuid4(),
        "improvement_id": uuid4(),
        "revision": 1,
        "connection": "itsm",
        "system": "servicenow",
        "number": "IMP-2026-0007",
        "title": "Faster mail",
        "measure_key": "mttr",
        "scope": scope,
        "external_id": "CHG0030214",
        "implemented_at": datetime.now(UTC),
    }
    return ChangeImplemented(**{**made, **fields})


async def know(solo: Solo, *customers: str) -> None:
    """Customers of the catalogue, each with an agreement about mail."""
    for name in customers:
        registered = CustomerRegistered(key=name, version=1, name=name.title(), segment="bank", notes=None)
        await solo.hear(registered, name, source="metrics")
        await hear(solo, signed(f"SLA-{name}", "response", customer=name))


async def write(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post(TRIGGERS, json={**NEW, **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def open_all(solo: Solo, **later: float) -> int:
    """Let the job run until nothing is due."""
    opened = 0
    async with acting("service:satisfaction"):
        while await open_next(solo.database, derive_key(solo.settings), clock.now() + timedelta(**later)):
            opened += 1
    return opened


async def newest(client: httpx.AsyncClient) -> dict[str, Any]:
    [listed, *_] = (await client.get(PATH)).json()["items"]
    campaign: dict[str, Any] = (await client.get(f"{PATH}/{listed['id']}")).json()
    return campaign


class TestOpenNext:
    async def test_asks_the_customers_of_the_service_a_week_after_a_release(self, solo: Solo) -> None:
        """R121: launched by itself, and the ledger hears what it followed in the story of the change."""
        await know(solo, "acme", "bank")
        await hear(solo, signed("SLA-print", "response", customer="print-only", services=("print",)))
        async with solo.client(Role.SERVICE_DESK, subject="li.na") as desk:
            trigger = await write(desk)
            change = implemented()
            await solo.hear(change, change.improvement_id, source="improvement")
            await solo.hear(implemented("service=print"), "other", source="improvement")
            await solo.hear(change, change.improvement_id, source="improvement")  # told again
            assert await open_all(solo) == 0
            assert await open_all(solo, days=7, seconds=1) == 1
            assert await open_all(solo, days=8) == 0
            campaign = await newest(desk)
            shown = (await desk.get(f"{TRIGGERS}/{trigger['id']}")).json()
        assert (campaign["state"], campaign["kind"], campaign["service"]) == ("launched", "ad_hoc", "mail")
        assert campaign["title"] == "After a release: Faster mail"
        assert campaign["occasion"] == "CHG0030214 (IMP-2026-0007): Faster mail"
        assert campaign["sample"]["population"] == 2
        assert campaign["owner"] == "li.na"
        assert {waiver["reason"] for waiver in campaign["waivers"]} == {"Only mail"}
        assert (shown["opened"], shown["waiting"]) == (1, 0)
        [launched] = await solo.events("survey.launched")
        [opened] = await solo.events("survey.opened")
        assert (opened.data["launched"], opened.data["people"], opened.data["reasons"]) == (True, 2, [])
        assert (opened.data["trigger_id"], opened.data["campaign_id"]) == (trigger["id"], campaign["id"])
        assert opened.sequence == launched.sequence + 1
        [occasion] = await read(solo, "SELECT correlation_id FROM survey_occasions")
        assert launched.correlation_id == opened.correlation_id == occasion.correlation_id

    async def test_waits_as_a_draft_where_a_clause_has_no_question(self, solo: Solo) -> None:
        """R84 holds for it too, and it says which clause."""
        await know(solo, "acme")
        async with solo.client(Role.SERVICE_DESK) as desk:
            await write(desk, waiver=None, wait_days=0)
            await solo.hear(implemented(), "x", source="improvement")
            assert await open_all(solo, seconds=1) == 1
            campaign = await newest(desk)
        assert (campaign["state"], campaign["sample"]["drawn"]) == ("draft", 1)
        [opened] = await solo.events("survey.opened")
        assert opened.data["launched"] is False
        assert "SLA-acme/response" in opened.data["reasons"][0]

    async def test_waits_as_a_draft_where_nobody_is_known_to_ask(self, solo: Solo) -> None:
        async with solo.client(Role.SERVICE_DESK) as desk:
            await write(desk, wait_days=0)
            await solo.hear(implemented(), "x", source="improvement")
            assert await open_all(solo, seconds=1) == 1
            assert (await newest(desk))["state"] == "draft"
        [opened] = await solo.events("survey.opened")
        assert opened.data["reasons"] == ["nobody is in the population yet; upload it, or take the known customers"]

    async def test_or_where_it_was_asked_to(self, solo: Solo) -> None:
        await know(solo, "acme")
        async with solo.client(Role.SERVICE_DESK) as desk:
            await write(desk, wait_days=0, launches=False)
            await solo.hear(implemented(), "x", source="improvement")
            await open_all(solo, seconds=1)
            campaign = await newest(desk)
            assert campaign["state"] == "draft"
            assert (await desk.get(f"{PATH}/{campaign['id']}/check")).json()["ready"] is True
        [opened] = await solo.events("survey.opened")
        assert (opened.data["launched"], opened.data["reasons"]) == (False, [])

    async def test_asks_the_people_of_another_survey(self, solo: Solo) -> None:
        """Their addresses come with them: they are invited by e-mail."""
        async with solo.client(Role.SERVICE_DESK) as desk:
            last = await create(desk, kind="ad_hoc")
            await upload(desk, last["id"], people({"north": 12, "south": 12}))
            await write(desk, people="campaign", people_of=last["id"], wait_days=0)
            await solo.hear(implemented(), "x", source="improvement")
            await open_all(solo, seconds=1)
            campaign = await newest(desk)
        assert (campaign["state"], campaign["sample"]["population"]) == ("launched", 24)
        rows = await read(solo, "SELECT DISTINCT channel FROM survey_invitations")
        assert [row.channel for row in rows] == ["email"]

    async def test_asks_the_customer_of_a_completed_project(self, solo: Solo) -> None:
        await know(solo, "acme", "bank")
        async with solo.client(Role.PROJECT_MANAGER) as manager:
            await write(manager, title="At the end", follows="project", service=None, wait_days=1)
            done = ProjectCompleted(
                key="branches", version=2, name="40 branches", customer="acme", customer_name="Acme", manager="chen",
                department=None, starts_on=date(2025, 3, 1), ends_on=None, completed_on=date(2026, 3, 30),
            )  # fmt: skip
            await solo.hear(done, "branches", source="metrics")
            assert await open_all(solo, days=1, seconds=1) == 1
            campaign = await newest(manager)
        assert (campaign["kind"], campaign["project"], campaign["customer"]) == ("project", "branches", "acme")
        assert (campaign["state"], campaign["sample"]["population"]) == ("launched", 1)

    async def test_what_is_paused_opens_nothing_until_it_goes_on(self, solo: Solo) -> None:
        await know(solo, "acme")
        async with solo.client(Role.SERVICE_DESK) as desk:
            trigger = await write(desk, wait_days=0)
            await solo.hear(implemented(), "x", source="improvement")
            paused = {**NEW, "wait_days": 0, "paused": True}
            url = f"{TRIGGERS}/{trigger['id']}"
            assert (await desk.put(url, json=paused, headers={"If-Match": '"1"'})).status_code == 200
            assert await open_all(solo, seconds=1) == 0
            await solo.hear(implemented(), "y", source="improvement")
            await desk.put(url, json={**paused, "paused": False}, headers={"If-Match": '"2"'})
            assert await open_all(solo, seconds=1) == 1

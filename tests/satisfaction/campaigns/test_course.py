"""R84, R161: the launch checks what is asked, freezes it, and invites; then the end."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.satisfaction.campaigns.course import close_ended
from services.satisfaction.campaigns.repository import find
from services.satisfaction.invitations.repository import decline
from services.satisfaction.populations.rules import hash_contact
from services.satisfaction.questionnaires.builtin import BUILT_IN
from services.satisfaction.questionnaires.rules import digest_of
from shared import clock
from shared.auth import Role
from shared.http import acting
from tests.satisfaction.campaigns.building import PATH, create, draw, hear, later, launch, people, signed, upload
from tests.support.solo import Solo

QUESTIONNAIRES = "/satisfaction/v1/questionnaires"


@pytest.fixture
async def quality(solo: Solo) -> AsyncIterator[httpx.AsyncClient]:
    async with solo.client(Role.QUALITY_MANAGER, subject="li.na") as client:
        yield client


async def prepare(client: httpx.AsyncClient, **terms: Any) -> str:
    """A draft that is drawn."""
    campaign: str = (await create(client, **terms))["id"]
    await upload(client, campaign, people({"north": 3}))
    assert (await draw(client, campaign)).status_code == 200
    return campaign


async def publish(client: httpx.AsyncClient, *clauses: str) -> None:
    item = {"kind": "rating", "key": "stars", "wording": {"en": "Fast?"}, "clauses": clauses}
    await client.put(f"{QUESTIONNAIRES}/own", json={"title": {"en": "Own"}, "items": [item]})
    await client.post(f"{QUESTIONNAIRES}/own/publish")


class TestLaunch:
    async def test_freezes_what_is_asked_and_invites(self, solo: Solo, quality: httpx.AsyncClient) -> None:
        launched = await launch(
            quality, {"north": 3, "south": 2}, occasion="yearly", closes_at=later(days=9).isoformat()
        )
        assert (launched["state"], launched["questionnaire_version"], launched["launched_by"]) == (
            "launched",
            1,
            "li.na",
        )
        assert launched["digest"] == digest_of(BUILT_IN["csat"])
        (event,) = await solo.events("survey.launched")
        told = event.data
        assert (told["kind"], told["level"], told["occasion"], told["seed"]) == ("company", "company", "yearly", "s")
        assert (told["population"], told["invited"], told["digest"]) == (5, 5, launched["digest"])
        assert [(one["name"], one["population"], one["invited"]) for one in told["strata"]] == [
            ("north", 3, 3),
            ("south", 2, 2),
        ]
        assert (event.subject, event.sequence) == (launched["id"], 1)
        assert (await quality.post(f"{PATH}/{launched['id']}/launch")).status_code == 409

    async def test_a_clause_without_a_question_blocks_it(self, solo: Solo, quality: httpx.AsyncClient) -> None:
        """R84: named; until an item asks about it, or somebody waives it with a reason."""
        await hear(solo, signed("SLA-1", "response", "repair", "backup"), signed("SLA-2", "uptime", "reports"))
        await hear(solo, signed("SLA-9", "uptime", customer="other"))
        await publish(quality, "SLA-1/response", "SLA-1/gone")
        campaign = await prepare(quality, customer="acme", questionnaire_key="own")
        refused = await quality.post(f"{PATH}/{campaign}/launch")
        uncovered = ["SLA-1/backup", "SLA-1/repair", "SLA-2/reports", "SLA-2/uptime"]
        assert (refused.status_code, refused.json()["uncovered"]) == (409, uncovered)
        assert "SLA-1/backup" in refused.json()["detail"]
        body = {"clauses": ["SLA-2/*", "SLA-1/repair"], "reason": "asked every month by phone"}
        assert (await quality.post(f"{PATH}/{campaign}/waivers", json=body)).status_code == 200
        check = (await quality.get(f"{PATH}/{campaign}/check")).json()
        assert (check["ready"], check["uncovered"], check["unknown_clauses"]) == (
            False,
            ["SLA-1/backup"],
            ["SLA-1/gone"],
        )
        assert [one["items"] for one in check["clauses"] if one["clause"] == "SLA-1/response"] == [["stars"]]
        body = {"clauses": ["SLA-1/backup"], "reason": "no backups this year"}
        waived = (await quality.post(f"{PATH}/{campaign}/waivers", json=body)).json()["waivers"]
        assert [(one["clause"], one["waived_by"]) for one in waived] == [
            ("SLA-2/*", "li.na"),
            ("SLA-1/repair", "li.na"),
            ("SLA-1/backup", "li.na"),
        ]
        assert (await quality.get(f"{PATH}/{campaign}/check")).json()["ready"] is True
        assert (await quality.post(f"{PATH}/{campaign}/launch")).status_code == 200
        (event,) = await solo.events("survey.launched")
        assert event.data["clauses"] == ["SLA-1/response"]
        assert event.data["waived"] == uncovered

    async def test_names_all_that_is_missing(self, quality: httpx.AsyncClient) -> None:
        await quality.put(
            f"{QUESTIONNAIRES}/own",
            json={"title": {"en": "Own"}, "items": [{"kind": "text", "key": "t", "wording": {"en": "?"}}]},
        )
        terms = {"agreements": ["SLA-7"], "closes_at": later(hours=-1).isoformat(), "questionnaire_key": "own"}
        campaign = (await create(quality, **terms))["id"]
        refused = await quality.post(f"{PATH}/{campaign}/launch")
        missing = refused.json()["missing"]
        assert refused.status_code == 409
        assert [part.split(":")[0] for part in missing] == [
            "the sample",
            "time to answer",
            "a published questionnaire",
            "agreements in force",
        ]

    async def test_who_was_asked_since_the_draw_is_not_asked_again(self, quality: httpx.AsyncClient) -> None:
        waiting = await prepare(quality, rest_days=30)
        await launch(quality, {"north": 2}, rest_days=0)
        refused = await quality.post(f"{PATH}/{waiting}/launch")
        assert (refused.status_code, "2 of those drawn" in refused.json()["detail"]) == (409, True)
        drawn = (await draw(quality, waiting)).json()
        assert (drawn["sample"]["resting"], drawn["sample"]["drawn"]) == (2, 1)
        assert (await quality.post(f"{PATH}/{waiting}/launch")).status_code == 200

    async def test_who_wants_no_surveys_since_the_draw_is_not_asked(
        self, solo: Solo, quality: httpx.AsyncClient
    ) -> None:
        """Whatever the rest days are."""
        waiting = await prepare(quality, rest_days=0)
        async with solo.transaction() as session:
            await decline(session, hash_contact("north-1", "north-1@example.com"), clock.now())
        refused = await quality.post(f"{PATH}/{waiting}/launch")
        assert (refused.status_code, "want no surveys" in refused.json()["detail"]) == (409, True)
        assert (await draw(quality, waiting)).json()["sample"]["drawn"] == 2
        assert (await quality.post(f"{PATH}/{waiting}/launch")).status_code == 200

    async def test_it_opens_before_it_closes(self, quality: httpx.AsyncClient) -> None:
        campaign = await prepare(quality, opens_on="2099-02-01", closes_at="2099-01-31T00:00:00Z")
        refused = await quality.post(f"{PATH}/{campaign}/launch")
        assert (refused.status_code, "it opens on 2099-02-01" in refused.json()["detail"]) == (409, True)

    async def test_at_design_only_what_is_expected_is_asked(self, solo: Solo, quality: httpx.AsyncClient) -> None:
        """R161"""
        async with solo.client(Role.SERVICE_DESK) as desk:
            launched = await launch(desk, {"all": 2}, kind="expectation", questionnaire_key="servqual_22")
            async with solo.database.reading() as session:
                row = await find(session, launched["id"])
            assert row is not None
            assert {item["kind"] for item in row.content["items"]} == {"rating", "text"}
            assert launched["digest"] != digest_of(BUILT_IN["servqual_22"])
            none = await prepare(desk, kind="expectation", questionnaire_key="nps", rest_days=0)
            refused = await desk.post(f"{PATH}/{none}/launch")
            assert (refused.status_code, "expectation" in refused.json()["detail"]) == (409, True)

    async def test_is_for_who_asks_at_this_level(self, solo: Solo, quality: httpx.AsyncClient) -> None:
        """R47"""
        campaign = await prepare(quality)
        async with solo.client(Role.SERVICE_DESK) as desk:
            for action in ("launch", "close", "cancel"):
                assert (await desk.post(f"{PATH}/{campaign}/{action}")).status_code == 403
            waiver = {"clauses": ["SLA-1/*"], "reason": "no"}
            assert (await desk.post(f"{PATH}/{campaign}/waivers", json=waiver)).status_code == 403
        assert (await quality.post(f"{PATH}/{'0' * 32}/launch")).status_code == 404
        for wrong in ({"clauses": ["SLA-1"], "reason": "x"}, {"clauses": ["SLA-1/a"], "reason": " "}):
            assert (await quality.post(f"{PATH}/{campaign}/waivers", json=wrong)).status_code == 422
        stale = {"If-Match": '"1"'}
        assert (await quality.post(f"{PATH}/{campaign}/launch", headers=stale)).status_code == 412


class TestClose:
    async def test_by_hand(self, solo: Solo, quality: httpx.AsyncClient) -> None:
        launched = await launch(quality, {"north": 3})
        closed = (await quality.post(f"{PATH}/{launched['id']}/close")).json()
        assert (closed["state"], closed["closed_by"]) == ("closed", "li.na")
        (event,) = await solo.events("survey.closed")
        told = event.data
        assert (told["population"], told["invited"], told["answered"], told["response_rate"]) == (3, 3, 0, 0.0)
        assert event.sequence == 2
        async with solo.database.reading() as session:
            row = await find(session, launched["id"])
        assert row is not None
        assert row.analysis_due_at == row.closed_at
        assert (await quality.post(f"{PATH}/{launched['id']}/close")).status_code == 409
        draft = await prepare(quality, rest_days=0)
        assert (await quality.post(f"{PATH}/{draft}/close")).status_code == 409

    async def test_when_its_time_is_over(self, solo: Solo, quality: httpx.AsyncClient) -> None:
        ends = later(hours=1)
        due = await launch(quality, {"north": 1}, closes_at=ends.isoformat())
        await launch(quality, {"south": 1}, closes_at=later(days=9).isoformat())
        await launch(quality, {"east": 1})
        async with acting("service:satisfaction"):
            assert await close_ended(solo.database, clock.now(), 20) == 0
            assert await close_ended(solo.database, ends + timedelta(seconds=1), 20) == 1
            assert await close_ended(solo.database, ends + timedelta(seconds=1), 20) == 0
        (event,) = await solo.events("survey.closed")
        assert (event.subject, event.data["closed_by"]) == (due["id"], "service:satisfaction")

    async def test_a_bounded_portion_at_once(self, solo: Solo, quality: httpx.AsyncClient) -> None:
        for name in ("a", "b", "c"):
            await launch(quality, {name: 1}, closes_at=later(hours=1).isoformat())
        at = later(hours=2)
        async with acting("service:satisfaction"):
            assert [await close_ended(solo.database, at, 2) for _ in range(3)] == [2, 1, 0]


class TestCancel:
    async def test_a_draft_and_its_people(self, quality: httpx.AsyncClient) -> None:
        campaign = await prepare(quality)
        cancelled = (await quality.post(f"{PATH}/{campaign}/cancel")).json()
        assert cancelled["state"] == "cancelled"
        assert (await quality.get(f"{PATH}/{campaign}/population")).json()["items"] == []
        for action in ("cancel", "launch", "draw"):
            assert (await quality.post(f"{PATH}/{campaign}/{action}")).status_code == 409
        launched = (await launch(quality, {"north": 1}))["id"]
        assert (await quality.post(f"{PATH}/{launched}/cancel")).status_code == 409

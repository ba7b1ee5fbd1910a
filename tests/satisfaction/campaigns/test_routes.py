"""R47, R79, R83, R172: campaigns are written, edited and found."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.auth import Role
from tests.satisfaction.campaigns.building import NEW, PATH, create, draw, later, launch, people, upload
from tests.support.solo import Solo


@pytest.fixture
async def quality(solo: Solo) -> AsyncIterator[httpx.AsyncClient]:
    async with solo.client(Role.QUALITY_MANAGER, subject="li.na") as client:
        yield client


async def edit(client: httpx.AsyncClient, campaign: dict[str, Any], **changes: Any) -> httpx.Response:
    return await client.patch(
        f"{PATH}/{campaign['id']}", json=changes, headers={"If-Match": f'"{campaign["version"]}"'}
    )


class TestCreate:
    async def test_a_draft_that_can_be_found(self, quality: httpx.AsyncClient) -> None:
        answer = await quality.post(PATH, json={**NEW, "customer": "acme", "strata": ["north", "south"]})
        body = answer.json()
        assert (answer.status_code, answer.headers["Location"]) == (201, f"{PATH}/{body['id']}")
        assert (body["state"], body["level"], body["owner"], body["created_by"]) == (
            "draft",
            "company",
            "li.na",
            "li.na",
        )
        assert (body["margin"], body["confidence"], body["sample"], body["strata"]) == (
            0.05,
            0.95,
            None,
            ["north", "south"],
        )
        found = await quality.get(answer.headers["Location"])
        assert (found.json(), found.headers["ETag"]) == (body, answer.headers["ETag"])

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"kind": "company", "level": "project"}, 422),
            ({"kind": "project"}, 422),
            ({"margin": 0}, 422),
            ({"margin": "NaN"}, 422),
            ({"confidence": 1}, 422),
            ({"expected_response_rate": 0}, 422),
            ({"rest_days": 10**9}, 422),
            ({"closes_at": "9999-01-01T00:00:00Z"}, 422),
            ({"strata": []}, 422),
            ({"strata": ["a", "a"]}, 422),
            ({"agreements": ["SLA/1"]}, 422),
            ({"title": "\x00"}, 422),
            ({"colour": "red"}, 422),
            ({"questionnaire_key": "nothing"}, 404),
            ({"questionnaire_version": 7}, 404),
            ({"previous_id": "0" * 32}, 422),
            ({"kind": "ad_hoc"}, 403),
        ],
    )
    async def test_says_what_is_wrong(self, quality: httpx.AsyncClient, body: dict[str, Any], status: int) -> None:
        assert (await quality.post(PATH, json={**NEW, **body})).status_code == status

    async def test_desk_and_project_managers_ask_for_projects(self, solo: Solo) -> None:
        """R47, R79, R121: ad hoc, after a release."""
        async with solo.client(Role.SERVICE_DESK) as desk:
            assert (await desk.post(PATH, json=NEW)).status_code == 403
            made = await create(desk, kind="ad_hoc", occasion="release 4.2")
            assert (made["level"], made["occasion"]) == ("project", "release 4.2")
        async with solo.client(Role.PROJECT_MANAGER) as manager:
            assert (await create(manager, kind="project", project="move"))["project"] == "move"
        async with solo.client(Role.ENGINEER) as engineer:
            assert (await engineer.post(PATH, json=NEW)).status_code == 403
            assert (await engineer.get(PATH)).status_code == 200


class TestList:
    async def test_pages_newest_first(self, solo: Solo, quality: httpx.AsyncClient) -> None:
        ids = [(await create(quality, title=f"C {i}", customer="acme" if i else "beta"))["id"] for i in range(3)]
        first = (await quality.get(PATH, params={"limit": 2})).json()
        assert [one["id"] for one in first["items"]] == ids[:0:-1]
        rest = (await quality.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]})).json()
        assert ([one["id"] for one in rest["items"]], rest["next_cursor"]) == ([ids[0]], None)
        found = (await quality.get(PATH, params={"customer": "acme", "kind": "company", "state": "draft"})).json()
        assert [one["id"] for one in found["items"]] == ids[:0:-1]
        assert (await quality.get(PATH, params={"service": "mail"})).json()["items"] == []
        for wrong in ({"cursor": "x"}, {"state": "open"}, {"service": "\x00"}):
            assert (await quality.get(PATH, params=wrong)).status_code == 422
        assert (await quality.get(f"{PATH}/{'0' * 32}")).status_code == 404


class TestEdit:
    async def test_fields_left_out_stay(self, quality: httpx.AsyncClient) -> None:
        made = await create(quality, customer="acme", occasion="merger")
        changed = (await edit(quality, made, title="New", occasion=None, agreements=["SLA-1"])).json()
        assert (changed["title"], changed["occasion"], changed["customer"], changed["agreements"]) == (
            "New",
            None,
            "acme",
            ["SLA-1"],
        )
        assert changed["version"] == made["version"] + 1
        assert (await edit(quality, made, title="Newer")).status_code == 412
        assert (await quality.patch(f"{PATH}/{made['id']}", json={"title": "Newer"})).status_code == 428
        assert (await edit(quality, changed, title="New")).json()["version"] == changed["version"]

    async def test_another_margin_needs_another_draw(self, quality: httpx.AsyncClient) -> None:
        made = await create(quality)
        await upload(quality, made["id"], people({"north": 3}))
        drawn = (await draw(quality, made["id"])).json()
        renamed = (await edit(quality, drawn, title="Other")).json()
        assert renamed["sample"] == drawn["sample"]
        assert (await edit(quality, renamed, margin=0.1)).json()["sample"] is None

    async def test_once_launched_only_what_nobody_was_asked_with(self, quality: httpx.AsyncClient) -> None:
        launched = await launch(quality, {"north": 1})
        ends = later(days=3).isoformat()
        changed = (await edit(quality, launched, closes_at=ends, reminder_every_days=2)).json()
        assert (changed["reminder_every_days"], changed["state"]) == (2, "launched")
        refused = await edit(quality, changed, anonymous=True)
        assert (refused.status_code, "closes_at" in refused.json()["detail"]) == (409, True)

    async def test_says_what_is_wrong(self, solo: Solo, quality: httpx.AsyncClient) -> None:
        made = await create(quality)
        for wrong, status in (
            ({"title": None}, 422),
            ({"strata": ["a", "a"]}, 422),
            ({"kind": "project"}, 422),
            ({"questionnaire_key": "nothing"}, 404),
            ({"previous_id": made["id"]}, 422),
        ):
            assert (await edit(quality, made, **wrong)).status_code == status
        async with solo.client(Role.SERVICE_DESK) as desk:
            assert (await edit(desk, made, title="Mine")).status_code == 403

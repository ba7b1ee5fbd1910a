"""R85: whom a campaign is about, and who of them is asked."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import uuid4

import httpx
import pytest
from openpyxl import Workbook

from services.satisfaction.populations import rules
from services.satisfaction.populations.files import XLSX
from shared.auth import Role
from shared.events.catalogue import CustomerRegistered
from tests.satisfaction.callbacks.building import resolved
from tests.satisfaction.campaigns.building import (
    PATH,
    create,
    draw,
    hear,
    launch,
    people,
    signed,
    terminated,
    upload,
)
from tests.support.solo import Solo


@pytest.fixture
async def quality(solo: Solo) -> AsyncIterator[httpx.AsyncClient]:
    async with solo.client(Role.QUALITY_MANAGER, subject="li.na") as client:
        yield client


async def members(client: httpx.AsyncClient, campaign_id: str, **params: Any) -> list[str]:
    answer = await client.get(f"{PATH}/{campaign_id}/population", params={"limit": 500, **params})
    assert answer.status_code == 200, answer.text
    return [one["reference"] for one in answer.json()["items"]]


class TestUpload:
    async def test_csv_and_workbook_one_after_the_other(self, quality: httpx.AsyncClient) -> None:
        campaign = (await create(quality))["id"]
        first = await upload(quality, campaign, people({"north": 2}))
        assert first.json() == {
            "rows": 2,
            "taken": 2,
            "refused": 0,
            "errors": [],
            "population": 2,
            "strata": [{"stratum": "north", "members": 2}],
        }
        book = Workbook()
        for row in (["reference", "name", "stratum"], [4711, "@cmd()", "south"], ["x", "<script>", "south"]):
            book.worksheets[0].append(row)
        saved = BytesIO()
        book.save(saved)
        second = (await upload(quality, campaign, saved.getvalue(), XLSX)).json()
        assert (second["taken"], second["population"]) == (2, 4)
        listed = (await quality.get(f"{PATH}/{campaign}/population", params={"stratum": "south"})).json()["items"]
        assert [(one["reference"], one["name"]) for one in listed] == [("4711", "@cmd()"), ("x", "<script>")]

    async def test_in_place_of_who_was_there(self, quality: httpx.AsyncClient) -> None:
        campaign = (await create(quality))["id"]
        await upload(quality, campaign, people({"north": 3}))
        assert (await upload(quality, campaign, people({"north": 2}), mode="replace")).json()["population"] == 2

    async def test_one_flaw_keeps_the_file_out(self, quality: httpx.AsyncClient) -> None:
        """Named by row, column and reason; the others are taken when that is asked for."""
        campaign = (await create(quality))["id"]
        content = "reference,email\na,a@example.com\nb,nobody\na,c@example.com\n"
        refused = await upload(quality, campaign, content)
        assert (refused.status_code, refused.json()["refused"]) == (422, 2)
        assert [(one["row"], one["column"]) for one in refused.json()["errors"]] == [(3, "email"), (4, "reference")]
        assert "row 3, email" in refused.json()["detail"]
        assert await members(quality, campaign) == []
        taken = (await upload(quality, campaign, content, skip_flawed=True)).json()
        assert (taken["rows"], taken["taken"], taken["refused"], len(taken["errors"])) == (3, 1, 2, 2)
        assert await members(quality, campaign) == ["a"]

    async def test_who_is_there_already(self, quality: httpx.AsyncClient) -> None:
        campaign = (await create(quality))["id"]
        await upload(quality, campaign, "reference,email\na,a@example.com\nb,\n")
        content = "reference,email\na,x@example.com\nc,A@example.com\nb,b@example.com\nd,\n"
        answer = (await upload(quality, campaign, content, skip_flawed=True)).json()
        assert [(one["row"], one["column"]) for one in answer["errors"]] == [
            (2, "reference"),
            (3, "email"),
            (4, "reference"),
        ]
        assert await members(quality, campaign) == ["a", "b", "d"]

    async def test_files_larger_than_other_bodies(self, quality: httpx.AsyncClient) -> None:
        campaign = (await create(quality))["id"]
        content = "reference,name\n" + "".join(f"{i},{'x' * 190}\n" for i in range(24_000))
        assert len(content) > 4 * 1024 * 1024
        assert (await upload(quality, campaign, content)).json()["taken"] == 24_000
        large = {"Content-Length": str(65 * 1024 * 1024), "Content-Type": "text/csv"}
        refused = await quality.post(f"{PATH}/{campaign}/population", content=b"", headers=large)
        assert refused.status_code == 413
        other = await quality.post(f"{PATH}/{campaign}/waivers", content=content)
        assert other.status_code == 413

    async def test_more_people_than_a_campaign_may_have(
        self, quality: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rules, "MOST_MEMBERS", 3)
        campaign = (await create(quality))["id"]
        assert (await upload(quality, campaign, people({"north": 2}))).status_code == 200
        assert (await upload(quality, campaign, people({"south": 2}))).status_code == 409
        assert await members(quality, campaign) == ["north-0", "north-1"]

    async def test_says_what_is_wrong(self, solo: Solo, quality: httpx.AsyncClient) -> None:
        campaign = (await create(quality, strata=["north"]))["id"]
        assert (await upload(quality, campaign, "{}", "application/json")).status_code == 415
        assert (await upload(quality, campaign, b"PK", XLSX)).status_code == 422
        assert (await upload(quality, campaign, "")).status_code == 422
        assert (await upload(quality, campaign, people({"south": 1}))).status_code == 422
        assert (await upload(quality, "0" * 32, people({"north": 1}))).status_code == 404
        launched = (await launch(quality, {"north": 1}))["id"]
        assert (await upload(quality, launched, people({"south": 1}))).status_code == 409
        async with solo.client(Role.SERVICE_DESK) as desk:
            assert (await upload(desk, campaign, people({"north": 1}))).status_code == 403
        async with solo.client(Role.ENGINEER) as engineer:
            assert (await engineer.get(f"{PATH}/{campaign}/population")).status_code == 403


class TestKnownCustomers:
    async def test_of_the_catalogue_by_segment(self, solo: Solo, quality: httpx.AsyncClient) -> None:
        """R204"""
        for key, segment in (("acme", "gold"), ("beta", "silver"), ("gamma", None)):
            fact = CustomerRegistered(key=key, version=1, name=key.title(), segment=segment, notes=None)
            await solo.hear(fact, key, source="metrics")
        campaign = (await create(quality))["id"]
        path = f"{PATH}/{campaign}/population/known-customers"
        answer = (await quality.post(path, json={})).json()
        assert (answer["taken"], answer["strata"]) == (
            3,
            [
                {"stratum": "gold", "members": 1},
                {"stratum": "other", "members": 1},
                {"stratum": "silver", "members": 1},
            ],
        )
        assert (await quality.post(path, json={})).json()["taken"] == 0
        gold = {"mode": "replace", "segments": ["gold"], "stratify_by": "nothing"}
        assert (await quality.post(path, json=gold)).json()["strata"] == [{"stratum": "all", "members": 1}]
        strange = await quality.post(
            path, json={"resolved_from": "2026-02-01T00:00:00Z", "resolved_to": "2026-01-01T00:00:00Z"}
        )
        assert strange.status_code == 422

    async def test_of_callbacks_in_a_period(self, solo: Solo, quality: httpx.AsyncClient) -> None:
        for customer, day in (("acme", 1), ("acme", 2), ("beta", 9), (None, 2)):
            await solo.hear(
                resolved(customer=customer, resolved_at=datetime(2026, 3, day, tzinfo=UTC)), source="metrics"
            )
        campaign = (await create(quality))["id"]
        body = {"resolved_from": "2026-03-01T00:00:00Z", "resolved_to": "2026-03-09T00:00:00Z"}
        answer = (await quality.post(f"{PATH}/{campaign}/population/known-customers", json=body)).json()
        assert (answer["taken"], answer["population"]) == (1, 1)
        assert await members(quality, campaign) == ["acme"]


class TestDraw:
    async def test_anybody_can_draw_so_again(self, quality: httpx.AsyncClient) -> None:
        """R85: from the seed and the references alone."""
        terms = {"margin": 0.2, "expected_response_rate": 1, "minimum_per_stratum": 1}
        campaign = (await create(quality, **terms))["id"]
        await upload(quality, campaign, people({"north": 100, "south": 20}))
        planned = (await quality.get(f"{PATH}/{campaign}/sample")).json()
        # 24.009 / (1 + 23.009 / 100) = 19.5 and 24.009 / (1 + 23.009 / 20) = 11.2
        assert [(one["stratum"], one["planned"], one["drawn"]) for one in planned["strata"]] == [
            ("north", 20, 0),
            ("south", 12, 0),
        ]
        assert (planned["drawn_at"], planned["seed"]) == (None, None)
        drawn = (await draw(quality, campaign, "2026 客户")).json()
        assert (drawn["seed"], drawn["sample"]["drawn"], drawn["drawn_by"]) == ("2026 客户", 32, "li.na")

        def first(stratum: str, many: int, of: int) -> set[str]:
            everybody = [f"{stratum}-{i}" for i in range(of)]
            return set(sorted(everybody, key=lambda one: hashlib.md5(f"2026 客户{one}".encode()).hexdigest())[:many])

        assert set(await members(quality, campaign, drawn=True)) == first("north", 20, 100) | first("south", 12, 20)

    async def test_another_seed_draws_others(self, quality: httpx.AsyncClient) -> None:
        campaign = (await create(quality, margin=0.3, expected_response_rate=1, minimum_per_stratum=1))["id"]
        await upload(quality, campaign, people({"north": 100}))
        seeds = [(await draw(quality, campaign)).json()["seed"] for _ in range(2)]
        assert seeds[0] != seeds[1]
        await draw(quality, campaign, "one")
        one = await members(quality, campaign, drawn=True)
        await draw(quality, campaign, "two")
        two = await members(quality, campaign, drawn=True)
        assert len(one) == len(two) == 10  # 10.67 / (1 + 9.67 / 100) = 9.7
        assert one != two
        await draw(quality, campaign, "one")
        assert await members(quality, campaign, drawn=True) == one

    async def test_where_too_few_hashes_lie_below_the_cut_all_are_looked_at(
        self, quality: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        campaign = (await create(quality, margin=0.3, expected_response_rate=1, minimum_per_stratum=1))["id"]
        await upload(quality, campaign, people({"north": 100}))
        await draw(quality, campaign, "seed")
        expected = await members(quality, campaign, drawn=True)
        monkeypatch.setattr("services.satisfaction.populations.planning.find_cut", lambda *_: "08")
        assert (await draw(quality, campaign, "seed")).json()["sample"]["drawn"] == 10
        assert await members(quality, campaign, drawn=True) == expected

    async def test_another_population_is_drawn_from_again(self, quality: httpx.AsyncClient) -> None:
        campaign = (await create(quality))["id"]
        await upload(quality, campaign, people({"north": 3}))
        assert (await draw(quality, campaign)).json()["sample"]["census"] is True
        await upload(quality, campaign, people({"south": 1}))
        assert (await quality.get(f"{PATH}/{campaign}")).json()["sample"] is None

    async def test_nobody_is_asked_twice_within_the_rest_days(self, quality: httpx.AsyncClient) -> None:
        """Counted and named; known by the e-mail address, whatever the reference."""
        await launch(quality, {"north": 2})
        campaign = (await create(quality, rest_days=30))["id"]
        await upload(quality, campaign, "reference,email\nx,NORTH-1@example.com\ny,y@example.com\nz,z@example.com\n")
        sample = (await draw(quality, campaign)).json()["sample"]
        assert (sample["population"], sample["resting"], sample["drawn"], sample["census"]) == (3, 1, 2, False)
        assert await members(quality, campaign, resting=True) == ["x"]
        assert await members(quality, campaign, drawn=True) == ["y", "z"]
        etag = (await quality.get(f"{PATH}/{campaign}")).headers["ETag"]
        await quality.patch(f"{PATH}/{campaign}", json={"rest_days": 0}, headers={"If-Match": etag})
        assert (await draw(quality, campaign)).json()["sample"]["resting"] == 0

    async def test_an_empty_stratum_is_named(self, quality: httpx.AsyncClient) -> None:
        campaign = (await create(quality, strata=["north", "south"]))["id"]
        assert (await draw(quality, campaign)).status_code == 409
        await upload(quality, campaign, people({"north": 2}))
        refused = await draw(quality, campaign)
        assert (refused.status_code, refused.json()["strata"]) == (409, ["south"])
        assert (await quality.get(f"{PATH}/{campaign}/sample")).status_code == 409

    async def test_says_what_is_wrong(self, solo: Solo, quality: httpx.AsyncClient) -> None:
        launched = (await launch(quality, {"north": 1}))["id"]
        assert (await draw(quality, launched)).status_code == 409
        assert (await draw(quality, "0" * 32)).status_code == 404
        assert (await quality.post(f"{PATH}/{launched}/draw", json={"seed": "\x00"})).status_code == 422
        async with solo.client(Role.PROJECT_MANAGER) as manager:
            assert (await draw(manager, launched)).status_code == 403


class TestSamePeople:
    async def test_those_of_another_campaign_each_once(self, quality: httpx.AsyncClient) -> None:
        """Next year's survey asks from the same people."""
        last, this = (await create(quality))["id"], (await create(quality))["id"]
        await upload(quality, last, people({"north": 3, "south": 2}))
        await upload(quality, this, "reference,email,stratum\nother,NORTH-0@example.com,north\n")
        answer = await quality.post(f"{PATH}/{this}/population/same-people", json={"campaign_id": last})
        assert answer.status_code == 200
        assert (answer.json()["taken"], answer.json()["population"]) == (4, 5)  # north-0 is there already
        again = await quality.post(f"{PATH}/{this}/population/same-people", json={"campaign_id": last})
        assert (again.json()["taken"], again.json()["population"]) == (0, 5)

    async def test_itself_and_none_are_refused(self, quality: httpx.AsyncClient) -> None:
        this = (await create(quality))["id"]
        for other in (this, str(uuid4())):
            refused = await quality.post(f"{PATH}/{this}/population/same-people", json={"campaign_id": other})
            assert (refused.status_code, "no other campaign" in refused.text) == (422, True)


class TestOfService:
    async def test_who_has_an_agreement_about_it_or_had_an_incident_of_it(
        self, solo: Solo, quality: httpx.AsyncClient
    ) -> None:
        """R121: the customers of a service."""
        await hear(solo, signed("SLA-1", "response", customer="acme", services=("mail", "print")))
        await hear(solo, signed("SLA-2", "response", customer="bank", services=("print",)))
        ended = signed("SLA-3", "response", customer="gone", services=("mail",))
        await hear(solo, ended, terminated(ended))
        made = (await create(quality))["id"]
        path = f"{PATH}/{made}/population/known-customers"
        assert (await quality.post(path, json={"service": "mail"})).json()["taken"] == 1
        assert (await quality.post(path, json={"service": "print"})).json()["taken"] == 1
        assert (await quality.post(path, json={"service": "print", "customer": "acme"})).json()["taken"] == 0
        listed = (await quality.get(f"{PATH}/{made}/population")).json()["items"]
        assert [one["reference"] for one in listed] == ["acme", "bank"]

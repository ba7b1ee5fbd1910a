import csv
from io import StringIO

import httpx
import pytest

from shared.auth import Role
from shared.ids import new_id
from tests.satisfaction.invitations.building import change, launch, page_of, read, send, tokens_of
from tests.support.solo import Solo


@pytest.fixture
def manager(solo: Solo) -> httpx.AsyncClient:
    return solo.client(Role.QUALITY_MANAGER)


def path_of(campaign: object, rest: str) -> str:
    return f"/satisfaction/v1/campaigns/{campaign}/{rest}"


def read_table(answer: httpx.Response) -> "csv.DictReader[str]":
    """As a spreadsheet reads it: the byte order mark says that it is UTF-8."""
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return csv.DictReader(StringIO(answer.content.decode("utf-8-sig")))


class TestListInvitations:
    async def test_tells_what_became_of_each(self, solo: Solo, manager: httpx.AsyncClient) -> None:
        campaign = await launch(solo, 3)
        _, second, third = await tokens_of(solo, campaign.id)
        await send(solo.client(), second, a_csat="1")
        await solo.client().post(f"{page_of(third)}/stop")
        first_page = (await manager.get(path_of(campaign.id, "invitations"), params={"limit": 2})).json()
        assert [(item["reference"], item["state"]) for item in first_page["items"]] == [
            ("p1", "open"),
            ("p2", "answered"),
        ]
        rest = {"limit": 2, "cursor": first_page["next_cursor"]}
        last = (await manager.get(path_of(campaign.id, "invitations"), params=rest)).json()
        assert ([item["reference"] for item in last["items"]], last["next_cursor"]) == (["p3"], None)
        stopped = (await manager.get(path_of(campaign.id, "invitations"), params={"state": "stopped"})).json()
        assert [item["reference"] for item in stopped["items"]] == ["p3"]
        assert "token" not in str(first_page)

    async def test_unknown_campaigns_and_other_roles(self, solo: Solo, manager: httpx.AsyncClient) -> None:
        assert (await manager.get(path_of(new_id(), "invitations"))).status_code == 404
        assert (await manager.get(path_of(new_id(), "links.csv"))).status_code == 404
        engineer = solo.client(Role.ENGINEER)
        assert (await engineer.get(path_of(new_id(), "links.csv"))).status_code == 403
        assert (await solo.client().get(path_of(new_id(), "links.csv"))).status_code == 401


class TestStopInvitation:
    async def test_by_staff(self, solo: Solo, manager: httpx.AsyncClient) -> None:
        campaign = await launch(solo)
        [row] = await read(solo, "SELECT id FROM survey_invitations")
        path = path_of(campaign.id, f"invitations/{row.id}/stop")
        assert (await manager.post(path)).status_code == 204
        again = await manager.post(path)
        assert (again.status_code, again.json()["title"]) == (409, "Illegal transition")
        [token] = await tokens_of(solo, campaign.id)
        assert (await solo.client().get(page_of(token))).status_code == 404

    async def test_of_another_campaign(self, solo: Solo, manager: httpx.AsyncClient) -> None:
        await launch(solo)
        [row] = await read(solo, "SELECT id FROM survey_invitations")
        other = await launch(solo, 0)
        assert (await manager.post(path_of(other.id, f"invitations/{row.id}/stop"))).status_code == 404
        assert (await manager.post(path_of(other.id, f"invitations/{new_id()}/stop"))).status_code == 404


class TestExportLinks:
    async def test_the_links_of_those_who_have_not_answered(self, solo: Solo, manager: httpx.AsyncClient) -> None:
        campaign = await launch(solo, 3)
        tokens = await tokens_of(solo, campaign.id)
        await send(solo.client(), tokens[1], a_csat="1")
        answer = await manager.get(path_of(campaign.id, "links.csv"))
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        rows = list(read_table(answer))
        assert [row["reference"] for row in rows] == ["p1", "p3"]
        assert [row["url"].rsplit("/", 1)[1] for row in rows] == [tokens[0], tokens[2]]
        opened = await solo.client().get(httpx.URL(rows[0]["url"]).path)
        assert opened.status_code == 200

    @pytest.mark.parametrize("hostile", ['=HYPERLINK("http://x")', "+1", "-1+1", "@SUM(A1)", "\t=1", " =1"])
    async def test_formulas_are_text(self, solo: Solo, manager: httpx.AsyncClient, hostile: str) -> None:
        """No CSV injection on export."""
        campaign = await launch(solo)
        await change(solo, "survey_members", name=hostile, stratum=hostile)
        [row] = read_table(await manager.get(path_of(campaign.id, "links.csv")))
        assert row["name"] == row["stratum"] == f"'{hostile}"

    async def test_of_a_company_survey_for_the_quality_department(self, solo: Solo, manager: httpx.AsyncClient) -> None:
        """R47, R79: a link answers for the person beside it."""
        campaign = await launch(solo, level="company", kind="company")
        path = path_of(campaign.id, "links.csv")
        assert (await solo.client(Role.SERVICE_DESK).get(path)).status_code == 403
        assert (await manager.get(path)).status_code == 200

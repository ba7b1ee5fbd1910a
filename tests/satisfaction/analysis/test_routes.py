"""REST of the analysis: what is asked for too early, comments, and answers as tables (no formula, HTML as text)."""

import csv
from io import BytesIO, StringIO
from uuid import uuid4

from openpyxl import load_workbook

from shared.auth import Role
from tests.satisfaction.analysis.building import make_campaign, score
from tests.satisfaction.analysis.conftest import Analyse
from tests.support.solo import Solo

PATH = "/satisfaction/v1/campaigns"
EVIL = "=cmd|' /C calc'!A0"


class TestAnalysis:
    async def test_is_not_there_before_the_close(self, solo: Solo) -> None:
        campaign_id = await make_campaign(solo, {"all": (3, 3, [])}, state="launched", closed_at=None)
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            assert (await manager.get(f"{PATH}/{campaign_id}/analysis")).status_code == 409
            refused = await manager.post(f"{PATH}/{campaign_id}/analyse")
            assert (refused.status_code, "launched" in refused.json()["detail"]) == (409, True)
            assert (await manager.get(f"{PATH}/{campaign_id}/responses.csv")).status_code == 409
            assert (await manager.get(f"{PATH}/{campaign_id}/comments")).status_code == 409
            assert (await manager.get(f"{PATH}/{uuid4()}/analysis")).status_code == 404

    async def test_again_is_the_next_revision(self, solo: Solo, analyse: Analyse) -> None:
        campaign_id = await make_campaign(solo, {"all": (10, 10, score(6, 4))})
        await analyse(solo)
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            asked = await manager.post(f"{PATH}/{campaign_id}/analyse")
            assert (asked.status_code, asked.headers["Location"]) == (202, f"{PATH}/{campaign_id}/analysis")
            await analyse(solo)
            assert (await manager.get(f"{PATH}/{campaign_id}/analysis")).json()["revision"] == 2
        async with solo.client(Role.AUDITOR) as auditor:
            assert (await auditor.post(f"{PATH}/{campaign_id}/analyse")).status_code == 403
        assert [event.data["revision"] for event in await solo.events("survey.analysed")] == [1, 2]


class TestComments:
    async def test_by_stratum_and_page(self, solo: Solo) -> None:
        strata = {"a": (3, 3, score(2, 0, why="<b>bold</b>")), "b": (3, 3, score(1, 0, why="fine"))}
        campaign_id = await make_campaign(solo, strata)
        async with solo.client(Role.SERVICE_DESK) as desk:
            first = (await desk.get(f"{PATH}/{campaign_id}/comments", params={"limit": 2})).json()
            assert [one["texts"] for one in first["items"]] == [{"why": "<b>bold</b>"}] * 2
            query = {"limit": 2, "cursor": first["next_cursor"]}
            rest = (await desk.get(f"{PATH}/{campaign_id}/comments", params=query)).json()
            assert ([one["stratum"] for one in rest["items"]], rest["next_cursor"]) == (["b"], None)
            only = (await desk.get(f"{PATH}/{campaign_id}/comments", params={"stratum": "b"})).json()
            assert len(only["items"]) == 1

    async def test_of_few_people_are_withheld_in_an_anonymous_campaign(self, solo: Solo) -> None:
        strata = {
            "few": (5, 5, score(4, 0, why="it is me")),
            "more": (6, 6, score(6, 0)),
            "many": (9, 9, score(9, 0, why="x")),
        }
        campaign_id = await make_campaign(solo, strata, anonymous=True)
        async with solo.client(Role.SERVICE_DESK) as desk:
            told = (await desk.get(f"{PATH}/{campaign_id}/comments")).json()
            table = (await desk.get(f"{PATH}/{campaign_id}/responses.csv")).text
        assert {one["stratum"] for one in told["items"]} == {"many"}
        assert "it is me" not in table


class TestExports:
    async def test_no_cell_becomes_a_formula(self, solo: Solo) -> None:
        answers = [{"overall": 4, "way": "mail", "why": EVIL}, {"overall": 1, "why": "<script>alert(1)</script>"}]
        campaign_id = await make_campaign(solo, {"+north": (2, 2, answers)})
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            lines = await manager.get(f"{PATH}/{campaign_id}/responses.csv")
            book = await manager.get(f"{PATH}/{campaign_id}/responses.xlsx")
        rows = list(csv.DictReader(StringIO(lines.text.removeprefix("\ufeff"))))
        assert [row["why"] for row in rows] == ["'" + EVIL, "<script>alert(1)</script>"]
        assert [(row["stratum"], row["overall"], row["way"]) for row in rows] == [
            ("'+north", "4", "mail"),
            ("'+north", "1", ""),
        ]
        sheet = load_workbook(BytesIO(book.content)).active
        assert sheet is not None
        cells = list(sheet.iter_rows())
        assert {cell.data_type for row in cells for cell in row} <= {"s", "n", "inlineStr"}
        why = [cell.value for cell in cells[0]].index("why")
        assert [row[why].value for row in cells[1:]] == ["'" + EVIL, "<script>alert(1)</script>"]

    async def test_only_for_those_who_run_surveys(self, solo: Solo) -> None:
        campaign_id = await make_campaign(solo, {"all": (3, 3, score(3, 0))})
        async with solo.client(Role.ENGINEER) as engineer:
            assert (await engineer.get(f"{PATH}/{campaign_id}/responses.csv")).status_code == 403
            assert (await engineer.get(f"{PATH}/{campaign_id}/responses.xlsx")).status_code == 403

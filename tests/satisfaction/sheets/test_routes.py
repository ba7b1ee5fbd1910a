"""R83: answers that were gathered elsewhere become a campaign's own, marked as what they are."""

import asyncio
import csv
import hashlib
from io import BytesIO, StringIO

import httpx
import pytest
from openpyxl import Workbook

from shared.auth import Role
from tests.satisfaction.analysis.conftest import Analyse
from tests.satisfaction.analysis.conftest import analyse as analyse
from tests.satisfaction.analysis.conftest import worker as worker
from tests.satisfaction.sheets.building import CSV, V1, ask, write_table
from tests.support.solo import Solo

PHONE_OR_MAIL = {"phone": {"en": "Phone"}, "mail": {"en": "Mail"}}
SLOW_OR_RUDE = {"slow": {"en": "Slow"}, "rude": {"en": "Rude"}}
CONTENT = {
    "title": {"en": "Our service"},
    "items": [
        {"kind": "rating", "key": "overall", "wording": {"en": "Overall?"}, "required": True, "measures": "csat"},
        {"kind": "pair", "key": "quick", "wording": {"en": "Quick"}, "dimension": "responsiveness"},
        {"kind": "choice", "key": "way", "wording": {"en": "By?"}, "options": PHONE_OR_MAIL},
        {"kind": "choice", "key": "why", "wording": {"en": "Why?"}, "options": SLOW_OR_RUDE, "multiple": True},
        {"kind": "text", "key": "words", "wording": {"en": "In your words"}},
    ],
}  # fmt: skip
HEADER = ["reference", "overall", "quick.expectation", "quick.perception", "way", "why.slow", "why.rude", "words"]
PEOPLE = write_table(["reference"], [[f"p{n}"] for n in range(1, 7)])


@pytest.fixture
async def where(solo: Solo) -> str:
    async with solo.client(Role.QUALITY_MANAGER) as manager:
        return await ask(manager, CONTENT, PEOPLE)


async def hand_in(
    manager: httpx.AsyncClient, where: str, *rows: list[object], header: list[str] = HEADER, **query: object
) -> httpx.Response:
    return await manager.post(f"{where}/sheets", content=write_table(header, rows), headers=CSV, params=query)


class TestTakeSheets:
    async def test_they_are_the_answers_of_those_who_were_invited(
        self, solo: Solo, where: str, analyse: Analyse
    ) -> None:
        """Each uses up its invitation, is told apart in the export and counted by the analysis, and is told of."""
        rows = [["p1", 5, 7, 6, "phone", 1, 0, "'=1+1"], ["p2", 2, "NA", 3, "Mail", "", "x", ""]]
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            answer = await hand_in(manager, where, *rows)
            told = answer.json()
            assert (answer.status_code, told["taken"], told["refused"]) == (200, 2, 0)
            assert (told["answered"], told["invited"]) == (2, 6)
            assert told["digest"] == hashlib.sha256(write_table(HEADER, rows)).hexdigest()
            links = (await manager.get(f"{where}/links.csv")).text
            assert ("p1" in links, "p3" in links) == (False, True)
            invited = (await manager.get(f"{where}/invitations")).json()["items"]
            assert [(one["reference"], one["state"], one["channel"]) for one in invited[:3]] == [
                ("p1", "answered", "sheet"),
                ("p2", "answered", "sheet"),
                ("p3", "open", "link"),
            ]
            assert (await manager.post(f"{where}/close")).is_success
            await analyse(solo)
            analysis = (await manager.get(f"{where}/analysis")).json()
            table = (await manager.get(f"{where}/responses.csv")).text
        assert (analysis["answered"], analysis["sheets"], analysis["strata"][0]["sheets"]) == (2, 2, 2)
        exported = sorted(csv.DictReader(StringIO(table.removeprefix("\ufeff"))), key=lambda row: row["overall"])
        assert [(row["channel"], row["quick.expectation"], row["way"], row["why.rude"]) for row in exported] == [
            ("sheet", "", "mail", "1"),
            ("sheet", "7", "phone", "0"),
        ]
        assert exported[1]["words"] == "'=1+1"
        (fact,) = await solo.events("survey.sheets_taken")
        assert (fact.data["taken"], fact.data["refused"], fact.data["taken_by"]) == (2, 0, "quality_manager")

    async def test_one_flawed_row_keeps_all_from_being_taken(self, solo: Solo, where: str) -> None:
        rows: list[list[object]] = [
            ["p1", 5, "", "", "", "", "", ""],
            ["p1", 5, "", "", "", "", "", ""],
            ["p9", 5, "", "", "", "", "", ""],
            ["p2", 6, "", "", "", "", "", ""],
            ["p3", 5, 8, "", "", "", "", ""],
            ["p4", "", "", "", "", "", "", ""],
            ["", 5, "", "", "", "", "", ""],
            ["p5", 5, "", "", "fax", "", "", ""],
            ["p6", 4.5, "", "", "", "", "", ""],
        ]
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            refused = await hand_in(manager, where, *rows)
            assert (refused.status_code, refused.json()["refused"]) == (422, 8)
            assert "row 3, reference: the same as in row 2" in refused.json()["detail"]
            errors = {one["row"]: (one["column"], one["reason"]) for one in refused.json()["errors"]}
            assert errors[4] == ("reference", "'p9' is nobody of this campaign's population")
            assert errors[5] == ("overall", "overall: a whole number from 1 to 5")
            assert errors[6] == ("quick.expectation", "a whole number from 1 to 7, or nothing")
            assert errors[7] == ("overall", "must be answered")
            assert errors[8][0] == "reference"
            assert errors[9] == ("way", "one of phone, mail, or nothing")
            assert errors[10] == ("overall", "a whole number, or nothing")
            assert await solo.events("survey.sheets_taken") == []
            taken = (await hand_in(manager, where, *rows, skip_flawed=True)).json()
            assert (taken["rows"], taken["taken"], taken["refused"], taken["answered"]) == (9, 1, 8, 1)
            again = await hand_in(manager, where, rows[0])
            assert (again.status_code, "has answered already" in again.json()["detail"]) == (422, True)

    @pytest.mark.parametrize(
        ("header", "says"),
        [
            (["overall"], "names no column 'reference'"),
            (["reference", "gender"], "its columns are overall, quick.expectation"),
            (["reference", "overall", "overall"], "stands there twice"),
            (["reference", "stratum"], "names no item"),
        ],
    )
    async def test_says_which_columns_would_be_right(
        self, solo: Solo, where: str, header: list[str], says: str
    ) -> None:
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            refused = await hand_in(manager, where, ["p1", 1, 1][: len(header)], header=header)
        assert (refused.status_code, says in refused.json()["detail"]) == (422, True), refused.text

    async def test_columns_of_something_else_are_ignored_when_that_is_said(self, solo: Solo, where: str) -> None:
        header = ["respondent", "gender", "E1", "p1", "overall"]
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            assert (await hand_in(manager, where, ["p1", "f", 7, 5, 4], header=header)).status_code == 422
            answer = await hand_in(manager, where, ["p1", "f", 7, 5, 4], header=header, ignore_unknown=True)
        assert (answer.status_code, answer.json()["taken"]) == (200, 1)

    async def test_a_workbook(self, solo: Solo, where: str) -> None:
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(["reference", "overall", "words"])
        sheet.append(["p1", 4, "=HYPERLINK(1)"])
        packed = BytesIO()
        book.save(packed)
        kind = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            answer = await manager.post(f"{where}/sheets", content=packed.getvalue(), headers=kind)
            assert (answer.status_code, answer.json()["taken"]) == (200, 1), answer.text
            for content, headers, status in ((b"PK..", kind, 422), (b"{}", {"Content-Type": "text/html"}, 415)):
                assert (await manager.post(f"{where}/sheets", content=content, headers=headers)).status_code == status

    async def test_only_while_it_runs_and_by_whom_it_is(self, solo: Solo, where: str) -> None:
        row: list[object] = ["p1", 5, "", "", "", "", "", ""]
        async with solo.client(Role.SERVICE_DESK) as desk:
            assert (await hand_in(desk, where, row)).status_code == 403
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            await manager.post(f"{where}/close")
            refused = await hand_in(manager, where, row)
        assert (refused.status_code, "is closed" in refused.json()["detail"]) == (409, True)

    async def test_never_in_an_anonymous_campaign(self, solo: Solo) -> None:
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            where = await ask(manager, CONTENT, PEOPLE, anonymous=True)
            refused = await hand_in(manager, where, ["p1", 5, "", "", "", "", "", ""])
        assert (refused.status_code, "Hand out its links" in refused.json()["detail"]) == (409, True)

    async def test_of_two_at_once_one_is_taken(self, solo: Solo, where: str) -> None:
        row: list[object] = ["p1", 5, "", "", "", "", "", ""]
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            answers = await asyncio.gather(*(hand_in(manager, where, row) for _ in range(2)))
            assert sorted(answer.status_code for answer in answers) == [200, 422]
            assert (await manager.get(f"{V1}/campaigns", params={"state": "launched"})).is_success

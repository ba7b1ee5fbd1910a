import asyncio
from typing import Any
from uuid import uuid4

import pytest

from shared.auth import Role
from tests.improvement.around import open_improvement, refused
from tests.improvement.builders import IMPROVEMENTS, ok
from tests.support.solo import Solo

LINKS = "/improvement/v1/links"
GAP = "0199c2d1-6a00-7c3e-8f21-5b8e5d3f1b01"
FINDING = {
    "kind": "nonconformity",
    "reference": "NC-2026-014",
    "title": "No evening roster",
    "url": "https://audit.example/findings/14",
}


@pytest.fixture
async def record(solo: Solo) -> str:
    return await open_improvement(solo)


@pytest.fixture
async def path(record: str) -> str:
    return f"{IMPROVEMENTS}/{record}/links"


class TestAddLink:
    """R8, R21, R101, R125: feedback, annual plan, nonconformities and problem sources are linked."""

    @pytest.mark.parametrize(
        ("kind", "reference"),
        [
            ("gap", GAP),
            ("nonconformity", "NC-2026-014"),
            ("complaint", "C-77"),
            ("risk", "RISK-3"),
            ("meeting", GAP),
            ("ticket", "servicenow/INC0045731"),
            ("annual_plan_item", "2026/4.2"),
            ("document", "服务计划2026"),
        ],
    )
    async def test_to_each_kind_and_found_from_the_other_side(
        self, solo: Solo, record: str, path: str, kind: str, reference: str
    ) -> None:
        async with solo.client(Role.PROCESS_OWNER, subject="petra") as petra:
            answer = await petra.post(path, json={"kind": kind, "reference": reference})
            made = ok(answer, 201)
            assert made["linked_by"] == "petra"
            assert ok(await petra.get(answer.headers["Location"])) == made
            (found,) = ok(await petra.get(LINKS, params={"kind": kind, "reference": reference}))["items"]
            assert (found["improvement_id"], found["improvement_title"], found["state"]) == (
                record,
                "Evening shift",
                "draft",
            )
            assert found["number"].startswith("IMP-")
            other = await petra.get(LINKS, params={"kind": kind, "reference": str(uuid4())})
            assert ok(other)["items"] == []

    async def test_once_whatever_the_spelling_of_an_id(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.PROCESS_OWNER) as author:
            ok(await author.post(path, json={"kind": "gap", "reference": GAP}), 201)
            again = await author.post(path, json={"kind": "gap", "reference": GAP.upper()})
            assert GAP in refused(again, 409)
            found = ok(await author.get(LINKS, params={"kind": "gap", "reference": GAP.upper()}))["items"]
            assert len(found) == 1

    async def test_once_for_two_at_the_same_moment(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.PROCESS_OWNER) as one, solo.client(Role.ENGINEER) as other:
            answers = await asyncio.gather(one.post(path, json=FINDING), other.post(path, json=FINDING))
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    async def test_to_another_improvement_that_is_there(self, solo: Solo, record: str, path: str) -> None:
        other = await open_improvement(solo, title="Night shift")
        async with solo.client(Role.PROCESS_OWNER) as author:
            ok(await author.post(path, json={"kind": "improvement", "reference": other}), 201)
            itself = await author.post(path, json={"kind": "improvement", "reference": record})
            assert "itself" in refused(itself, 422)
            nothing = await author.post(path, json={"kind": "improvement", "reference": str(uuid4())})
            assert "no improvement" in refused(nothing, 422)
            (found,) = ok(await author.get(LINKS, params={"kind": "improvement", "reference": other}))["items"]
            assert found["improvement_id"] == record

    @pytest.mark.parametrize(
        ("body", "named"),
        [
            ({**FINDING, "url": "javascript:alert(1)"}, "url"),
            ({**FINDING, "url": "https://x/\"onclick='"}, "url"),
            ({**FINDING, "kind": "rumour"}, "kind"),
            ({**FINDING, "reference": "a\x00"}, "reference"),
            ({**FINDING, "reference": ""}, "reference"),
            ({"kind": "gap", "reference": "GAP-1"}, "UUID"),
            ({**FINDING, "comment": "?"}, "comment"),
        ],
    )
    async def test_what_is_unsound_is_named(self, solo: Solo, path: str, body: dict[str, Any], named: str) -> None:
        async with solo.client(Role.PROCESS_OWNER) as author:
            assert named in refused(await author.post(path, json=body), 422)

    async def test_by_those_who_work_on_records(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.AUDITOR) as auditor:
            assert (await auditor.post(path, json=FINDING)).status_code == 403
        async with solo.client(Role.PROCESS_OWNER) as author:
            assert (await author.post(f"{IMPROVEMENTS}/{uuid4()}/links", json=FINDING)).status_code == 404


class TestRemoveLink:
    async def test_keeps_the_row_with_its_reason_and_lets_it_be_linked_again(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.PROCESS_OWNER, subject="petra") as petra:
            one = f"{path}/{ok(await petra.post(path, json=FINDING), 201)['id']}"
            assert (await petra.post(f"{one}/removal", json={})).status_code == 422
            removed = ok(await petra.post(f"{one}/removal", json={"reason": "another finding"}))
            assert (removed["removed_by"], removed["removal_reason"]) == ("petra", "another finding")
            assert (await petra.post(f"{one}/removal", json={"reason": "again"})).status_code == 409
            assert ok(await petra.get(path))["items"] == []
            asked = {"kind": "nonconformity", "reference": "NC-2026-014"}
            assert ok(await petra.get(LINKS, params=asked))["items"] == []
            assert len(ok(await petra.get(LINKS, params={**asked, "removed": True}))["items"]) == 1
            ok(await petra.post(path, json=FINDING), 201)
            both = ok(await petra.get(path, params={"removed": True}))["items"]
            assert [item["removed_at"] is None for item in both] == [False, True]

    async def test_of_another_record_is_not_found(self, solo: Solo, path: str) -> None:
        other = await open_improvement(solo)
        async with solo.client(Role.PROCESS_OWNER) as author:
            id_ = ok(await author.post(path, json=FINDING), 201)["id"]
            elsewhere = f"{IMPROVEMENTS}/{other}/links/{id_}"
            assert (await author.get(elsewhere)).status_code == 404
            assert (await author.post(f"{elsewhere}/removal", json={"reason": "x"})).status_code == 404


class TestListLinks:
    async def test_pages_from_both_sides(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.PROCESS_OWNER) as author:
            for number in range(3):
                ok(await author.post(path, json={"kind": "ticket", "reference": f"INC{number}"}), 201)
            first = ok(await author.get(path, params={"limit": 2}))
            rest = ok(await author.get(path, params={"limit": 2, "cursor": first["next_cursor"]}))
            shown = [item["reference"] for item in [*first["items"], *rest["items"]]]
            assert shown == ["INC0", "INC1", "INC2"]
            assert rest["next_cursor"] is None
            for _ in range(2):
                another = f"{IMPROVEMENTS}/{await open_improvement(solo)}/links"
                ok(await author.post(another, json={"kind": "ticket", "reference": "INC0"}), 201)
            asked = {"kind": "ticket", "reference": "INC0", "limit": 2}
            newest = ok(await author.get(LINKS, params=asked))
            oldest = ok(await author.get(LINKS, params={**asked, "cursor": newest["next_cursor"]}))
            ids = [item["id"] for item in [*newest["items"], *oldest["items"]]]
            assert ids == sorted(ids, reverse=True)
            assert len(set(ids)) == 3

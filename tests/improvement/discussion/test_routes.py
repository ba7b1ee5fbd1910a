from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from shared.auth import Role
from tests.improvement.around import open_improvement, put, refused
from tests.improvement.builders import IMPROVEMENTS, ok
from tests.support.solo import Solo

HOSTILE = "<script>alert('x')</script>"
PROGRESS = {"kind": "progress", "percent": 40, "body": "two engineers hired", "next_step": "train them"}
DECISION = {"kind": "decision", "body": "we pay the night rate", "decided_by": ["mona", "sven"]}


@pytest.fixture
async def record(solo: Solo) -> str:
    return await open_improvement(solo)


@pytest.fixture
async def path(record: str) -> str:
    return f"{IMPROVEMENTS}/{record}/discussion"


async def say(client: httpx.AsyncClient, path: str, body: str | dict[str, Any]) -> dict[str, Any]:
    given = {"kind": "comment", "body": body} if isinstance(body, str) else body
    return dict(ok(await client.post(path, json=given), 201))


async def let_minutes_pass(solo: Solo, minutes: int) -> None:
    async with solo.transaction() as session:
        await session.execute(
            text("UPDATE improvement_discussion SET written_at = written_at - make_interval(mins => :minutes)"),
            {"minutes": minutes},
        )


class TestSay:
    """R19: measures are discussed on the record. R20: progress is told."""

    async def test_comments_progress_and_decisions_in_the_order_in_which_they_were_said(
        self, solo: Solo, path: str
    ) -> None:
        async with solo.client(Role.ENGINEER, subject="eva", name="Eva") as eva:
            for entry in ("shall we?", PROGRESS, DECISION):
                await say(eva, path, entry)
            first = ok(await eva.get(path, params={"limit": 2}))
            rest = ok(await eva.get(path, params={"cursor": first["next_cursor"]}))
            entries = [*first["items"], *rest["items"]]
            assert [entry["kind"] for entry in entries] == ["comment", "progress", "decision"]
            assert (entries[0]["author"], entries[0]["author_name"]) == ("eva", "Eva")
            assert (entries[1]["percent"], entries[1]["next_step"]) == (40, "train them")
            assert entries[2]["decided_by"] == ["mona", "sven"]
            only = ok(await eva.get(path, params={"kind": "progress"}))["items"]
            assert [entry["id"] for entry in only] == [entries[1]["id"]]

    async def test_html_is_text(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.ENGINEER) as eva:
            answer = await eva.post(path, json={"kind": "comment", "body": HOSTILE})
            assert ok(answer, 201)["body"] == HOSTILE
            assert ok(await eva.get(answer.headers["Location"]))["body"] == HOSTILE

    @pytest.mark.parametrize(
        ("body", "named"),
        [
            ({**PROGRESS, "percent": 101}, "percent"),
            ({**PROGRESS, "percent": -1}, "percent"),
            ({**PROGRESS, "next_step": None}, "next_step"),
            ({**DECISION, "decided_by": []}, "decided_by"),
            ({**DECISION, "visible_to_customer": True}, "visible_to_customer"),
            ({"kind": "comment", "body": "a\x00b"}, "body"),
            ({"kind": "comment", "body": "  "}, "body"),
            ({"kind": "rumour", "body": "x"}, "comment"),
        ],
    )
    async def test_what_is_unsound_is_named(self, solo: Solo, path: str, body: dict[str, Any], named: str) -> None:
        async with solo.client(Role.ENGINEER) as eva:
            assert named in refused(await eva.post(path, json=body), 422)

    async def test_nothing_is_next_at_a_hundred_per_cent(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.ENGINEER) as eva:
            await say(eva, path, {"kind": "progress", "percent": 100, "body": "done"})

    async def test_after_the_end_only_comments(self, solo: Solo, record: str, path: str) -> None:
        await put(solo, record, state="closed")
        async with solo.client(Role.ENGINEER) as eva:
            await say(eva, path, "it still holds")
            assert "closed" in refused(await eva.post(path, json=PROGRESS), 409)
            assert "closed" in refused(await eva.post(path, json=DECISION), 409)

    async def test_of_no_record(self, solo: Solo) -> None:
        async with solo.client(Role.ENGINEER) as eva:
            nowhere = f"{IMPROVEMENTS}/{uuid4()}/discussion"
            assert (await eva.post(nowhere, json=PROGRESS)).status_code == 404
            assert (await eva.get(nowhere)).status_code == 404


class TestEdit:
    async def test_the_author_mends_a_slip_against_the_version(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.ENGINEER, subject="eva") as eva:
            one = f"{path}/{(await say(eva, path, PROGRESS))['id']}"
            assert (await eva.patch(one, json={"percent": 45})).status_code == 428
            edited = ok(await eva.patch(one, json={"percent": 45}, headers={"If-Match": '"1"'}))
            assert (edited["percent"], edited["body"]) == (45, "two engineers hired")
            assert edited["edited_at"] is not None
            assert (await eva.patch(one, json={"percent": 50}, headers={"If-Match": '"1"'})).status_code == 412
            emptied = await eva.patch(one, json={"next_step": None}, headers={"If-Match": "*"})
            assert "next_step" in refused(emptied, 422)

    async def test_then_it_stands_and_for_others_always(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.ENGINEER, subject="eva") as eva:
            one = f"{path}/{(await say(eva, path, 'hm'))['id']}"
            assert "percent" in refused(await eva.patch(one, json={"percent": 5}, headers={"If-Match": "*"}), 422)
            await let_minutes_pass(solo, 16)
            assert "15 minutes" in refused(await eva.patch(one, json={"body": "x"}, headers={"If-Match": "*"}), 409)
        async with solo.client(Role.ADMINISTRATOR, subject="adam") as adam:
            assert (await adam.patch(one, json={"body": "x"}, headers={"If-Match": "*"})).status_code == 403

    async def test_a_decision_stands(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.ENGINEER, subject="eva") as eva:
            one = f"{path}/{(await say(eva, path, DECISION))['id']}"
            assert "decision" in refused(await eva.patch(one, json={"body": "x"}, headers={"If-Match": "*"}), 409)


class TestRetract:
    async def test_the_words_stay_with_the_reason(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.ENGINEER, subject="eva") as eva:
            one = f"{path}/{(await say(eva, path, DECISION))['id']}"
            assert (await eva.post(f"{one}/retraction", json={})).status_code == 422
            retracted = ok(await eva.post(f"{one}/retraction", json={"reason": "was not agreed"}))
            assert (retracted["body"], retracted["retraction_reason"]) == ("we pay the night rate", "was not agreed")
            assert (retracted["retracted_by"], retracted["retracted_at"] is None) == ("eva", False)
            assert (await eva.post(f"{one}/retraction", json={"reason": "again"})).status_code == 409
            assert (await eva.delete(one)).status_code == 405
            assert len(ok(await eva.get(path))["items"]) == 1

    async def test_by_the_supervisor_and_by_nobody_else(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.ENGINEER, subject="eva") as eva:
            one = f"{path}/{(await say(eva, path, 'rude words'))['id']}"
        async with solo.client(Role.ENGINEER, subject="otto") as otto:
            assert "eva" in refused(await otto.post(f"{one}/retraction", json={"reason": "rude"}), 403)
        async with solo.client(Role.IMPROVEMENT_SUPERVISOR, subject="sven") as sven:
            ok(await sven.post(f"{one}/retraction", json={"reason": "rude"}))
            assert (await sven.post(f"{path}/{uuid4()}/retraction", json={"reason": "x"})).status_code == 404


class TestWhatACustomerSees:
    """Comments that are marked for the customer, of records in which it takes part; nothing else."""

    async def test_reads_and_writes_what_is_marked(self, solo: Solo, record: str, path: str) -> None:
        async with solo.client(Role.PROCESS_OWNER, subject="petra") as petra:
            hidden = await say(petra, path, "the customer must not read this")
            await say(petra, path, PROGRESS)
            await say(petra, path, {"kind": "comment", "body": "for you", "visible_to_customer": True})
            invited = {"person": "kim", "role": "customer", "customer": "bank"}
            ok(await petra.post(f"{IMPROVEMENTS}/{record}/participants", json=invited), 201)
        async with solo.client(Role.CUSTOMER, subject="kim", customer="bank") as kim:
            own = await say(kim, path, "thank you")
            assert own["visible_to_customer"]
            assert own["customer"] == "bank"
            assert [item["body"] for item in ok(await kim.get(path))["items"]] == ["for you", "thank you"]
            assert ok(await kim.get(path, params={"kind": "progress"}))["items"] == []
            assert (await kim.get(f"{path}/{hidden['id']}")).status_code == 404
            assert (await kim.post(f"{path}/{hidden['id']}/retraction", json={"reason": "x"})).status_code == 404
            for other in (PROGRESS, DECISION):
                assert "comments" in refused(await kim.post(path, json=other), 403)
            for closed_door in (f"{IMPROVEMENTS}/{record}", IMPROVEMENTS, f"{IMPROVEMENTS}/{record}/links"):
                assert (await kim.get(closed_door)).status_code == 403
        async with solo.client(Role.PROCESS_OWNER, subject="petra") as petra:
            assert len(ok(await petra.get(path))["items"]) == 4

    async def test_what_was_retracted_is_only_told_to_be(self, solo: Solo, record: str, path: str) -> None:
        async with solo.client(Role.PROCESS_OWNER, subject="petra") as petra:
            invited = {"person": "kim", "role": "customer", "customer": "bank"}
            ok(await petra.post(f"{IMPROVEMENTS}/{record}/participants", json=invited), 201)
            slip = await say(
                petra, path, {"kind": "comment", "body": "of another customer", "visible_to_customer": True}
            )
            ok(await petra.post(f"{path}/{slip['id']}/retraction", json={"reason": "not yours"}))
        async with solo.client(Role.CUSTOMER, subject="kim", customer="bank") as kim:
            (shown,) = ok(await kim.get(path))["items"]
            assert shown["body"] is None
            assert shown["retraction_reason"] is None
            assert shown["retracted_at"] is not None

    async def test_nothing_where_it_does_not_take_part(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.CUSTOMER, subject="kim", customer="bank") as kim:
            assert (await kim.get(path)).status_code == 404
            assert (await kim.post(path, json={"kind": "comment", "body": "hello"})).status_code == 404
        async with solo.client(Role.INTEGRATION) as machine:
            assert (await machine.get(path)).status_code == 403

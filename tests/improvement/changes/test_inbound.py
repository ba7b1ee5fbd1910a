"""Outcomes by the system's genuine webhook, and by our own format beside it."""

from typing import Any

import httpx
import pytest

from shared.ticketing.changes import mark
from shared.ticketing.failures import RemoteFailed
from tests.improvement.builders import CHANGES, IMPROVEMENTS, People, ok
from tests.improvement.changes.builders import (
    WEBHOOK_SECRET,
    Desk,
    approve,
    change_of,
    connect,
    listen,
    make_due,
    raise_due,
    raised,
)
from tests.support.solo import Solo


async def post(solo: Solo, body: Any, key: str = "desk", **how: Any) -> httpx.Response:
    """As the desk posts it: with the connection's secret in the address."""
    given = {"params": {"secret": WEBHOOK_SECRET}, **how}
    async with solo.client() as system:
        return await system.post(f"{CHANGES}/inbound/{key}", json=body, **given)


def issue(status: str, number: str = "CHG-1", **more: Any) -> dict[str, Any]:
    return {"issue": {"id": number, "status": status, **more}}


class TestGenuine:
    async def test_an_outcome_moves_the_record_and_is_kept_as_it_was_told(
        self, solo: Solo, staff: People, desk: Desk
    ) -> None:
        """R119, R120: the outcome comes by the system's own webhook; its body stays in the archive."""
        await connect(solo)
        record, _ = await raised(solo, staff)
        shown = ok(await post(solo, issue("Shipped")))
        assert (shown["state"], shown["connection"]) == ("implemented", "desk")
        await listen(solo)
        change = await change_of(staff, record)
        (report,) = change["reports"]
        assert (report["way"], report["teller"], report["word"], report["effect"]) == (
            "webhook",
            "connection:desk",
            "Shipped",
            "moved",
        )
        assert '"status":"Shipped"' in report["payload"].replace(" ", "")
        assert (await staff.read(record["id"]))["state"] == "monitoring"

    async def test_our_own_writing_coming_back_is_no_news(self, solo: Solo, staff: People, desk: Desk) -> None:
        """The echo guard: the webhook of the record that we created ourselves."""
        await connect(solo)
        record, before = await raised(solo, staff)
        for _ in range(2):
            answer = await post(solo, issue("Open", subject=f"Evening shift {mark(before['reference'])}"))
            assert (answer.status_code, answer.json()) == (202, {"ignored": "it was known"})
        after = await change_of(staff, record)
        assert (after["state"], after["version"]) == (before["state"], before["version"])
        assert [event.type for event in await solo.events("change.raised")] == ["ratchet.change.raised.v1"]
        assert [report["effect"] for report in after["reports"]] == ["no_news"]

    async def test_other_records_are_taken_and_ignored(self, solo: Solo, staff: People, desk: Desk) -> None:
        """A system posts all sorts of records; it must not be told to try again."""
        await connect(solo)
        await raised(solo, staff)
        for body in (issue("Done", "INC-7"), {"wiki": "page"}, [], issue("Done", subject=mark("nobody:1"), number="X")):
            answer = await post(solo, body)
            assert (answer.status_code, "ignored" in answer.json()) == (202, True), body

    async def test_a_copy_that_carries_the_mark_moves_nothing(self, solo: Solo, staff: People, desk: Desk) -> None:
        await connect(solo)
        record, change = await raised(solo, staff)
        answer = await post(solo, issue("Done", "CHG-99", subject=mark(change["reference"])))
        assert (answer.status_code, "CHG-1" in answer.json()["ignored"]) == (202, True)
        assert (await change_of(staff, record))["state"] == "raised"

    async def test_a_word_that_nobody_mapped_says_what_would_be_right(
        self, solo: Solo, staff: People, desk: Desk
    ) -> None:
        await connect(solo)
        record, _ = await raised(solo, staff)
        answer = await post(solo, issue("Pondering"))
        assert (answer.status_code, "states" in answer.json()["ignored"]) == (202, True)
        (report,) = (await change_of(staff, record))["reports"]
        assert (report["word"], report["state"], report["effect"]) == ("Pondering", None, "unknown_word")

    async def test_what_cannot_follow_is_kept_and_moves_nothing(self, solo: Solo, staff: People, desk: Desk) -> None:
        await connect(solo)
        record, _ = await raised(solo, staff)
        ok(await post(solo, issue("Rejected")))
        answer = await post(solo, issue("Done"))
        assert answer.status_code == 202
        change = await change_of(staff, record)
        assert (change["state"], change["last_error"]) == ("failed", "it said no")
        assert [report["effect"] for report in change["reports"]] == ["moved", "refused"]

    async def test_it_proves_a_record_whose_answer_was_lost(self, solo: Solo, staff: People, desk: Desk) -> None:
        """Exactly one change: what the system tells of by our mark is there, whatever became of the answer."""
        await connect(solo)
        desk.lost = [RemoteFailed("no answer within 30 s")]
        record, change = await raised(solo, staff)
        assert change["state"] == "pending"
        ok(await post(solo, issue("Approved", subject=mark(change["reference"]))))
        await make_due(solo)
        await raise_due(solo)
        change = await change_of(staff, record)
        assert (change["state"], change["external_id"], len(desk.requests)) == ("accepted", "CHG-1", 1)

    async def test_outcomes_of_a_superseded_change_are_kept_and_move_nothing(
        self, solo: Solo, staff: People, desk: Desk
    ) -> None:
        await connect(solo)
        record, _ = await raised(solo, staff)
        ok(await staff.author.post(f"{IMPROVEMENTS}/{record['id']}/revise", json={"reason": "another plan"}))
        await listen(solo)
        answer = await post(solo, issue("Done"))
        assert (answer.status_code, "counts no more" in answer.json()["ignored"]) == (202, True)
        ours = {"external_id": "CHG-1", "state": "implemented"}
        assert ok(await post(solo, ours))["state"] == "superseded"
        await listen(solo)
        change = await change_of(staff, record)
        assert [report["effect"] for report in change["reports"]] == ["superseded", "superseded"]
        assert (await staff.read(record["id"]))["state"] == "draft"
        assert await solo.events("change.implemented") == []

    async def test_who_cannot_prove_it_is_refused(self, solo: Solo, staff: People, desk: Desk) -> None:
        await connect(solo)
        await raised(solo, staff)
        for how in (
            {"params": {}},
            {"params": {"secret": "another-secret"}},
            {"params": {}, "headers": {"Authorization": "Bearer the-api-key"}},
        ):
            assert (await post(solo, issue("Done"), **how)).status_code == 401, how
        await connect(solo, webhook_authentication="none", webhook_secret=None)
        assert (await post(solo, issue("Done"))).status_code == 401

    @pytest.mark.parametrize("content", [b"not json", b"", b'{"issue": {"id": "CHG-1"}}', b'{"issue": "\xff"}'])
    async def test_garbage_is_told(self, solo: Solo, staff: People, desk: Desk, content: bytes) -> None:
        await connect(solo)
        async with solo.client() as system:
            path = f"{CHANGES}/inbound/desk"
            answer = await system.post(path, content=content, params={"secret": WEBHOOK_SECRET})
        assert answer.status_code == 422, answer.text


class TestOwnFormat:
    async def test_is_taken_from_any_system_by_its_webhook_secret(self, solo: Solo, staff: People, desk: Desk) -> None:
        await connect(solo)
        record, change = await raised(solo, staff)
        told = {"correlation_id": change["reference"], "state": "accepted"}
        proof = {"params": {}, "headers": {"Authorization": f"Bearer {WEBHOOK_SECRET}"}}
        assert ok(await post(solo, told, **proof))["state"] == "accepted"
        assert (await change_of(staff, record))["reports"][0]["teller"] == "connection:desk"

    async def test_an_unknown_change_is_404(self, solo: Solo, staff: People, desk: Desk) -> None:
        await connect(solo)
        answer = await post(solo, {"external_id": "nobody knows", "state": "accepted"})
        assert (answer.status_code, "nobody knows" in answer.json()["detail"]) == (404, True)

    async def test_another_connection_s_change_is_unknown(self, solo: Solo, staff: People, desk: Desk) -> None:
        await connect(solo)
        await connect(solo, "other")
        await approve(solo, staff)
        await raise_due(solo)
        told = {"external_id": "CHG-1", "state": "implemented"}
        assert (await post(solo, told, "desk")).status_code == 404
        assert ok(await post(solo, told, "other"))["state"] == "implemented"

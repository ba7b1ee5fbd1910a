from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared import clock
from tests.satisfaction.complaints.building import (
    REST,
    desk,
    do,
    engineer,
    kinds,
    manager,
    moment,
    receive,
    refused,
    run_job,
)
from tests.support.solo import Solo


def later(days: int = 5) -> str:
    return (clock.now() + timedelta(days=days)).isoformat()


_REFUSED = r"legal hold|is kept|are kept|append-only|not emptied|added to, not changed|permission denied"


class TestDispute:
    """R170: opened, positions, outcome, deadline."""

    async def test_its_course(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            await do(client, body, "dispute", subject="Who pays?", due_at=later())
            await do(client, body, "dispute/positions", side="customer", position="You do.")
            await do(client, body, "dispute/positions", side="provider", position="Half each.")
            settled = await do(client, body, "dispute/settle", outcome="Half each.")
        (dispute,) = settled["disputes"]
        assert [one["side"] for one in dispute["positions"]] == ["customer", "provider"]
        assert (dispute["number"], dispute["outcome"], dispute["settled_by"]) == (1, "Half each.", "wang.fang")
        assert kinds(settled)[1:] == ["dispute_opened", "position", "position", "dispute_settled"]
        assert not settled["held"]

    async def test_one_at_a_time_and_none_without(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            await refused(client, body, "dispute/settle", 409, "no-dispute", outcome="x")
            await refused(client, body, "dispute/positions", 409, "no-dispute", side="customer", position="x")
            await refused(client, body, "dispute", 422, "due-in-past", subject="x", due_at="2026-01-01T00:00:00Z")
            await do(client, body, "dispute", subject="x", due_at=later())
            await refused(client, body, "dispute", 409, "dispute-runs", subject="x", due_at=later())

    async def test_closing_waits_and_its_passing_is_told(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            await do(client, body, "dispute", subject="x", due_at=later())
            await do(client, body, "answer", answer="x")
            await do(client, body, "accept")
            assert "settlement of the dispute" in await refused(client, body, "close", 409, "missing")
        await run_job(solo, "overdue", clock.now() + timedelta(days=6))
        (event,) = await solo.events("complaint.overdue")
        assert event.data["deadline"] == "settlement"


class TestTold:
    """R170, R196: the ledger and whoever subscribes hear of a dispute, its sides and its end."""

    async def test_opened_and_settled(self, solo: Solo) -> None:
        due_at = later()
        async with desk(solo) as client:
            body = await receive(client)
            await do(client, body, "dispute", subject="Who pays?", due_at=due_at)
            await do(client, body, "dispute/positions", side="customer", position="You do.")
            await do(client, body, "dispute/settle", outcome="Half each.")
            await do(client, body, "dispute", subject="Who pays the rest?", due_at=due_at)
        first, settled, second = await solo.events("complaint.disputed", "complaint.dispute_settled")
        assert (first.data["dispute_number"], first.data["dispute_subject"]) == (1, "Who pays?")
        assert moment(first.data["settle_by"]) == moment(due_at)
        assert (settled.data["outcome"], settled.data["positions"], settled.data["on_time"]) == ("Half each.", 1, True)
        assert second.data["dispute_number"] == 2

    async def test_only_whoever_answers_for_it_settles(self, solo: Solo) -> None:
        async with desk(solo) as client, engineer(solo) as other, manager(solo) as boss:
            body = await receive(client)
            await do(other, body, "dispute", subject="Who pays?", due_at=later())
            await refused(other, body, "dispute/settle", 409, "not-the-owner", outcome="They do.")
            assert (await do(boss, body, "dispute/settle", outcome="We do."))["held"] is False


class TestLegalHold:
    """R196: the original data stay as they are while a dispute runs."""

    async def test_nothing_of_it_is_changed(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            await do(client, body, "dispute", subject="x", due_at=later())
            path = f"{REST}/{body['id']}"
            answer = await client.patch(path, json={"title": "nicer"}, headers={"If-Match": "*"})
            assert (answer.status_code, answer.json()["type"]) == (409, "urn:ratchet:problem:legal-hold")
            await do(client, body, "dispute/settle", outcome="x")
            assert (await client.patch(path, json={"title": "nicer"}, headers={"If-Match": "*"})).status_code == 200

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE complaints SET description = 'nicer'",
            "UPDATE complaints SET customer = NULL",
            "DELETE FROM complaints",
            "UPDATE complaint_entries SET note = 'nicer'",
            "DELETE FROM complaint_entries",
            "TRUNCATE complaint_entries",
            "UPDATE complaints SET complained_about = 'somebody else'",
            "UPDATE complaints SET held = false",
            "UPDATE complaint_disputes SET subject = 'nicer'",
            "UPDATE complaint_disputes SET positions = '[]'",
            "UPDATE complaint_disputes SET positions = jsonb_set(positions, '{0,position}', '\"nicer\"')",
            "DELETE FROM complaint_disputes",
            "TRUNCATE complaint_disputes",
        ],
    )
    async def test_nor_behind_the_services_back(self, solo: Solo, statement: str) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            await do(client, body, "dispute", subject="x", due_at=later())
            await do(client, body, "dispute/positions", side="customer", position="You do.")
        with pytest.raises(DBAPIError, match=_REFUSED):
            async with solo.transaction() as session:
                await session.execute(text(statement))

    async def test_what_is_closed_is_deleted_after_its_retention_and_not_before(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            await do(client, body, "answer", answer="x")
            await do(client, body, "accept")
            await do(client, body, "close")
            almost, after = (clock.now() + timedelta(days=days) for days in (1094, 1096))
            assert await run_job(solo, "retention", almost) == 0
            async with solo.transaction() as session:
                await session.execute(text("UPDATE complaints SET retain_until = now() - interval '1 day'"))
            await do(client, body, "dispute", subject="x", due_at=later())
            assert await run_job(solo, "retention", after) == 0
            await do(client, body, "dispute/settle", outcome="x")
            assert await run_job(solo, "retention", almost) == 0
            async with solo.transaction() as session:
                await session.execute(text("UPDATE complaints SET retain_until = now() - interval '1 day'"))
            assert await run_job(solo, "retention") == 1
            assert (await client.get(f"{REST}/{body['id']}")).status_code == 404

    async def test_the_timeline_is_append_only_without_a_dispute_too(self, solo: Solo) -> None:
        """R56."""
        async with desk(solo) as client:
            await receive(client)
        for statement in ("UPDATE complaint_entries SET note = 'x'", "DELETE FROM complaint_entries"):
            with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
                async with solo.transaction() as session:
                    await session.execute(text(statement))

    async def test_a_settled_dispute_stays_as_it_is(self, solo: Solo) -> None:
        """R170."""
        async with desk(solo) as client:
            body = await receive(client)
            await do(client, body, "dispute", subject="x", due_at=later())
            await do(client, body, "dispute/settle", outcome="Half each.")
        with pytest.raises(DBAPIError, match="a settled dispute stays as it is"):
            async with solo.transaction() as session:
                await session.execute(text("UPDATE complaint_disputes SET outcome = 'You do.'"))

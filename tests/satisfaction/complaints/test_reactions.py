from tests.satisfaction.complaints.building import (
    desk,
    do,
    engineer,
    kinds,
    manager,
    move_deadlines,
    receive,
    refused,
)
from tests.support.solo import Solo


class TestLoop:
    """R56: reply, then the customer accepts or rejects, and again."""

    async def test_rejected_it_is_open_again_with_another_deadline(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            answered = await do(client, body, "answer", answer="Mended.")
            assert (answered["state"], answered["answered_by"]) == ("answered", "wang.fang")
            again = await do(client, body, "reject", reason="It stands still again.")
            assert (again["state"], again["round"], again["rejections"]) == ("open", 2, 1)
            waiting = [one for one in again["deadlines"] if one["met_at"] is None]
            assert [one["kind"] for one in waiting] == ["answer"]
            await do(client, body, "answer", answer="Replaced.")
            accepted = await do(client, body, "accept", comment="Good.")
            closed = await do(client, body, "close")
        assert (accepted["state"], closed["state"], closed["closing"]) == ("accepted", "closed", "accepted")
        rounds = [event.data["round"] for event in await solo.events("complaint.answered")]
        assert rounds == [1, 2]
        assert (await solo.events("complaint.rejected"))[0].data["rejections"] == 1
        (told,) = await solo.events("complaint.closed")
        assert (told.data["rejections"], told.data["on_time"], told.data["closing"]) == (1, True, "accepted")
        assert kinds(closed) == ["received", "answered", "rejected", "answered", "accepted", "closed"]
        assert [e.sequence for e in await solo.events()] == [1, 2, 3, 4, 5, 6]

    async def test_a_closed_one_may_be_rejected_later(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            await do(client, body, "answer", answer="Mended.")
            await do(client, body, "accept")
            assert (await do(client, body, "close"))["retain_until"] is not None
            again = await do(client, body, "reject", reason="It broke again.")
        assert (again["state"], again["closed_at"], again["retain_until"]) == ("open", None, None)

    async def test_without_a_word_it_is_closed_only_after_a_while(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            await do(client, body, "answer", answer="Mended.")
            await refused(client, body, "close", 409, "still-silent")
            await move_deadlines(solo, body, 24 * 30)
            assert (await do(client, body, "close"))["closing"] == "no_reaction"

    async def test_steps_out_of_turn(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            for step, given in [("accept", {}), ("reject", {"reason": "x"}), ("close", {})]:
                assert "allowed now" in await refused(client, body, step, 409, "illegal-transition", **given)
            await do(client, body, "answer", answer="Mended.")
            await refused(client, body, "answer", 409, "illegal-transition", answer="again")
            await refused(client, body, "pass-on", 409, "illegal-transition", to="kim", reason="x")

    async def test_only_the_owner_answers_or_a_manager(self, solo: Solo) -> None:
        """R198."""
        async with desk(solo) as client, engineer(solo) as other, manager(solo) as boss:
            body = await receive(client)
            for step, given in [("answer", {"answer": "x"}), ("plan", {"note": "x"}), ("acknowledge", {"note": "x"})]:
                assert "wang.fang" in await refused(other, body, step, 409, "not-the-owner", **given)
            assert (await do(boss, body, "answer", answer="Mended."))["answered_by"] == "mona"

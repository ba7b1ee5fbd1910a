from tests.satisfaction.complaints.building import (
    desk,
    do,
    engineer,
    moment,
    receive,
    refused,
)
from tests.support.solo import Solo


class TestEscalate:
    """R60."""

    async def test_up_a_class_with_its_deadlines_from_now(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            up = await do(client, body, "escalate", complaint_class="major", to="chen.jie", reason="third time")
        assert (up["complaint_class"], up["offered_to"], up["escalations"]) == ("major", "chen.jie", 1)
        waiting = {one["kind"] for one in up["deadlines"] if one["lifted_at"] is None}
        assert waiting == {"acknowledge", "plan", "answer"}
        assert moment(up["due_at"]) > moment(body["due_at"])
        (event,) = await solo.events("complaint.escalated")
        assert (event.data["previous_class"], event.data["complaint_class"]) == ("general", "major")
        assert (event.data["escalated_to"], event.data["reason"]) == ("chen.jie", "third time")

    async def test_a_missed_deadline_is_not_wiped_out(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client, received_at="2026-03-02T10:00:00Z")
            up = await do(client, body, "escalate", complaint_class="major", reason="third time")
            assert up["overdue"]
            answered = await do(client, body, "answer", answer="Mended.")
        assert not (await solo.events("complaint.answered"))[0].data["on_time"]
        assert [one["overdue"] for one in answered["deadlines"]].count(True) == 1

    async def test_only_up(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client, complaint_class="major")
            await refused(client, body, "escalate", 422, "not-higher", complaint_class="simple", reason="x")
            await refused(client, body, "escalate", 422, "not-higher", complaint_class="major", reason="x")
            await refused(client, body, "escalate", 422, "not-higher", reason="x")

    async def test_not_back_to_whoever_owned_it(self, solo: Solo) -> None:
        """R193: an escalation to somebody below would be a pass-on that nobody counts."""
        async with desk(solo) as client, engineer(solo) as other:
            body = await receive(client)
            await do(client, body, "pass-on", to="chen.jie", reason="yours")
            await do(other, body, "take-over")
            detail = await refused(other, body, "escalate", 422, "not-higher", to="wang.fang", reason="yours")
            assert "somebody above" in detail

    async def test_in_time_of_an_answered_one_the_call_is_due(self, solo: Solo) -> None:
        """R51: a major complaint is followed up, also one that became it after its answer."""
        async with desk(solo) as client:
            body = await receive(client)
            await do(client, body, "answer", answer="Mended.")
            up = await do(client, body, "escalate", complaint_class="major", reason="third time")
        waiting = {one["kind"] for one in up["deadlines"] if not (one["met_at"] or one["lifted_at"])}
        assert waiting == {"plan", "follow_up"}


class TestRejections:
    """R60: an answer that is rejected twice goes up a class, and those in charge are told."""

    async def test_twice_rejected_goes_up_each_time(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client, complaint_class="simple")
            classes = []
            for _ in range(4):
                await do(client, body, "answer", answer="Mended.")
                body = await do(client, body, "reject", reason="It is not.")
                classes.append(body["complaint_class"])
        assert classes == ["simple", "general", "major", "major"]
        events = await solo.events("complaint.escalated")
        assert [one.data["cause"] for one in events] == ["rejections"] * 3
        assert [one.data["previous_class"] for one in events] == ["simple", "general", "major"]
        assert events[0].data["reason"] == "its answers were rejected 2 times"
        assert body["escalations"] == 3

    async def test_the_higher_class_has_its_own_deadlines(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client, complaint_class="general")
            for _ in range(2):
                await do(client, body, "answer", answer="Mended.")
                body = await do(client, body, "reject", reason="It is not.")
        waiting = [one["kind"] for one in body["deadlines"] if not (one["met_at"] or one["lifted_at"])]
        assert sorted(waiting) == ["answer", "plan"], "it was acknowledged long ago"
        last = [one for one in body["deadlines"] if one["kind"] == "answer"][-1]
        assert last["due_at"] == body["due_at"]

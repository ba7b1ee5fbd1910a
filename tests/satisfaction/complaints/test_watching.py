import asyncio
from datetime import timedelta

import pytest

from shared import clock
from shared.working_days import find_end
from tests.satisfaction.complaints.building import (
    REST,
    SETTINGS,
    desk,
    do,
    kinds,
    manager,
    moment,
    receive,
    run_job,
)
from tests.support.solo import Solo


class TestDeadlines:
    """R199, R51: hand-worked on Monday 2 March 2026, 10:00 UTC, with whole working days in UTC."""

    @pytest.mark.parametrize(
        ("complaint_class", "expected"),
        [
            ("simple", {"answer": "2026-03-02T10:30:00Z"}),
            ("general", {"answer": "2026-03-03T00:00:00Z"}),
            (
                "major",
                {
                    "acknowledge": "2026-03-03T00:00:00Z",
                    "plan": "2026-03-06T00:00:00Z",
                    "answer": "2026-03-17T00:00:00Z",
                },
            ),
        ],
    )
    async def test_by_class(self, solo: Solo, complaint_class: str, expected: dict[str, str]) -> None:
        async with desk(solo) as client:
            body = await receive(client, complaint_class=complaint_class, received_at="2026-03-02T10:00:00Z")
        assert {one["kind"]: one["due_at"] for one in body["deadlines"]} == expected
        assert body["due_at"] == expected["answer"]

    async def test_overdue_is_told_once_for_each_deadline(self, solo: Solo) -> None:
        """R193, R199."""
        async with desk(solo) as client:
            body = await receive(client, complaint_class="major", received_at="2026-03-02T10:00:00Z")
            assert body["overdue"]
        for _ in range(2):
            await run_job(solo, "overdue")
        told = await solo.events("complaint.overdue")
        assert sorted(event.data["deadline"] for event in told) == ["acknowledge", "answer", "plan"]
        assert [event.sequence for event in told] == [2, 3, 4]

    async def test_what_is_in_time_is_not_told(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            assert not body["overdue"]
            await do(client, body, "answer", answer="Mended.")
        later = clock.now() + timedelta(days=30)
        assert await run_job(solo, "overdue", later) == 0


class TestEscalateLate:
    """R60: what is important is told to those above before its deadline passes, and again after, each level once."""

    received = moment("2026-03-02T10:00:00Z")

    async def test_before_the_deadline_and_after_each_once(self, solo: Solo) -> None:
        """Acknowledged by midnight: the operations manager hears at 22:00, the department's head at 08:00."""
        async with desk(solo) as client:
            body = await receive(client, complaint_class="major", received_at=self.received.isoformat())
            for now, told in [
                ("2026-03-02T21:59:59Z", []),
                ("2026-03-02T22:00:00Z", ["operations_manager"]),
                ("2026-03-03T07:59:59Z", ["operations_manager"]),
                ("2026-03-03T08:00:00Z", ["operations_manager", "department_head"]),
                ("2026-03-04T00:00:00Z", ["operations_manager", "department_head"]),
            ]:
                for _ in range(2):
                    await run_job(solo, "escalation", moment(now))
                events = await solo.events("complaint.escalated")
                assert [event.data["told_to"] for event in events] == told, now
            view = (await client.get(f"{REST}/{body['id']}")).json()
        first, second = (event.data for event in events)
        assert (first["cause"], first["level"], second["level"]) == ("deadline", 1, 2)
        assert first["reason"] == "acknowledge: is due at 2026-03-03 00:00 UTC and is not done"
        assert second["reason"] == "acknowledge: was due at 2026-03-03 00:00 UTC and is not done"
        assert (first["previous_class"], first["complaint_class"]) == ("major", "major")
        assert (view["escalations"], kinds(view)) == (2, ["received", "escalated", "escalated"])
        assert {entry["by"] for entry in view["timeline"][1:]} == {"service:satisfaction"}

    async def test_what_is_done_or_not_important_is_not(self, solo: Solo) -> None:
        async with desk(solo) as client:
            done = await receive(client, complaint_class="major")
            await do(client, done, "answer", answer="Mended.")
            await do(client, done, "accept")
            await receive(client, complaint_class="general", received_at=self.received.isoformat())
        called = await run_job(solo, "escalation", clock.now() + timedelta(hours=1))
        assert (called, await solo.events("complaint.escalated")) == (0, [])

    async def test_supervised_ones_are_important_whatever_their_class(self, solo: Solo) -> None:
        """R194."""
        async with desk(solo) as client:
            body = await receive(client, complaint_class="general", received_at=self.received.isoformat())
            later = (clock.now() + timedelta(days=2)).isoformat()
            await do(client, body, "supervise", supervised_by="the city", progress_due_at=later)
        assert await run_job(solo, "escalation") == 1
        (event,) = await solo.events("complaint.escalated")
        assert event.data["told_to"] == "operations_manager"

    async def test_two_at_once_tell_once(self, solo: Solo) -> None:
        async with desk(solo) as client:
            await receive(client, complaint_class="major", received_at=self.received.isoformat())
        now = moment("2026-03-02T23:00:00Z")
        await asyncio.gather(*(run_job(solo, "escalation", now) for _ in range(4)))
        assert len(await solo.events("complaint.escalated")) == 1


class TestFollowUpCall:
    """R51: after the answer to a major complaint the customer is called, and somebody notices when not."""

    async def test_is_due_three_working_days_after_the_answer(self, solo: Solo) -> None:
        async with desk(solo) as client, manager(solo) as boss:
            body = await receive(client, complaint_class="major")
            answered = await do(client, body, "answer", answer="Mended.")
            (due,) = [one for one in answered["deadlines"] if one["kind"] == "follow_up"]
            calendar = SETTINGS.calendar_at(clock.now())
            assert moment(due["due_at"]) == find_end(calendar, moment(answered["answered_at"]), "3d")
            assert answered["next_due_at"] <= due["due_at"]
            called = await do(boss, body, "follow-up", satisfied="yes", note="Good.", score=5)
        assert next(one for one in called["deadlines"] if one["kind"] == "follow_up")["met_at"] is not None

    async def test_its_passing_is_told(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client, complaint_class="major")
            await do(client, body, "plan", note="x")
            await do(client, body, "answer", answer="Mended.")
        await run_job(solo, "overdue", clock.now() + timedelta(days=10))
        (event,) = await solo.events("complaint.overdue")
        assert event.data["deadline"] == "follow_up"

    async def test_a_rejection_lifts_it_and_the_next_answer_brings_another(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client, complaint_class="major")
            await do(client, body, "answer", answer="Mended.")
            rejected = await do(client, body, "reject", reason="No.")
            again = await do(client, body, "answer", answer="Now.")
        calls = [one["lifted_at"] is None for one in again["deadlines"] if one["kind"] == "follow_up"]
        assert calls == [False, True]
        assert [one["kind"] for one in rejected["deadlines"] if not (one["met_at"] or one["lifted_at"])] == [
            "plan",
            "answer",
        ]

    async def test_anonymous_ones_and_simple_ones_are_not_called(self, solo: Solo) -> None:
        nameless = {"anonymous": True, "complainant": None, "contact": None, "customer": None}
        async with desk(solo) as client:
            for given in ({"complaint_class": "simple"}, {"complaint_class": "major", **nameless}):
                body = await receive(client, **given)
                answered = await do(client, body, "answer", answer="Mended.")
                assert "follow_up" not in {one["kind"] for one in answered["deadlines"]}

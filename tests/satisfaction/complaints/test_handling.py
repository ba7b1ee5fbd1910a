from datetime import timedelta

from shared import clock
from tests.satisfaction.complaints.building import (
    REST,
    desk,
    do,
    engineer,
    receive,
    refused,
    run_job,
)
from tests.support.solo import Solo


class TestMajor:
    """R51: acknowledged, planned, cause analysed, and called before it is closed."""

    async def test_closing_names_what_is_missing(self, solo: Solo) -> None:
        async with engineer(solo) as owner, desk(solo) as caller:
            body = await receive(owner, complaint_class="major")
            await do(owner, body, "answer", answer="Mended.")
            await do(owner, body, "accept")
            said = await refused(owner, body, "close", 409, "missing")
            assert "plan; cause analysis; follow-up call" in said
            await refused(owner, body, "plan", 409, "illegal-transition", note="x")
            await do(caller, body, "reject", reason="no plan")
            await do(owner, body, "plan", note="Replace the relay.")
            await do(owner, body, "cause-analysis", note="The relay is ten years old.")
            await do(owner, body, "answer", answer="Replaced.")
            called = await do(caller, body, "follow-up", satisfied="yes", note="content", score=4)
            assert (called["state"], called["missing"]) == ("accepted", [])
            assert (await do(owner, body, "close"))["state"] == "closed"

    async def test_the_call_is_made_by_somebody_else_of_the_service_centre(self, solo: Solo) -> None:
        async with desk(solo) as owner, engineer(solo) as other:
            body = await receive(owner, complaint_class="major")
            await do(owner, body, "answer", answer="Mended.")
            await refused(owner, body, "follow-up", 409, "answered-yourself", satisfied="yes", note="x")
            answer = await other.post(f"{REST}/{body['id']}/follow-up", json={"satisfied": "yes", "note": "x"})
            assert answer.status_code == 403

    async def test_not_content_in_the_call_opens_it_again(self, solo: Solo) -> None:
        async with engineer(solo) as owner, desk(solo) as caller:
            body = await receive(owner, complaint_class="major")
            await do(owner, body, "answer", answer="Mended.")
            again = await do(caller, body, "follow-up", satisfied="no", note="still slow", score=1)
        assert (again["state"], again["followed_up_at"], again["rejections"]) == ("open", None, 1)

    async def test_an_anonymous_one_cannot_be_called(self, solo: Solo) -> None:
        async with desk(solo) as client:
            nameless = {"complainant": None, "contact": None, "customer": None}
            body = await receive(client, complaint_class="major", anonymous=True, **nameless)
        assert body["missing"] == ["acknowledgement", "plan", "cause analysis"]


class TestSupervised:
    """R194: result or progress is reported within the limit."""

    async def test_progress_is_due_and_reported(self, solo: Solo) -> None:
        due = (clock.now() + timedelta(days=2)).isoformat()
        async with desk(solo) as client:
            body = await receive(client)
            await do(client, body, "supervise", supervised_by="city office", progress_due_at=due)
            await do(client, body, "answer", answer="Mended.")
            await do(client, body, "accept")
            assert "report to the supervisor" in await refused(client, body, "close", 409, "missing")
            reported = await do(client, body, "progress", note="Half done.", next_due_at=due)
            states = [one["met_at"] is None for one in reported["deadlines"] if one["kind"] == "progress"]
            assert states == [False, True]
            assert (await do(client, body, "close"))["state"] == "closed"

    async def test_its_passing_is_told(self, solo: Solo) -> None:
        due = (clock.now() + timedelta(hours=1)).isoformat()
        async with desk(solo) as client:
            body = await receive(client, complaint_class="major")
            await do(client, body, "supervise", supervised_by="city office", progress_due_at=due)
        await run_job(solo, "overdue", clock.now() + timedelta(hours=1, minutes=1))
        told = [event.data["deadline"] for event in await solo.events("complaint.overdue")]
        assert "progress" in told

    async def test_due_in_the_past_is_refused(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            given = {"supervised_by": "city office", "progress_due_at": "2026-01-01T00:00:00Z"}
            await refused(client, body, "supervise", 422, "due-in-past", **given)


class TestAcknowledge:
    """R51."""

    async def test_is_said_once(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client, complaint_class="major")
            await do(client, body, "acknowledge", note="We are on it.")
            detail = await refused(client, body, "acknowledge", 409, "already-acknowledged", note="We are on it.")
        assert "add a note" in detail

import re
from datetime import timedelta

import pytest

from shared import clock
from shared.auth import Role
from tests.satisfaction.complaints.building import (
    NEW,
    NOBODYS,
    REST,
    customer,
    desk,
    do,
    engineer,
    kinds,
    manager,
    moment,
    move_deadlines,
    receive,
    refused,
    run_job,
)
from tests.support.solo import Solo


class TestReceive:
    """R60, R182, R193, R198: every channel; the first receiver owns it."""

    async def test_the_receiver_owns_it_and_a_number_and_a_secret_are_given(self, solo: Solo) -> None:
        async with desk(solo) as client:
            answer = await client.post(REST, json=NEW)
            got = await client.get(answer.headers["Location"])
        body = answer.json()
        assert re.fullmatch(r"CMP-\d{6}", body["number"])
        assert (body["state"], body["owner"]) == ("open", "wang.fang")
        assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}", body["token"])
        assert body["link"].endswith(f"/satisfaction/complaint-answer?token={body['token']}")
        assert "token" not in got.json()
        assert got.headers["ETag"] == answer.headers["ETag"] == '"1"'

    async def test_is_told_with_what_improvement_needs(self, solo: Solo) -> None:
        """R8, R51: a major complaint opens an improvement from this event."""
        async with desk(solo) as client:
            body = await receive(client, complaint_class="major", external_id="INC0000001")
        (event,) = await solo.events("complaint.received")
        assert event.subject == body["id"]
        assert event.data["complaint_class"] == "major"
        assert {name: event.data[name] for name in ("title", "description", "channel", "customer", "service")} == {
            name: NEW[name] for name in ("title", "description", "channel", "customer", "service")
        }
        assert (event.data["number"], event.data["external_id"]) == (body["number"], "INC0000001")

    @pytest.mark.parametrize("channel", ["hotline", "opinion_box", "web", "email", "visit", "callback", "letter"])
    async def test_channels(self, solo: Solo, channel: str) -> None:
        async with desk(solo) as client:
            assert (await receive(client, channel=channel))["channel"] == channel

    async def test_an_anonymous_one_names_nobody(self, solo: Solo) -> None:
        """R182."""
        named = {"complainant": None, "contact": None, "customer": None}
        async with desk(solo) as client:
            body = await receive(client, anonymous=True, **named)
            wrong = await client.post(REST, json={**NEW, "anonymous": True})
        assert (body["complainant"], body["customer"]) == (None, None)
        assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:ratchet:problem:nameless")

    async def test_what_a_program_hands_in_waits_for_its_first_owner(self, solo: Solo) -> None:
        async with solo.client(Role.INTEGRATION, subject="mailbox") as program:
            body = await receive(program, channel="email")
        assert body["owner"] is None
        async with engineer(solo) as client:
            assert "take it over first" in await refused(client, body, "answer", 409, "not-the-owner", answer="x")
            assert (await do(client, body, "take-over"))["owner"] == "chen.jie"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"title": ""},
            {"title": "x\x00"},
            {"channel": "pigeon"},
            {"complaint_class": "huge"},
            {"ticket_id": "x"},
            {"received_at": "2100-01-01T00:00:00Z"},
            {"received_at": "1970-01-01T00:00:00Z"},
            {"owner": "me"},
        ],
    )
    async def test_unsound_ones_are_refused(self, solo: Solo, wrong: dict[str, str]) -> None:
        async with desk(solo) as client:
            assert (await client.post(REST, json={**NEW, **wrong})).status_code == 422
            assert (await client.get(REST)).json()["items"] == []

    async def test_customers_and_strangers_do_not_come_in_here(self, solo: Solo) -> None:
        async with customer(solo) as client:
            assert (await client.post(REST, json=NEW)).status_code == 403
            assert (await client.get(REST)).status_code == 403
        async with solo.client() as client:
            client.headers.pop("Authorization", None)
            assert (await client.get(REST)).status_code == 401


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


class TestPassOn:
    """R193, R198: nobody passes the buck."""

    async def test_the_owner_stays_until_the_other_accepts(self, solo: Solo) -> None:
        async with desk(solo) as client, engineer(solo) as other:
            body = await receive(client)
            offered = await do(client, body, "pass-on", to="chen.jie", reason="his service")
            assert (offered["owner"], offered["offered_to"], offered["pass_ons"]) == ("wang.fang", "chen.jie", 1)
            taken = await do(other, body, "take-over")
        assert (taken["owner"], taken["offered_to"], taken["pass_ons"]) == ("chen.jie", None, 1)
        told = await solo.events("complaint.passed_on")
        assert [(e.data["outcome"], e.data["owner"]) for e in told] == [
            ("offered", "wang.fang"),
            ("accepted", "chen.jie"),
        ]

    async def test_declined_it_stays_with_the_owner(self, solo: Solo) -> None:
        async with desk(solo) as client, engineer(solo) as other:
            body = await receive(client)
            await do(client, body, "pass-on", to="chen.jie", reason="his")
            back = await do(other, body, "decline", reason="not mine")
        assert (back["owner"], back["offered_to"]) == ("wang.fang", None)

    async def test_what_nobody_accepts_in_time_comes_back(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            await do(client, body, "pass-on", to="chen.jie", reason="his")
            assert await run_job(solo, "offers") == 0
            await move_deadlines(solo, body, 24 * 10)
            assert await run_job(solo, "offers") == 1
            assert await run_job(solo, "offers") == 0
            back = (await client.get(f"{REST}/{body['id']}")).json()
        assert (back["owner"], back["offered_to"], kinds(back)[-1]) == ("wang.fang", None, "returned")
        assert (await solo.events("complaint.passed_on"))[-1].data["outcome"] == "returned"

    async def test_only_whom_it_is_offered_to_takes_it(self, solo: Solo) -> None:
        async with desk(solo) as client, engineer(solo, "li.wei") as third:
            body = await receive(client)
            await refused(third, body, "take-over", 409, "not-offered")
            await do(client, body, "pass-on", to="chen.jie", reason="his")
            assert "chen.jie" in await refused(third, body, "take-over", 409, "not-offered")
            await refused(third, body, "decline", 409, "not-offered", reason="x")
            await refused(third, body, "pass-on", 409, "not-the-owner", to="kim", reason="x")

    async def test_not_to_its_owner_nor_twice_at_once_nor_for_ever(self, solo: Solo) -> None:
        async with desk(solo) as client, engineer(solo) as other, manager(solo) as boss:
            body = await receive(client)
            await refused(client, body, "pass-on", 409, "not-offered", to="wang.fang", reason="x")
            for _ in range(3):
                await do(client, body, "pass-on", to="chen.jie", reason="his")
                await refused(client, body, "pass-on", 409, "already-offered", to="kim", reason="x")
                await refused(client, body, "answer", 409, "already-offered", answer="x")
                await do(other, body, "decline", reason="no")
            await refused(client, body, "pass-on", 409, "passed-on-too-often", to="chen.jie", reason="his")
            assert (await do(boss, body, "pass-on", to="chen.jie", reason="yours"))["pass_ons"] == 4


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


class TestEdit:
    async def test_takes_the_etag_and_keeps_what_was(self, solo: Solo) -> None:
        """R56."""
        async with desk(solo) as client:
            body = await receive(client)
            path = f"{REST}/{body['id']}"
            assert (await client.patch(path, json={"title": "x"})).status_code == 428
            edited = await client.patch(path, json={"title": "Mail is slow"}, headers={"If-Match": '"1"'})
            assert edited.json()["title"] == "Mail is slow"
            assert edited.json()["timeline"][-1]["detail"] == {"before": {"title": "Mail stood still"}}
            assert edited.headers["ETag"] == '"2"'
            stale = await client.patch(path, json={"title": "x"}, headers={"If-Match": '"1"'})
            assert stale.status_code == 412
            gone = await client.patch(path, json={"title": None}, headers={"If-Match": '"2"'})
            assert gone.status_code == 422

    async def test_an_anonymous_one_stays_nameless(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client, anonymous=True, complainant=None, contact=None, customer=None)
            named = await client.patch(f"{REST}/{body['id']}", json={"customer": "x"}, headers={"If-Match": "*"})
        assert named.json()["type"] == "urn:ratchet:problem:nameless"

    async def test_unknown_ones(self, solo: Solo) -> None:
        async with desk(solo) as client:
            assert (await client.get(f"{REST}/{NOBODYS}")).status_code == 404
            assert (await client.post(f"{REST}/{NOBODYS}/answer", json={"answer": "x"})).status_code == 404
            assert (await client.get(f"{REST}/x")).status_code == 422


class TestList:
    async def test_pages_and_narrows(self, solo: Solo) -> None:
        async with desk(solo) as client, engineer(solo) as other:
            old = await receive(client, received_at="2026-03-02T10:00:00Z", customer="bolt")
            mine = await receive(other, complaint_class="major")
            done = await receive(client)
            await do(client, done, "answer", answer="x")
            await do(client, old, "pass-on", to="chen.jie", reason="x")
            for given, expected in [
                ({}, [done, mine, old]),
                ({"overdue": "true"}, [old]),
                ({"overdue": "false"}, [done, mine]),
                ({"state": "answered"}, [done]),
                ({"complaint_class": "major"}, [mine]),
                ({"owner": "chen.jie"}, [mine]),
                ({"offered_to": "chen.jie"}, [old]),
                ({"customer": "bolt"}, [old]),
                ({"unowned": "true"}, []),
                ({"supervised": "true"}, []),
                ({"disputed": "false", "customer": "bolt"}, [old]),
            ]:
                answer = await client.get(REST, params=given)
                numbers = [item["number"] for item in answer.json()["items"]]
                assert numbers == [one["number"] for one in expected], given
            first = (await client.get(REST, params={"limit": 2})).json()
            rest = (await client.get(REST, params={"limit": 2, "cursor": first["next_cursor"]})).json()
            assert [item["number"] for item in rest["items"]] == [old["number"]]
            assert rest["next_cursor"] is None
            assert (await client.get(REST, params={"cursor": "x"})).status_code == 422


class TestFigures:
    """R193, R199: complaints by class, on time, passed on, reopened."""

    async def test_by_hand(self, solo: Solo) -> None:
        async with desk(solo) as client, engineer(solo) as other:
            late = await receive(client, received_at=(clock.now() - timedelta(days=20)).isoformat())
            await do(client, late, "answer", answer="x")
            again = await receive(client, complaint_class="simple")
            await do(client, again, "pass-on", to="chen.jie", reason="x")
            await do(other, again, "take-over")
            await do(other, again, "answer", answer="x")
            await do(client, again, "reject", reason="x")
            await receive(client, complaint_class="major")
            answer = await client.get(f"{REST}/figures")
            by = await client.get(f"{REST}/figures", params={"by": "owner"})
            wrong = await client.get(
                f"{REST}/figures", params={"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}
            )
        total, of = answer.json()["total"], {one["value"]: one for one in answer.json()["of"]}
        assert (total["received"], total["open"], total["answered"], total["judged"]) == (3, 2, 1, 2)
        assert (total["on_time"], total["on_time_share"]) == (1, 0.5)
        assert (of["simple"]["pass_ons"], of["simple"]["passed_on"], of["simple"]["reopened"]) == (1, 1, 1)
        assert (of["general"]["on_time"], of["general"]["on_time_share"]) == (0, 0.0)
        assert (of["major"]["judged"], of["major"]["on_time_share"]) == (0, None)
        assert {one["value"]: one["received"] for one in by.json()["of"]} == {"wang.fang": 2, "chen.jie": 1}
        assert wrong.status_code == 422

    async def test_nothing_is_no_share(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = (await client.get(f"{REST}/figures")).json()
        assert (body["total"]["received"], body["total"]["on_time_share"], body["of"]) == (0, None, [])

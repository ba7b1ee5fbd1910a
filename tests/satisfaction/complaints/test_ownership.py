import asyncio
from datetime import timedelta

from shared import clock
from shared.auth import Role
from tests.satisfaction.complaints.building import (
    NEW,
    REST,
    desk,
    do,
    engineer,
    kinds,
    manager,
    move_deadlines,
    receive,
    refused,
    run_job,
)
from tests.support.solo import Solo


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

    async def test_not_to_oneself(self, solo: Solo) -> None:
        async with desk(solo) as client, manager(solo) as boss:
            body = await receive(client)
            await refused(client, body, "pass-on", 409, "not-offered", to="wang.fang", reason="mine")
            detail = await refused(boss, body, "pass-on", 409, "not-offered", to="mona", reason="mine")
            assert "take it over" in detail

    async def test_back_again_is_counted_and_seen(self, solo: Solo) -> None:
        """R193: nobody passes the buck unseen."""
        async with desk(solo) as client, engineer(solo) as other:
            body = await receive(client)
            await do(client, body, "pass-on", to="chen.jie", reason="yours")
            await do(other, body, "take-over")
            back = await do(other, body, "pass-on", to="wang.fang", reason="no, yours")
        assert back["pass_ons"] == 2
        offers = [one["detail"] for one in back["timeline"] if one["kind"] == "offered"]
        assert [detail.get("back", False) for detail in offers] == [False, True]

    async def test_the_last_free_pass_on_is_told_to_those_in_charge(self, solo: Solo) -> None:
        """R193."""
        async with desk(solo) as client:
            body = await receive(client)
            for place in range(3):
                assert await solo.events("complaint.escalated") == []
                await do(client, body, "pass-on", to=f"p{place}", reason="not mine")
                async with engineer(solo, f"p{place}") as other:
                    body = await do(other, body, "decline", reason="nor mine")
        (event,) = await solo.events("complaint.escalated")
        assert (event.data["cause"], event.data["told_to"]) == ("pass_ons", "operations_manager")
        assert (event.data["complaint_class"], event.data["owner"]) == ("general", "wang.fang")

    async def test_every_change_of_owner_is_told(self, solo: Solo) -> None:
        """Whoever follows the events knows who answers for it: also what nobody owned, or a manager took."""
        async with solo.client(Role.INTEGRATION, subject="crm") as program, desk(solo) as client, manager(solo) as boss:
            body = await receive(program)
            assert body["owner"] is None
            await do(client, body, "take-over")
            await refused(client, body, "take-over", 409, "not-offered")
            await do(boss, body, "take-over")
        events = await solo.events("complaint.passed_on")
        assert [(one.data["outcome"], one.data["owner"]) for one in events] == [
            ("accepted", "wang.fang"),
            ("accepted", "mona"),
        ]
        assert [one.data["pass_ons"] for one in events] == [0, 0]

    async def test_two_at_once_one_takes_it(self, solo: Solo) -> None:
        async with solo.client(Role.INTEGRATION, subject="crm") as program:
            body = await receive(program)
        async with engineer(solo, "a") as one, engineer(solo, "b") as two:
            path = f"{REST}/{body['id']}/take-over"
            answers = await asyncio.gather(one.post(path), two.post(path))
        assert sorted(answer.status_code for answer in answers) == [200, 409]


class TestComplainedAbout:
    """Whom a complaint is about neither handles nor closes it."""

    async def test_the_receiver_does_not_own_it_and_those_in_charge_are_told(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client, complained_about="Wang.Fang")
        assert (body["owner"], kinds(body)) == (None, ["received", "escalated"])
        (event,) = await solo.events("complaint.escalated")
        assert (event.data["cause"], event.data["told_to"]) == ("owner", "operations_manager")

    async def test_they_do_nothing_but_say_their_side(self, solo: Solo) -> None:
        later = (clock.now() + timedelta(days=1)).isoformat()
        async with desk(solo) as client, manager(solo) as accused:
            body = await receive(client, complained_about="mona")
            refusals = {
                "take-over": {},
                "acknowledge": {"note": "x"},
                "plan": {"note": "x"},
                "cause-analysis": {"note": "x"},
                "answer": {"answer": "x"},
                "supervise": {"supervised_by": "x", "progress_due_at": later},
                "progress": {"note": "x"},
                "dispute": {"subject": "x", "due_at": later},
            }
            for step, given in refusals.items():
                detail = await refused(accused, body, step, 409, "complained-about", **given)
                assert "add a note" in detail
            await do(client, body, "answer", answer="We are sorry.")
            for step, given in {
                "accept": {},
                "reject": {"reason": "x"},
                "follow-up": {"satisfied": "yes", "note": "x"},
            }.items():
                await refused(accused, body, step, 409, "complained-about", **given)
            await do(client, body, "accept")
            await refused(accused, body, "close", 409, "complained-about")
            said = await do(accused, body, "notes", note="I was at lunch.")
            assert (await do(client, said, "close"))["state"] == "closed"

    async def test_nobody_offers_it_to_them(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client, complained_about="chen.jie")
            await refused(client, body, "pass-on", 409, "complained-about", to="chen.jie", reason="x")
            await refused(client, body, "escalate", 409, "complained-about", to="CHEN.JIE", reason="x")

    async def test_they_do_not_see_who_complained(self, solo: Solo) -> None:
        async with desk(solo) as client, engineer(solo) as accused:
            body = await receive(client, complained_about="chen.jie")
            path = f"{REST}/{body['id']}"
            await client.patch(path, json={"complainant": "Mr. Wu"}, headers={"If-Match": "*"})
            seen, hidden = (await client.get(path)).json(), (await accused.get(path)).text
        assert (seen["complainant"], seen["contact"]) == ("Mr. Wu", NEW["contact"])
        for secret in ("Mr. Wu", NEW["complainant"], NEW["contact"]):
            assert secret not in hidden

    async def test_the_owner_loses_it_when_it_turns_out_to_be_about_them(self, solo: Solo) -> None:
        async with desk(solo) as client, manager(solo) as boss:
            body = await receive(client)
            path = f"{REST}/{body['id']}"
            answer = await boss.patch(path, json={"complained_about": "wang.fang"}, headers={"If-Match": "*"})
            assert (answer.json()["owner"], answer.json()["complained_about"]) == (None, "wang.fang")
            await refused(client, body, "answer", 409, "complained-about", answer="x")
        (event,) = await solo.events("complaint.escalated")
        assert event.data["reason"] == "the complaint is about 'wang.fang', who owned it"

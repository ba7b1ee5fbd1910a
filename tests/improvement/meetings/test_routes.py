import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.auth import Role
from tests.improvement.around import refused
from tests.improvement.builders import ok
from tests.improvement.meetings.desk import ACTION, MEETINGS, PLAN, Desk
from tests.support.solo import Solo


class TestPlan:
    """R7, R16, R50, R55, R203: the meetings that there are."""

    @pytest.mark.parametrize(
        ("kind", "department"),
        [
            ("weekly", "operations"),
            ("monthly_quality_analysis", None),
            ("improvement_review", None),
            ("department", "operations"),
            ("workshop", None),
        ],
    )
    async def test_each_kind(self, desk: Desk, kind: str, department: str | None) -> None:
        made = await desk.plan(kind=kind, department=department, items=[ACTION], attendees=["eva"])
        assert made["number"].startswith("MTG-")
        assert (made["state"], made["kind"]) == ("planned", kind)
        assert [who["person"] for who in made["attendees"]] == ["eva", "mona"]
        assert [item["label"] for item in made["items"]] == ["1"]
        assert await desk.read(made) == made

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"kind": "weekly"}, "department"),
            ({"kind": "party"}, "kind"),
            ({"items": [{"kind": "action", "title": "x"}]}, "owner"),
            ({"planned_at": "1970-01-01T00:00:00Z"}, "planned_at"),
            ({"planned_at": "2026-04-02T06:00:00"}, "planned_at"),
            ({"title": "\x00"}, "title"),
        ],
    )
    async def test_what_is_unsound_is_named(self, desk: Desk, change: dict[str, Any], named: str) -> None:
        body = {
            "kind": "monthly_quality_analysis",
            "title": "x",
            "planned_at": "2026-04-02T06:00:00Z",
            "chair": "mona",
            **change,
        }
        assert named in refused(await desk.client.post(MEETINGS, json=body), 422)

    async def test_by_organisers_and_read_by_staff(self, solo: Solo, desk: Desk) -> None:
        made = await desk.plan()
        async with solo.client(Role.AUDITOR) as auditor, solo.client(Role.CUSTOMER, customer="bank") as customer:
            ok(await auditor.get(f"{MEETINGS}/{made['id']}"))
            assert (await auditor.post(MEETINGS, json={})).status_code == 403
            assert (await customer.get(MEETINGS)).status_code == 403
            assert (await auditor.get(f"{MEETINGS}/{uuid4()}")).status_code == 404


class TestList:
    async def test_latest_first_by_kind_department_and_state_in_pages(self, desk: Desk) -> None:
        for day in (3, 1, 2):
            await desk.plan(planned_at=f"2026-04-0{day}T06:00:00Z", title=f"of the {day}")
        await desk.plan(kind="weekly", department="operations", title="weekly")
        asked = {"kind": "monthly_quality_analysis", "limit": "2"}
        first = ok(await desk.client.get(MEETINGS, params=asked))
        rest = ok(await desk.client.get(MEETINGS, params={**asked, "cursor": first["next_cursor"]}))
        shown = [item["title"] for item in [*first["items"], *rest["items"]]]
        assert shown == ["of the 3", "of the 2", "of the 1"]
        weekly = ok(await desk.client.get(MEETINGS, params={"department": "operations", "state": "planned"}))["items"]
        assert [item["title"] for item in weekly] == ["weekly"]


class TestEdit:
    async def test_against_the_version_while_planned(self, desk: Desk) -> None:
        made = await desk.plan()
        one = f"{MEETINGS}/{made['id']}"
        assert (await desk.client.patch(one, json={"place": "room 7"})).status_code == 428
        answer = await desk.client.patch(one, json={"place": "room 7"}, headers={"If-Match": '"1"'})
        assert ok(answer)["place"] == "room 7"
        assert answer.headers["ETag"] == '"2"'
        stale = await desk.client.patch(one, json={"place": "room 8"}, headers={"If-Match": '"1"'})
        assert stale.status_code == 412
        await desk.hold(made)
        late = await desk.client.patch(one, json={"title": "x"}, headers={"If-Match": "*"})
        assert "sign off" in refused(late, 409)

    async def test_each_attendee_once_and_a_delegate_by_name(self, desk: Desk) -> None:
        made = await desk.plan()
        twice = {"attendees": [{"person": "eva"}, {"person": "eva", "presence": "present"}]}
        assert "eva" in refused(await desk.put(made, "attendees", twice), 422)
        nameless = {"attendees": [{"person": "eva", "presence": "delegate"}]}
        assert "delegate" in refused(await desk.put(made, "attendees", nameless), 422)
        named = {"attendees": [{"person": "eva", "presence": "delegate", "delegate": "otto"}]}
        assert ok(await desk.put(made, "attendees", named))["attendees"] == named["attendees"]

    async def test_an_item_against_its_own_version(self, desk: Desk) -> None:
        made = await desk.plan(items=[ACTION])
        (item,) = made["items"]
        one = f"{MEETINGS}/{made['id']}/items/{item['id']}"
        assert (await desk.client.patch(one, json={"due": "2026-05-01"})).status_code == 428
        edited = ok(await desk.client.patch(one, json={"due": "2026-05-01"}, headers={"If-Match": '"1"'}))
        assert edited["items"][0]["due"] == "2026-05-01"
        assert (await desk.client.patch(one, json={"due": None}, headers={"If-Match": '"1"'})).status_code == 412
        assert "due" in refused(await desk.client.patch(one, json={"due": None}, headers={"If-Match": "*"}), 422)
        other = await desk.plan()
        elsewhere = f"{MEETINGS}/{other['id']}/items/{item['id']}"
        assert (await desk.client.patch(elsewhere, json={}, headers={"If-Match": "*"})).status_code == 404


class TestHold:
    """R50, R91: a meeting that was held says what was said and who was there."""

    async def test_not_without_minutes_and_attendees(self, solo: Solo, desk: Desk) -> None:
        made = await desk.plan(attendees=["eva"])
        answer = await desk.client.post(f"{MEETINGS}/{made['id']}/hold")
        assert "minutes" in refused(answer, 409)
        assert answer.json()["missing"] == made["missing"]
        assert len(made["missing"]) == 2
        ok(await desk.put(made, "minutes", {"body": "It was said."}))
        people = [{"person": "mona", "presence": "present"}, {"person": "eva"}]
        ok(await desk.put(made, "attendees", {"attendees": people}))
        assert "everyone" in refused(await desk.client.post(f"{MEETINGS}/{made['id']}/hold"), 409)
        assert await solo.events("meeting.held") == []

    async def test_tells_that_it_was_held(self, solo: Solo, desk: Desk) -> None:
        made = await desk.plan(department="operations", attendees=["eva"], items=[PLAN, ACTION])
        held = await desk.hold(made)
        assert (held["state"], held["held_at"]) == ("held", "2026-04-02T06:00:00Z")
        (event,) = await solo.events("meeting.held")
        assert (event.subject, event.correlation_id, event.actor) == (made["id"], made["id"], "mona")
        told = event.data
        assert (told["kind"], told["department"], told["number"]) == (
            "monthly_quality_analysis",
            "operations",
            made["number"],
        )
        assert (told["present"], told["invited"], told["carried"]) == (2, 2, 0)
        assert [item["title"] for item in told["items"]] == ["Patch the mail gateway"]
        assert [(item["title"], item["owner"], item["due"]) for item in told["actions"]] == [
            ("Staff the evening", "olga", "2026-04-30")
        ]

    async def test_once_when_two_do_it_at_the_same_moment(self, solo: Solo, desk: Desk) -> None:
        made = await desk.plan()
        await desk.prepare(made)
        path = f"{MEETINGS}/{made['id']}/hold"
        answers = await asyncio.gather(desk.client.post(path), desk.client.post(path))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert len(await solo.events("meeting.held")) == 1

    async def test_not_in_the_future(self, desk: Desk) -> None:
        made = await desk.plan()
        await desk.prepare(made)
        path = f"{MEETINGS}/{made['id']}/hold"
        assert "not come" in refused(await desk.client.post(path, json={"held_at": "2199-01-01T00:00:00Z"}), 422)

    async def test_cancelled_with_a_reason(self, desk: Desk) -> None:
        made = await desk.plan()
        path = f"{MEETINGS}/{made['id']}"
        assert (await desk.client.post(f"{path}/cancel", json={})).status_code == 422
        cancelled = ok(await desk.client.post(f"{path}/cancel", json={"reason": "holiday"}))
        assert (cancelled["state"], cancelled["cancel_reason"], cancelled["allowed"]) == ("cancelled", "holiday", [])
        assert (await desk.client.post(f"{path}/hold")).status_code == 409


class TestMinutes:
    async def test_every_version_stays_and_the_signed_one_is_frozen(self, solo: Solo, desk: Desk) -> None:
        made = await desk.plan(kind="improvement_review")
        ok(await desk.put(made, "minutes", {"body": "first"}))
        await desk.prepare(made, "second")
        ok(await desk.client.post(f"{MEETINGS}/{made['id']}/hold"))
        ok(await desk.put(made, "minutes", {"body": "third"}))
        early = await desk.client.post(f"{MEETINGS}/{made['id']}/addenda", json={"body": "x"})
        assert "sign off" in refused(early, 409)
        ok(await desk.sign_off(made))
        assert "addendum" in refused(await desk.put(made, "minutes", {"body": "fourth"}), 409)
        for what, body in (("attendees", {"attendees": []}),):
            assert (await desk.put(made, what, body)).status_code == 409
        added = await desk.client.post(f"{MEETINGS}/{made['id']}/addenda", json={"body": "not ten but nine"})
        view = ok(added, 201)
        assert view["minutes"]["body"] == "third"
        assert [one["body"] for one in view["addenda"]] == ["not ten but nine"]
        written = ok(await desk.client.get(f"{MEETINGS}/{made['id']}/minutes"))
        assert [(one["version"], one["body"], one["addendum"]) for one in written] == [
            (1, "first", False),
            (2, "second", False),
            (3, "third", False),
            (4, "not ten but nine", True),
        ]

    async def test_not_even_by_hand(self, solo: Solo, desk: Desk) -> None:
        made = await desk.plan()
        ok(await desk.put(made, "minutes", {"body": "first"}))
        with pytest.raises(DBAPIError, match="append-only"):
            async with solo.transaction() as session:
                await session.execute(text("UPDATE meeting_minutes SET body = 'other'"))

    async def test_signed_off_by_the_chair_who_read_this_version(self, solo: Solo, desk: Desk) -> None:
        made = await desk.plan(kind="improvement_review")
        assert "hold" in refused(await desk.sign_off(made), 409)
        await desk.hold(made)
        path = f"{MEETINGS}/{made['id']}/sign-off"
        async with solo.client(Role.IMPROVEMENT_SUPERVISOR, subject="sven") as sven:
            assert "mona" in refused(await sven.post(path, headers={"If-Match": "*"}), 403)
        assert (await desk.client.post(path)).status_code == 428
        assert (await desk.client.post(path, headers={"If-Match": '"1"'})).status_code == 412
        closed = ok(await desk.sign_off(made))
        assert (closed["state"], closed["signed_by"]) == ("closed", "mona")
        assert closed["signed_at"] is not None


class TestMonthlyPlan:
    """R92: the monthly meeting says of every item of the plan whether it was done, and sets what is next."""

    async def test_cannot_be_closed_before_that(self, desk: Desk) -> None:
        made = await desk.plan(items=[PLAN, {**PLAN, "title": "Train the desk"}, ACTION])
        held = await desk.hold(made)
        assert len(held["missing"]) == 2
        refusal = await desk.sign_off(made)
        assert "item 1 'Patch the mail gateway'" in refused(refusal, 409)
        assert refusal.json()["missing"] == held["missing"]
        first, second, action = held["items"]
        ok(await desk.tell(made, first, "done"))
        assert "reason" in refused(await desk.tell(made, second, "not_done"), 422)
        told = ok(await desk.tell(made, second, "not_done", "the trainer was ill"))
        assert told["items"][1]["here"]["reason"] == "the trainer was ill"
        assert told["missing"] == []
        closed = ok(await desk.sign_off(made))
        assert [item["state"] for item in closed["items"]] == ["done", "not_done", "open"]
        assert action["kind"] == "action"

    async def test_what_is_done_is_done(self, desk: Desk) -> None:
        made = await desk.plan(items=[PLAN, {"kind": "agenda", "title": "Welcome"}])
        task, point = made["items"]
        ok(await desk.tell(made, task, "done"))
        assert (await desk.tell(made, task, "not_done", "no")).status_code == 409
        assert "action" in refused(await desk.tell(made, point, "done"), 409)

    async def test_told_by_organisers_or_the_owner(self, solo: Solo, desk: Desk) -> None:
        made = await desk.plan(items=[PLAN])
        path = f"{MEETINGS}/{made['id']}/items/{made['items'][0]['id']}/outcome"
        async with solo.client(Role.ENGINEER, subject="otto") as otto:
            assert "eva" in refused(await otto.post(path, json={"state": "done"}), 403)
        async with solo.client(Role.ENGINEER, subject="eva") as eva:
            ok(await eva.post(path, json={"state": "done"}))
        assert (await desk.tell(made, {"id": str(uuid4())}, "done")).status_code == 404


class TestCarryOver:
    """R92: last month's items come to the next meeting of that kind and department by themselves."""

    async def test_what_was_not_done_is_item_zero_of_the_next(self, desk: Desk) -> None:
        march = await desk.plan(items=[PLAN, {**PLAN, "title": "Train"}, ACTION, {"kind": "agenda", "title": "Hello"}])
        ok(await desk.tell(march, march["items"][0], "done"))
        ok(await desk.tell(march, march["items"][1], "not_done", "no time"))
        await desk.hold(march)
        april = await desk.plan(planned_at="2026-05-02T06:00:00Z")
        assert [(item["label"], item["title"], item["carries"]) for item in april["carried"]] == [
            ("0.1", "Train", 0),
            ("0.2", "Staff the evening", 0),
        ]
        assert april["carried"][0]["latest"]["reason"] == "no time"
        held = await desk.hold(april)
        assert [item["carries"] for item in held["carried"]] == [1, 1]

    async def test_the_chain_is_counted(self, desk: Desk) -> None:
        meeting = await desk.plan(planned_at="2026-01-02T06:00:00Z", items=[ACTION])
        item = meeting["items"][0]
        await desk.hold(meeting)
        for month in (2, 3, 4):
            meeting = await desk.plan(planned_at=f"2026-0{month}-02T06:00:00Z")
            ok(await desk.tell(meeting, item, "not_done", f"not in month {month}"))
            held = await desk.hold(meeting)
            assert [one["carries"] for one in held["carried"]] == [month - 1]
            assert held["carried"][0]["here"]["reason"] == f"not in month {month}"
            ok(await desk.sign_off(meeting))
        last = await desk.plan(planned_at="2026-05-02T06:00:00Z")
        ok(await desk.tell(last, item, "done"))
        held = await desk.hold(last)
        assert [(one["state"], one["carries"]) for one in held["carried"]] == [("done", 4)]
        after = await desk.plan(planned_at="2026-06-02T06:00:00Z")
        assert after["carried"] == []

    async def test_whichever_was_planned_first(self, desk: Desk) -> None:
        later = await desk.plan(planned_at="2026-06-02T06:00:00Z")
        next_one = await desk.plan(planned_at="2026-05-02T06:00:00Z")
        march = await desk.plan(items=[ACTION])
        await desk.hold(march)
        assert len((await desk.read(next_one))["carried"]) == 1
        assert (await desk.read(later))["carried"] == []

    async def test_not_to_another_department_or_kind(self, desk: Desk) -> None:
        weekly = await desk.plan(kind="weekly", department="operations", items=[ACTION])
        await desk.hold(weekly)
        for kind, department in (("weekly", "network"), ("department", "operations")):
            other = await desk.plan(kind=kind, department=department, planned_at="2026-05-02T06:00:00Z")
            assert other["carried"] == []
        same = await desk.plan(kind="weekly", department="operations", planned_at="2026-05-02T06:00:00Z")
        assert len(same["carried"]) == 1

    async def test_of_a_cancelled_meeting_nothing_and_past_it_everything(self, desk: Desk) -> None:
        march = await desk.plan(items=[ACTION])
        await desk.hold(march)
        april = await desk.plan(planned_at="2026-05-02T06:00:00Z", items=[PLAN])
        ok(await desk.client.post(f"{MEETINGS}/{april['id']}/cancel", json={"reason": "holiday"}))
        may = await desk.plan(planned_at="2026-06-02T06:00:00Z")
        assert [item["title"] for item in may["carried"]] == ["Staff the evening"]

    async def test_the_monthly_meeting_is_not_closed_before_item_zero_is_told(self, desk: Desk) -> None:
        march = await desk.plan(items=[ACTION])
        await desk.hold(march)
        april = await desk.plan(planned_at="2026-05-02T06:00:00Z")
        held = await desk.hold(april)
        assert "item 0.1" in refused(await desk.sign_off(april), 409)
        ok(await desk.tell(april, held["carried"][0], "dropped", "no longer needed"))
        ok(await desk.sign_off(april))
        may = await desk.plan(planned_at="2026-06-02T06:00:00Z")
        assert may["carried"] == []

    async def test_between_two_meetings_it_may_be_done_too(self, desk: Desk) -> None:
        march = await desk.plan(kind="improvement_review", items=[ACTION])
        await desk.hold(march)
        ok(await desk.sign_off(march))
        told = ok(await desk.tell(march, march["items"][0], "done"))
        assert told["items"][0]["latest"]["meeting_id"] is None
        assert told["items"][0]["here"] is None
        april = await desk.plan(kind="improvement_review", planned_at="2026-05-02T06:00:00Z")
        assert april["carried"] == []


class TestOpenImprovement:
    """R7: meetings are a source of improvements."""

    async def test_an_action_becomes_one_that_is_linked_to_the_meeting(self, solo: Solo, desk: Desk) -> None:
        made = await desk.plan(department="operations", items=[{**ACTION, "detail": "Nobody is there after six"}])
        (item,) = made["items"]
        path = f"{MEETINGS}/{made['id']}/items/{item['id']}/improvement"
        answer = await desk.client.post(path)
        opened = ok(answer, 201)
        record = ok(await desk.client.get(answer.headers["Location"]))
        assert record["origin"] == "meeting"
        assert (record["title"], record["problem"], record["owner"]) == (
            "Staff the evening",
            "Nobody is there after six",
            "olga",
        )
        assert (record["department"], record["requester"]) == ("operations", "mona")
        assert record["correlation_id"] == made["id"]
        (link,) = ok(await desk.client.get(f"{answer.headers['Location']}/links"))["items"]
        assert (link["kind"], link["reference"]) == ("meeting", made["id"])
        (event,) = await solo.events("improvement.opened")
        assert event.data["origin"] == "meeting"
        assert event.correlation_id == made["id"]
        shown = (await desk.read(made))["items"][0]
        assert (shown["state"], shown["improvement_id"]) == ("improvement", opened["improvement_id"])
        assert (await desk.client.post(path)).status_code == 409
        await desk.hold(made)
        after = await desk.plan(department="operations", planned_at="2026-05-02T06:00:00Z")
        assert after["carried"] == []

    async def test_attaches_to_the_open_record_of_the_measure(self, solo: Solo, desk: Desk) -> None:
        made = await desk.plan(items=[ACTION, {**ACTION, "title": "Again"}])
        measured = {"measure_key": "sla_attainment"}
        records = [
            ok(await desk.client.post(f"{MEETINGS}/{made['id']}/items/{item['id']}/improvement", json=measured), 201)
            for item in made["items"]
        ]
        assert records[0]["improvement_id"] == records[1]["improvement_id"]
        assert len(await solo.events("improvement.opened")) == 1

    async def test_a_carried_action_too(self, desk: Desk) -> None:
        march = await desk.plan(items=[ACTION])
        await desk.hold(march)
        april = await desk.plan(planned_at="2026-05-02T06:00:00Z")
        path = f"{MEETINGS}/{april['id']}/items/{march['items'][0]['id']}/improvement"
        ok(await desk.client.post(path), 201)
        await desk.hold(april)
        ok(await desk.sign_off(april))

    async def test_not_of_a_point_of_the_agenda_nor_of_a_strangers_item(self, desk: Desk) -> None:
        made = await desk.plan(items=[{"kind": "agenda", "title": "Hello"}])
        other = await desk.plan(kind="workshop", items=[ACTION])
        agenda = f"{MEETINGS}/{made['id']}/items/{made['items'][0]['id']}/improvement"
        assert (await desk.client.post(agenda)).status_code == 409
        strange = f"{MEETINGS}/{made['id']}/items/{other['items'][0]['id']}/improvement"
        assert (await desk.client.post(strange)).status_code == 404

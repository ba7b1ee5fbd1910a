from typing import Any
from uuid import uuid4

import pytest

from shared.auth import Role
from tests.improvement.builders import IMPROVEMENTS, ok
from tests.improvement.loop import Loop
from tests.support.solo import Solo


def tasks_of(record: dict[str, Any]) -> str:
    return f"{IMPROVEMENTS}/{record['id']}/tasks"


async def implementing(loop: Loop, **fields: Any) -> dict[str, Any]:
    """A record whose change is raised."""
    record = await loop.monitoring(**fields)
    await loop.change("UPDATE improvements SET state = 'implementing' WHERE id = :id", id=record["id"])
    return await loop.read(record["id"])


class TestAddTask:
    """R22, R128: the plan is phased steps with owners and dates."""

    async def test_a_draft_s_plan_grows(self, loop: Loop) -> None:
        record = await loop.draft(tasks=[{"title": "hire", "phase": "pilot"}])
        body = {
            "title": "train",
            "phase": "roll-out",
            "description": "two evenings",
            "owner": "li",
            "start": "2026-03-01",
            "due": "2026-03-20",
        }
        answer = await loop.author.post(tasks_of(record), json=body)
        task = ok(answer, 201)
        assert {name: task[name] for name in body} == body
        assert (task["number"], task["state"], task["awaits_approval"]) == (2, "planned", False)
        assert answer.headers["location"] == f"/improvement/v1/improvements/{record['id']}/tasks/{task['id']}"
        assert answer.headers["etag"] == '"1"'
        assert ok(await loop.auditor.get(answer.headers["location"]))["title"] == "train"
        one = ok(await loop.auditor.get(tasks_of(record), params={"limit": 1}))
        rest = ok(await loop.auditor.get(tasks_of(record), params={"cursor": one["next_cursor"]}))
        assert [item["title"] for item in [*one["items"], *rest["items"]]] == ["hire", "train"]
        assert (await loop.history(record["id"]))[-1] == "task_added"

    async def test_what_is_added_to_an_approved_plan_waits(self, loop: Loop, solo: Solo) -> None:
        """R18: not before an approver who did not ask has said yes."""
        record = await implementing(loop)
        asking = solo.client(Role.IMPROVEMENT_SUPERVISOR, subject="sara")
        task = ok(await asking.post(tasks_of(record), json={"title": "more", "due": "2020-01-01"}), 201)
        assert (task["awaits_approval"], task["is_overdue"]) == (True, False)
        path = f"{tasks_of(record)}/{task['id']}"
        assert "approval of this task" in ok(await loop.author.post(f"{path}/start"), 409)["detail"]
        assert ok(await asking.post(f"{path}/approve"), 409)["title"] == "Approver asked for task"
        assert (await loop.author.post(f"{path}/approve")).status_code == 403
        approved = ok(await loop.supervisor.post(f"{path}/approve"))
        assert (approved["awaits_approval"], approved["approved_by"], approved["is_overdue"]) == (False, "sven", True)
        assert ok(await loop.supervisor.post(f"{path}/approve"), 409)["title"] == "Task needs no approval"
        ok(await loop.author.post(f"{path}/start"))

    @pytest.mark.parametrize("state", ["verified", "closed", "rejected", "withdrawn", "on_hold"])
    async def test_not_to_what_stands_still_or_has_ended(self, loop: Loop, state: str) -> None:
        record = await loop.draft()
        await loop.change(
            "UPDATE improvements SET state = :state, held_from = 'draft' WHERE id = :id", state=state, id=record["id"]
        )
        answer = await loop.author.post(tasks_of(record), json={"title": "more"})
        assert ok(answer, 409)["state"] == state

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("title", ""),
            ("title", "a\x00b"),
            ("title", "x" * 201),
            ("due", "0001-01-01"),
            ("due", "2026-02-30"),
            ("owner", ""),
            ("state", "done"),
        ],
    )
    async def test_a_malformed_body_says_where(self, loop: Loop, field: str, value: Any) -> None:
        record = await loop.draft()
        answer = await loop.author.post(tasks_of(record), json={"title": "T", field: value})
        assert field in ok(answer, 422)["detail"]

    async def test_it_is_not_due_before_it_starts(self, loop: Loop) -> None:
        record = await loop.draft()
        body = {"title": "T", "start": "2026-03-02", "due": "2026-03-01"}
        assert "due" in ok(await loop.author.post(tasks_of(record), json=body), 422)["detail"]

    async def test_what_does_not_exist_is_not_found(self, loop: Loop) -> None:
        record = await loop.draft(tasks=[{"title": "hire"}])
        other = await loop.draft("group=7")
        unknown = f"{IMPROVEMENTS}/{uuid4()}/tasks"
        assert (await loop.author.post(unknown, json={"title": "T"})).status_code == 404
        assert (await loop.auditor.get(unknown)).status_code == 404
        assert (await loop.auditor.get(f"{tasks_of(record)}/{uuid4()}")).status_code == 404
        assert (await loop.auditor.get(f"{tasks_of(other)}/{record['tasks'][0]['id']}")).status_code == 404
        assert (await loop.author.post(f"{tasks_of(other)}/{record['tasks'][0]['id']}/start")).status_code == 404


class TestEditTask:
    async def test_needs_the_version_that_was_read(self, loop: Loop) -> None:
        record = await loop.draft(tasks=[{"title": "hire"}])
        path = f"{tasks_of(record)}/{record['tasks'][0]['id']}"
        assert (await loop.author.patch(path, json={"owner": "li"})).status_code == 428
        edited = ok(await loop.author.patch(path, json={"owner": "li"}, headers={"If-Match": '"1"'}))
        assert (edited["owner"], edited["title"], edited["version"]) == ("li", "hire", 2)
        assert (await loop.author.patch(path, json={"owner": "xu"}, headers={"If-Match": '"1"'})).status_code == 412
        assert (
            await loop.author.post(f"{path}/drop", json={"reason": "r"}, headers={"If-Match": '"1"'})
        ).status_code == (412)

    async def test_what_was_approved_stays(self, loop: Loop) -> None:
        record = await implementing(loop, tasks=[{"title": "hire"}])
        path = f"{tasks_of(record)}/{record['tasks'][0]['id']}"
        any_version = {"If-Match": "*"}
        renamed = await loop.author.patch(path, json={"title": "fire"}, headers=any_version)
        assert ok(renamed, 409)["title"] == "Task is approved"
        moved = ok(await loop.author.patch(path, json={"due": "2020-01-01", "owner": "li"}, headers=any_version))
        assert (moved["due"], moved["is_overdue"], moved["deadline"]) == ("2020-01-01", True, "2020-01-02T00:00:00Z")
        assert (await loop.read(record["id"]))["next_due_at"] == "2020-01-02T00:00:00Z"

    async def test_never_due_before_it_starts(self, loop: Loop) -> None:
        record = await loop.draft(tasks=[{"title": "hire", "start": "2026-03-02"}])
        path = f"{tasks_of(record)}/{record['tasks'][0]['id']}"
        assert (await loop.author.patch(path, json={"due": "2026-03-01"}, headers={"If-Match": "*"})).status_code == 422


class TestDoTask:
    """R22: the first line carries out the plan."""

    async def test_begun_and_done_by_whom(self, loop: Loop, solo: Solo) -> None:
        record = await implementing(loop, tasks=[{"title": "hire"}, {"title": "train", "due": "2020-01-01"}])
        desk = solo.client(Role.SERVICE_DESK, subject="dora")
        first, second = (f"{tasks_of(record)}/{task['id']}" for task in record["tasks"])
        assert record["next_due_at"] == "2020-01-02T00:00:00Z"
        assert ok(await desk.post(f"{first}/start"))["state"] == "in_progress"
        done = ok(await desk.post(f"{first}/complete", json={"comment": "two of them"}))
        assert (done["state"], done["done_by"]) == ("done", "dora")
        assert done["done_at"] is not None
        assert (await loop.read(record["id"]))["progress_percent"] == 50
        other = ok(await desk.post(f"{second}/complete", json={"done_by": "emil"}))
        assert (other["done_by"], other["is_overdue"]) == ("emil", False)
        after = await loop.read(record["id"])
        assert (after["progress_percent"], after["next_due_at"]) == (100, None)
        assert (await loop.history(record["id"]))[-3:] == ["task_started", "task_done", "task_done"]
        assert ok(await desk.post(f"{second}/complete"), 409)["state"] == "done"

    async def test_whoever_did_a_task_does_not_sign(self, loop: Loop, solo: Solo) -> None:
        """R24: the signer is no implementer, whoever the task was planned for."""
        record = await implementing(loop, tasks=[{"title": "hire", "owner": "li"}])
        ok(await loop.manager.post(f"{tasks_of(record)}/{record['tasks'][0]['id']}/complete"))
        await loop.change("UPDATE improvements SET state = 'monitoring' WHERE id = :id", id=record["id"])
        await loop.assess(record)
        signed = await loop.manager.post(f"{IMPROVEMENTS}/{record['id']}/verify", json={"verdict": "effective"})
        assert ok(signed, 409)["title"] == "Verifier is implementer"
        planned_for = solo.client(Role.OPERATIONS_MANAGER, subject="li")
        signed = await planned_for.post(f"{IMPROVEMENTS}/{record['id']}/verify", json={"verdict": "effective"})
        assert ok(signed, 409)["title"] == "Verifier is implementer"

    async def test_nothing_is_done_before_it_is_approved(self, loop: Loop) -> None:
        """R35"""
        record = await loop.draft(tasks=[{"title": "hire"}])
        path = f"{tasks_of(record)}/{record['tasks'][0]['id']}"
        assert "submission" in ok(await loop.author.post(f"{path}/start"), 409)["missing"][0]
        await loop.submit(record["id"])
        assert "improvement_supervisor" in ok(await loop.author.post(f"{path}/complete"), 409)["missing"][0]
        ok(await loop.supervisor.post(f"{IMPROVEMENTS}/{record['id']}/approve"))
        assert "change request" in ok(await loop.author.post(f"{path}/start"), 409)["missing"][0]

    async def test_only_these_may(self, loop: Loop, solo: Solo) -> None:
        record = await implementing(loop, tasks=[{"title": "hire"}])
        path = f"{tasks_of(record)}/{record['tasks'][0]['id']}"
        planners = {
            Role.PROCESS_OWNER,
            Role.IMPROVEMENT_SUPERVISOR,
            Role.QUALITY_MANAGER,
            Role.PROJECT_MANAGER,
            Role.ENGINEER,
        }
        doers = planners | {Role.SERVICE_DESK, Role.DEPARTMENT_HEAD, Role.OPERATIONS_MANAGER}
        for role in Role:
            client = solo.client(role)
            assert ((await client.post(tasks_of(record), json={})).status_code == 422) == (role in planners), role
            assert ((await client.post(f"{path}/drop", json={})).status_code == 422) == (role in planners), role
            assert ((await client.post(f"{path}/complete", json={"x": 1})).status_code == 422) == (role in doers), role


class TestReplaceTasks:
    """The plan's tasks as one document."""

    async def test_keeps_what_stays_and_its_number(self, loop: Loop) -> None:
        record = await loop.draft(tasks=[{"title": "hire", "owner": "li"}, {"title": "train"}, {"title": "drill"}])
        path = f"{IMPROVEMENTS}/{record['id']}"
        wanted = [{"title": "drill", "due": "2026-03-01"}, {"title": "buy"}, {"title": "hire"}]
        edited = ok(await loop.author.patch(path, json={"tasks": wanted}, headers={"If-Match": "*"}))
        assert [(task["number"], task["title"], task["owner"], task["due"]) for task in edited["tasks"]] == [
            (1, "hire", "li", None),
            (3, "drill", None, "2026-03-01"),
            (4, "buy", None, None),
        ]

    async def test_what_is_done_stays_and_what_is_being_done_is_dropped(self, loop: Loop) -> None:
        record = await implementing(loop, tasks=[{"title": "hire"}, {"title": "train"}, {"title": "drill"}])
        done, begun, _ = (f"{tasks_of(record)}/{task['id']}" for task in record["tasks"])
        ok(await loop.author.post(f"{done}/complete"))
        ok(await loop.author.post(f"{begun}/start"))
        path = f"{IMPROVEMENTS}/{record['id']}"
        edited = ok(await loop.author.patch(path, json={"tasks": []}, headers={"If-Match": "*"}))
        assert [(task["title"], task["state"]) for task in edited["tasks"]] == [("hire", "done"), ("train", "dropped")]
        assert (edited["state"], edited["revision"]) == ("submitted", 2)

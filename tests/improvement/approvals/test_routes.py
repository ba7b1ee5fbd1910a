import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.exc import DBAPIError

from shared.auth import Role
from tests.improvement.builders import IMPROVEMENTS, ok
from tests.improvement.loop import Loop
from tests.support.solo import Solo

POLICY = "/improvement/v1/approval-policy"
DEAR = {"budget": "60000.00"}
DEAREST = {"impact": "very_high"}


@pytest.fixture
def head(solo: Solo) -> httpx.AsyncClient:
    return solo.client(Role.DEPARTMENT_HEAD, subject="hanna")


@pytest.fixture
def boss(solo: Solo) -> httpx.AsyncClient:
    return solo.client(Role.TOP_MANAGEMENT, subject="tina")


def path(record: dict[str, Any], action: str) -> str:
    return f"{IMPROVEMENTS}/{record['id']}/{action}"


class TestPolicy:
    """R18, R34, R43: the chain is configured."""

    async def test_the_built_in_one_holds_until_another_is_set(self, loop: Loop) -> None:
        answer = await loop.auditor.get(POLICY)
        policy = ok(answer)
        assert [rule["role"] for rule in policy["rules"]] == [
            "improvement_supervisor",
            "department_head",
            "top_management",
        ]
        assert policy["rules"][1]["when"] == {
            "budget_at_least": "50000",
            "impact_at_least": "high",
            "severity_at_least": None,
        }
        assert (policy["is_default"], answer.headers["etag"]) == (True, '"0"')

    async def test_what_is_set_holds_for_what_is_submitted_later(self, loop: Loop) -> None:
        before = await loop.submitted()
        rules = [{"role": "top_management"}, {"role": "department_head", "when": {"severity_at_least": "high"}}]
        answer = await loop.supervisor.put(POLICY, json={"rules": rules}, headers={"If-Match": '"0"'})
        assert (ok(answer)["updated_by"], answer.headers["etag"]) == ("sven", '"1"')
        after = await loop.submitted("group=7", severity="critical")
        assert [step["role"] for step in after["approval_steps"]] == ["top_management", "department_head"]
        assert [step["role"] for step in (await loop.read(before["id"]))["approval_steps"]] == [
            "improvement_supervisor"
        ]

    async def test_whoever_read_an_old_one_does_not_overwrite(self, loop: Loop) -> None:
        body = {"rules": [{"role": "top_management"}]}
        assert (await loop.supervisor.put(POLICY, json=body)).status_code == 428
        ok(await loop.supervisor.put(POLICY, json=body, headers={"If-Match": '"0"'}))
        assert (await loop.supervisor.put(POLICY, json=body, headers={"If-Match": '"0"'})).status_code == 412

    @pytest.mark.parametrize(
        "rules",
        [
            [],
            [{"role": "engineer"}],
            [{"role": "department_head", "when": {"impact_at_least": "huge"}}],
            [{"role": "department_head", "when": {"budget_at_least": "-1"}}],
            [{"role": "department_head", "when": {"budget_at_least": 1e30}}],
            [{"role": "department_head", "if": {}}],
            [{"role": "department_head", "when": {"budget_at_least": "5"}}],
        ],
    )
    async def test_an_unsound_one_is_refused(self, loop: Loop, rules: Any) -> None:
        answer = await loop.supervisor.put(POLICY, json={"rules": rules}, headers={"If-Match": "*"})
        assert answer.status_code == 422

    async def test_only_these_set_it(self, solo: Solo) -> None:
        for role in Role:
            answer = await solo.client(role).put(POLICY, json={}, headers={"If-Match": "*"})
            may = role in (Role.ADMINISTRATOR, Role.IMPROVEMENT_SUPERVISOR)
            assert answer.status_code == (422 if may else 403), role


class TestChain:
    async def test_every_step_in_its_order(
        self, loop: Loop, solo: Solo, head: httpx.AsyncClient, boss: httpx.AsyncClient
    ) -> None:
        """R18, R34, R43: supervisor, department head, top management; only the last yes authorises."""
        record = await loop.submitted(**DEAREST)
        first = ok(await loop.supervisor.post(path(record, "approve"), json={"comment": "sound"}))
        assert (first["state"], first["plan_hash"]) == ("submitted", None)
        second = ok(await head.post(path(record, "approve")))
        assert second["state"] == "submitted"
        third = ok(await boss.post(path(record, "approve")))
        assert (third["state"], len(third["plan_hash"])) == ("approved", 64)
        assert [(step["state"], step["decided_by"]) for step in third["approval_steps"]] == [
            ("approved", "sven"),
            ("approved", "hanna"),
            ("approved", "tina"),
        ]
        assert [(approval["step"], approval["actor"]) for approval in third["approvals"]] == [
            (1, "sven"),
            (2, "hanna"),
            (3, "tina"),
        ]
        given = [event.data for event in await solo.events("approval.given")]
        assert [(told["step"], told["steps"], told["given_by"], told["next_role"]) for told in given] == [
            (1, 3, "sven", "department_head"),
            (2, 3, "hanna", "top_management"),
        ]
        assert len(await solo.events("improvement.approved")) == 1
        assert await loop.history(record["id"]) == ["open", "submit", "approval_given", "approval_given", "approve"]

    async def test_steps_are_listed(self, loop: Loop) -> None:
        record = await loop.submitted(**DEAREST)
        one = ok(await loop.auditor.get(path(record, "approvals"), params={"limit": 2}))
        rest = ok(await loop.auditor.get(path(record, "approvals"), params={"cursor": one["next_cursor"]}))
        assert [step["state"] for step in [*one["items"], *rest["items"]]] == ["open", "waiting", "waiting"]
        assert (await loop.auditor.get(f"{IMPROVEMENTS}/{uuid4()}/approvals")).status_code == 404

    async def test_a_supervisor_cannot_take_the_head_s_step(self, loop: Loop, solo: Solo) -> None:
        record = await loop.submitted(**DEAR)
        other = solo.client(Role.IMPROVEMENT_SUPERVISOR, subject="sara")
        ok(await loop.supervisor.post(path(record, "approve")))
        late = ok(await other.post(path(record, "approve")), 409)
        assert (late["title"], late["role"]) == ("Step decided", "department_head")
        again = ok(await loop.supervisor.post(path(record, "approve")), 409)
        assert again["title"] == "Decided before"

    async def test_one_person_with_two_roles_is_one_person(self, loop: Loop, solo: Solo) -> None:
        both = solo.client(Role.IMPROVEMENT_SUPERVISOR, Role.TOP_MANAGEMENT, subject="bob")
        record = await loop.submitted(**DEAR)
        ok(await both.post(path(record, "approve")))
        assert ok(await both.post(path(record, "approve")), 409)["title"] == "Decided before"
        assert (await loop.read(record["id"]))["state"] == "submitted"

    async def test_of_two_at_once_one_decides(self, loop: Loop, solo: Solo) -> None:
        record = await loop.submitted()
        others = [solo.client(Role.TOP_MANAGEMENT, subject=f"boss{number}") for number in range(2)]
        answers = await asyncio.gather(*(client.post(path(record, "approve")) for client in others))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert len((await loop.read(record["id"]))["approvals"]) == 1

    async def test_of_two_who_read_the_same_version_one_decides(self, loop: Loop, solo: Solo) -> None:
        record = await loop.submitted(**DEAREST)
        seen = {"If-Match": f'"{record["version"]}"'}
        others = [solo.client(Role.TOP_MANAGEMENT, subject=f"boss{number}") for number in range(3)]
        answers = await asyncio.gather(*(client.post(path(record, "approve"), headers=seen) for client in others))
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412]

    async def test_a_step_that_is_not_open_is_not_decided(self, loop: Loop, boss: httpx.AsyncClient) -> None:
        record = await loop.submitted(**DEAREST)
        answer = await boss.post(path(record, "approve"), json={"step": 3})
        assert ok(answer, 409)["step"] == 1
        ok(await boss.post(path(record, "approve"), json={"step": 1}))

    async def test_any_step_s_no_ends_it(self, loop: Loop, solo: Solo, head: httpx.AsyncClient) -> None:
        record = await loop.submitted(**DEAREST)
        ok(await loop.supervisor.post(path(record, "approve")))
        rejected = ok(await head.post(path(record, "reject"), json={"reason": "too dear"}))
        assert rejected["state"] == "rejected"
        assert [step["state"] for step in rejected["approval_steps"]] == ["approved", "rejected", "superseded"]
        assert rejected["approvals"][-1]["reason"] == "too dear"
        (told,) = await solo.events("improvement.rejected")
        assert told.data["rejected_by"] == "hanna"

    async def test_a_head_of_another_department_does_not_decide(self, loop: Loop, solo: Solo) -> None:
        """R34: the record goes to the responsible department head."""
        record = await loop.submitted(department="desk", **DEAR)
        ok(await loop.supervisor.post(path(record, "approve")))
        foreign = solo.client(Role.DEPARTMENT_HEAD, subject="frank", departments=["network"])
        own = solo.client(Role.DEPARTMENT_HEAD, subject="dieter", departments=["desk", "field"])
        assert "desk" in ok(await foreign.post(path(record, "approve")), 403)["detail"]
        assert ok(await own.post(path(record, "approve")))["state"] == "approved"

    async def test_revising_supersedes_the_chain(self, loop: Loop) -> None:
        record = await loop.submitted(**DEAR)
        ok(await loop.supervisor.post(path(record, "approve")))
        revised = ok(await loop.author.post(path(record, "revise"), json={"reason": "better"}))
        assert [step["state"] for step in revised["approval_steps"]] == ["superseded", "superseded"]
        again = await loop.submit(record["id"])
        assert [(step["revision"], step["state"]) for step in again["approval_steps"]][2:] == [
            (2, "open"),
            (2, "waiting"),
        ]


class TestDelegate:
    """R18: a step is handed over with a reason."""

    async def test_the_delegate_decides_and_both_are_kept(
        self, loop: Loop, solo: Solo, head: httpx.AsyncClient
    ) -> None:
        record = await loop.submitted(**DEAR)
        ok(await loop.supervisor.post(path(record, "approve")))
        delegate = solo.client(Role.ENGINEER, subject="dora")
        assert (await delegate.post(path(record, "approve"))).status_code == 403
        body = {"to": "dora", "reason": "on leave until Monday"}
        handed = ok(await head.post(path(record, "approvals/delegate"), json=body))
        assert handed["version"] == record["version"] + 2
        approved = ok(await delegate.post(path(record, "approve")))
        assert approved["state"] == "approved"
        step = approved["approval_steps"][1]
        assert (step["decided_by"], step["decided_role"], step["delegated_by"], step["delegation_reason"]) == (
            "dora",
            "department_head",
            "hanna",
            "on leave until Monday",
        )
        assert "delegate" in await loop.history(record["id"])

    @pytest.mark.parametrize("to", ["petra", "sven", "hanna"])
    async def test_not_to_who_asked_or_decided(self, loop: Loop, head: httpx.AsyncClient, to: str) -> None:
        record = await loop.submitted(**DEAR)
        ok(await loop.supervisor.post(path(record, "approve")))
        answer = await head.post(path(record, "approvals/delegate"), json={"to": to, "reason": "leave"})
        assert ok(answer, 409)["title"] == "Unfit delegate"

    async def test_only_who_may_decide_hands_over(self, loop: Loop, solo: Solo) -> None:
        record = await loop.submitted()
        body = {"to": "dora", "reason": "leave"}
        asker = solo.client(Role.IMPROVEMENT_SUPERVISOR, subject="petra")
        assert ok(await asker.post(path(record, "approvals/delegate"), json=body), 409)["title"] == (
            "Approver is requester"
        )
        assert (await loop.manager.post(path(record, "approvals/delegate"), json=body)).status_code == 403
        assert (await loop.supervisor.post(path(record, "approvals/delegate"), json={"to": "dora"})).status_code == 422
        draft = await loop.draft("group=7")
        assert ok(await loop.supervisor.post(path(draft, "approvals/delegate"), json=body), 409)["state"] == "draft"


class TestMaterialChange:
    """R37: adjust the plan; what makes another plan of it is approved again."""

    async def edit(self, loop: Loop, record: dict[str, Any], **body: Any) -> dict[str, Any]:
        record = await loop.read(record["id"])
        return ok(
            await loop.author.patch(
                f"{IMPROVEMENTS}/{record['id']}", json=body, headers={"If-Match": f'"{record["version"]}"'}
            )
        )

    @pytest.mark.parametrize(
        "change",
        [
            {"plan": "another"},
            {"target": 0.8},
            {"budget": "10.00"},
            {"resources": "one engineer"},
            {"measure_type": "people"},
            {"action_kind": "preventive"},
            {"owner": "otto"},
            {"impact": "high"},
            {"severity": "critical"},
            {"tasks": [{"title": "hire"}]},
        ],
    )
    async def test_asks_again(self, loop: Loop, solo: Solo, change: dict[str, Any]) -> None:
        record = await loop.submitted()
        ok(await loop.supervisor.post(path(record, "approve")))
        changed = await self.edit(loop, record, change_reason="learnt better", **change)
        assert (changed["state"], changed["revision"], changed["approved_at"]) == ("submitted", 2, None)
        (told,) = await solo.events("improvement.revised")
        assert told.data["reason"] == f"material change: {next(iter(change))} (learnt better)"
        assert next(step["state"] for step in changed["approval_steps"] if step["revision"] == 2) == "open"

    @pytest.mark.parametrize(
        "change",
        [
            {"title": "Another name"},
            {"root_cause": "the shift plan"},
            {"department": "desk"},
            {"effort": "large"},
            {"planned_end": "2030-01-01"},
            {"plan": "Staff the second line in the evening"},
            {"tasks": []},
        ],
    )
    async def test_anything_else_is_only_another_version(self, loop: Loop, solo: Solo, change: dict[str, Any]) -> None:
        record = await loop.submitted()
        approved = ok(await loop.supervisor.post(path(record, "approve")))
        changed = await self.edit(loop, record, **change)
        assert (changed["state"], changed["revision"], changed["plan_hash"]) == (
            "approved",
            1,
            approved["plan_hash"],
        )
        assert changed["version"] == approved["version"] + 1
        assert await solo.events("improvement.revised") == []

    async def test_whoever_changed_it_does_not_approve_it(self, loop: Loop, solo: Solo) -> None:
        record = await loop.submitted()
        both = solo.client(Role.IMPROVEMENT_SUPERVISOR, subject="sara")
        ok(await both.patch(f"{IMPROVEMENTS}/{record['id']}", json={"plan": "mine"}, headers={"If-Match": "*"}))
        assert ok(await both.post(path(record, "approve")), 409)["title"] == "Approver is requester"
        ok(await loop.supervisor.post(path(record, "approve")))

    async def test_a_plan_that_would_lack_something_is_refused(self, loop: Loop) -> None:
        record = await loop.submitted()
        answer = await loop.author.patch(
            f"{IMPROVEMENTS}/{record['id']}", json={"owner": None}, headers={"If-Match": "*"}
        )
        assert ok(answer, 409)["missing"] == ["owner (who carries it out)"]
        assert (await loop.read(record["id"]))["revision"] == 1

    async def test_a_dearer_plan_has_a_longer_chain(self, loop: Loop) -> None:
        record = await loop.submitted()
        changed = await self.edit(loop, record, budget="500000")
        assert len([step for step in changed["approval_steps"] if step["revision"] == 2]) == 3


class TestAppendOnly:
    """R66: the trail of approvals is never changed."""

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE improvement_approvals SET actor = 'x'",
            "DELETE FROM improvement_approvals",
            "UPDATE approval_steps SET decided_by = 'x' WHERE decided_by IS NOT NULL",
            "UPDATE approval_steps SET reason = 'x' WHERE decided_by IS NOT NULL",
            "DELETE FROM approval_steps",
        ],
    )
    async def test_what_was_decided_stays(self, loop: Loop, statement: str) -> None:
        record = await loop.submitted()
        ok(await loop.supervisor.post(path(record, "approve")))
        with pytest.raises(DBAPIError, match=r"append-only|stays as it is"):
            await loop.change(statement)

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from shared.auth import Role
from tests.improvement.builders import IMPROVEMENTS, PLAN, READY, People, hear, make_gap, ok, rows, until
from tests.support.fleet import Fleet


class TestOpenImprovement:
    async def test_is_a_draft_with_a_number_an_etag_and_a_place(self, people: People) -> None:
        answer = await people.author.post(IMPROVEMENTS, json={"title": "Night shift", "problem": "nobody is there"})
        record = ok(answer, 201)
        assert record["state"] == "draft"
        assert record["number"].startswith("IMP-00")
        assert (record["origin"], record["requester"]) == ("person", "petra")
        assert record["correlation_id"] == record["id"]
        assert answer.headers["etag"] == '"1"'
        assert answer.headers["location"].endswith(record["id"])

    async def test_takes_the_record_s_own_measure_where_the_plan_names_none(self, people: People) -> None:
        plan = PLAN.model_dump(mode="json", exclude={"measure_key", "scope"})
        record = await people.open(verification_plan=plan, scope="group=7")
        assert record["verification_plan"] == {**PLAN.model_dump(mode="json"), "scope": "group=7"}

    async def test_the_same_key_opens_one(self, people: People) -> None:
        body, key = {"title": "Once", "problem": "twice"}, {"Idempotency-Key": "k1"}
        first = await people.author.post(IMPROVEMENTS, json=body, headers=key)
        second = await people.author.post(IMPROVEMENTS, json=body, headers=key)
        assert ok(first, 201) == ok(second, 201)
        assert len(ok(await people.reader.get(IMPROVEMENTS))["items"]) == 1

    async def test_a_measure_and_scope_have_one_open(self, people: People) -> None:
        first = await people.open()
        answer = await people.author.post(
            IMPROVEMENTS, json={"title": "Again", "problem": "same", "measure_key": "sla_attainment"}
        )
        assert ok(answer, 409)["improvement_id"] == first["id"]
        assert answer.json()["type"] == "urn:ratchet:problem:already-open"
        await people.open(scope="group=7", verification_plan=None)

    async def test_of_two_at_once_one_opens(self, people: People) -> None:
        body = {"title": "T", "problem": "P", "measure_key": "sla_attainment"}
        answers = await asyncio.gather(*(people.author.post(IMPROVEMENTS, json=body) for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("title", ""),
            ("title", "a\x00b"),
            ("budget", "-1"),
            ("budget", "NaN"),
            ("budget", 10**20),
            ("planned_start", "0001-01-01"),
            ("measure_key", "Not A Key"),
            ("measure_type", "magic"),
            ("scope", "everything"),
            ("scope", "group=a\nb"),
            ("target", 1e300),
            ("nobody", "reads this"),
            ("tasks", [{"title": "x", "done": True}]),
            ("verification_plan", {"direction": "up"}),
            ("verification_plan", {**PLAN.model_dump(mode="json"), "baseline_to": "2016-03-01"}),
            ("verification_plan", {**PLAN.model_dump(mode="json"), "scope": "a\x00"}),
            ("verification_plan", {**PLAN.model_dump(mode="json"), "guard_measures": ["A b"]}),
        ],
    )
    async def test_a_malformed_body_says_where(self, people: People, field: str, value: Any) -> None:
        answer = await people.author.post(IMPROVEMENTS, json={"title": "T", "problem": "P", field: value})
        assert field in ok(answer, 422)["detail"]

    @pytest.mark.parametrize(
        ("field", "value", "right"),
        [
            ("scope", "vpn", "must be 'all', or one dimension and its value, as service=vpn"),
            ("measure_key", "SLA attainment", "must be a key, as vpn_access"),
        ],
    )
    async def test_it_says_what_would_be_right(self, people: People, field: str, value: str, right: str) -> None:
        answer = await people.author.post(IMPROVEMENTS, json={"title": "T", "problem": "P", field: value})
        assert ok(answer, 422)["detail"].startswith(f"body.{field}: {right}")

    async def test_an_end_before_the_start_is_malformed(self, people: People) -> None:
        body = {"title": "T", "problem": "P", "planned_start": "2026-02-01", "planned_end": "2026-01-01"}
        assert "planned_end" in ok(await people.author.post(IMPROVEMENTS, json=body), 422)["detail"]


class TestEditImprovement:
    async def test_changes_only_what_is_named(self, people: People) -> None:
        record = await people.open(budget="12.50", tasks=[{"title": "hire", "due": "2026-03-01"}])
        path = f"{IMPROVEMENTS}/{record['id']}"
        answer = await people.author.patch(
            path, json={"owner": "otto", "root_cause": None}, headers={"If-Match": '"1"'}
        )
        edited = ok(answer)
        assert (edited["owner"], edited["root_cause"], edited["version"]) == ("otto", None, 2)
        assert (edited["budget"], edited["plan"]) == ("12.50", record["plan"])
        assert [(task["number"], task["title"], task["due"]) for task in edited["tasks"]] == [(1, "hire", "2026-03-01")]
        assert answer.headers["etag"] == '"2"'

    async def test_needs_the_version_that_was_read(self, people: People) -> None:
        record = await people.open()
        path = f"{IMPROVEMENTS}/{record['id']}"
        assert (await people.author.patch(path, json={"owner": "a"})).status_code == 428
        assert (await people.author.patch(path, json={"owner": "a"}, headers={"If-Match": '"7"'})).status_code == 412
        ok(await people.author.patch(path, json={"owner": "a"}, headers={"If-Match": '"1"'}))
        assert (await people.author.patch(path, json={"owner": "b"}, headers={"If-Match": '"1"'})).status_code == 412

    async def test_a_name_cannot_be_emptied(self, people: People) -> None:
        record = await people.open()
        for body in ({"title": None}, {"title": ""}, {"problem": " "}, {"tasks": None}):
            path = f"{IMPROVEMENTS}/{record['id']}"
            assert (await people.author.patch(path, json=body, headers={"If-Match": "*"})).status_code == 422

    async def test_another_plan_than_the_approved_one_asks_again(self, people: People, alone: Fleet) -> None:
        """R37: a material change begins a new revision, and nothing that was approved counts for it."""
        record = await people.bring_to("approved", alone)
        plan = {**PLAN.model_dump(mode="json"), "alpha": 0.2}
        changed = ok(
            await people.author.patch(
                f"{IMPROVEMENTS}/{record['id']}",
                json={"verification_plan": plan, "change_reason": "too strict"},
                headers={"If-Match": "*"},
            )
        )
        assert (changed["state"], changed["revision"], changed["plan_hash"]) == ("submitted", 2, None)
        assert [step["state"] for step in changed["approval_steps"]] == ["superseded", "open"]

    async def test_cannot_move_onto_another_open_record(self, people: People) -> None:
        await people.open()
        other = await people.open(scope="group=7")
        answer = await people.author.patch(
            f"{IMPROVEMENTS}/{other['id']}", json={"scope": "all"}, headers={"If-Match": "*"}
        )
        assert ok(answer, 409)["title"] == "Already open"


class TestSubmitImprovement:
    async def test_names_all_that_is_missing(self, people: People) -> None:
        """R17, R25, R35."""
        record = ok(await people.author.post(IMPROVEMENTS, json={"title": "T", "problem": "P"}), 201)
        problem = ok(await people.author.post(f"{IMPROVEMENTS}/{record['id']}/submit"), 409)
        assert problem["title"] == "Missing"
        assert [missing.split(" ")[0] for missing in problem["missing"]] == [
            "measure_key",
            "plan",
            "owner",
            "resources",
            "verification_plan",
        ]

    async def test_the_plan_must_judge_the_record_s_measure(self, people: People) -> None:
        plan = {**PLAN.model_dump(mode="json"), "measure_key": "mttr_mean"}
        record = await people.open(verification_plan=plan)
        problem = ok(await people.author.post(f"{IMPROVEMENTS}/{record['id']}/submit"), 409)
        assert "mttr_mean" in problem["detail"]

    async def test_checks_the_version_only_when_it_is_sent(self, people: People) -> None:
        record = await people.open()
        path = f"{IMPROVEMENTS}/{record['id']}/submit"
        assert (await people.author.post(path, headers={"If-Match": '"9"'})).status_code == 412
        assert ok(await people.author.post(path))["submitted_by"] == "petra"


class TestApproveImprovement:
    async def test_freezes_the_plan_and_notes_who(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("submitted", alone)
        path = f"{IMPROVEMENTS}/{record['id']}/approve"
        approved = ok(await people.supervisor.post(path, json={"comment": "go"}))
        assert approved["state"] == "approved"
        assert len(approved["plan_hash"]) == 64
        (approval,) = approved["approvals"]
        assert (approval["actor"], approval["role"], approval["decision"], approval["reason"]) == (
            "sven",
            "improvement_supervisor",
            "approved",
            "go",
        )

    async def test_nobody_approves_their_own(self, people: People, alone: Fleet) -> None:
        both = alone.client(Role.PROCESS_OWNER, Role.IMPROVEMENT_SUPERVISOR, subject="petra")
        record = await people.bring_to("submitted", alone)
        for action, body in (("approve", {}), ("reject", {"reason": "no"})):
            problem = ok(await both.post(f"{IMPROVEMENTS}/{record['id']}/{action}", json=body), 409)
            assert problem["type"] == "urn:ratchet:problem:approver-is-requester"
        await both.aclose()

    async def test_whoever_submitted_does_not_approve_what_a_gap_opened(self, people: People, alone: Fleet) -> None:
        await hear(alone, make_gap())
        (record,) = ok(await people.reader.get(IMPROVEMENTS))["items"]
        path = f"{IMPROVEMENTS}/{record['id']}"
        ok(await people.supervisor.patch(path, json=READY, headers={"If-Match": '"1"'}))
        ok(await people.supervisor.post(f"{path}/submit"))
        assert ok(await people.supervisor.post(f"{path}/approve"), 409)["title"] == "Approver is requester"

    async def test_of_two_at_once_one_approves(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("submitted", alone)
        others = [alone.client(Role.TOP_MANAGEMENT, subject=f"boss{number}") for number in range(4)]
        path = f"{IMPROVEMENTS}/{record['id']}/approve"
        answers = await asyncio.gather(*(client.post(path) for client in others))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        assert len((await people.read(record["id"]))["approvals"]) == 1
        for client in others:
            await client.aclose()


class TestReviseImprovement:
    async def test_begins_anew_as_another_revision(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("implementing", alone)
        path = f"{IMPROVEMENTS}/{record['id']}"
        revised = ok(await people.author.post(f"{path}/revise", json={"reason": "a better plan"}))
        assert (revised["state"], revised["revision"], revised["plan_hash"], revised["change"]) == (
            "draft",
            2,
            None,
            None,
        )
        assert [approval["revision"] for approval in revised["approvals"]] == [1]
        ok(await people.author.post(f"{path}/submit"))
        ok(await people.supervisor.post(f"{path}/approve"))
        again = await until(people, record["id"], "implementing")
        assert again["change"]["id"] != record["change"]["id"]
        assert [approval["revision"] for approval in again["approvals"]] == [1, 2]

    async def test_a_rejected_one_cannot_come_back_beside_another(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("rejected", alone)
        other = await people.open()
        problem = ok(await people.author.post(f"{IMPROVEMENTS}/{record['id']}/revise", json={"reason": "again"}), 409)
        assert problem["improvement_id"] == other["id"]
        assert (await people.read(record["id"]))["state"] == "rejected"

    async def test_a_signed_effect_is_final(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("verified", alone)
        problem = ok(await people.author.post(f"{IMPROVEMENTS}/{record['id']}/revise", json={"reason": "more"}), 409)
        assert problem["allowed"] == ["close"]


class TestHoldImprovement:
    async def test_goes_on_from_where_it_was(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("implementing", alone)
        path = f"{IMPROVEMENTS}/{record['id']}"
        held = ok(await people.manager.post(f"{path}/hold", json={"reason": "year end"}))
        assert (held["state"], held["held_from"], held["hold_reason"]) == ("on_hold", "implementing", "year end")
        assert held["allowed"] == ["resume", "withdraw"]
        resumed = ok(await people.manager.post(f"{path}/resume"))
        assert (resumed["state"], resumed["held_from"], resumed["hold_reason"]) == ("implementing", None, None)


class TestTransitions:
    @pytest.mark.parametrize(
        ("state", "action", "who", "body"),
        [
            ("draft", "approve", "supervisor", None),
            ("draft", "verify", "manager", {"verdict": "effective"}),
            ("submitted", "submit", "author", None),
            ("approved", "approve", "supervisor", None),
            ("monitoring", "submit", "author", None),
            ("closed", "withdraw", "manager", {"reason": "late"}),
            ("withdrawn", "resume", "manager", None),
        ],
    )
    async def test_what_is_not_allowed_names_what_is(
        self, people: People, alone: Fleet, state: str, action: str, who: str, body: Any
    ) -> None:
        record = await people.bring_to(state, alone)
        answer = await getattr(people, who).post(f"{IMPROVEMENTS}/{record['id']}/{action}", json=body)
        problem = ok(answer, 409)
        assert problem["state"] == state
        assert problem["allowed"] == (await people.read(record["id"]))["allowed"]

    async def test_an_unknown_record_is_not_found(self, people: People) -> None:
        assert (await people.author.post(f"{IMPROVEMENTS}/{uuid4()}/submit")).status_code == 404
        assert (await people.reader.get(f"{IMPROVEMENTS}/{uuid4()}/history")).status_code == 404
        assert (await people.reader.get(f"{IMPROVEMENTS}/nonsense")).status_code == 422

    async def test_a_reason_is_needed_to_stop(self, people: People) -> None:
        record = await people.open()
        for action in ("hold", "withdraw"):
            answer = await people.manager.post(f"{IMPROVEMENTS}/{record['id']}/{action}")
            assert answer.status_code == 422


class TestRoles:
    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("GET", "", {role for role in Role if role not in (Role.CUSTOMER, Role.INTEGRATION)}),
            (
                "POST",
                "/{id}/submit",
                {
                    Role.PROCESS_OWNER,
                    Role.IMPROVEMENT_SUPERVISOR,
                    Role.QUALITY_MANAGER,
                    Role.PROJECT_MANAGER,
                    Role.ENGINEER,
                },
            ),
            ("POST", "/{id}/approve", {Role.IMPROVEMENT_SUPERVISOR, Role.DEPARTMENT_HEAD, Role.TOP_MANAGEMENT}),
            ("POST", "/{id}/verify", {Role.OPERATIONS_MANAGER}),
            ("POST", "/{id}/hold", {Role.IMPROVEMENT_SUPERVISOR, Role.OPERATIONS_MANAGER}),
            ("POST", "/{id}/close", {Role.IMPROVEMENT_SUPERVISOR, Role.OPERATIONS_MANAGER}),
        ],
    )
    async def test_only_these_may(self, alone: Fleet, method: str, path: str, allowed: set[Role]) -> None:
        path = IMPROVEMENTS + path.format(id=uuid4())
        for role in Role:
            async with alone.client(role) as client:
                answer = await client.request(method, path, json={"reason": "r"} if path.endswith("hold") else None)
            assert (answer.status_code != 403) == (role in allowed), role
        async with alone.client() as nobody:
            assert (await nobody.request(method, path)).status_code == 401


class TestListImprovements:
    async def test_filters_and_pages_from_the_newest(self, people: People, alone: Fleet) -> None:
        gap = make_gap(measure_key="mttr_mean")
        await hear(alone, gap)
        for number in range(3):
            await people.open(scope=f"group={number}", verification_plan=None)
        first = ok(await people.reader.get(IMPROVEMENTS, params={"limit": 3}))
        assert [item["scope"] for item in first["items"]] == ["group=2", "group=1", "group=0"]
        rest = ok(await people.reader.get(IMPROVEMENTS, params={"limit": 3, "cursor": first["next_cursor"]}))
        assert [item["measure_key"] for item in rest["items"]] == ["mttr_mean"]
        assert rest["next_cursor"] is None
        for filters, count in (
            ({"state": "draft"}, 4),
            ({"state": "closed"}, 0),
            ({"measure_key": "sla_attainment", "scope": "group=1"}, 1),
            ({"origin": "gap"}, 1),
            ({"gap_id": str(gap.gap_id)}, 1),
            ({"gap_id": str(uuid4())}, 0),
        ):
            assert len(ok(await people.reader.get(IMPROVEMENTS, params=filters))["items"]) == count, filters

    @pytest.mark.parametrize("query", ["state=lost", "cursor=%21", "limit=0", "gap_id=7", "measure_key="])
    async def test_a_malformed_query_is_told(self, people: People, query: str) -> None:
        assert (await people.reader.get(f"{IMPROVEMENTS}?{query}")).status_code == 422


class TestHistory:
    async def test_tells_the_whole_course_in_order(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("closed", alone)
        history = ok(await people.reader.get(f"{IMPROVEMENTS}/{record['id']}/history"))["items"]
        assert [line["action"] for line in history] == [
            "open",
            "submit",
            "approve",
            "change_raised",
            "change_implemented",
            "assessed",
            "verify",
            "close",
        ]
        assert [line["to_state"] for line in history][-3:] == ["monitoring", "verified", "closed"]
        assert {line["actor"] for line in history} >= {"petra", "sven", "mona", "service:metrics"}

    async def test_is_never_changed(self, people: People, alone: Fleet) -> None:
        await people.open()
        for statement in ("UPDATE improvement_history SET actor = 'x'", "DELETE FROM improvement_history"):
            with pytest.raises(DBAPIError, match="append-only"):
                await rows(alone, statement)

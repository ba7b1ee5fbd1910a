"""Any course that people could try: what the rules promise holds of every record, and history tells every step."""

from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.improvement.approvals.rules import RANKS
from shared.auth import Role
from shared.events.improvement import ChangeImplemented, ChangeRaised
from shared.ids import new_id
from tests.improvement.builders import IMPROVEMENTS, LONG_AGO, ok
from tests.improvement.loop import Loop
from tests.support.solo import Solo

PEOPLE = {
    "petra": (Role.PROCESS_OWNER, Role.IMPROVEMENT_SUPERVISOR, Role.OPERATIONS_MANAGER),
    "sven": (Role.IMPROVEMENT_SUPERVISOR,),
    "hanna": (Role.DEPARTMENT_HEAD, Role.OPERATIONS_MANAGER),
    "tina": (Role.TOP_MANAGEMENT, Role.PROCESS_OWNER),
    "dora": (Role.ENGINEER,),
}
EDITS: tuple[dict[str, Any], ...] = (
    {"title": "Another name"},
    {"plan": "Another plan"},
    {"budget": "70000"},
    {"budget": "10"},
    {"impact": "very_high"},
    {"owner": "tina"},
)
steps = st.one_of(
    st.tuples(st.just("edit"), st.sampled_from(sorted(PEOPLE)), st.sampled_from(EDITS)),
    st.tuples(st.just("delegate"), st.sampled_from(sorted(PEOPLE)), st.sampled_from(sorted(PEOPLE))),
    st.tuples(st.just("verify"), st.sampled_from(sorted(PEOPLE)), st.sampled_from(["effective", "ineffective"])),
    st.tuples(
        st.sampled_from(["submit", "approve", "approve", "approve", "reject", "revise", "hold", "resume", "close"]),
        st.sampled_from(sorted(PEOPLE)),
        st.none(),
    ),
    st.tuples(st.sampled_from(["raised", "implemented", "assessed"]), st.none(), st.none()),
)
BODIES: dict[str, Any] = {name: {"reason": "because"} for name in ("reject", "revise", "hold")}


@pytest.fixture
def cast(solo: Solo) -> dict[str, httpx.AsyncClient]:
    return {name: solo.client(*roles, subject=name) for name, roles in PEOPLE.items()}


async def take(
    loop: Loop, cast: dict[str, httpx.AsyncClient], record: dict[str, Any], step: tuple[str, Any, Any]
) -> dict[str, Any]:
    """Try it; only what a person must not do is refused, and nothing crashes. The record as it is then."""
    action, who, what = step
    path = f"{IMPROVEMENTS}/{record['id']}"
    if who is None:
        await happen(loop, record, action)
        return await loop.read(record["id"])
    client = cast[who]
    if action == "edit":
        answer = await client.patch(path, json=what, headers={"If-Match": "*"})
    elif action == "delegate":
        answer = await client.post(f"{path}/approvals/delegate", json={"to": what, "reason": "leave"})
    elif action == "verify":
        answer = await client.post(f"{path}/verify", json={"verdict": what, "reason": "I looked"})
    else:
        answer = await client.post(f"{path}/{action}", json=BODIES.get(action))
    assert answer.status_code in (200, 403, 409), answer.text
    after = await loop.read(record["id"])
    if answer.status_code == 200:
        assert after["version"] == record["version"] + 1
    else:
        assert after == record
    return after


async def happen(loop: Loop, record: dict[str, Any], what: str) -> None:
    """What the ticketing system and metrics tell."""
    if what == "assessed":
        if record["effect_requested_at"]:
            await loop.assess(record)
        return
    fields: dict[str, Any] = {
        "change_id": new_id(),
        "improvement_id": record["id"],
        "revision": record["revision"],
        "connection": "memory",
        "system": "memory",
        "external_id": "CHG1",
    }
    if what == "raised" and record["plan_hash"]:
        await loop.hear(ChangeRaised(**fields), source="improvement")
    if what == "implemented" and record["plan_hash"]:
        await loop.hear(ChangeImplemented(**fields, implemented_at=LONG_AGO), source="improvement")


def check(record: dict[str, Any]) -> None:
    """What must hold of a record whatever people tried."""
    chain = [step for step in record["approval_steps"] if step["revision"] == record["revision"]]
    phase = record["held_from"] or record["state"]
    if phase in ("approved", "implementing", "monitoring", "verified", "closed"):
        assert chain
        assert {step["state"] for step in chain} == {"approved"}
        deciders = [step["decided_by"] for step in chain]
        assert len(set(deciders)) == len(deciders)
        assert not {record["requester"], record["submitted_by"]} & set(deciders)
        assert record["plan_hash"]
        for step in chain:
            above = [role.value for role in RANKS[RANKS.index(step["role"]) :]]
            assert step["decided_role"] in above
            assert step["decided_by"] == step["delegate"] or set(above) & {*PEOPLE[step["decided_by"]]}
    if phase == "submitted":
        assert [step["state"] for step in chain].count("open") == 1
    else:
        assert "open" not in [step["state"] for step in record["approval_steps"]]
    if record["state"] in ("verified", "closed"):
        assert record["signature"]
        assert record["signature"]["signed_by"] != record["owner"]
    if record["state"] == "closed":
        assert record["closure_code"]


class TestAnyCourse:
    """R18, R35, R37, R39, R66"""

    @settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(steps, max_size=18), st.sampled_from([{}, {"budget": "60000"}, {"impact": "very_high"}]))
    async def test_no_way_round_chain_or_signature_and_history_tells_all(
        self, loop: Loop, cast: dict[str, httpx.AsyncClient], tried: list[tuple[str, Any, Any]], weight: dict[str, str]
    ) -> None:
        record = await loop.draft(f"group={new_id()}", **weight)
        for step in tried:
            record = await take(loop, cast, record, step)
            check(record)
        history = ok(await loop.auditor.get(f"{IMPROVEMENTS}/{record['id']}/history"))["items"]
        assert history[0]["from_state"] is None
        assert all(one["to_state"] == other["from_state"] for one, other in pairwise(history))
        assert history[-1]["to_state"] == record["state"]
        assert len([line for line in history if line["action"] in ("approve", "approval_given", "reject")]) == len(
            record["approvals"]
        )

    async def test_the_whole_way_is_among_them(self, loop: Loop, cast: dict[str, httpx.AsyncClient]) -> None:
        """The courses above are not all refusals: this one ends closed."""
        record = await loop.draft(impact="very_high")
        for step in (
            ("submit", "petra", None),
            ("approve", "sven", None),
            ("approve", "hanna", None),
            ("approve", "tina", None),
            ("raised", None, None),
            ("implemented", None, None),
            ("assessed", None, None),
            ("verify", "hanna", "effective"),
            ("close", "petra", None),
        ):
            record = await take(loop, cast, record, step)
            check(record)
        assert record["state"] == "closed"

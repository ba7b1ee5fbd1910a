from typing import Any

import pytest

from shared.auth import Role
from shared.ids import new_id
from tests.improvement.builders import IMPROVEMENTS, ok
from tests.improvement.loop import Loop

NEW: dict[str, Any] = {"conforms": False, "finding": "Phase two began without the training"}


class TestInspect:
    """R48: the quality department checks improvements independently."""

    async def test_is_kept_told_and_a_line_of_history(self, loop: Loop) -> None:
        record = await loop.monitoring()
        path = f"{IMPROVEMENTS}/{record['id']}/inspections"
        answer = await loop.auditor.post(path, json={**NEW, "evidence": "minutes of 3 May"})
        inspection = ok(answer, 201)
        assert answer.headers["Location"] == path
        assert inspection == {
            **inspection,
            **NEW,
            "inspected_by": "anton",
            "role": "auditor",
            "state": "monitoring",
            "revision": 1,
            "evidence": "minutes of 3 May",
        }
        assert ok(await loop.author.get(path)) == [inspection]
        (told,) = await loop.solo.events("improvement.inspected")
        assert (told.subject, told.data["finding"], told.data["conforms"]) == (record["id"], NEW["finding"], False)
        assert (await loop.history(record["id"]))[-1] == "inspected"
        assert (await loop.read(record["id"]))["version"] == record["version"]

    @pytest.mark.parametrize("name", ["petra", "sven", "olga", "OLGA ", "tom"])
    async def test_nobody_with_a_part_in_it(self, loop: Loop, name: str) -> None:
        """Requester, approver, owner (however written) and the owner of a task."""
        record = await loop.monitoring(tasks=[{"title": "Train the desk", "owner": "tom"}])
        async with loop.solo.client(Role.QUALITY_MANAGER, subject=name) as involved:
            problem = ok(await involved.post(f"{IMPROVEMENTS}/{record['id']}/inspections", json=NEW), 409)
        assert problem["title"] == "Inspector is involved"
        assert "without one" in problem["detail"]

    async def test_a_draft_is_nothing_to_inspect(self, loop: Loop) -> None:
        record = await loop.draft()
        ok(await loop.auditor.post(f"{IMPROVEMENTS}/{record['id']}/inspections", json=NEW), 409)

    @pytest.mark.parametrize("wrong", [{"finding": ""}, {"conforms": None}, {"finding": "\x00"}, {"by": "x"}])
    async def test_unsound_ones_are_refused(self, loop: Loop, wrong: dict[str, Any]) -> None:
        record = await loop.submitted()
        ok(await loop.auditor.post(f"{IMPROVEMENTS}/{record['id']}/inspections", json={**NEW, **wrong}), 422)

    async def test_only_quality_managers_and_auditors(self, loop: Loop) -> None:
        record = await loop.submitted()
        ok(await loop.manager.post(f"{IMPROVEMENTS}/{record['id']}/inspections", json=NEW), 403)
        ok(await loop.auditor.post(f"{IMPROVEMENTS}/{new_id()}/inspections", json=NEW), 404)

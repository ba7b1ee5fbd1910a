import asyncio
from datetime import UTC, datetime
from typing import Any

from services.improvement.improvements.models import Improvement
from services.improvement.improvements.service import open_record
from tests.improvement.builders import IMPROVEMENTS, PLAN, ok
from tests.improvement.loop import Loop
from tests.support.solo import Solo

NOW = datetime(2026, 3, 2, tzinfo=UTC)


async def opened(solo: Solo, **fields: Any) -> tuple[Improvement, bool]:
    given = {
        "origin": "complaint",
        "title": "Slow desk",
        "problem": "Nobody answers",
        "correlation_id": "story 7",
        "requester": "service:satisfaction",
        "now": NOW,
        **fields,
    }
    async with solo.transaction() as session:
        return await open_record(session, **given)


class TestOpenRecord:
    """R6 to R11: what comes from elsewhere becomes one record of its matter."""

    async def test_a_new_draft_in_that_story(self, loop: Loop, solo: Solo) -> None:
        record, is_new = await opened(
            solo,
            measure_key="csat",
            target=4.5,
            severity="high",
            impact="high",
            department="desk",
            service="mail",
            customer="bank",
            project="move",
            verification_plan=PLAN,
            owner="olga",
            note="complaint 12",
        )
        assert is_new
        shown = await loop.read(str(record.id))
        assert {name: shown[name] for name in ("state", "origin", "scope", "correlation_id", "requester")} == {
            "state": "draft",
            "origin": "complaint",
            "scope": "all",
            "correlation_id": "story 7",
            "requester": "service:satisfaction",
        }
        assert (shown["priority"], shown["department"], shown["verification_plan"]["alpha"]) == (2, "desk", 0.05)
        (told,) = await solo.events("improvement.opened")
        assert (told.correlation_id, told.data["problem"]) == ("story 7", "Nobody answers")
        (line,) = ok(await loop.auditor.get(f"{IMPROVEMENTS}/{record.id}/history"))["items"]
        assert (line["action"], line["actor"], line["note"]) == ("open", "service:satisfaction", "complaint 12")

    async def test_the_open_one_of_the_same_measure_and_scope(self, loop: Loop, solo: Solo) -> None:
        first, _ = await opened(solo, measure_key="csat")
        again, is_new = await opened(solo, measure_key="csat", scope="all", title="Once more")
        assert (again.id, is_new, again.title) == (first.id, False, "Slow desk")
        other, is_new = await opened(solo, measure_key="csat", scope="group=7")
        assert is_new
        await loop.end(str(first.id))
        later, is_new = await opened(solo, measure_key="csat")
        assert is_new
        assert later.id not in (first.id, other.id)
        assert len(await solo.events("improvement.opened")) == 3

    async def test_without_a_measure_each_is_its_own(self, solo: Solo) -> None:
        first, second = await opened(solo), await opened(solo)
        assert first[1]
        assert second[1]
        assert first[0].id != second[0].id

    async def test_the_next_turn_of_the_loop(self, loop: Loop, solo: Solo) -> None:
        """R27"""
        before, _ = await opened(solo, measure_key="csat")
        await loop.end(str(before.id))
        after, _ = await opened(solo, measure_key="csat", parent=before, origin="regression")
        assert (after.cycle, after.parent_id) == (2, before.id)

    async def test_of_many_at_once_one_opens(self, solo: Solo) -> None:
        found = await asyncio.gather(*(opened(solo, measure_key="csat") for _ in range(5)))
        assert sorted(is_new for _, is_new in found) == [False] * 4 + [True]
        assert len({record.id for record, _ in found}) == 1

    async def test_what_is_too_long_is_cut(self, loop: Loop, solo: Solo) -> None:
        record, _ = await opened(solo, title="x" * 500, problem="y" * 30_000)
        shown = await loop.read(str(record.id))
        assert (len(shown["title"]), len(shown["problem"])) == (200, 20_000)

import asyncio
from datetime import date, timedelta

from services.satisfaction.followups import rules, service
from services.satisfaction.settings import SatisfactionSettings
from shared import clock
from shared.http import acting
from tests.satisfaction.complaints.building import desk, moment
from tests.satisfaction.complaints.test_pages import as_browser
from tests.satisfaction.followups.test_routes import REST, heard
from tests.support.solo import Solo


async def notice(solo: Solo, days: float = 0) -> int:
    async with acting("service:satisfaction"):
        now = clock.now() + timedelta(days=days)
        return await service.notice_overdue(solo.database, now, SatisfactionSettings(), 100)


class TestNoticeOverdue:
    """R88: a completed project whose customer nobody asks is told, once."""

    async def test_once_however_many_look(self, solo: Solo) -> None:
        async with desk(solo) as client:
            item = await heard(solo, client)
        assert await notice(solo) == 0
        await asyncio.gather(*(notice(solo, 30) for _ in range(3)))
        (event,) = await solo.events("follow_up.overdue")
        assert (event.data["project"], event.data["manager"]) == (item["project"], "chen.jie")


class TestCompleted:
    """R88: what the customer says goes to the manager of the department."""

    async def test_is_told_with_every_answer(self, solo: Solo) -> None:
        async with desk(solo) as client:
            item = await heard(solo, client, department="ops")
            answers = [{"question": "In time?", "answer": "A week late."}]
            body = {"score": 2, "comment": "Late.", "answers": answers}
            await client.post(f"{REST}/{item['id']}/answers", json=body)
            gone = await heard(solo, client, department="ops")
            await client.post(f"{REST}/{gone['id']}/unreachable", json={"reason": "moved"})
        asked, unreached = await solo.events("follow_up.completed")
        assert (asked.data["outcome"], asked.data["score"], asked.data["department"]) == ("answered", 2, "ops")
        assert (asked.data["answers"], asked.data["on_time"]) == (answers, True)
        assert (unreached.data["outcome"], unreached.data["score"]) == ("unreachable", None)

    async def test_the_report_stands_on_the_page(self, solo: Solo) -> None:
        async with desk(solo) as client:
            item = await heard(solo, client, department="ops <east>")
            await client.post(f"{REST}/{item['id']}/answers", json={"score": 4})
            as_browser(client)
            text = (await client.get("/satisfaction/follow-ups")).text
        assert "ops &lt;east&gt;" in text
        assert "4.00" in text


class TestCheckTime:
    def test_the_day_begins_by_the_installations_clock(self) -> None:
        """Completed on 3 March in Shanghai, asked there at four in the morning: in UTC it is still the 2nd."""
        now = moment("2026-03-02T20:00:00Z")
        rules.check_time(now, date(2026, 3, 3), now, "Asia/Shanghai")

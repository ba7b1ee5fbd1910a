import asyncio
from datetime import timedelta

from services.satisfaction.settings import SatisfactionSettings
from services.satisfaction.suggestions import service
from shared import clock
from shared.http import acting
from tests.satisfaction.complaints.building import desk
from tests.satisfaction.suggestions.test_routes import NEW, REST
from tests.support.solo import Solo


async def notice(solo: Solo, days: float = 0) -> int:
    async with acting("service:satisfaction"):
        now = clock.now() + timedelta(days=days)
        return await service.notice_overdue(solo.database, now, SatisfactionSettings(), 100)


class TestNoticeOverdue:
    """R184, R195: a suggestion that nobody answers in time is told, once."""

    async def test_once_however_many_look(self, solo: Solo) -> None:
        async with desk(solo) as client:
            made = (await client.post(REST, json={**NEW, "received_at": "2026-03-02T10:00:00Z"})).json()
            await client.patch(f"{REST}/{made['id']}", json={"owner": "chen.jie"}, headers={"If-Match": "*"})
        await asyncio.gather(*(notice(solo) for _ in range(3)))
        assert await notice(solo) == 0
        (event,) = await solo.events("suggestion.overdue")
        assert (event.data["number"], event.data["owner"], event.sequence) == (made["number"], "chen.jie", 2)

    async def test_neither_before_nor_when_answered(self, solo: Solo) -> None:
        async with desk(solo) as client:
            made = (await client.post(REST, json=NEW)).json()
            assert await notice(solo) == 0
            reply = {"outcome": "declined", "reason": "x", "contacted_at": clock.now().isoformat()}
            assert (await client.post(f"{REST}/{made['id']}/answer", json=reply)).status_code == 200
        assert (await notice(solo, 30), await solo.events("suggestion.overdue")) == (0, [])

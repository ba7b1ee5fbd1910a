"""R83: something notices that the company's customers were not surveyed for a year."""

from datetime import UTC, datetime, timedelta

import pytest

from services.satisfaction.campaigns.cadence.rules import find_due, is_to_tell
from services.satisfaction.campaigns.cadence.service import watch
from shared.auth import Role
from shared.http import acting
from tests.satisfaction.campaigns.building import launch
from tests.satisfaction.invitations.building import change
from tests.support.solo import Solo

YEAR = 365
BEGAN = datetime(2025, 3, 1, 8, tzinfo=UTC)


def after(days: float) -> datetime:
    return BEGAN + timedelta(days=days)


async def look(solo: Solo, now: datetime, every_days: int = YEAR) -> int:
    """What the job does once a day."""
    async with acting("service:satisfaction"):
        return await watch(solo.database, every_days, now)


class TestFindDue:
    def test_a_year_after_the_last_or_after_the_first_day(self) -> None:
        assert find_due(BEGAN, None, YEAR) == datetime(2026, 3, 1, 8, tzinfo=UTC)
        assert find_due(BEGAN, after(100), YEAR) == after(465)
        assert find_due(BEGAN, after(-100), YEAR) == after(365)


class TestIsToTell:
    @pytest.mark.parametrize(
        ("told_at", "now", "expected"),
        [
            (None, after(364.9), False),
            (None, after(365), True),
            (after(365), after(366), False),
            (after(365), after(730), True),
            (after(10), after(365), True),  # told of an earlier one
        ],
    )
    def test_once_and_again_a_year_later(self, told_at: datetime | None, now: datetime, expected: bool) -> None:
        assert is_to_tell(after(365), told_at, now, YEAR) is expected


class TestWatch:
    async def test_tells_once_that_nothing_was_launched_for_a_year(self, solo: Solo) -> None:
        """R83, and a launch begins anew; a project survey is none of the company."""
        assert await look(solo, BEGAN) == 0
        async with solo.client(Role.SERVICE_DESK, Role.QUALITY_MANAGER) as desk:
            await launch(desk, {"all": 20}, kind="ad_hoc")
            assert await look(solo, after(364)) == 0
            assert [await look(solo, after(day)) for day in (365, 366, 400)] == [1, 0, 0]
            [told] = await solo.events("survey.overdue")
            assert (told.data["due_at"], told.data["last_number"], told.sequence) == ("2026-03-01T08:00:00Z", None, 1)
            launched = await launch(desk, {"all": 20}, rest_days=0)
        await change(solo, "campaigns", launched_at=after(410))
        assert [await look(solo, after(day)) for day in (500, 774, 775)] == [0, 0, 1]
        told = (await solo.events("survey.overdue"))[1]
        assert (told.data["last_campaign_id"], told.data["last_number"]) == (launched["id"], launched["number"])
        assert (told.subject, told.sequence) == ("company", 2)

    async def test_can_be_turned_off(self, solo: Solo) -> None:
        assert await look(solo, BEGAN, 0) == 0
        assert await look(solo, after(4000), 0) == 0

    async def test_the_list_says_so(self, solo: Solo) -> None:
        await look(solo, BEGAN)
        async with solo.client(Role.QUALITY_MANAGER) as quality:
            page = (await quality.get("/satisfaction/campaigns", headers={"accept": "text/html"})).text
            assert 'is overdue since <time datetime="2026-03-01T08:00:00' in page
            await launch(quality, {"all": 20})
            page = (await quality.get("/satisfaction/campaigns", headers={"accept": "text/html"})).text
            assert "is overdue since" not in page

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from services.metrics.evaluation.jobs import close_months
from shared import clock
from tests.support.solo import Solo


async def periods(solo: Solo, statement: str) -> set[date]:
    async with solo.database.reading() as session:
        return set(await session.scalars(text(statement)))


class TestCloseMonths:
    @pytest.fixture(autouse=True)
    async def never_closed(self, solo: Solo, monkeypatch: pytest.MonkeyPatch) -> None:
        async with solo.transaction() as session:
            await session.execute(text("DELETE FROM closed_periods"))
        self.solo, self.patch = solo, monkeypatch

    def at(self, *moment: int) -> None:
        self.patch.setattr(clock, "now", lambda: datetime(*moment, tzinfo=UTC))

    async def test_the_first_time_it_is_the_last_month(self) -> None:
        self.at(2026, 3, 1, 0, 1)
        assert await close_months(self.solo.database) == 1
        assert await close_months(self.solo.database) == 0
        assert await periods(self.solo, "SELECT period FROM dirty_marks") == {date(2026, 2, 1)}

    async def test_after_a_stop_of_months_none_is_left_out(self) -> None:
        self.at(2026, 1, 15)
        assert await close_months(self.solo.database) == 1
        self.at(2026, 5, 2)
        assert await close_months(self.solo.database) == 4
        expected = {date(2025, 12, 1), *(date(2026, month, 1) for month in (1, 2, 3, 4))}
        assert await periods(self.solo, "SELECT period FROM closed_periods") == expected
        assert await periods(self.solo, "SELECT period FROM dirty_marks") == expected

    async def test_a_clock_that_was_set_back_does_no_harm(self) -> None:
        self.at(2026, 5, 2)
        await close_months(self.solo.database)
        self.at(2026, 2, 2)
        assert await close_months(self.solo.database) == 1
        self.at(2026, 5, 3)
        assert await close_months(self.solo.database) == 0

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ticketing import attempts
from shared.ticketing.attempts import Failure, attempt, describe_failure, retry_delay
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed


async def answer(what: Any) -> Any:
    if isinstance(what, Exception):
        raise what
    return what


class TestAttempt:
    async def test_what_it_answered(self) -> None:
        assert await attempt(answer(7)) == 7
        assert await attempt(answer(None)) is None

    @pytest.mark.parametrize(
        ("raised", "failure"),
        [
            (RemoteFailed("busy", 17.0), Failure("busy", 17.0)),
            (RemoteFailed("a wrong token", is_lasting=True), Failure("a wrong token", None, True)),
            (RemoteFailed("a\x00b" + "c" * 3000), Failure("ab" + "c" * 1998)),
            (Unmappable("no state"), Failure("no state")),
            (KeyError("a mistake of ours"), Failure("KeyError('a mistake of ours')")),
        ],
        ids=lambda value: type(value).__name__,
    )
    async def test_whatever_it_raised_is_a_failure(self, raised: Exception, failure: Failure) -> None:
        assert await attempt(answer(raised)) == failure

    async def test_one_that_hangs_is_given_up_before_its_lease_is_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert timedelta(seconds=attempts.CALL_SECONDS) < attempts.LEASE
        monkeypatch.setattr(attempts, "CALL_SECONDS", 0.01)
        assert await attempt(asyncio.Event().wait()) == Failure("it was not done within 0.01 s")

    async def test_who_is_stopped_stops(self) -> None:
        running = asyncio.ensure_future(attempt(asyncio.Event().wait()))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


class TestDescribeFailure:
    @pytest.mark.parametrize(("asked", "kept"), [(None, None), (17.9, 17), (1e12, 86_400)])
    def test_the_columns_of_its_row(self, asked: float | None, kept: int | None) -> None:
        told = {"outcome": "failed", "error": "busy", "is_lasting": False, "retry_after_seconds": kept}
        assert describe_failure(Failure("busy", asked)) == told


class TestRetryDelay:
    @given(st.lists(st.floats(0.001, 10_000), max_size=8), st.floats(0, 1))
    def test_one_wait_for_each_entry_and_then_none(self, schedule: list[float], luck: float) -> None:
        for failures, seconds in enumerate(schedule, 1):
            delay = retry_delay(failures, schedule, None, luck)
            assert delay is not None
            assert seconds * 0.999 - 1e-6 <= delay.total_seconds() <= seconds * 1.1 + 1e-6
        assert retry_delay(len(schedule) + 1, schedule, 5.0, luck) is None

    @pytest.mark.parametrize(
        ("failures", "asked", "luck", "seconds"),
        [
            (1, None, 0.0, 30),
            (1, None, 1.0, 33),
            (2, None, 0.0, 300),
            (1, 0.0, 0.0, 30),
            (1, 120.0, 0.0, 120),
            (2, 120.0, 0.0, 300),
            (1, 1e12, 0.0, 86_400),
        ],
    )
    def test_the_schedule_or_what_the_system_asks_for_up_to_a_day(
        self, failures: int, asked: float | None, luck: float, seconds: float
    ) -> None:
        assert retry_delay(failures, (30, 300), asked, luck) == timedelta(seconds=seconds)

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from shared.auth import Role
from shared.events.callbacks import CallbackCancelled, CallbackCompleted, CallbackScheduled
from tests.support.months import judge
from tests.support.solo import Solo

RESOLVED = datetime(2025, 3, 10, 9, tzinfo=UTC)


def callback(number: int, customer: str = "acme") -> CallbackScheduled:
    return CallbackScheduled(
        callback_id=uuid4(),
        ticket_id=uuid4(),
        source="desk",
        external_id=f"T-{number}",
        resolution_number=1,
        resolved_at=RESOLVED,
        due_at=RESOLVED + timedelta(hours=24),
        customer=customer,
    )


def completed(scheduled: CallbackScheduled, hours: float, score: int) -> CallbackCompleted:
    return CallbackCompleted(
        **scheduled.model_dump(),
        completed_at=RESOLVED + timedelta(hours=hours),
        completed_by="mei",
        channel="phone",
        solved="yes",
        on_time=hours <= 24,
        score=score,
    )


async def value_of(solo: Solo, key: str, scope: str = "all") -> tuple[float | None, int, int]:
    query = {"from": "2025-03", "to": "2025-03", "scope": scope}
    answer = await solo.client(Role.QUALITY_MANAGER).get(f"/metrics/v1/measures/{key}/series", params=query)
    (point,) = answer.json()["points"]
    return point["value"], point["n"], point["missing"]


class TestNoteCallbacks:
    """R75, R137, R172: satisfaction is measured with every callback, and so is whether everybody was called."""

    async def test_coverage_and_satisfaction_of_the_month(self, solo: Solo) -> None:
        """F4, F23, R131: of five resolutions three were called on time, four gave a score, three of these 4 or 5."""
        calls = [callback(number) for number in range(6)]
        for scheduled in calls:
            await solo.hear(scheduled)
        for scheduled, hours, score in zip(calls, (2, 23, 24, 25), (5, 4, 2, 4), strict=False):
            await solo.hear(completed(scheduled, hours, score))
        await solo.hear(CallbackCancelled(**calls[5].model_dump(), cancelled_at=RESOLVED, reason="reopened"))
        await judge(solo)
        assert await value_of(solo, "callback_coverage") == (0.6, 5, 0)
        assert await value_of(solo, "satisfaction") == (0.75, 4, 1)

    @pytest.mark.parametrize("completed_first", [True, False])
    async def test_the_order_in_which_they_are_heard_does_not_matter(self, solo: Solo, completed_first: bool) -> None:
        scheduled = callback(1)
        heard = [completed(scheduled, 2, 5), scheduled]
        for fact in heard if completed_first else reversed(heard):
            await solo.hear(fact)
        await judge(solo)
        assert await value_of(solo, "satisfaction") == (1.0, 1, 0)

    async def test_by_customer(self, solo: Solo) -> None:
        for number, customer in enumerate(("acme", "brick")):
            await solo.hear(completed(callback(number, customer), 2, 5 - 3 * number))
        await judge(solo)
        assert await value_of(solo, "satisfaction", "customer=brick") == (0.0, 1, 0)

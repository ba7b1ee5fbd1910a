"""R196: in a dispute the original data stay until it is settled."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.metrics.holds.service import find_held
from services.metrics.inbound.jobs import forget_old
from shared import clock
from shared.auth import Role
from shared.events.complaints import ComplaintDisputed, ComplaintDisputeSettled
from shared.ids import new_id
from tests.metrics.inbound.test_routes import FIELD_MAP, connect, issue, post
from tests.support.solo import Solo

COMPLAINT = UUID("0199f0a0-0000-7000-8000-0000000000c1")
RECEIVED = datetime(2026, 3, 20, 9, tzinfo=UTC)
OPENED = datetime(2026, 3, 2, 9, tzinfo=UTC)
RETENTION = timedelta(days=10)
ABOUT = {
    "complaint_id": COMPLAINT,
    "number": "C-1",
    "complaint_class": "general",
    "title": "Twice the same fault",
    "description": "It was not solved.",
    "channel": "hotline",
    "received_by": "anna",
    "received_at": RECEIVED,
    "dispute_number": 1,
    "dispute_subject": "was it solved?",
}


def disputed(**values: object) -> ComplaintDisputed:
    said = {"settle_by": RECEIVED, "opened_by": "anna", "opened_at": RECEIVED, **values}
    return ComplaintDisputed.model_validate(ABOUT | said)


def settled(**values: object) -> ComplaintDisputeSettled:
    said = {"outcome": "paid", "positions": 2, "settled_by": "anna", "settled_at": RECEIVED, "on_time": True, **values}
    return ComplaintDisputeSettled.model_validate(ABOUT | said)


async def held(solo: Solo) -> datetime | None:
    async with solo.database.reading() as session:
        return await find_held(session)


@pytest.fixture
async def ticket(solo: Solo) -> UUID:
    """An incident that a payload told of."""
    async with solo.client(Role.ADMINISTRATOR) as everyone, solo.client() as sender:
        await connect(everyone, field_map=FIELD_MAP)
        assert (await post(sender, issue())).json()["accepted"] == 1
        (known,) = (await everyone.get("/metrics/v1/tickets")).json()["items"]
    return UUID(known["id"])


class TestHold:
    async def test_what_was_sent_outlives_its_retention_until_the_dispute_is_settled(
        self, solo: Solo, ticket: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await solo.hear(disputed(ticket_id=ticket), COMPLAINT)
        assert await held(solo) == OPENED
        later = clock.now() + 2 * RETENTION
        monkeypatch.setattr(clock, "now", lambda: later)
        assert await forget_old(solo.database, RETENTION) == 0
        await solo.hear(settled(ticket_id=ticket), COMPLAINT)
        assert await held(solo) is None
        assert await forget_old(solo.database, RETENTION) == 1

    async def test_an_incident_known_by_its_name_alone(self, solo: Solo, ticket: UUID) -> None:
        await solo.hear(disputed(external_id="ABC-1"), COMPLAINT)
        assert await held(solo) == OPENED

    async def test_one_that_nobody_knows_holds_from_the_complaint_on(self, solo: Solo) -> None:
        await solo.hear(disputed(ticket_id=new_id()), COMPLAINT)
        assert await held(solo) == RECEIVED

    async def test_a_complaint_about_no_incident_holds_nothing(self, solo: Solo) -> None:
        await solo.hear(disputed(), COMPLAINT)
        await solo.hear(settled(), COMPLAINT)
        assert await held(solo) is None

    async def test_a_settlement_that_is_heard_first_holds_nothing(self, solo: Solo, ticket: UUID) -> None:
        await solo.hear(settled(ticket_id=ticket), COMPLAINT)
        await solo.hear(disputed(ticket_id=ticket), COMPLAINT)
        assert await held(solo) is None

    async def test_a_second_dispute_about_the_same_holds_again(self, solo: Solo, ticket: UUID) -> None:
        for fact in (disputed(ticket_id=ticket), settled(ticket_id=ticket)):
            await solo.hear(fact, COMPLAINT)
        await solo.hear(disputed(ticket_id=ticket, dispute_number=2), COMPLAINT)
        assert await held(solo) == OPENED

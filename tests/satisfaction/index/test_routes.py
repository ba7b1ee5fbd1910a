"""R186, R204: the satisfaction index over time, by mode."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from services.satisfaction.callbacks.models import callbacks
from shared.auth import Role
from shared.ids import new_id
from tests.satisfaction.analysis.building import make_campaign, score
from tests.satisfaction.analysis.conftest import Analyse
from tests.satisfaction.analysis.conftest import analyse as analyse
from tests.satisfaction.analysis.conftest import worker as worker
from tests.support.solo import Solo

PATH = "/satisfaction/v1/index"
MAY = {"from": "2026-05", "to": "2026-06"}


async def answer(solo: Solo, at: datetime, score: int, channel: str, segment: str) -> None:
    values = {
        "id": new_id(), "ticket_id": new_id(), "source": "memory", "external_id": "INC", "resolution_number": 1,
        "service": "mail", "customer": "acme", "segment": segment, "resolved_at": at, "due_at": at + timedelta(days=1),
        "state": "completed", "completed_at": at, "completed_by": "zhang", "channel": channel, "score": score,
        "solved": "yes", "correlation_id": "story",
    }  # fmt: skip
    async with solo.transaction() as session:
        await session.execute(insert(callbacks).values(values))


class TestIndex:
    async def test_phone_link_and_survey_stand_beside_each_other(self, solo: Solo, analyse: Analyse) -> None:
        """Scores 5 and 2 by phone make (100 + 25) / 2, a 4 by link 75; a survey of 6 × 5 and 4 × 2 makes 70."""
        may = datetime(2026, 5, 10, tzinfo=UTC)
        await answer(solo, may, 5, "phone", "gold")
        await answer(solo, may, 2, "phone", "silver")
        await answer(solo, may, 4, "link", "gold")
        await answer(solo, datetime(2026, 4, 30, 23, 59, tzinfo=UTC), 1, "phone", "gold")
        await make_campaign(solo, {"all": (100, 10, score(6, 4))})
        await analyse(solo)
        async with solo.client(Role.AUDITOR) as reader:
            told = (await reader.get(PATH, params=MAY)).json()
            by_segment = (await reader.get(PATH, params={**MAY, "by": "segment"})).json()
        assert [(one["month"], one["mode"], one["n"]) for one in told] == [
            ("2026-05-01", "link", 1),
            ("2026-05-01", "phone", 2),
            ("2026-06-01", "survey", 10),
        ]
        assert [one["index"] for one in told] == [75, pytest.approx(62.5), pytest.approx(70)]
        assert told[2]["low"] < 70 < told[2]["high"]
        assert [(one["mode"], one["value"]) for one in by_segment] == [
            ("link", "gold"),
            ("phone", "gold"),
            ("phone", "silver"),
            ("survey", "gold"),
            ("survey", "silver"),
        ]

    async def test_refuses_what_is_no_span(self, solo: Solo) -> None:
        async with solo.client(Role.AUDITOR) as reader:
            for query in ({"from": "2026-07", "to": "2026-06"}, {"from": "2026-13"}, {"by": "x"}, {"from": "1990-01"}):
                assert (await reader.get(PATH, params=query)).status_code == 422

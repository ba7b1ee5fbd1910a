from types import SimpleNamespace

import pytest

from services.metrics.scorecards import routes
from services.metrics.settings import settings
from shared.auth import Role
from tests.support.months import month_of_tickets, send
from tests.support.solo import Solo

URL = "/metrics/v1/scorecards"
MARCH = {"from": "2025-03", "to": "2025-03"}


@pytest.fixture
async def _work(solo: Solo) -> None:
    """Wei met 12 of 20, Anna 3 of 3, in March 2025."""
    async with solo.client(Role.INTEGRATION) as desk:
        await send(desk, month_of_tickets(3, 12, 8, resolver="li.wei") + month_of_tickets(3, 3, 0, resolver="anna"))


@pytest.mark.usefixtures("_work")
class TestScorecards:
    """R93: assessed on indicators, restricted in access."""

    async def test_who_leads_sees_all_with_their_n_and_nobody_ranked(self, solo: Solo) -> None:
        cards = (await solo.client(Role.OPERATIONS_MANAGER).get(URL, params=MARCH)).json()
        assert [(c["resolver"], c["sla_attainment"], c["telling"]) for c in cards] == [
            ("anna", {"value": 1.0, "n": 3}, False),
            ("li.wei", {"value": 0.6, "n": 20}, True),
        ]

    async def test_everyone_sees_their_own_and_no_other(self, solo: Solo) -> None:
        engineer = solo.client(Role.ENGINEER, subject="li.wei")
        assert (await engineer.get(f"{URL}/li.wei", params=MARCH)).json()["resolved"] == 20
        refused = await engineer.get(f"{URL}/anna", params=MARCH)
        assert (refused.status_code, "li.wei" in refused.json()["detail"]) == (403, True)
        assert (await engineer.get(URL, params=MARCH)).status_code == 403

    async def test_nothing_resolved_is_said(self, solo: Solo) -> None:
        answer = await solo.client(Role.QUALITY_MANAGER).get(f"{URL}/nobody", params=MARCH)
        assert answer.status_code == 404

    async def test_a_ranking_is_off_by_default_and_can_be_turned_on(
        self, solo: Solo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        leader = solo.client(Role.DEPARTMENT_HEAD)
        refused = await leader.get(f"{URL}/ranking", params=MARCH)
        assert (refused.status_code, "RATCHET_METRICS_RANKING" in refused.json()["detail"]) == (403, True)
        monkeypatch.setattr(routes, "settings", lambda: SimpleNamespace(ranking=True, zone=settings().zone))
        (first,) = (await leader.get(f"{URL}/ranking", params=MARCH)).json()
        assert (first["place"], first["scorecard"]["resolver"]) == (1, "li.wei")

    @pytest.mark.parametrize("query", [{"from": "2024-01", "to": "2025-03"}, {"from": "2025-04", "to": "2025-03"}])
    async def test_nonsense_is_422(self, solo: Solo, query: dict[str, str]) -> None:
        assert (await solo.client(Role.QUALITY_MANAGER).get(URL, params=query)).status_code == 422

"""R85, F4, F22, F24: what the job at the close makes of answers. Expected figures are worked out by hand."""

import math
import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import insert

from services.satisfaction.responses.models import unmixed
from shared.auth import Role
from tests.satisfaction.analysis.building import CLOSED_AT, make_campaign, score
from tests.satisfaction.analysis.conftest import Analyse
from tests.support.solo import Solo

PATH = "/satisfaction/v1/campaigns"
STRATA = {
    "north": (100, 20, score(8, 2, tell=10, way="phone", why="=1+1")),
    "south": (300, 20, score(4, 6, tell=0, way="mail")),
    "west": (50, 5, []),
}


class TestAnalyse:
    async def test_weighs_strata_and_knows_its_own_error(self, solo: Solo, analyse: Analyse) -> None:
        """R85, F24: shares by population, coverage by stratum, sampling risk and what would lower it."""
        campaign_id = await make_campaign(solo, STRATA)
        assert await analyse(solo) == 1
        assert await analyse(solo) == 0
        async with solo.client(Role.AUDITOR) as reader:
            told = (await reader.get(f"{PATH}/{campaign_id}/analysis")).json()
        assert (told["population"], told["invited"], told["answered"], told["revision"]) == (450, 45, 20, 1)
        assert told["response_rate"] == pytest.approx(20 / 45)
        assert told["coverage"] == pytest.approx(20 / 450)
        assert told["uncovered"] == ["west"]
        figures = {figure["key"]: figure for figure in told["figures"]}
        assert figures["csat"]["value"] == pytest.approx((100 * 0.8 + 300 * 0.4) / 400)
        assert (figures["csat"]["said_so"], figures["csat"]["n"]) == (12, 20)
        assert figures["csat"]["mean"] == pytest.approx((12 * 5 + 8 * 2) / 20)
        assert figures["csat"]["answers"] == {"2": 8, "5": 12}
        assert figures["nps"]["value"] == pytest.approx((100 * 100 - 300 * 100) / 400)
        assert figures["nps"]["parts"] == {"promoters": 0.5, "passives": 0.0, "detractors": 0.5}
        north = next(stratum for stratum in told["strata"] if stratum["stratum"] == "north")
        assert (north["response_rate"], north["coverage"], north["weight"]) == (0.5, 0.1, 0.25)
        # n0 = 1.96² · 0.25 / 0.05² = 384.1; 384.1 / (1 + 383.1 / 100) = 79.5; 70 of 80 are not there; at one answer in
        # two invitations that takes 140, but only 80 people were not asked yet
        assert (north["required"], north["missing"], north["invitations_needed"]) == (80, 70, 80)
        share = next(figure for figure in north["figures"] if figure["key"] == "csat")
        low, high = wilson_by_hand(0.8, 10 * 99 / 90)
        assert (share["low"], share["high"]) == (pytest.approx(low), pytest.approx(high))
        risk = told["sampling_risk"]
        assert risk["figure"] == "csat"
        assert risk["half_width"] == pytest.approx((figures["csat"]["high"] - figures["csat"]["low"]) / 2)
        assert risk["uncovered_share"] == pytest.approx(50 / 450)
        assert risk["non_response"] == pytest.approx(25 / 45)
        assert risk["level"] == "high"
        assert risk["lowered_by"][0]["stratum"] == "west"
        ways = {option["option"]: option for option in told["choices"][0]["options"]}
        assert (ways["phone"]["n"], ways["phone"]["share"]) == (10, pytest.approx(0.25))
        assert told["comments"] == {"why": 10}
        assert {(part["value"], part["n"]) for part in told["parts"]} == {("gold", 10), ("silver", 10)}

    async def test_tells_what_came_out(self, solo: Solo, analyse: Analyse) -> None:
        """R10, R85: survey.analysed, and sampling_risk.found where the sample says less than was wanted."""
        campaign_id = await make_campaign(solo, STRATA)
        await analyse(solo)
        analysed, risk = await solo.events("survey.analysed", "sampling_risk.found")
        assert (analysed.subject, analysed.sequence, risk.sequence) == (str(campaign_id), 3, 4)
        assert analysed.data["figures"][0]["value"] == pytest.approx(0.5)
        assert analysed.data["sampling_risk"] == pytest.approx(risk.data["sampling_risk"])
        assert (risk.data["level"], risk.data["uncovered"]) == ("high", ["west"])

    async def test_a_census_has_no_sampling_error(self, solo: Solo, analyse: Analyse) -> None:
        """F24: all were asked and all answered; nothing is told of a risk."""
        campaign_id = await make_campaign(solo, {"all": (10, 10, score(8, 2))})
        await analyse(solo)
        async with solo.client(Role.AUDITOR) as reader:
            told = (await reader.get(f"{PATH}/{campaign_id}/analysis")).json()
        assert (told["sampling_risk"]["value"], told["sampling_risk"]["level"]) == (0, "low")
        assert await solo.events("sampling_risk.found") == []

    async def test_nobody_answered(self, solo: Solo, analyse: Analyse) -> None:
        """Zero denominators are no data, and the highest risk."""
        campaign_id = await make_campaign(solo, {"all": (10, 0, [])})
        await analyse(solo)
        async with solo.client(Role.AUDITOR) as reader:
            told = (await reader.get(f"{PATH}/{campaign_id}/analysis")).json()
        assert (told["response_rate"], told["coverage"], told["figures"][0]["value"]) == (None, 0, None)
        assert (told["sampling_risk"]["value"], told["sampling_risk"]["level"]) == (None, "high")

    async def test_compares_with_the_last_of_the_same_kind(self, solo: Solo, analyse: Analyse) -> None:
        """Fisher's exact test of 8 of 10 against 2 of 10: 2 (45² + 10² + 1) / C(20, 10)."""
        earlier = await make_campaign(
            solo, {"all": (1000, 10, score(2, 8))}, closed_at=CLOSED_AT - timedelta(days=365), title="Last year"
        )
        await analyse(solo)
        campaign_id = await make_campaign(solo, {"all": (1000, 10, score(8, 2))})
        await analyse(solo)
        async with solo.client(Role.AUDITOR) as reader:
            told = (await reader.get(f"{PATH}/{campaign_id}/analysis")).json()["comparison"]
        assert told["campaign_id"] == str(earlier)
        csat = next(one for one in told["compared"] if one["key"] == "csat")
        assert (csat["now"], csat["before"], csat["test"]) == (0.8, 0.2, "fisher")
        assert csat["difference"] == pytest.approx(0.6)
        # the index is compared too: Holm multiplies the smallest p-value by two
        fisher = 2 * (45**2 + 10**2 + 1) / math.comb(20, 10)
        assert csat["p_value"] in (pytest.approx(fisher), pytest.approx(2 * fisher))

    async def test_waits_for_answers_that_are_not_mixed_yet(self, solo: Solo, analyse: Analyse) -> None:
        campaign_id = await make_campaign(solo, {"all": (10, 10, score(8, 2))}, anonymous=True)
        async with solo.transaction() as session:
            waiting = {"campaign_id": campaign_id, "stratum": "all", "language": "en", "answers": {"overall": 1}}
            await session.execute(insert(unmixed).values(waiting))
        assert await analyse(solo) == 0

    async def test_few_people_are_not_told_apart_in_an_anonymous_campaign(self, solo: Solo, analyse: Analyse) -> None:
        """A stratum below five answers is withheld, and the next smallest with it, which would else be left over."""
        strata = {"a": (9, 9, score(3, 0)), "b": (9, 9, score(3, 3)), "c": (20, 20, score(10, 0))}
        campaign_id = await make_campaign(solo, strata, anonymous=True)
        await analyse(solo)
        async with solo.client(Role.AUDITOR) as reader:
            told = (await reader.get(f"{PATH}/{campaign_id}/analysis")).json()
        assert [(one["stratum"], one["withheld"], one["figures"] == []) for one in told["strata"]] == [
            ("a", True, True),
            ("b", True, True),
            ("c", False, False),
        ]
        assert told["parts"] == []

    def test_the_service_holds_no_numpy(self) -> None:
        rooms = "services.satisfaction.analysis.jobs, services.satisfaction.analysis.routes"
        code = f"import sys, {rooms}; print([n for n in ('numpy', 'scipy') if n in sys.modules])"
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert told.stdout.strip() == "[]"


def wilson_by_hand(share: float, n: float) -> tuple[float, float]:
    """The roots of (p − x)² = z² x (1 − x) / n."""
    z = 1.959963984540054
    a, b, c = 1 + z * z / n, -(2 * share + z * z / n), share * share
    root = math.sqrt(b * b - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)

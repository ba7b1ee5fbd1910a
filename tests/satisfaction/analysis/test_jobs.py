"""R85, F4, F22, F24: what the job at the close makes of answers. Expected figures are worked out by hand."""

import math
import subprocess
import sys
from datetime import timedelta

import pytest
from scipy import stats
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
            waiting = {"campaign_id": campaign_id, "stratum": "all", "sealed": "…"}
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

    async def test_nothing_is_told_of_what_few_people_answered_in_an_anonymous_campaign(
        self, solo: Solo, analyse: Analyse
    ) -> None:
        """Four gave an NPS, three of them in one stratum: no figure, no stratum and no difference tells it. Six in two
        strata of three gave a CSAT: all of them together are told, neither stratum is."""
        strata = {
            "a": (9, 9, score(3, 0, tell=9, way="mail") + [{"way": "mail"}] * 3),
            "b": (9, 9, score(0, 3) + [{"way": "phone"}] * 3),
            "c": (9, 9, [{"tell": 2}] + [{"way": "mail"}] * 5),
        }
        campaign_id = await make_campaign(solo, strata, anonymous=True)
        await analyse(solo)
        async with solo.client(Role.AUDITOR) as reader:
            told = (await reader.get(f"{PATH}/{campaign_id}/analysis")).json()
        figures = {one["key"]: one for one in told["figures"]}
        assert (figures["nps"]["n"], figures["nps"]["value"], figures["nps"]["answers"]) == (0, None, {})
        assert (figures["csat"]["n"], figures["csat"]["value"]) == (6, pytest.approx(0.5))
        assert [one["withheld"] for one in told["strata"]] == [False, False, False]
        assert [one["figures"] for one in told["strata"]] == [[], [], []]

    async def test_three_answers_in_all_tell_nothing_in_an_anonymous_campaign(
        self, solo: Solo, analyse: Analyse
    ) -> None:
        campaign_id = await make_campaign(solo, {"a": (9, 9, score(3, 0, tell=9, way="mail"))}, anonymous=True)
        await analyse(solo)
        async with solo.client(Role.AUDITOR) as reader:
            told = (await reader.get(f"{PATH}/{campaign_id}/analysis")).json()
        assert (told["answered"], told["sampling_risk"]["level"]) == (3, "high")
        assert {one["value"] for one in told["figures"]} == {None}
        assert told["choices"][0]["answered"] == 0

    async def test_the_campaigns_confidence_rules_every_interval(self, solo: Solo, analyse: Analyse) -> None:
        """R85: gaps −1, −2, −3 and −4: mean −2.5, deviation √(5/3); t(3; 0.995) = 5.8409 and, at 90 %, 2.3534."""
        answers = [{"one": {"expectation": 5, "perception": 5 - gap}} for gap in (1, 2, 3, 4)]
        for confidence, quantile in ((0.99, 5.8409), (0.9, 2.3534)):
            campaign_id = await make_campaign(solo, {"all": (10**4, 10, answers)}, content=PAIRS, confidence=confidence)
            await analyse(solo)
            async with solo.client(Role.AUDITOR) as reader:
                told = (await reader.get(f"{PATH}/{campaign_id}/analysis")).json()
            for group in (told["groups"][0], told["whole"]):
                # four of 10,000 people: the correction √(9996/9999)
                half = quantile * (5 / 3 / 4 * 9996 / 9999) ** 0.5
                assert (group["gap"], group["n"]) == (-2.5, 4)
                assert (group["low"], group["high"]) == pytest.approx((-2.5 - half, -2.5 + half), abs=1e-4)
            assert told["groups"][0]["alpha_gap"]["undefined"] == "one_item"

    async def test_what_is_expected_is_no_satisfaction(self, solo: Solo, analyse: Analyse) -> None:
        """R161: at design only the expectation is asked. It has its own figure, by statement and by dimension; neither
        an index nor a gap comes of it."""
        item = {"kind": "rating", "key": "one", "wording": {"en": "One"}, "dimension": "tangibles", "high": 7}
        content = {"title": {"en": "Expected"}, "items": [item, {**item, "key": "two", "process": "incident"}]}
        answers = [{"one": 7, "two": 4}, {"one": 4}]
        campaign_id = await make_campaign(solo, {"all": (9, 9, answers)}, content=content, kind="expectation")
        await analyse(solo)
        async with solo.client(Role.AUDITOR) as reader:
            told = (await reader.get(f"{PATH}/{campaign_id}/analysis")).json()
        assert [(one["key"], one["value"]) for one in told["figures"]] == [("expectation", pytest.approx(62.5))]
        assert told["main"] == "expectation"
        assert [(one["item"], one["expectation"], one["gap"], one["n"]) for one in told["items"]] == [
            ("one", 5.5, None, 2),
            ("two", 4, None, 1),
        ]
        assert [(one["key"], one["expectation"], one["perception"]) for one in told["groups"]] == [
            ("tangibles", 4.75, None),
            ("incident", 4, None),
        ]
        (fact,) = await solo.events("survey.analysed")
        assert fact.data["gaps"] == []

    async def test_what_is_asked_otherwise_is_not_compared(self, solo: Solo, analyse: Analyse) -> None:
        """A later campaign asks the CSAT from 1 to 7, NPS not at all, and CES as well: none of these is compared."""
        await make_campaign(
            solo, {"all": (99, 9, score(4, 5, tell=9))}, closed_at=CLOSED_AT - timedelta(days=365), title="Last year"
        )
        await analyse(solo)
        items = [
            {"kind": "rating", "key": "overall", "wording": {"en": "Overall?"}, "measures": "csat", "high": 7},
            {"kind": "rating", "key": "easy", "wording": {"en": "Easy?"}, "measures": "ces"},
        ]
        content = {"title": {"en": "Another"}, "items": items}
        campaign_id = await make_campaign(solo, {"all": (99, 9, score(4, 5, easy=3))}, content=content)
        await analyse(solo)
        async with solo.client(Role.AUDITOR) as reader:
            told = (await reader.get(f"{PATH}/{campaign_id}/analysis")).json()["comparison"]
        assert (told["compared"], told["same_questionnaire"]) == ([], False)
        assert {(one["key"], one["reason"]) for one in told["not_compared"]} == {
            ("csat", "other_scale"),
            ("nps", "only_before"),
            ("ces", "only_now"),
            ("index", "other_items"),
        }

    async def test_one_answer_is_not_compared(self, solo: Solo, analyse: Analyse) -> None:
        await make_campaign(solo, {"all": (99, 9, score(4, 5))}, closed_at=CLOSED_AT - timedelta(days=365))
        await analyse(solo)
        campaign_id = await make_campaign(solo, {"all": (99, 9, score(1, 0))})
        await analyse(solo)
        async with solo.client(Role.AUDITOR) as reader:
            told = (await reader.get(f"{PATH}/{campaign_id}/analysis")).json()["comparison"]
        assert {(one["key"], one["reason"]) for one in told["not_compared"]} >= {("csat", "too_few_answers")}

    async def test_gaps_are_compared_by_welchs_test(self, solo: Solo, analyse: Analyse) -> None:
        """Of the respondents' gaps, which SciPy tests too; many people, so that the correction is nothing."""
        before, now = [-1, -2, -2, -3, -4], [0, -1, -1, 0, -2, 1]
        for gaps, closed_at in ((before, CLOSED_AT - timedelta(days=365)), (now, CLOSED_AT)):
            answers = [{"one": {"expectation": 5, "perception": 5 + gap}} for gap in gaps]
            campaign_id = await make_campaign(
                solo, {"all": (4000, 10, answers)}, content=PAIRS, closed_at=closed_at, analysis_due_at=closed_at
            )
            await analyse(solo)
        async with solo.client(Role.AUDITOR) as reader:
            told = (await reader.get(f"{PATH}/{campaign_id}/analysis")).json()["comparison"]
        gap = next(one for one in told["compared"] if one["aspect"] == "dimension")
        expected = stats.ttest_ind(now, before, equal_var=False)
        assert (gap["key"], gap["test"], gap["difference"]) == ("tangibles", "welch", pytest.approx(-0.5 + 2.4))
        # index, expectation (which does not vary) and dimension: Holm multiplies the smaller one by two
        assert gap["p_value"] in (
            pytest.approx(expected.pvalue, rel=0.01),
            pytest.approx(2 * expected.pvalue, rel=0.01),
        )

    def test_the_service_holds_no_numpy(self) -> None:
        rooms = "services.satisfaction.analysis.jobs, services.satisfaction.analysis.routes"
        assert list_loaded(rooms, "numpy", "scipy") == []

    def test_the_worker_loads_nothing_that_takes_long(self) -> None:
        """A campaign's analysis begins with a fresh process as a rule."""
        assert list_loaded("services.satisfaction.analysis.computing", "scipy.stats", "openpyxl", "fastapi") == []


PAIRS = {
    "title": {"en": "Pairs"},
    "items": [{"kind": "pair", "key": "one", "wording": {"en": "One"}, "dimension": "tangibles"}],
}


def list_loaded(modules: str, *heavy: str) -> list[str]:
    """Those of the heavy packages that a process with these modules holds."""
    code = f"import sys, {modules}; print(*[name for name in {heavy} if name in sys.modules])"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def wilson_by_hand(share: float, n: float) -> tuple[float, float]:
    """The roots of (p − x)² = z² x (1 − x) / n."""
    z = 1.959963984540054
    a, b, c = 1 + z * z / n, -(2 * share + z * z / n), share * share
    root = math.sqrt(b * b - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)

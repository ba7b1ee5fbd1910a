"""R30, R186: what a survey found is the value of a measure that asks for it."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from shared import clock
from shared.auth import Role
from shared.events.examples import example_of
from shared.events.surveys import SurveyAnalysed
from tests.support.solo import Solo

PATH = "/metrics/v1/measures"


@pytest.fixture
async def owner(solo: Solo, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 6, 2, tzinfo=UTC))
    client = solo.client(Role.PROCESS_OWNER, Role.QUALITY_MANAGER, subject="anna")
    for key, unit, kind in (("survey_csat", "ratio", "proportion"), ("survey_index", "points", "value")):
        body = {
            "name": key,
            "description": "What customers say in surveys.",
            "direction": "higher_is_better",
            "formula": "reported",
            "frequency": "yearly",
            "unit": unit,
            "data_kind": kind,
            "collection": "surveys",
            "owner": "anna",
        }
        answer = await client.put(f"{PATH}/{key}", json=body)
        assert answer.status_code == 200, answer.text
    return client


def analysed(figures: dict[str, float], **changed: Any) -> SurveyAnalysed:
    fact = example_of(SurveyAnalysed.TYPE).data
    told = [{"key": key, "name": key, "value": value, "n": 80} for key, value in figures.items()]
    data = {"service": None, "customer": None, "project": None, "department": None, "figures": told, **changed}
    return SurveyAnalysed.model_validate({**fact.model_dump(), **data})


class TestReportSurvey:
    async def test_figures_are_the_values_of_the_period_in_which_it_closed(
        self, solo: Solo, owner: httpx.AsyncClient
    ) -> None:
        """`period_to` 1 January is the first day after: the year is the one before."""
        await solo.hear(
            analysed(
                {"csat": 0.75, "index": 66.5, "nps": 20.0}, period_to="2026-01-01", service="mail", customer="acme"
            )
        )
        told = await solo.events("observation.recorded")
        assert {(one.data["measure_key"], one.data["scope"], one.data["value"], one.data["n"]) for one in told} == {
            ("survey_csat", "service=mail,customer=acme", 0.75, 80),
            ("survey_index", "service=mail,customer=acme", 66.5, 80),
        }
        assert {one.data["period"] for one in told} == {"2025-01-01"}

    async def test_analysed_again_it_is_a_restatement_and_an_older_revision_changes_nothing(
        self, solo: Solo, owner: httpx.AsyncClient
    ) -> None:
        for revision, value in ((1, 0.5), (3, 0.75), (2, 0.25)):
            await solo.hear(analysed({"csat": value}, period_to="2026-06-01", revision=revision))
        reports = (await owner.get(f"{PATH}/survey_csat/reports")).json()["items"]
        assert [one["value"] for one in reports] == [0.75, 0.5]

    async def test_what_the_measure_does_not_take_stops_nothing(self, solo: Solo, owner: httpx.AsyncClient) -> None:
        """A share above 1 cannot be; what was about a department only has no scope here."""
        await solo.hear(analysed({"csat": 1.5, "index": 50.0}, period_to="2026-06-01"))
        await solo.hear(analysed({"index": 10.0}, period_to="2026-06-01", department="operations"))
        assert (await owner.get(f"{PATH}/survey_csat/reports")).json()["items"] == []
        (told,) = (await owner.get(f"{PATH}/survey_index/reports")).json()["items"]
        assert (told["scope"], told["value"], told["n"]) == ("all", 50.0, 80)
        assert told["note"].endswith("revision 1: Customer satisfaction 2026")

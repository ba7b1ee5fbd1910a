from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from services.metrics.reports.jobs import watch_collection
from shared import clock
from shared.auth import Role
from shared.http import acting
from tests.support.solo import Solo

URL = "/metrics/v1/measures/spare_parts_in_time"


@pytest.fixture
async def owner(solo: Solo, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    """Who hands in the timeliness of spare parts, in March 2026."""
    at(monkeypatch, 2026, 1, 15)
    client = solo.client(Role.PROCESS_OWNER, subject="anna")
    defined = await client.put(
        URL,
        json={
            "name": "Spare parts supplied in time",
            "description": "Share of spare part requests that were supplied in time.",
            "direction": "higher_is_better",
            "formula": "reported",
            "unit": "ratio",
            "data_kind": "proportion",
            "collection": "counted from the store's book",
            "owner": "anna",
        },
    )
    assert defined.status_code == 200, defined.text
    at(monkeypatch, 2026, 3, 5)
    return client


def at(monkeypatch: pytest.MonkeyPatch, *day: int) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(*day, tzinfo=UTC))  # type: ignore[arg-type]


async def report(client: httpx.AsyncClient, **values: Any) -> httpx.Response:
    return await client.post(f"{URL}/reports", json={"period": "2026-02", "numerator": 19, "n": 20, **values})


class TestReport:
    """R22, R30, R61: owners send data with suggestions, and raw data are kept."""

    async def test_becomes_the_periods_value_with_its_suggestion(self, solo: Solo, owner: httpx.AsyncClient) -> None:
        answer = await report(owner, suggestion="keep two switches in Suzhou")
        assert (answer.status_code, answer.json()["value"], answer.json()["reported_by"]) == (201, 0.95, "anna")
        (told,) = await solo.events("observation.recorded")
        assert (told.data["value"], told.data["n"], told.data["origin"]) == (0.95, 20, "reported")
        assert (told.data["suggestion"], told.data["reported_by"]) == ("keep two switches in Suzhou", "anna")

    async def test_a_missed_target_is_a_gap_like_any_other(self, solo: Solo, owner: httpx.AsyncClient) -> None:
        target = {"value": 0.98, "effective_from": "2026-01-01", "reason": "promised"}
        assert (await owner.post(f"{URL}/targets", json=target)).status_code == 201
        await report(owner)
        (gap,) = await solo.events("gap.detected")
        assert (gap.data["detection"], gap.data["actual"]) == ("target_missed", 0.95)

    async def test_a_closed_period_takes_another_value_only_as_a_restatement(
        self, solo: Solo, owner: httpx.AsyncClient
    ) -> None:
        await report(owner)
        refused = await report(owner, numerator=18)
        assert (refused.status_code, "restatement" in refused.json()["detail"]) == (409, True)
        restated = await report(owner, numerator=18, reason="one was counted twice")
        assert restated.status_code == 201
        revisions = (await owner.get(f"{URL}/observations/2026-02")).json()
        assert [(row["revision"], row["value"]) for row in revisions] == [(1, 0.95), (2, 0.9)]
        assert [row["numerator"] for row in (await owner.get(f"{URL}/reports")).json()["items"]] == [18, 19]

    async def test_the_running_period_is_provisional_until_it_is_over(
        self, solo: Solo, owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await report(owner, period="2026-03", numerator=4, n=5)
        await report(owner, period="2026-03", numerator=8, n=10)
        assert await solo.events("observation.recorded") == []
        at(monkeypatch, 2026, 4, 1)
        async with acting("service:metrics"):
            await watch_collection(solo.database)
        (told,) = await solo.events("observation.recorded")
        assert (told.data["value"], told.data["n"], told.data["revision"]) == (0.8, 10, 1)

    @pytest.mark.parametrize(
        ("values", "status", "word"),
        [
            ({"period": "2026-04"}, 422, "has not begun"),
            ({"period": "2026-13"}, 422, "2026-02"),
            ({"numerator": 21}, 422, "at most n"),
            ({"scope": "colour=red"}, 422, "service"),
            ({"n": None}, 422, "n:"),
        ],
    )
    async def test_what_is_unsound_is_said(
        self, owner: httpx.AsyncClient, values: dict[str, Any], status: int, word: str
    ) -> None:
        answer = await report(owner, **values)
        assert (answer.status_code, word in answer.json()["detail"]) == (status, True), answer.text

    async def test_a_computed_measure_takes_none(self, owner: httpx.AsyncClient) -> None:
        answer = await owner.post(
            "/metrics/v1/measures/sla_attainment/reports", json={"period": "2026-02", "numerator": 1, "n": 2}
        )
        assert (answer.status_code, "computed" in answer.json()["detail"]) == (409, True)


class TestCollection:
    """R31: what is due and has not come."""

    async def test_is_listed_and_told_once(
        self, solo: Solo, owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (january, february) = (await owner.get("/metrics/v1/collection")).json()
        assert (january["period"], january["overdue"]) == ("2026-01-01", True)
        assert (february["due_at"], february["overdue"]) == ("2026-03-11T00:00:00Z", False)
        for _ in range(2):
            async with acting("service:metrics"):
                await watch_collection(solo.database)
        (told,) = await solo.events("collection.overdue")
        assert (told.data["measure_key"], told.data["period"]) == ("spare_parts_in_time", "2026-01-01")
        assert told.data["owner"] == "anna"
        await report(owner, period="2026-01")
        assert [duty["period"] for duty in (await owner.get("/metrics/v1/collection")).json()] == ["2026-02-01"]

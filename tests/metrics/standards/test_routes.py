"""Quality standards (R153), and evaluations of services by their cycle (R115, R156)."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from services.metrics.measures import repository as measures
from services.metrics.observations import service as observations
from services.metrics.observations.rules import Computed
from services.metrics.standards import jobs
from services.metrics.standards.rules import next_due
from shared import clock
from shared.auth import Role
from tests.support.solo import Solo

BASE = "/metrics/v1"
ENTRY: dict[str, Any] = {"name": "Mail", "service_class": "core", "owner": "wang.fang", "evaluation_cycle_months": 6}
STANDARD: dict[str, Any] = {
    "name": "Mail is there when it is needed",
    "service": "mail",
    "reference": "ISO/IEC 20000-1:2018, 8.6.1; GB/T 33136",
    "indicators": [{"measure_key": "sla_attainment", "level": 0.9, "note": "as agreed with the branches"}],
    "review_on": "2027-01-01",
}
EVALUATION: dict[str, Any] = {
    "service": "mail",
    "first_month": "2025-10-01",
    "last_month": "2025-12-01",
    "effect": {"verdict": "good", "text": "Branches answer on the same day."},
    "quality": {"verdict": "adequate", "text": "November missed its level."},
    "cost": {"verdict": "good", "text": "Three quarters of the income."},
    "conclusions": "Keep the service, mend the queue.",
}
ACTION = {"what": "A second queue manager", "owner": "li.wei", "due_on": "2026-02-01"}


@pytest.fixture
async def client(solo: Solo) -> httpx.AsyncClient:
    made = solo.client(Role.QUALITY_MANAGER)
    assert (await made.put(f"{BASE}/services/mail", json=ENTRY)).status_code == 200
    return made


async def put_standard(client: httpx.AsyncClient, key: str = "mail", **change: Any) -> dict[str, Any]:
    answer = await client.put(f"{BASE}/standards/{key}", json={**STANDARD, **change})
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def evaluate(client: httpx.AsyncClient, **change: Any) -> dict[str, Any]:
    answer = await client.post(f"{BASE}/service-evaluations", json={**EVALUATION, **change})
    assert answer.status_code == 201, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def observe(solo: Solo, scope: str, **values: tuple[float, int]) -> None:
    """Values of SLA attainment by month, for example `m2025_10=(0.95, 20)`."""
    async with solo.transaction() as session:
        measure = await measures.get_measure(session, "sla_attainment")
        assert measure is not None
        for name, (value, n) in values.items():
            month = date.fromisoformat(f"{name[1:].replace('_', '-')}-01")
            told = [Computed(scope, value, value * n, n)]
            await observations.tell(session, measure, month, told, clock.now())


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:ratchet:problem:")


class TestPutStandard:
    async def test_keeps_reference_indicators_and_review_in_versions(self, client: httpx.AsyncClient) -> None:
        """R153."""
        first = await put_standard(client)
        assert {name: first[name] for name in STANDARD if name != "indicators"} == {
            name: value for name, value in STANDARD.items() if name != "indicators"
        }
        assert first["indicators"] == STANDARD["indicators"]
        blind = await client.put(f"{BASE}/standards/mail", json=STANDARD)
        assert problem(blind) == (428, "precondition-required")
        tighter = {**STANDARD, "indicators": [{"measure_key": "sla_attainment", "level": 0.95}]}
        answer = await client.put(f"{BASE}/standards/mail", json=tighter, headers={"If-Match": '"1"'})
        assert answer.headers["ETag"] == '"2"'
        versions = (await client.get(f"{BASE}/standards/mail/versions")).json()["items"]
        assert [(one["version"], one["standard"]["indicators"][0]["level"]) for one in versions] == [
            (2, 0.95),
            (1, 0.9),
        ]

    async def test_its_measures_are_observed_for_its_services(self, solo: Solo, client: httpx.AsyncClient) -> None:
        """Of a class, for every service of it that is not retired."""
        for key, change in (("wiki", {}), ("old", {}), ("print", {"service_class": "auxiliary"})):
            await client.put(f"{BASE}/services/{key}", json={**ENTRY, **change})
        for verb in ("publish", "retire"):
            await client.post(f"{BASE}/services/old/{verb}")
        await put_standard(client, "core", service=None, service_class="core")
        async with solo.database.reading() as session:
            scopes = set(await measures.list_scopes(session, "sla_attainment"))
        assert {scope for scope in scopes if scope.startswith("service=")} == {"service=mail", "service=wiki"}

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"service": "stranger"}, "there is no service 'stranger'"),
            ({"service": None}, "give one of them, and not both"),
            ({"indicators": [{"measure_key": "nothing"}]}, "indicators.0: there is no measure 'nothing'"),
            (
                {"indicators": [{"measure_key": "sla_attainment", "level": 95}]},
                "level of sla_attainment: value: 95.0 is not between 0 and 1; write 75 % as 0.75",
            ),
        ],
    )
    async def test_what_is_wrong_is_named_with_what_would_be_right(
        self, client: httpx.AsyncClient, change: dict[str, Any], says: str
    ) -> None:
        answer = await client.put(f"{BASE}/standards/mail", json={**STANDARD, **change})
        assert problem(answer) == (422, "unsound-standard")
        assert says in answer.json()["detail"]

    async def test_only_who_may_edit(self, solo: Solo, client: httpx.AsyncClient) -> None:
        engineer = solo.client(Role.ENGINEER)
        assert (await engineer.put(f"{BASE}/standards/mail", json=STANDARD)).status_code == 403
        await put_standard(client)
        assert (await engineer.get(f"{BASE}/standards/mail")).status_code == 200
        assert (await engineer.post(f"{BASE}/service-evaluations", json=EVALUATION)).status_code == 403

    async def test_lists_what_is_to_be_reviewed(self, client: httpx.AsyncClient) -> None:
        await put_standard(client, "later", review_on="2028-01-01")
        await put_standard(client, "sooner")
        listed = await client.get(f"{BASE}/standards", params={"review_before": "2027-06-01", "service": "mail"})
        assert [one["key"] for one in listed.json()["items"]] == ["sooner"]

    async def test_goes_when_it_counts_no_more(self, client: httpx.AsyncClient) -> None:
        await put_standard(client)
        assert (await client.delete(f"{BASE}/standards/mail", headers={"If-Match": '"1"'})).status_code == 204
        assert problem(await client.get(f"{BASE}/standards/mail")) == (404, "standard-not-found")
        assert (await put_standard(client))["version"] == 2


class TestRecordEvaluation:
    async def test_freezes_the_figures_of_the_moment(self, solo: Solo, client: httpx.AsyncClient) -> None:
        """R115: effect, quality and cost; a restatement afterwards changes nothing of it."""
        await put_standard(client)
        await observe(solo, "service=mail", m2025_10=(0.95, 20), m2025_11=(0.8, 10), m2025_12=(0.9, 10))
        await observe(solo, "all", m2025_10=(0.1, 100))
        for kind, amount in (("people", "600"), ("income", "800")):
            await client.put(f"{BASE}/costs/mail/2025-12/{kind}", json={"amount": amount})
        made = await evaluate(client)
        (indicator,) = made["figures"]["indicators"]
        assert (indicator["scope"], indicator["level"], indicator["judged"], indicator["met"]) == (
            "service=mail",
            0.9,
            3,
            2,
        )
        assert [(one["period"], one["value"], one["n"], one["revision"]) for one in indicator["periods"]] == [
            ("2025-10-01", 0.95, 20, 1),
            ("2025-11-01", 0.8, 10, 1),
            ("2025-12-01", 0.9, 10, 1),
        ]
        (december,) = made["figures"]["cost_benefit"]
        assert (december["period"], december["ratio"]) == ("2025-12-01", "0.7500")
        await observe(solo, "service=mail", m2025_11=(0.95, 11))
        await client.put(f"{BASE}/costs/mail/2025-12/people", json={"amount": "1"}, headers={"If-Match": '"1"'})
        again = (await client.get(f"{BASE}/service-evaluations/{made['id']}")).json()
        assert again == made
        span = {"service": "mail", "from": "2025-10-01", "to": "2025-12-31"}
        now = (await client.get(f"{BASE}/service-evaluations/figures", params=span)).json()
        assert (now["indicators"][0]["met"], now["indicators"][0]["periods"][1]["revision"]) == (3, 2)

    async def test_no_data_is_no_data(self, client: httpx.AsyncClient) -> None:
        await put_standard(client)
        figures = (await evaluate(client))["figures"]
        assert (figures["indicators"][0]["judged"], figures["indicators"][0]["periods"]) == (0, [])
        assert figures["cost_benefit"] == []

    async def test_the_standards_of_the_class_count_too(self, client: httpx.AsyncClient) -> None:
        await put_standard(client, "own")
        await put_standard(client, "core", service=None, service_class="core")
        await put_standard(client, "other", service=None, service_class="auxiliary")
        figures = (await evaluate(client))["figures"]
        assert [one["standard"] for one in figures["indicators"]] == ["core", "own"]

    async def test_says_when_the_next_is_due(self, client: httpx.AsyncClient) -> None:
        """R156: the service's cycle."""
        made = await evaluate(client, evaluated_on="2026-08-31", first_month="2026-01-01", last_month="2026-07-01")
        assert made["next_due"] == "2027-02-28"

    async def test_what_was_decided_before_is_followed_up_first(self, client: httpx.AsyncClient) -> None:
        """R156: the effect of an improvement is evaluated."""
        first = await evaluate(client, evaluated_on="2026-01-10", actions=[ACTION])
        assert first["actions"] == [ACTION]
        unfollowed = await client.post(f"{BASE}/service-evaluations", json=EVALUATION)
        assert problem(unfollowed) == (409, "missing")
        assert "follow-up of action 0, 'A second queue manager'" in unfollowed.json()["detail"]
        told = {"action": 0, "outcome": "ineffective", "note": "The queue is as long as before."}
        second = await evaluate(client, follow_ups=[told])
        assert second["follow_ups"] == [told]
        listed = (await client.get(f"{BASE}/service-evaluations", params={"service": "mail"})).json()["items"]
        assert [one["id"] for one in listed] == [second["id"], first["id"]]

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"service": "stranger"}, "there is no service 'stranger'"),
            ({"evaluated_on": "2199-01-01"}, "lies in the future"),
            ({"first_month": "2026-01-01"}, "swap them"),
            ({"evaluated_on": "2025-11-30"}, "right is 2025-11 or earlier"),
            ({"evaluated_on": "2026-01-09"}, "was evaluated on 2026-01-10 already"),
            ({"follow_ups": [{"action": 0, "outcome": "effective"}]}, "there is no action 0"),
        ],
    )
    async def test_what_is_wrong_is_named_with_what_would_be_right(
        self, client: httpx.AsyncClient, change: dict[str, Any], says: str
    ) -> None:
        await evaluate(client, evaluated_on="2026-01-10")
        answer = await client.post(f"{BASE}/service-evaluations", json={**EVALUATION, **change})
        assert problem(answer) == (422, "unsound-evaluation")
        assert says in answer.json()["detail"]


class TestDue:
    """R156."""

    @pytest.fixture
    async def today(self, client: httpx.AsyncClient) -> date:
        await client.post(f"{BASE}/services/mail/publish")
        return clock.now().date()

    async def due(self, client: httpx.AsyncClient, **params: int) -> list[tuple[str, str, bool]]:
        items = (await client.get(f"{BASE}/service-evaluations/due", params=params)).json()["items"]
        return [(one["service"], one["due_on"], one["missed_since"] is not None) for one in items]

    async def test_is_a_cycle_after_publication_then_after_each_evaluation(
        self, client: httpx.AsyncClient, today: date
    ) -> None:
        first = next_due(today, 6)
        assert await self.due(client, within_days=400) == [("mail", str(first), False)]
        assert await self.due(client, within_days=30) == []
        past = today - timedelta(days=100)
        await evaluate(client, evaluated_on=str(past), first_month="2025-10-01", last_month="2025-12-01")
        assert await self.due(client, within_days=400) == [("mail", str(next_due(past, 6)), False)]

    async def test_drafts_retired_services_and_those_without_a_cycle_are_not_due(
        self, client: httpx.AsyncClient, today: date
    ) -> None:
        await client.put(f"{BASE}/services/draft", json=ENTRY)
        await client.put(f"{BASE}/services/no-cycle", json={**ENTRY, "evaluation_cycle_months": None})
        await client.post(f"{BASE}/services/no-cycle/publish")
        assert [key for key, _, _ in await self.due(client, within_days=3660)] == ["mail"]
        await client.post(f"{BASE}/services/mail/retire")
        assert await self.due(client, within_days=3660) == []

    async def test_what_nobody_made_in_time_is_found_once_and_stays_on_record(
        self, solo: Solo, client: httpx.AsyncClient, today: date, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        due_on = next_due(today, 6)
        assert due_on is not None
        now = clock.now()
        later = now + (due_on - today)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert await jobs.find_missed(solo.database) == 0, "the day itself is in time"
        monkeypatch.setattr(clock, "now", lambda: later + timedelta(days=1))
        assert await self.due(client, within_days=0) == [("mail", str(due_on), False)]
        assert await jobs.find_missed(solo.database) == 1
        assert await jobs.find_missed(solo.database) == 0
        assert await self.due(client, within_days=0) == [("mail", str(due_on), True)]
        missed = f"{BASE}/service-evaluations/missed"
        (one,) = (await client.get(missed, params={"service": "mail"})).json()["items"]
        assert (one["due_on"], one["evaluated_on"]) == (str(due_on), None)
        monkeypatch.setattr(clock, "now", lambda: later + timedelta(days=3))
        made_on = str(due_on + timedelta(days=3))
        await evaluate(client)
        (one,) = (await client.get(missed)).json()["items"]
        assert (one["due_on"], one["evaluated_on"]) == (str(due_on), made_on)
        assert await self.due(client, within_days=0) == []
        assert await jobs.find_missed(solo.database) == 0

    async def test_pages_by_day_and_service(self, client: httpx.AsyncClient, today: date) -> None:
        for key, months in (("a", 6), ("b", 1), ("c", 6)):
            await client.put(f"{BASE}/services/{key}", json={**ENTRY, "evaluation_cycle_months": months})
            await client.post(f"{BASE}/services/{key}/publish")
        seen: list[str] = []
        params: dict[str, Any] = {"limit": 1, "within_days": 400}
        while True:
            page = (await client.get(f"{BASE}/service-evaluations/due", params=params)).json()
            seen.extend(one["service"] for one in page["items"])
            if page["next_cursor"] is None:
                break
            params["cursor"] = page["next_cursor"]
        assert seen == ["b", "a", "c", "mail"]

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from shared import clock
from shared.auth import Role
from tests.support.months import judge, month_of_tickets, send
from tests.support.solo import Solo
from tests.support.tickets import body

URL = "/metrics/v1/measures"


@pytest.fixture
def owner(solo: Solo) -> httpx.AsyncClient:
    return solo.client(Role.INTEGRATION, Role.PROCESS_OWNER)


async def series(client: httpx.AsyncClient, key: str = "sla_attainment", **query: str) -> dict[str, Any]:
    answer = await client.get(f"{URL}/{key}/series", params={"from": "2025-01", "to": "2025-12", **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestGetSeries:
    async def test_no_data_is_never_zero(self, owner: httpx.AsyncClient) -> None:
        told = await series(owner, overall="true")
        assert (told["points"], told["overall"]) == ([], {"value": None, "numerator": None, "n": 0})

    async def test_the_overall_value_is_no_mean_of_months(self, solo: Solo, owner: httpx.AsyncClient) -> None:
        await send(owner, month_of_tickets(3, 1, 9) + month_of_tickets(4, 30, 0))
        await judge(solo)
        told = await series(owner, overall="true")
        assert [point["value"] for point in told["points"]] == [0.1, 1.0]
        assert told["overall"] == {"value": 31 / 40, "numerator": 31, "n": 40}
        assert (await series(owner))["overall"] is None

    async def test_a_scope_that_nobody_observes_is_computed_for_the_answer(self, owner: httpx.AsyncClient) -> None:
        await send(owner, month_of_tickets(3, 1, 9, service="mail"))
        told = await series(owner, scope="service=mail")
        assert [point["value"] for point in told["points"]] == [0.1]
        assert told["materialised"] is False

    async def test_quarters_and_years_are_those_of_the_facts(self, solo: Solo, owner: httpx.AsyncClient) -> None:
        """R68: monthly and quarterly; a quarter of unequal months is no mean of them."""
        await send(owner, month_of_tickets(1, 1, 9) + month_of_tickets(3, 30, 0) + month_of_tickets(4, 5, 5))
        await judge(solo)
        quarters = [(p["period"], p["value"], p["n"]) for p in (await series(owner, by="quarter"))["points"]]
        assert quarters == [("2025-Q1", 31 / 40, 40), ("2025-Q2", 0.5, 10)]
        years = [(p["period"], p["n"]) for p in (await series(owner, by="year"))["points"]]
        assert years == [("2025", 50)]

    async def test_what_is_missing_is_told_beside_n(self, solo: Solo, owner: httpx.AsyncClient) -> None:
        """R142: a verdict that is not known yet is neither met nor missed."""
        open_yet = [
            body("in_progress", external_id=f"open-{i}", opened_at=datetime(2025, 3, 10, tzinfo=UTC)) for i in range(3)
        ]
        await send(owner, month_of_tickets(3, 4, 6) + open_yet)
        await judge(solo)
        (point,) = (await series(owner))["points"]
        assert (point["n"], point["missing"], point["flags"]) == (10, 3, ["incomplete"])

    @pytest.mark.parametrize(
        "query",
        [
            "from=2025-13",
            "from=2025-02-31",
            "from=0000-01",
            "from=2025-03&to=2025-01",
            "scope=x",
            "from=x",
            "from=1990-01&to=2190-01",
            "by=week",
        ],
    )
    async def test_nonsense_is_422(self, owner: httpx.AsyncClient, query: str) -> None:
        assert (await owner.get(f"{URL}/sla_attainment/series?{query}")).status_code == 422


class TestOutages:
    async def test_beside_an_availability_stands_what_it_hides(self, solo: Solo, owner: httpx.AsyncClient) -> None:
        """F10, R133, R179: March 2025 has 744 hours; two overlapping interruptions of mail are one of 12 hours."""
        await send(
            owner,
            [
                outage("a", "2025-03-03T00:00:00Z", "2025-03-03T10:00:00Z"),
                outage("b", "2025-03-03T08:00:00Z", "2025-03-03T12:00:00Z"),
                outage("c", "2025-03-20T00:00:00Z", "2025-03-20T06:00:00Z", service="erp"),
            ],
        )
        await judge(solo)
        mail = await series(owner, "availability", scope="service=mail")
        march, april, *_ = mail["points"]
        assert (march["value"], april["value"]) == (pytest.approx(1 - 12 / 744), 1.0)
        told = mail["outages"][0]
        assert told == {
            "period": "2025-03",
            "count": 1,
            "longest_hours": 12,
            "lost_hours": 12,
            "worst_day": "2025-03-03",
            "worst_day_hours": 12,
        }
        everything = await series(owner, "availability")
        assert everything["points"][0]["value"] == pytest.approx(1 - 18 / 744)
        longest = await series(owner, "longest_outage")
        assert longest["points"][0]["value"] == 12

    async def test_one_across_a_month_end_counts_in_both(self, solo: Solo, owner: httpx.AsyncClient) -> None:
        await send(owner, [outage("a", "2025-03-31T12:00:00Z", "2025-04-01T06:00:00Z")])
        await judge(solo)
        values = [point["value"] for point in (await series(owner, "availability"))["points"]]
        assert values[:3] == [pytest.approx(1 - 12 / 744), pytest.approx(1 - 6 / 720), 1.0]

    async def test_the_fault_counts_from_where_it_began(self, solo: Solo, owner: httpx.AsyncClient) -> None:
        """R134: from fault to recovery, though the ticket was opened later."""
        ticket = outage("a", "2025-03-03T10:00:00Z", "2025-03-03T12:00:00Z")
        await send(owner, [{**ticket, "failed_at": "2025-03-03T06:00:00Z"}])
        await judge(solo)
        march, *later = (await series(owner, "availability"))["outages"]
        assert (march["lost_hours"], {month["lost_hours"] for month in later}) == (6, {0})

    async def test_where_no_source_tells_of_interruptions_nobody_knows(
        self, solo: Solo, owner: httpx.AsyncClient
    ) -> None:
        await send(owner, month_of_tickets(3, 4, 6))
        await judge(solo)
        assert (await series(owner, "availability"))["points"] == []


def outage(name: str, opened: str, restored: str, service: str = "mail") -> dict[str, Any]:
    opened_at, restored_at = datetime.fromisoformat(opened), datetime.fromisoformat(restored)
    return body(
        "resolved",
        external_id=name,
        service=service,
        incident_class="interruption",
        opened_at=opened_at,
        updated_at=restored_at,
        resolved_at=restored_at,
    )


class TestGetOverview:
    async def test_stands_beside_what_was_expected(self, solo: Solo, owner: httpx.AsyncClient) -> None:
        """R46, R90: the organisation's dashboard, by scope for one project."""
        await send(owner, month_of_tickets(3, 4, 6, project="north"))
        for scope in ("all", "project=north"):
            target = {"scope": scope, "value": 0.75, "effective_from": "2025-01-01", "reason": "promised"}
            await owner.post(f"{URL}/sla_attainment/targets", json=target)
        await judge(solo)
        for scope in ("all", "project=north"):
            first, *rest = (await owner.get("/metrics/v1/overview", params={"scope": scope})).json()
            assert (first["key"], first["value"], first["target"], first["verdict"]) == (
                "sla_attainment",
                0.4,
                0.75,
                "missed",
            )
            assert all(row["verdict"] is None for row in rest)

    async def test_can_be_of_one_process_or_one_aspect(self, owner: httpx.AsyncClient) -> None:
        """R62, R73, R122, R178: the desk's own statistics; indicators by process, and by quality, effect, cost."""
        desk = (await owner.get("/metrics/v1/overview", params={"process": "service desk"})).json()
        assert {row["key"] for row in desk} == {"callback_coverage", "satisfaction"}
        effects = (await owner.get(URL, params={"aspect": "effect", "process": "incident management"})).json()
        assert {measure["key"] for measure in effects} == {"incident_count"}


class TestGetYear:
    async def test_tells_where_the_year_will_end(self, solo: Solo, owner: httpx.AsyncClient) -> None:
        """R78: 62 of 80 in two months; with 80 % asked the other ten must reach 80.5 %."""
        await send(owner, month_of_tickets(1, 27, 13) + month_of_tickets(2, 35, 5))
        target = {"value": 0.8, "effective_from": "2025-01-01", "reason": "promised"}
        await owner.post(f"{URL}/sla_attainment/targets", json=target)
        await judge(solo)
        told = (await owner.get(f"{URL}/sla_attainment/year/2025")).json()
        assert (told["value"], told["n"], told["periods"], told["on_course"]) == (0.775, 80, 2, False)
        assert told["needed"] == pytest.approx(0.805)


class TestListObservedScopes:
    async def test_the_values_of_a_measures_dimensions_come_with_their_data(
        self, solo: Solo, owner: httpx.AsyncClient
    ) -> None:
        """R204: told apart by customer because the definition says so; nobody asked for the single ones."""
        measure = (await owner.get(f"{URL}/sla_attainment")).json()
        definition = {k: measure[k] for k in ("name", "description", "direction", "formula", "parameters", "owner")}
        await owner.put(f"{URL}/sla_attainment", json={**definition, "dimensions": ["customer"]})
        await send(owner, month_of_tickets(3, 4, 6, customer="acme") + month_of_tickets(3, 9, 1, customer="brick"))
        await judge(solo)
        first = (await owner.get(f"{URL}/sla_attainment/observed", params={"limit": 2})).json()
        rest = await owner.get(f"{URL}/sla_attainment/observed", params={"cursor": first["next_cursor"]})
        rows = [(row["scope"], row["value"], row["n"]) for row in first["items"] + rest.json()["items"]]
        assert rows == [("all", 0.65, 20), ("customer=acme", 0.4, 10), ("customer=brick", 0.9, 10)]

    async def test_a_value_that_loses_its_facts_is_restated_to_no_data(
        self, solo: Solo, owner: httpx.AsyncClient
    ) -> None:
        await owner.post(f"{URL}/sla_attainment/scopes", json={"scope": "customer=acme"})
        tickets = month_of_tickets(3, 1, 0, customer="acme")
        await send(owner, tickets)
        await judge(solo)
        await send(owner, [{**tickets[0], "customer": "brick", "updated_at": "2025-04-01T00:00:00Z"}])
        await judge(solo)
        url = f"{URL}/sla_attainment/observations/2025-03?scope=customer=acme"
        assert [(row["revision"], row["value"], row["n"]) for row in (await owner.get(url)).json()] == [
            (1, 1.0, 1),
            (2, None, 0),
        ]


class TestProvisional:
    async def test_an_open_month_follows_the_facts_without_a_word(
        self, solo: Solo, owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Early access: provisional until the month is over, and told once it is."""
        monkeypatch.setattr(clock, "now", lambda: datetime(2025, 3, 20, tzinfo=UTC))
        await send(owner, month_of_tickets(3, 1, 1))
        await judge(solo)
        await send(owner, month_of_tickets(3, 1, 3)[2:])
        await judge(solo)
        (point,) = (await series(owner))["points"]
        assert (point["value"], point["provisional"], point["revision"]) == (0.25, True, 1)
        told = [event for event in await solo.events("observation.recorded") if event.data["scope"] == "all"]
        assert told == []
        monkeypatch.setattr(clock, "now", lambda: datetime(2025, 4, 1, tzinfo=UTC))
        await owner.post(f"{URL}/sla_attainment/scopes", json={"scope": "service=none"})
        await send(owner, month_of_tickets(3, 5, 0)[4:])
        await judge(solo)
        (point,) = (await series(owner))["points"]
        assert (point["value"], point["provisional"], point["revision"]) == (0.4, False, 1)
        told = [e for e in await solo.events("observation.recorded") if e.data["measure_key"] == "sla_attainment"]
        assert [(event.data["value"], event.data["revision"]) for event in told] == [(0.4, 1)]

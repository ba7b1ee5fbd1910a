from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.metrics.measures.service import find_measure
from services.metrics.observations import service as observations
from services.metrics.observations.rules import Computed
from shared import clock
from shared.auth import Role
from tests.metrics.agreements.builders import CUSTOMER, URL, Parties, agreement, response_clause
from tests.support.tickets import body

PROMISE = "/metrics/v1/feasibility"


def month_of_tickets(month: int, in_time: int, late: int, **values: Any) -> list[dict[str, Any]]:
    """Closed incidents of mail that were opened in that month of 2026: taken up in 10 minutes, or in 40."""
    rows = []
    for number in range(in_time + late):
        opened = datetime(2026, month, 3, 2, 0, tzinfo=UTC) + timedelta(hours=number)
        taken = opened + timedelta(minutes=10 if number < in_time else 40)
        rows.append(
            body(
                "closed",
                external_id=f"{values.get('customer', CUSTOMER)}-{month}-{number}",
                kind="incident",
                opened_at=opened,
                responded_at=taken,
                resolved_at=taken,
                closed_at=taken,
                updated_at=taken,
                **{"service": "mail", "customer": CUSTOMER, **values},
            )
        )
    return rows


async def send(parties: Parties, rows: list[dict[str, Any]]) -> None:
    async with parties.client(Role.INTEGRATION) as machine:
        answer = await machine.post("/metrics/v1/tickets", json=rows)
    assert answer.status_code == 200, answer.text
    assert answer.json()["quarantined"] == []


async def autumn(parties: Parties) -> None:
    """August 10 of 10 in time, September 19 of 20, October 9 of 10."""
    await send(parties, month_of_tickets(8, 10, 0) + month_of_tickets(9, 19, 1) + month_of_tickets(10, 9, 1))


def interruption(month: int, day: int, minutes: int, **values: Any) -> dict[str, Any]:
    """An outage of mail from 2 o'clock on, for so many minutes."""
    failed = datetime(2026, month, day, 2, 0, tzinfo=UTC)
    up = failed + timedelta(minutes=minutes)
    return body(
        "closed",
        external_id=f"outage-{month}-{day}",
        kind="incident",
        incident_class="interruption",
        failed_at=failed,
        opened_at=failed,
        responded_at=failed,
        resolved_at=up,
        closed_at=up,
        updated_at=up,
        **{"service": "mail", "customer": CUSTOMER, **values},
    )


class TestStudyAgreement:
    async def study(self, parties: Parties, item: dict[str, Any], **asked: Any) -> dict[str, Any]:
        answer = await parties.manager.post(f"{URL}/{item['id']}/feasibility", json=asked)
        assert answer.status_code == 201, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def test_the_chance_to_keep_each_promise(self, parties: Parties) -> None:
        """R162: 95 % within 30 minutes was kept in August and September, missed in October."""
        await autumn(parties)
        item = await parties.design()
        findings = (await self.study(parties, item, levels={"response": [0.9, 0.99]}))["findings"]
        assert (findings["since"], findings["until"]) == ("2025-11-01", "2026-11-01")
        response, report = findings["clauses"]
        assert [(past["period"], past["value"], past["n"], past["kept"]) for past in response["history"]] == [
            ("2026-08-01", 1.0, 10, True),
            ("2026-09-01", 0.95, 20, True),
            ("2026-10-01", 0.9, 10, False),
        ]
        assert (response["basis"], response["n"], response["attainable"]) == ("customer", 40, 0.9)
        chance = response["chance"]
        assert (chance["periods"], chance["kept"], chance["word"]) == (3, 2, "little_history")
        assert (chance["low"], chance["high"]) == pytest.approx((0.20765, 0.93851), abs=1e-5)  # Wilson, 2 of 3
        assert [(one["level"], one["chance"]["kept"]) for one in response["levels"]] == [(0.9, 3), (0.99, 1)]
        assert (report["basis"], report["chance"]["word"], report["chance"]["probability"]) == (
            None,
            "no_history",
            None,
        )

    async def test_both_risks_and_what_remains(self, parties: Parties) -> None:
        """R162, R163: October's 90 % costs 5 % of 10,000; a third of that a month on average."""
        await autumn(parties)
        study = await self.study(parties, await parties.design(), cost="7000", subcontracting="2000.50")
        findings = study["findings"]
        assert [past["penalty"] for past in findings["clauses"][0]["history"]] == ["0.00", "0.00", "500.00"]
        assert findings["clauses"][0]["expected_penalty"] == "166.67"
        compensation = findings["compensation"]
        assert (compensation["expected"], compensation["worst"], compensation["worst_share"]) == (
            "166.67",
            "500.00",
            0.05,
        )
        assert (findings["delivery"]["kept"], findings["delivery"]["periods"]) == (2, 3)
        assert (findings["margin"], findings["margin_at_worst"]) == ("832.83", "499.50")
        assert "All promises were kept in 2 of 3 periods" in findings["note"]

    async def test_is_kept_with_the_content_that_was_studied(self, parties: Parties) -> None:
        await autumn(parties)
        item = await parties.design()
        study = await self.study(parties, item)
        assert (study["digest"], study["present"], study["made_by"]) == (item["digest"], True, "zhao.lei")
        new = {"fee": "20000", "clauses": [response_clause()]}
        await parties.manager.put(f"{URL}/{item['id']}", json=agreement(**new), headers={"If-Match": '"1"'})
        later = await self.study(parties, item)
        listed = (await parties.manager.get(f"{URL}/{item['id']}/feasibility")).json()["items"]
        assert [(row["id"], row["present"]) for row in listed] == [(later["id"], True), (study["id"], False)]

    async def test_a_customer_without_history_is_judged_by_everybodys(self, parties: Parties) -> None:
        """R162: and it says so."""
        await autumn(parties)
        item = await parties.design(customer="Hill Bank")
        (response, _) = (await self.study(parties, item))["findings"]["clauses"]
        assert (response["basis"], response["n"]) == ("everybody", 40)

    async def test_each_clause_by_whose_history_there_is(self, parties: Parties) -> None:
        """Hill Bank has tickets of priority 3 only: for priority 1 everybody's count."""
        await send(parties, month_of_tickets(9, 3, 1, priority="1"))
        await send(parties, month_of_tickets(9, 2, 0, priority="3", customer="Hill Bank"))
        terms = {"kind": "time", "what": "response", "within_minutes": 30, "attainment": 0.9}
        clauses = [
            response_clause(key=f"p{level}", terms={**terms, "priorities": [level]}, penalty=None)
            for level in ("1", "3")
        ]
        item = await parties.design(customer="Hill Bank", clauses=clauses)
        first, third = (await self.study(parties, item))["findings"]["clauses"]
        assert (first["basis"], first["n"], first["history"][0]["value"]) == ("everybody", 4, 0.75)
        assert (third["basis"], third["n"], third["history"][0]["value"]) == ("customer", 2, 1.0)

    async def test_nothing_known_is_said(self, parties: Parties) -> None:
        findings = (await self.study(parties, await parties.design()))["findings"]
        assert [clause["chance"]["word"] for clause in findings["clauses"]] == ["no_history", "no_history"]
        assert findings["compensation"] is None
        assert findings["note"].startswith("There is no history")

    async def test_so_many_months_in_periods_of_the_agreement(self, parties: Parties) -> None:
        await autumn(parties)
        item = await parties.design(settled_by="quarterly")
        findings = (await self.study(parties, item, months=6))["findings"]
        assert (findings["since"], findings["until"]) == ("2026-04-01", "2026-10-01")
        (past,) = findings["clauses"][0]["history"]
        assert (past["period"], past["value"], past["n"]) == ("2026-07-01", pytest.approx(29 / 30), 30)

    async def test_a_renewed_promise_is_judged_by_its_own_measure(self, parties: Parties) -> None:
        """R162: where tickets tell nothing, what the clause was told does."""
        item = await parties.signed()
        await parties.turn("2027-01-01")
        parties.travel("2027-04-10")
        async with parties.solo.transaction() as session:
            measure = await find_measure(session, "sla.2026-0001.report")
            for month, value in ((1, 1.0), (2, 0.0), (3, 1.0)):
                told = Computed("all", value, value, 1)
                await observations.tell(session, measure, date(2027, month, 1), [told], clock.now(), origin="clause")
        successor = await parties.act(parties.manager, item, "renew")
        (_, report) = (await self.study(parties, successor))["findings"]["clauses"]
        assert (report["basis"], report["chance"]["kept"], report["chance"]["periods"]) == ("measure", 2, 3)

    async def test_stands_on_the_agreements_page(self, parties: Parties) -> None:
        await autumn(parties)
        item = await parties.design()
        await self.study(parties, item, cost="9000")
        page = (await parties.manager.get(f"/metrics/agreements/{item['id']}")).text
        for shown in ("2 / 3", "67% (21% – 94%)", "little history", "166.67 CNY", "833.33 CNY", "no history"):
            assert shown in page
        chinese = await parties.manager.get(f"/metrics/agreements/{item['id']}", headers={"Accept-Language": "zh-CN"})
        assert "历史数据很少" in chinese.text

    async def test_levels_of_a_clause_that_it_does_not_have(self, parties: Parties) -> None:
        item = await parties.design()
        answer = await parties.manager.post(f"{URL}/{item['id']}/feasibility", json={"levels": {"speed": [1]}})
        assert (answer.status_code, answer.json()["title"]) == (422, "Unsound clause")
        assert "speed; the clauses are response, report" in answer.json()["detail"]

    async def test_a_design_without_clauses(self, parties: Parties) -> None:
        item = await parties.design(clauses=[])
        answer = await parties.manager.post(f"{URL}/{item['id']}/feasibility")
        assert answer.status_code == 422
        assert "write one first" in answer.json()["detail"]

    async def test_is_no_business_of_the_customer(self, parties: Parties) -> None:
        item = await parties.negotiated()
        for method in ("get", "post"):
            answer = await getattr(parties.customer, method)(f"{URL}/{item['id']}/feasibility")
            assert answer.status_code == 403


class TestStudyPromise:
    async def study(self, parties: Parties, **asked: Any) -> dict[str, Any]:
        answer = await parties.manager.post(PROMISE, json={"services": ["mail"], "months": 3, **asked})
        assert answer.status_code == 200, answer.text
        (clause,) = answer.json()["clauses"]
        return {**answer.json(), **clause}

    async def test_availability_from_interruptions(self, parties: Parties) -> None:
        """R162, R134: October has 744 hours, of which 446 minutes and one were interrupted."""
        await send(parties, [*month_of_tickets(8, 1, 0), interruption(10, 5, 446), interruption(10, 20, 1)])
        terms = {"kind": "time", "what": "availability", "attainment": 0.995, "clock": "elapsed"}
        found = await self.study(parties, terms=terms)
        values = [past["value"] for past in found["history"]]
        assert values == [1.0, 1.0, pytest.approx(1 - 447 / (744 * 60))]
        assert (found["chance"]["kept"], found["chance"]["periods"]) == (2, 3)

    async def test_one_long_interruption_misses_a_promise_of_downtime(self, parties: Parties) -> None:
        """R179: 200 minutes are within 400, in two outages of 100 or in one; that one is longer than 120."""
        await send(parties, [interruption(9, 5, 100), interruption(9, 9, 100), interruption(10, 5, 200)])
        terms: dict[str, Any] = {"kind": "time", "what": "downtime", "within_minutes": 400, "clock": "elapsed"}
        found = await self.study(parties, terms=terms)
        assert [(past["value"], past["kept"]) for past in found["history"]] == [(200.0, True), (200.0, True)]
        found = await self.study(parties, terms={**terms, "longest_minutes": 120})
        assert [past["kept"] for past in found["history"]] == [True, False]

    async def test_numbers_of_incidents(self, parties: Parties) -> None:
        """R165: a month without any is a month; months before the first ticket are none."""
        await send(parties, month_of_tickets(8, 3, 0) + month_of_tickets(10, 6, 0))
        found = await self.study(parties, terms={"kind": "count", "counts": "incidents", "at_most": 5})
        assert [(past["value"], past["kept"]) for past in found["history"]] == [(3, True), (0, True), (6, False)]
        assert found["basis"] == "everybody"

    async def test_a_service_that_nobody_used_is_not_always_available(self, parties: Parties) -> None:
        """R162: no tickets of ERP at all are no history, however long mail has one."""
        await autumn(parties)
        await send(parties, month_of_tickets(10, 1, 0, service="desktop"))
        for terms in (
            {"kind": "time", "what": "availability", "attainment": 0.99},
            {"kind": "count", "counts": "incidents", "at_most": 3},
        ):
            both = {"services": ["mail", "erp", "desktop"]}
            found = await self.study(parties, **both, terms={**terms, "services": ["erp"]})
            assert (found["chance"]["word"], found["basis"]) == ("no_history", None)
            young = await self.study(parties, **both, terms={**terms, "services": ["desktop"]})
            assert [past["period"] for past in young["history"]] == ["2026-10-01"]

    @pytest.mark.parametrize(
        "terms",
        [
            {"kind": "frequency", "every_minutes": 2880},
            {"kind": "clause", "statement": "A manual"},
            {"kind": "count", "counts": "reported", "at_least": 10},
        ],
    )
    async def test_what_tickets_do_not_tell_has_no_history(self, parties: Parties, terms: dict[str, Any]) -> None:
        """R166, R167: never a number."""
        await autumn(parties)
        found = await self.study(parties, terms=terms)
        assert (found["chance"]["word"], found["chance"]["probability"], found["history"]) == ("no_history", None, [])

    async def test_business_hours_and_penalties(self, parties: Parties) -> None:
        """40 minutes that lie outside of the hours are none: what was late by the wall clock is in time."""
        async with parties.client(Role.ADMINISTRATOR, Role.QUALITY_MANAGER, Role.OPERATIONS_MANAGER) as keeper:
            week = {day: ["13:00-17:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
            calendar = {"name": "Afternoons", "zone": "UTC", "week": week}
            assert (await keeper.put("/metrics/v1/calendars/afternoons", json=calendar)).status_code < 300
        await send(parties, month_of_tickets(9, 0, 4))  # Thursday 3 September, 2 to 6 o'clock
        asked: dict[str, Any] = {
            "terms": {"kind": "time", "what": "response", "within_minutes": 30, "attainment": 0.9},
            "penalty": {"tiers": [{"high": 0.9, "amount": 250}]},
        }
        late = await self.study(parties, **asked)
        assert (late["chance"]["kept"], late["expected_penalty"]) == (0, "250.00")
        in_time = await self.study(parties, **asked, calendar="afternoons")
        assert (in_time["chance"]["kept"], in_time["expected_penalty"]) == (1, "0.00")

    @pytest.mark.parametrize(
        ("changed", "title"),
        [
            ({"terms": {"kind": "count", "counts": "incidents", "at_least": 0}}, "Unsound clause"),
            ({"penalty": {"tiers": [{"high": 0.99, "amount": 5}]}}, "Unsound penalty"),
            ({"calendar": "office"}, "Unsound agreement"),
            ({"months": 37}, "Malformed"),
        ],
    )
    async def test_what_is_unsound_is_told(self, parties: Parties, changed: dict[str, Any], title: str) -> None:
        terms = {"kind": "time", "what": "response", "within_minutes": 30, "attainment": 0.95}
        answer = await parties.manager.post(PROMISE, json={"services": ["mail"], "terms": terms, **changed})
        assert (answer.status_code, answer.json()["title"]) == (422, title)

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.metrics.agreements import repository
from services.metrics.settlements import repository as settlements
from shared import clock
from shared.ids import new_id
from tests.metrics.agreements.builders import CUSTOMER, URL, Parties, response_clause


class TestSign:
    async def test_needs_both_parties(self, parties: Parties) -> None:
        """R71, R111, R171, R192: the problem says what is missing."""
        item = await parties.negotiated()
        await parties.confirm(item, "provider", "content", "glossary")
        answer = await parties.director.post(f"{URL}/{item['id']}/sign")
        assert (answer.status_code, answer.json()["title"]) == (409, "Missing")
        assert answer.json()["missing"] == [
            "the customer's confirmation of the content",
            "the customer's confirmation of the glossary",
            "the customer's acknowledgement of the exemptions",
        ]
        await parties.confirm(item, "customer", "content", "glossary")
        assert (await parties.director.post(f"{URL}/{item['id']}/sign")).json()["missing"] == [
            "the customer's acknowledgement of the exemptions"
        ]
        await parties.confirm(item, "customer", "exemptions")
        signed = await parties.act(parties.director, item, "sign")
        assert (signed["state"], signed["signed_by"]) == ("signed", "wang.fang")
        assert signed["signed_at"] == "2026-11-20T12:00:00Z"

    async def test_an_agreement_promises_something(self, parties: Parties) -> None:
        item = await parties.confirmed(await parties.negotiated(clauses=[]))
        answer = await parties.director.post(f"{URL}/{item['id']}/sign")
        assert answer.json()["missing"] == ["a clause: an agreement promises something"]

    async def test_without_exemptions_there_is_none_to_acknowledge(self, parties: Parties) -> None:
        item = await parties.negotiated(exemptions=[])
        await parties.confirm(item, "provider", "content", "glossary")
        await parties.confirm(item, "customer", "content", "glossary")
        assert (await parties.act(parties.director, item, "sign"))["state"] == "signed"

    async def test_who_may(self, parties: Parties) -> None:
        item = await parties.confirmed(await parties.negotiated())
        assert (await parties.manager.post(f"{URL}/{item['id']}/sign")).status_code == 403
        assert (await parties.customer.post(f"{URL}/{item['id']}/sign")).status_code == 403

    async def test_clauses_make_their_measures_and_targets(self, parties: Parties) -> None:
        """R89: the indicator system follows from the agreement."""
        item = await parties.signed()
        keys = [clause["measure_key"] for clause in item["clauses"]]
        assert keys == ["sla.2026-0001.response", "sla.2026-0001.report"]
        measure = (await parties.manager.get(f"/metrics/v1/measures/{keys[0]}")).json()
        assert (measure["unit"], measure["direction"], measure["owner"]) == ("ratio", "higher_is_better", "li.na")
        assert measure["frequency"] == "monthly"
        (target,) = (await parties.manager.get(f"/metrics/v1/measures/{keys[0]}/targets")).json()
        assert (target["value"], target["effective_from"], target["origin"]) == (0.95, "2027-01-01", "agreement")
        assert target["reason"] == "promised by SLA-2026-0001, revision 1, clause response"

    async def test_a_measure_is_told_as_often_as_it_is_settled(self, parties: Parties) -> None:
        item = await parties.signed(settled_by="quarterly")
        measure = await parties.manager.get(f"/metrics/v1/measures/{item['clauses'][0]['measure_key']}")
        assert measure.json()["frequency"] == "quarterly"

    async def test_is_told_with_all_that_was_promised(self, parties: Parties) -> None:
        """R71."""
        item = await parties.signed()
        (told,) = await parties.solo.events("agreement.signed")
        assert (told.subject, told.sequence, told.correlation_id) == (item["id"], 1, item["id"])
        assert told.data["digest"] == item["digest"]
        assert (told.data["fee"], told.data["currency"], told.data["signed_by"]) == ("10000.00", "CNY", "wang.fang")
        clause = told.data["clauses"][0]
        assert (clause["key"], clause["measure_key"], clause["target"], clause["has_penalty"]) == (
            "response",
            "sla.2026-0001.response",
            0.95,
            True,
        )

    async def test_back_dating_needs_a_reason(self, parties: Parties) -> None:
        item = await parties.confirmed(await parties.negotiated(effective_from="2026-06-01"))
        answer = await parties.director.post(f"{URL}/{item['id']}/sign")
        assert (answer.status_code, answer.json()["title"]) == (422, "Reason needed")
        assert "2026-06-01, which has passed" in answer.json()["detail"]
        signed = await parties.act(parties.director, item, "sign", reason="signed on paper in May")
        assert signed["reason"] == "signed on paper in May"
        assert signed["history"][-1]["note"] == "signed on paper in May"

    async def test_the_same_promise_is_not_made_twice_at_one_time(self, parties: Parties) -> None:
        first = await parties.signed()
        second = await parties.confirmed(await parties.negotiated(services=["desktop", "erp"]))
        answer = await parties.director.post(f"{URL}/{second['id']}/sign")
        assert (answer.status_code, answer.json()["title"]) == (409, "Overlapping agreement")
        assert answer.json()["agreement_id"] == first["id"]
        assert (
            "SLA-2026-0001 promises desktop to 'Harbour Bank' from 2027-01-01 to 2027-12-31" in answer.json()["detail"]
        )

    async def test_two_at_the_same_moment(self, parties: Parties) -> None:
        """Whoever is second finds the first."""
        both = [await parties.confirmed(await parties.negotiated()) for _ in range(2)]
        answers = await asyncio.gather(*(parties.director.post(f"{URL}/{item['id']}/sign") for item in both))
        assert sorted(answer.status_code for answer in answers) == [200, 409]

    async def test_other_services_days_or_projects_do_not_overlap(self, parties: Parties) -> None:
        await parties.signed(project="Branches")
        for changed in (
            {"services": ["erp"]},
            {"effective_from": "2028-01-01", "effective_to": "2028-12-31"},
            {"project": "Headquarters"},
        ):
            assert (await parties.signed(**changed))["state"] == "signed"

    async def test_a_content_that_a_renewal_made_unsound(self, parties: Parties) -> None:
        """A due day of the old term is none of the new one."""
        manual = {"kind": "clause", "statement": "A manual is handed over", "due_on": "2027-03-31"}
        item = await parties.signed(clauses=[{"key": "manual", "title": "Manual", "terms": manual}])
        successor = await parties.act(parties.manager, item, "renew")
        await parties.act(parties.manager, successor, "negotiate")
        await parties.confirmed(successor)
        answer = await parties.director.post(f"{URL}/{successor['id']}/sign")
        assert (answer.status_code, answer.json()["title"]) == (422, "Unsound clause")
        assert "clauses.manual.terms: due_on: 2027-03-31" in answer.json()["detail"]

    async def test_different_customers_have_different_promises(self, parties: Parties) -> None:
        """R177: one service, two customers, two targets, at the same time."""
        strict = await parties.signed()
        terms = {"kind": "time", "what": "response", "within_minutes": 120, "attainment": 0.8}
        relaxed = await parties.signed(
            customer="Hill Bank", clauses=[response_clause(terms=terms, penalty=None)], calendar="always"
        )
        targets: dict[str, float] = {}
        for item in (strict, relaxed):
            key = item["clauses"][0]["measure_key"]
            (target,) = (await parties.manager.get(f"/metrics/v1/measures/{key}/targets")).json()
            targets[item["customer"]] = target["value"]
        assert targets == {CUSTOMER: 0.95, "Hill Bank": 0.8}
        await parties.turn("2027-01-01")
        async with parties.solo.database.reading() as session:
            operating = await repository.list_clauses_between(session, date(2027, 1, 1), date(2027, 1, 1))
        within = {row.customer: row.terms["within_minutes"] for row in operating if row.key == "response"}
        assert within == {CUSTOMER: 30, "Hill Bank": 120}

    async def test_a_key_keeps_its_kind_of_measure(self, parties: Parties) -> None:
        """R28: one measure is told in one unit."""
        item = await parties.signed()
        successor = await parties.act(parties.manager, item, "renew")
        body = parties_body(successor, clauses=[response_clause(terms=_DOWNTIME, penalty=None)])
        await parties.manager.put(f"{URL}/{successor['id']}", json=body, headers={"If-Match": '"1"'})
        await parties.act(parties.manager, successor, "negotiate")
        await parties.confirmed(await parties.get(successor))
        answer = await parties.director.post(f"{URL}/{successor['id']}/sign")
        assert (answer.status_code, answer.json()["title"]) == (422, "Unsound clause")
        assert "a promise of another kind needs a key of its own" in answer.json()["detail"]


_DOWNTIME = {"kind": "time", "what": "downtime", "within_minutes": 60}


def parties_body(item: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """The content of this agreement as a body."""
    names = (
        "title customer project services effective_from effective_to calendar settled_by fee currency "
        "penalty_cap_percent notice_days owner exemptions glossary needs"
    )
    clauses = [{name: clause[name] for name in ("key", "title", "terms", "penalty")} for clause in item["clauses"]]
    return {**{name: item[name] for name in names.split()}, "clauses": clauses, **changed}


class TestTerminate:
    async def test_only_after_both_confirmed_the_execution(self, parties: Parties) -> None:
        """R160: the state stays until then, and the problem says who is missing."""
        item = await parties.signed()
        await parties.turn("2027-01-01")
        url = f"{URL}/{item['id']}/terminate"
        answer = await parties.director.post(url, json={"reason": "service is given up"})
        assert (answer.status_code, answer.json()["missing"]) == (
            409,
            ["the provider's confirmation of the execution", "the customer's confirmation of the execution"],
        )
        await parties.confirm(item, "provider", "execution")
        half = await parties.director.post(url, json={"reason": "service is given up"})
        assert half.json()["missing"] == ["the customer's confirmation of the execution"]
        assert (await parties.get(item))["state"] == "in_force"
        await parties.confirm(item, "customer", "execution")
        parties.travel("2027-05-10")
        ended = await parties.act(parties.director, item, "terminate", reason="service is given up")
        assert (ended["state"], ended["ended_on"], ended["execution_confirmed"]) == ("terminated", "2027-05-10", True)
        (told,) = await parties.solo.events("agreement.terminated")
        assert (told.data["ending"], told.data["ended_on"], told.data["execution_confirmed"]) == (
            "terminated",
            "2027-05-10",
            True,
        )

    async def test_not_while_a_settlement_is_open(self, parties: Parties) -> None:
        """R159: fees are determined before the end."""
        item = await parties.signed()
        await parties.turn("2027-01-01")
        await parties.confirm(item, "provider", "execution")
        await parties.confirm(item, "customer", "execution")
        settlement = await insert_settlement(parties, UUID(item["id"]), "issued")
        answer = await parties.director.post(f"{URL}/{item['id']}/terminate", json={"reason": "end"})
        assert answer.json()["missing"] == ["the settlement of every period: one is still open"]
        await confirm_settlement(parties, settlement)
        assert (await parties.act(parties.director, item, "terminate", reason="end"))["state"] == "terminated"

    async def test_what_was_not_signed_is_given_up(self, parties: Parties) -> None:
        item = await parties.negotiated()
        ended = await parties.act(parties.director, item, "terminate", reason="no budget")
        assert (ended["state"], ended["ended_on"]) == ("terminated", None)
        assert await parties.solo.events("agreement.terminated") == []

    async def test_a_revision_that_never_counted_leaves_the_target_to_the_one_before(self, parties: Parties) -> None:
        """The stricter promise of July was signed and given up in June: the old one is held against July."""
        item = await parties.signed()
        await parties.turn("2027-01-01")
        successor = await parties.act(parties.manager, item, "renew", effective_from="2027-07-01")
        strict = {"kind": "time", "what": "response", "within_minutes": 30, "attainment": 0.99}
        body = parties_body(successor, clauses=[response_clause(terms=strict)])
        await parties.manager.put(f"{URL}/{successor['id']}", json=body, headers={"If-Match": '"1"'})
        await parties.act(parties.manager, successor, "negotiate")
        signed = await parties.sign(await parties.get(successor))
        url = f"/metrics/v1/measures/{signed['clauses'][0]['measure_key']}"
        measure = (await parties.manager.get(url)).json()
        assert measure["parameters"]["clause"] == signed["clauses"][0]["id"]
        await parties.confirm(signed, "provider", "execution")
        await parties.confirm(signed, "customer", "execution")
        await parties.act(parties.director, signed, "terminate", reason="too strict")
        targets = (await parties.manager.get(f"{url}/targets")).json()
        assert [(target["effective_from"], target["value"]) for target in targets] == [
            ("2027-01-01", 0.95),
            ("2027-07-01", 0.99),
            ("2027-07-01", 0.95),
        ]
        measure = (await parties.manager.get(url)).json()
        assert measure["parameters"]["clause"] == item["clauses"][0]["id"]

    async def test_an_ended_agreement_makes_room(self, parties: Parties) -> None:
        item = await parties.signed()
        await parties.confirm(item, "provider", "execution")
        await parties.confirm(item, "customer", "execution")
        await parties.act(parties.director, item, "terminate", reason="superseded")
        assert (await parties.signed())["number"] == "SLA-2026-0002"


async def insert_settlement(parties: Parties, agreement_id: UUID, state: str) -> UUID:
    """A settlement of January as the settlements' own room would issue it."""
    settlement_id = new_id()
    amounts = {name: Decimal("0.00") for name in ("penalties_uncapped", "penalties", "claims")}
    async with parties.solo.transaction() as session:
        await settlements.insert_settlement(
            session,
            {
                "id": settlement_id,
                "agreement_id": agreement_id,
                "period": date(2027, 1, 1),
                "period_end": date(2027, 2, 1),
                "revision": 1,
                "state": state,
                "currency": "CNY",
                "fee": Decimal("10000.00"),
                "lines": [],
                **amounts,
                "total_due": Decimal("10000.00"),
                "version": 1,
                "updated_at": clock.now(),
            },
        )
    return settlement_id


async def confirm_settlement(parties: Parties, settlement_id: UUID) -> None:
    async with parties.solo.transaction() as session:
        await settlements.update_settlement(session, settlement_id, state="confirmed")

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from shared.auth import Role
from tests.metrics.agreements.builders import URL, Parties
from tests.metrics.agreements.test_signing import insert_settlement

TALKS = "/metrics/v1/negotiations"


def dispute(**changed: Any) -> dict[str, Any]:
    return {
        "party": "customer",
        "title": "Slow responses in February",
        "statement": "One response in three was late.",
        "clause": "response",
        "deadline": "2027-03-31",
        **changed,
    }


async def in_force(parties: Parties, **changed: Any) -> dict[str, Any]:
    item = await parties.signed(**changed)
    await parties.turn("2027-01-01")
    parties.travel("2027-03-10")
    return item


async def opened(parties: Parties, item: dict[str, Any], **changed: Any) -> dict[str, Any]:
    answer = await parties.customer.post(f"{URL}/{item['id']}/negotiations", json=dispute(**changed))
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


class TestOpenNegotiation:
    async def test_a_party_opens_it_with_its_position(self, parties: Parties) -> None:
        """R170: opened by whom, about what, until when."""
        talk = await opened(parties, await in_force(parties))
        assert (talk["opened_by_party"], talk["opened_by"], talk["clause"]) == ("customer", "anna", "response")
        assert (talk["state"], talk["deadline"], talk["overdue"]) == ("open", "2027-03-31", False)
        assert talk["opened_at"] == "2027-03-10T12:00:00Z"
        assert [row["statement"] for row in talk["positions"]] == ["One response in three was late."]

    async def test_about_a_settlement(self, parties: Parties) -> None:
        item = await in_force(parties)
        settlement = str(await insert_settlement(parties, UUID(item["id"]), "issued"))
        talk = await opened(parties, item, clause=None, settlement_id=settlement)
        assert talk["settlement_id"] == settlement
        other = await parties.negotiated(services=["erp"])
        strange = await parties.customer.post(
            f"{URL}/{other['id']}/negotiations", json=dispute(clause=None, settlement_id=settlement)
        )
        assert (strange.status_code, strange.json()["title"]) == (422, "Unsound negotiation")

    @pytest.mark.parametrize(
        ("changed", "says"),
        [
            ({"clause": "speed"}, "clause: 'speed' is none of the agreement's (response, report)"),
            ({"deadline": "2027-03-09"}, "deadline: 2027-03-09 has passed"),
            ({"settlement_id": "0199f0a0-0000-7000-8000-000000000001"}, "a negotiation is about one of them"),
        ],
    )
    async def test_what_is_unsound_is_told(self, parties: Parties, changed: dict[str, Any], says: str) -> None:
        item = await in_force(parties)
        answer = await parties.customer.post(f"{URL}/{item['id']}/negotiations", json=dispute(**changed))
        assert answer.status_code == 422
        assert says in answer.json()["detail"]

    async def test_a_design_is_not_disputed(self, parties: Parties) -> None:
        item = await parties.design()
        body = dispute(party="provider", deadline="2026-12-31")
        answer = await parties.manager.post(f"{URL}/{item['id']}/negotiations", json=body)
        assert (answer.status_code, answer.json()["state"]) == (409, "design")


class TestTakePosition:
    async def test_each_party_adds_and_nothing_goes(self, parties: Parties) -> None:
        """R170: positions of each party."""
        talk = await opened(parties, await in_force(parties))
        url = f"{TALKS}/{talk['id']}/positions"
        body = {"party": "provider", "statement": "The building had no power for a week."}
        assert (await parties.manager.post(url, json=body)).status_code == 201
        answer = await parties.customer.post(url, json={"party": "customer", "statement": "That was in January."})
        assert [(row["party"], row["statement"]) for row in answer.json()["positions"]] == [
            ("customer", "One response in three was late."),
            ("provider", "The building had no power for a week."),
            ("customer", "That was in January."),
        ]

    async def test_everybody_speaks_for_their_own_side(self, parties: Parties) -> None:
        talk = await opened(parties, await in_force(parties))
        url = f"{TALKS}/{talk['id']}/positions"
        theirs = {"party": "provider", "statement": "All is well."}
        assert (await parties.customer.post(url, json=theirs)).status_code == 403
        recorded = {"party": "customer", "statement": "We agree."}
        assert (await parties.manager.post(url, json=recorded)).json()["title"] == "Evidence needed"
        evidence = {"signatory": "Anna Berg", "evidence": "letter of 12 March"}
        assert (await parties.manager.post(url, json={**recorded, **evidence})).status_code == 201

    async def test_another_customer_sees_nothing_of_it(self, parties: Parties) -> None:
        talk = await opened(parties, await in_force(parties))
        async with parties.client(Role.CUSTOMER, subject="ben", customer="Hill Bank") as stranger:
            assert (await stranger.get(f"{TALKS}/{talk['id']}")).status_code == 404
            assert (await stranger.get(TALKS)).json()["items"] == []
        assert len((await parties.customer.get(TALKS)).json()["items"]) == 1


class TestSettleNegotiation:
    async def test_agreed_after_both_were_heard(self, parties: Parties) -> None:
        """R170: the outcome."""
        talk = await opened(parties, await in_force(parties))
        url = f"{TALKS}/{talk['id']}/outcome"
        outcome = {"agreed": True, "outcome": "One more engineer from April on."}
        refused = await parties.manager.post(url, json=outcome)
        assert (refused.status_code, refused.json()["missing"]) == (409, ["the position of the provider"])
        position = {"party": "provider", "statement": "We lack one engineer."}
        await parties.manager.post(f"{TALKS}/{talk['id']}/positions", json=position)
        settled = (await parties.manager.post(url, json=outcome)).json()
        assert (settled["state"], settled["outcome"], settled["settled_by"]) == (
            "agreed",
            "One more engineer from April on.",
            "zhao.lei",
        )
        again = await parties.manager.post(url, json=outcome)
        assert (again.status_code, again.json()["state"]) == (409, "agreed")
        late = await parties.customer.post(
            f"{TALKS}/{talk['id']}/positions", json={"party": "customer", "statement": "And another thing"}
        )
        assert late.status_code == 409

    async def test_an_agreed_outcome_may_send_the_agreement_back(self, parties: Parties) -> None:
        """R158, R170: in the same transaction, and the event names the dispute."""
        item = await in_force(parties)
        talk = await opened(parties, item)
        position = {"party": "provider", "statement": "30 minutes are too short at night."}
        await parties.manager.post(f"{TALKS}/{talk['id']}/positions", json=position)
        outcome = {"agreed": True, "outcome": "60 minutes at night", "renegotiate": True}
        settled = (await parties.manager.post(f"{TALKS}/{talk['id']}/outcome", json=outcome)).json()
        assert settled["renegotiates"] is True
        after = await parties.get(item)
        assert (after["state"], after["reason"]) == ("under_review", "60 minutes at night")
        (told,) = await parties.solo.events("renegotiation.requested")
        assert (told.data["negotiation_id"], told.data["successor_id"]) == (talk["id"], after["successor_id"])

    async def test_without_agreement_nothing_is_renegotiated(self, parties: Parties) -> None:
        talk = await opened(parties, await in_force(parties))
        url = f"{TALKS}/{talk['id']}/outcome"
        body = {"agreed": False, "outcome": "No common ground", "renegotiate": True}
        assert (await parties.manager.post(url, json=body)).status_code == 422
        settled = await parties.manager.post(url, json={**body, "renegotiate": False})
        assert settled.json()["state"] == "not_agreed"

    async def test_who_may(self, parties: Parties) -> None:
        talk = await opened(parties, await in_force(parties))
        body = {"agreed": False, "outcome": "No"}
        assert (await parties.customer.post(f"{TALKS}/{talk['id']}/outcome", json=body)).status_code == 403


class TestListNegotiations:
    async def test_overdue_ones(self, parties: Parties) -> None:
        """R170: the deadline is watched."""
        item = await in_force(parties)
        early = await opened(parties, item, deadline="2027-03-15")
        late = await opened(parties, item, deadline="2027-05-31")
        parties.travel("2027-03-16")
        listed = (await parties.manager.get(TALKS, params={"overdue": True})).json()["items"]
        assert [row["id"] for row in listed] == [early["id"]]
        both = (await parties.manager.get(TALKS, params={"agreement_id": item["id"]})).json()["items"]
        assert [(row["id"], row["overdue"]) for row in both] == [(late["id"], False), (early["id"], True)]
        assert (await parties.manager.get(TALKS, params={"state": "agreed"})).json()["items"] == []

    async def test_pages(self, parties: Parties) -> None:
        item = await in_force(parties)
        first, second = await opened(parties, item), await opened(parties, item)
        page = (await parties.manager.get(TALKS, params={"limit": 1})).json()
        rest = (await parties.manager.get(TALKS, params={"limit": 1, "cursor": page["next_cursor"]})).json()
        assert [row["id"] for row in page["items"] + rest["items"]] == [second["id"], first["id"]]
        assert date.fromisoformat(rest["items"][0]["deadline"]) == date(2027, 3, 31)

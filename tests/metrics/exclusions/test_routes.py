from typing import Any

import httpx

from shared.auth import Role
from tests.metrics.agreements.builders import CUSTOMER
from tests.metrics.clauses.world import AVAILABILITY, RESOLUTION, World, on, ticket

URL = "/metrics/v1/exclusions"


def proposal(**changed: Any) -> dict[str, Any]:
    """Four hours on 4 January without power."""
    return {
        "begins_at": "2027-01-04T08:00:00Z",
        "ends_at": "2027-01-04T12:00:00Z",
        "exemption": "force-majeure",
        "reason": "The building was without power",
        "evidence": "letter of the power company",
        **changed,
    }


async def propose(world: World, item: dict[str, Any], **changed: Any) -> dict[str, Any]:
    answer = await world.manager.post(f"/metrics/v1/agreements/{item['id']}/exclusions", json=proposal(**changed))
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def decide(client: httpx.AsyncClient, item: dict[str, Any], action: str = "agree", **body: Any) -> httpx.Response:
    headers = {"If-Match": f'"{item["version"]}"'}
    return await client.post(f"{URL}/{item['id']}/{action}", json=body, headers=headers)


class TestPropose:
    """R168: the guards of the ledger."""

    async def test_is_kept_with_who_and_what_shows_it(self, world: World) -> None:
        item = await world.begin(AVAILABILITY)
        world.go(on(10))
        proposed = await propose(world, item, evidence_sha256="0" * 64)
        assert (proposed["state"], proposed["proposed_by"], proposed["proposed_side"]) == (
            "proposed",
            "zhao.lei",
            "provider",
        )
        ledger = (await world.customer.get(f"/metrics/v1/agreements/{item['id']}/exclusions")).json()["items"]
        assert [entry["id"] for entry in ledger] == [proposed["id"]]

    async def refused(self, world: World, **changed: Any) -> tuple[int, str, str]:
        item = await world.begin(AVAILABILITY)
        world.go(on(10))
        url = f"/metrics/v1/agreements/{item['id']}/exclusions"
        answer = await world.manager.post(url, json=proposal(**changed))
        return answer.status_code, answer.json()["title"], answer.json()["detail"]

    async def test_an_exemption_that_the_agreement_has_not(self, world: World) -> None:
        status, title, detail = await self.refused(world, exemption="rain")
        assert (status, title) == (422, "Unknown exemption")
        assert "force-majeure" in detail

    async def test_time_to_come(self, world: World) -> None:
        assert (await self.refused(world, ends_at="2027-01-11T00:00:00Z"))[:2] == (422, "Unsound interval")

    async def test_a_clause_that_the_agreement_has_not(self, world: World) -> None:
        status, title, detail = await self.refused(world, clause="speed")
        assert (status, title) == (422, "Unknown clause")
        assert "availability" in detail

    async def test_tickets_of_somebody_else(self, world: World) -> None:
        tickets = ["0199f0a0-0000-7000-8000-000000000001"]
        assert (await self.refused(world, tickets=tickets))[:2] == (422, "Unknown tickets")

    async def test_overlapping_proposals_are_named(self, world: World) -> None:
        item = await world.begin(AVAILABILITY)
        world.go(on(10))
        first = await propose(world, item)
        url = f"/metrics/v1/agreements/{item['id']}/exclusions"
        answer = await world.manager.post(url, json=proposal(clause="availability"))
        assert (answer.status_code, answer.json()["exclusions"]) == (409, [first["id"]])
        await world.manager.post(f"{URL}/{first['id']}/withdraw", headers={"If-Match": '"1"'})
        assert (await world.manager.post(url, json=proposal(clause="availability"))).status_code == 201

    async def test_nothing_is_excluded_before_it_is_signed(self, world: World) -> None:
        item = await world.negotiated()
        answer = await world.manager.post(f"/metrics/v1/agreements/{item['id']}/exclusions", json=proposal())
        assert (answer.status_code, answer.json()["title"]) == (409, "Not in force")


class TestDecide:
    """R168: only the other party agrees or refuses, and it is told who and when."""

    async def begun(self, world: World) -> dict[str, Any]:
        item = await world.begin(AVAILABILITY, RESOLUTION)
        world.go(on(10))
        return item

    async def test_the_customer_agrees_to_what_the_provider_proposed(self, world: World) -> None:
        item = await self.begun(world)
        proposed = await propose(world, item)
        agreed = (await decide(world.customer, proposed)).json()
        assert (agreed["state"], agreed["decided_by"], agreed["decided_side"]) == ("agreed", "anna", "customer")
        assert agreed["decided_at"] == "2027-01-10T00:00:00Z"
        (told,) = await world.solo.events("exclusion.agreed")
        assert (told.subject, told.sequence, told.data["decided_side"]) == (proposed["id"], 2, "customer")
        assert told.correlation_id == item["id"]

    async def test_nobody_agrees_to_the_own_proposal(self, world: World) -> None:
        proposed = await propose(world, await self.begun(world))
        answer = await decide(world.manager, proposed, signatory="Anna", evidence="letter 5")
        assert (answer.status_code, answer.json()["title"]) == (409, "Same person")

    async def test_staff_decide_for_the_customer_only_with_the_document(self, world: World) -> None:
        proposed = await propose(world, await self.begun(world))
        assert (await decide(world.director, proposed)).json()["title"] == "Evidence needed"
        agreed = (await decide(world.director, proposed, signatory="Anna", evidence="letter 5")).json()
        assert agreed["decided_by"] == "Anna (letter 5, recorded by wang.fang)"

    async def test_the_provider_decides_what_the_customer_proposed(self, world: World) -> None:
        item = await self.begun(world)
        answer = await world.customer.post(f"/metrics/v1/agreements/{item['id']}/exclusions", json=proposal())
        colleague = world.client(Role.CUSTOMER, subject="carl", customer=CUSTOMER)
        wrong = await decide(colleague, answer.json())
        assert (wrong.status_code, wrong.json()["title"]) == (409, "Wrong party")
        assert (await decide(world.manager, answer.json())).json()["decided_side"] == "provider"

    async def test_a_refusal_says_why_and_stays_in_the_ledger(self, world: World) -> None:
        item = await self.begun(world)
        proposed = await propose(world, item)
        assert (await decide(world.customer, proposed, "refuse")).status_code == 422
        refused = (await decide(world.customer, proposed, "refuse", reason="There is a generator")).json()
        assert (refused["state"], refused["decision_reason"]) == ("refused", "There is a generator")
        again = await decide(world.customer, refused)
        assert (again.status_code, again.json()["title"]) == (409, "Illegal transition")
        assert await world.solo.events("exclusion.agreed") == []

    async def test_only_the_side_that_proposed_withdraws(self, world: World) -> None:
        proposed = await propose(world, await self.begun(world))
        headers = {"If-Match": '"1"'}
        url = f"{URL}/{proposed['id']}/withdraw"
        assert (await world.customer.post(url, headers=headers)).json()["title"] == "Wrong party"
        assert (await world.manager.post(url, headers=headers)).json()["state"] == "withdrawn"

    async def test_a_lost_update_is_refused(self, world: World) -> None:
        proposed = await propose(world, await self.begun(world))
        assert (await world.customer.post(f"{URL}/{proposed['id']}/agree", json={})).status_code == 428
        headers = {"If-Match": '"7"'}
        assert (await world.customer.post(f"{URL}/{proposed['id']}/agree", json={}, headers=headers)).status_code == 412

    async def test_another_customer_sees_nothing(self, world: World) -> None:
        proposed = await propose(world, await self.begun(world))
        other = world.client(Role.CUSTOMER, subject="bob", customer="Other")
        assert (await other.get(f"{URL}/{proposed['id']}")).status_code == 404
        assert (await decide(other, proposed)).status_code == 404


class TestEffect:
    """R168: what is agreed changes the adjusted value only; the raw one stays beside it."""

    async def test_a_closed_period_is_restated(self, world: World) -> None:
        """Down from 9 to 18, of which 8 to 12 is excluded: 735 of 744 hours, then 734 of 740."""
        item = await world.begin(AVAILABILITY)
        world.go(on(10))
        await world.send(ticket("resolved", on(4, 18), incident_class="interruption"))
        await world.close(on(1, month=2))
        assert (await world.value(item, "availability"))["verdict"] == "missed"
        proposed = await propose(world, item)
        await world.evaluate()
        assert (await world.value(item, "availability"))["revision"] == 1
        await decide(world.customer, proposed)
        await world.evaluate()
        value = await world.value(item, "availability")
        assert (value["raw"], value["adjusted"], value["excluded"]) == (735 / 744, 734 / 740, 240)
        assert (value["revision"], value["verdict"]) == (2, "kept")
        (gap,) = await world.solo.events("gap.closed")
        assert gap.data["measure_key"] == value["measure_key"]

    async def test_of_one_clause_only_that_one(self, world: World) -> None:
        item = await world.begin(AVAILABILITY, RESOLUTION)
        world.go(on(10))
        await world.send(ticket("resolved", on(4, 16), incident_class="interruption"))
        await decide(world.customer, await propose(world, item, clause="resolution"))
        await world.close(on(1, month=2))
        availability, resolution = await world.value(item, "availability"), await world.value(item, "resolution")
        assert (availability["excluded"], resolution["excluded"]) == (0, 1)
        assert (resolution["raw"], resolution["adjusted"]) == (0.0, 1.0)

    async def test_of_one_ticket_only_that_one(self, world: World) -> None:
        item = await world.begin(RESOLUTION)
        world.go(on(10))
        await world.send(ticket("resolved", on(4, 16)), ticket("resolved", on(4, 16), external_id="T-2"))
        (first,) = await world.query("SELECT id FROM tickets WHERE external_id = 'T-1'")
        await decide(world.customer, await propose(world, item, tickets=[str(first["id"])]))
        await world.close(on(1, month=2))
        value = await world.value(item, "resolution")
        assert (value["raw"], value["adjusted"], value["n"]) == (0.0, 0.5, 2)

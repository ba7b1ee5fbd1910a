from datetime import date
from decimal import Decimal
from typing import Any

import httpx

from services.metrics.settlements.repository import exposure_of, has_open_settlements
from shared.auth import Role
from tests.metrics.clauses.world import AVAILABILITY, RESOLUTION, World, clause, on, ticket
from tests.metrics.exclusions.test_routes import decide, propose

URL = "/metrics/v1/settlements"
PENAL = clause(
    "resolution",
    RESOLUTION["terms"],
    {"tiers": [{"low": 0.5, "high": 0.9, "percent_of_fee": 10}, {"high": 0.5, "percent_of_fee": 20}]},
)
"""Of a fee of 10,000: below 90 % 1,000, below 50 % 2,000; the agreement's cap is 15 %, 1,500."""


async def fill(world: World, in_time: int, late: int) -> dict[str, Any]:
    """January is over, with so many tickets resolved after one hour and so many after eight."""
    item = await world.begin(PENAL, AVAILABILITY)
    world.go(on(10))
    updates = [ticket("resolved", on(4, 10), external_id=f"T-{number}") for number in range(in_time)]
    updates += [ticket("resolved", on(4, 17), external_id=f"L-{number}") for number in range(late)]
    await world.send(*updates)
    await world.close(on(1, month=2))
    return item


async def settlements(world: World, item: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await world.staff.get(f"/metrics/v1/agreements/{item['id']}/settlements")).json()[
        "items"
    ]
    return found


async def act(client: httpx.AsyncClient, settlement: dict[str, Any], action: str, **body: Any) -> httpx.Response:
    headers = {"If-Match": f'"{settlement["version"]}"'}
    return await client.post(f"{URL}/{settlement['id']}/{action}", json=body, headers=headers)


async def is_open(world: World, item: dict[str, Any]) -> bool:
    async with world.solo.database.reading() as session:
        return await has_open_settlements(session, item["id"])


class TestDraft:
    """R159, R169: a closed period has its account by itself."""

    async def test_fee_less_penalties(self, world: World) -> None:
        """Seven of ten in time: 1,000 of 10,000."""
        item = await fill(world, 7, 3)
        (draft,) = await settlements(world, item)
        assert (draft["state"], draft["revision"], draft["period_end"]) == ("draft", 1, "2027-02-01")
        assert (draft["fee"], draft["penalties"], draft["total_due"]) == ("10000.00", "1000.00", "9000.00")
        line = next(line for line in draft["lines"] if line["key"] == "resolution")
        assert (line["value"], line["verdict"], line["penalty"]) == (0.7, "missed", "1000.00")
        assert (line["tier"]["low"], line["tier"]["high"]) == (0.5, 0.9)

    async def test_at_most_the_agreements_cap(self, world: World) -> None:
        (draft,) = await settlements(world, await fill(world, 1, 9))
        assert (draft["penalties_uncapped"], draft["penalty_cap"], draft["penalties"]) == (
            "2000.00",
            "1500.00",
            "1500.00",
        )
        assert draft["total_due"] == "8500.00"

    async def test_no_data_cost_nothing(self, world: World) -> None:
        (draft,) = await settlements(world, await fill(world, 0, 0))
        assert draft["total_due"] == "10000.00"

    async def test_is_written_anew_while_it_is_a_draft(self, world: World) -> None:
        item = await fill(world, 7, 3)
        await world.send(*(ticket("resolved", on(4, 10), external_id=f"N-{number}") for number in range(20)))
        await world.evaluate()
        (draft,) = await settlements(world, item)
        assert (draft["revision"], draft["total_due"]) == (1, "10000.00")

    async def test_the_exposure_of_a_gap(self, world: World) -> None:
        item = await fill(world, 7, 3)
        key = (await world.value(item, "resolution"))["measure_key"]
        other = (await world.value(item, "availability"))["measure_key"]
        async with world.solo.database.reading() as session:
            assert await exposure_of(session, key, date(2027, 1, 1)) == Decimal("1000.00")
            assert await exposure_of(session, key, date(2027, 2, 1)) is None
            assert await exposure_of(session, other, date(2027, 1, 1)) is None
        (gap,) = await world.solo.events("gap.detected")
        assert (gap.data["measure_key"], gap.data["impact"]["penalty_exposure"]) == (key, 1000.0)


class TestIssueAndConfirm:
    """R159, R160: draft, issued, confirmed by both."""

    async def test_both_parties_confirm(self, world: World) -> None:
        item = await fill(world, 7, 3)
        (draft,) = await settlements(world, item)
        early = await act(world.customer, draft, "confirm", party="customer")
        assert (early.status_code, early.json()["allowed"]) == (409, ["issue"])
        issued = (await act(world.manager, draft, "issue")).json()
        assert (issued["state"], issued["issued_by"]) == ("issued", "zhao.lei")
        (told,) = await world.solo.events("settlement.issued")
        assert (told.subject, told.sequence) == (f"{item['id']}:2027-01-01", 1)
        assert (told.data["total_due"], told.data["penalties"]) == ("9000.00", "1000.00")
        assert await is_open(world, item)
        first = (await act(world.customer, issued, "confirm", party="customer")).json()
        assert (first["state"], first["customer_confirmed_by"]) == ("issued", "anna")
        second = (await act(world.manager, first, "confirm", party="provider")).json()
        assert (second["state"], second["provider_confirmed_by"]) == ("confirmed", "zhao.lei")
        assert not await is_open(world, item)

    async def test_nobody_confirms_for_both(self, world: World) -> None:
        (draft,) = await settlements(world, await fill(world, 7, 3))
        issued = (await act(world.manager, draft, "issue")).json()
        wrong = await act(world.customer, issued, "confirm", party="provider")
        assert wrong.status_code == 403
        without = await act(world.manager, issued, "confirm", party="customer")
        assert (without.status_code, without.json()["title"]) == (422, "Evidence needed")
        documented = await act(
            world.director, issued, "confirm", party="customer", signatory="Anna", evidence="letter 7"
        )
        assert documented.json()["customer_confirmed_by"] == "Anna (letter 7, recorded by wang.fang)"

    async def test_is_issued_once(self, world: World) -> None:
        (draft,) = await settlements(world, await fill(world, 7, 3))
        issued = (await act(world.manager, draft, "issue")).json()
        again = await act(world.manager, issued, "issue")
        assert (again.status_code, again.json()["title"]) == (409, "Illegal transition")
        assert (await act(world.manager, draft, "issue")).status_code == 412

    async def test_an_agreement_ends_only_when_all_is_settled(self, world: World) -> None:
        """R160: what H4's guard asks."""
        item = await fill(world, 7, 3)
        shown = await world.get(item)
        assert any("settlement" in missing for missing in shown["missing"])


class TestCorrect:
    """R159: an evaluation after the issue makes a correcting revision, and the old one stays."""

    async def test_a_restated_period(self, world: World) -> None:
        item = await fill(world, 7, 3)
        (draft,) = await settlements(world, item)
        issued = (await act(world.manager, draft, "issue")).json()
        await world.send(*(ticket("resolved", on(4, 10), external_id=f"N-{number}") for number in range(20)))
        await world.evaluate()
        correction, old = await settlements(world, item)
        assert (old["state"], old["total_due"]) == ("issued", "9000.00")
        assert (correction["state"], correction["revision"], correction["total_due"]) == ("draft", 2, "10000.00")
        stale = await act(world.customer, issued, "confirm", party="customer")
        assert (stale.status_code, stale.json()["settlement_id"]) == (409, correction["id"])
        await act(world.manager, correction, "issue")
        assert [told.sequence for told in await world.solo.events("settlement.issued")] == [1, 2]

    async def test_a_value_that_costs_the_same_corrects_all_the_same(self, world: World) -> None:
        """The lines say what each clause came to: 0.7, then 8 of 11."""
        item = await fill(world, 7, 3)
        (draft,) = await settlements(world, item)
        await act(world.manager, draft, "issue")
        await world.send(ticket("resolved", on(4, 10), external_id="N-1"))
        await world.evaluate()
        correction, old = await settlements(world, item)
        assert correction["total_due"] == old["total_due"] == "9000.00"
        assert correction["lines"][0]["value"] == 8 / 11

    async def test_a_correction_of_nothing_goes(self, world: World) -> None:
        item = await fill(world, 7, 3)
        (draft,) = await settlements(world, item)
        await act(world.manager, draft, "issue")
        late = ticket("resolved", on(4, 10), external_id="N-1")
        await world.send(late)
        await world.evaluate()
        assert len(await settlements(world, item)) == 2
        await world.send(late.model_copy(update={"state": "cancelled", "updated_at": on(5)}))
        await world.evaluate()
        (only,) = await settlements(world, item)
        assert (only["state"], only["revision"]) == ("issued", 1)


class TestClaims:
    """R169: large losses are compensated, where the provider accepts them."""

    async def claim(self, world: World, item: dict[str, Any], **changed: Any) -> httpx.Response:
        body = {"amount": "250.50", "reason": "Two branches were shut", "evidence": "invoice 17", **changed}
        return await world.customer.post(f"/metrics/v1/agreements/{item['id']}/claims/2027-01-01", json=body)

    async def test_an_accepted_one_is_part_of_the_account(self, world: World) -> None:
        item = await fill(world, 7, 3)
        claim = (await self.claim(world, item)).json()
        assert (claim["state"], claim["claimed_by"]) == ("claimed", "anna")
        assert (await settlements(world, item))[0]["claims"] == "0.00"
        url, headers = f"/metrics/v1/claims/{claim['id']}/accept", {"If-Match": '"1"'}
        accepted = await world.manager.post(url, json={"reason": "shown"}, headers=headers)
        assert (accepted.json()["state"], accepted.json()["decided_by"]) == ("accepted", "zhao.lei")
        (draft,) = await settlements(world, item)
        assert (draft["claims"], draft["total_due"]) == ("250.50", "8749.50")

    async def test_a_refused_one_stays_to_be_read(self, world: World) -> None:
        item = await fill(world, 7, 3)
        claim = (await self.claim(world, item)).json()
        url, headers = f"/metrics/v1/claims/{claim['id']}/refuse", {"If-Match": '"1"'}
        await world.manager.post(url, json={"reason": "not ours"}, headers=headers)
        assert (await settlements(world, item))[0]["total_due"] == "9000.00"
        listed = (await world.customer.get(f"/metrics/v1/agreements/{item['id']}/claims")).json()
        assert [(one["state"], one["decision_reason"]) for one in listed] == [("refused", "not ours")]
        again = await world.manager.post(url, json={"reason": "x"}, headers={"If-Match": '"2"'})
        assert again.status_code == 409

    async def test_a_claim_after_the_issue_makes_a_correction(self, world: World) -> None:
        item = await fill(world, 7, 3)
        await act(world.manager, (await settlements(world, item))[0], "issue")
        claim = (await self.claim(world, item)).json()
        url, headers = f"/metrics/v1/claims/{claim['id']}/accept", {"If-Match": '"1"'}
        await world.manager.post(url, json={"reason": "shown"}, headers=headers)
        correction, old = await settlements(world, item)
        assert (old["total_due"], correction["total_due"]) == ("9000.00", "8749.50")

    async def test_not_of_a_period_that_was_never_evaluated(self, world: World) -> None:
        item = await fill(world, 7, 3)
        url = f"/metrics/v1/agreements/{item['id']}/claims/2027-03-01"
        answer = await world.customer.post(url, json={"amount": "1", "reason": "x", "evidence": "y"})
        assert (answer.status_code, answer.json()["title"]) == (409, "Period not evaluated")

    async def test_the_customer_does_not_accept_its_own(self, world: World) -> None:
        item = await fill(world, 7, 3)
        claim = (await self.claim(world, item)).json()
        url = f"/metrics/v1/claims/{claim['id']}/accept"
        assert (await world.customer.post(url, json={"reason": "x"})).status_code == 403


class TestWhatIf:
    """R168, R169: what if this exclusion is refused, or agreed; nothing is kept."""

    async def test_an_agreed_one_refused(self, world: World) -> None:
        """Three of ten late at 17:00; without 8 to 12 they are in time (five hours of eight)."""
        item = await fill(world, 7, 3)
        proposed = await propose(world, item)
        await decide(world.customer, proposed)
        await world.evaluate()
        (draft,) = await settlements(world, item)
        assert draft["total_due"] == "9000.00"
        answer = await world.customer.get(f"{URL}/{draft['id']}/what-if", params={"refuse": proposed["id"]})
        assert (answer.json()["now"]["total_due"], answer.json()["then"]["total_due"]) == ("9000.00", "9000.00")

    async def test_a_proposed_one_agreed(self, world: World) -> None:
        """With 8 to 16 excluded, nine hours leave one: all in time, and the whole fee is due."""
        item = await fill(world, 7, 3)
        proposed = await propose(world, item, ends_at="2027-01-04T16:00:00Z")
        (draft,) = await settlements(world, item)
        answer = (await world.staff.get(f"{URL}/{draft['id']}/what-if", params={"agree": proposed["id"]})).json()
        assert (answer["now"]["total_due"], answer["then"]["total_due"]) == ("9000.00", "10000.00")
        assert answer["difference"] == "1000.00"
        line = next(line for line in answer["then"]["lines"] if line["key"] == "resolution")
        assert (line["raw"], line["value"], line["excluded"]) == (0.7, 1.0, 3)
        (same,) = await settlements(world, item)
        assert same == draft
        await decide(world.customer, proposed)
        await world.evaluate()
        (agreed,) = await settlements(world, item)
        assert agreed["total_due"] == "10000.00"
        back = (await world.staff.get(f"{URL}/{agreed['id']}/what-if", params={"refuse": proposed["id"]})).json()
        assert (back["then"]["total_due"], back["difference"]) == ("9000.00", "-1000.00")

    async def test_only_what_could_be(self, world: World) -> None:
        item = await fill(world, 7, 3)
        proposed = await propose(world, item)
        refused = (await decide(world.customer, proposed, "refuse", reason="no")).json()
        (draft,) = await settlements(world, item)
        url = f"{URL}/{draft['id']}/what-if"
        assert (await world.staff.get(url, params={"agree": refused["id"]})).status_code == 200
        answer = await world.staff.get(url, params={"refuse": refused["id"]})
        assert (answer.status_code, answer.json()["title"]) == (422, "Not this agreements")
        unknown = "0199f0a0-0000-7000-8000-000000000001"
        assert (await world.staff.get(url, params={"agree": unknown})).status_code == 422


class TestList:
    async def test_newest_first_in_pages(self, world: World) -> None:
        item = await world.begin(PENAL)
        for month in (2, 3, 4):
            await world.close(on(1, month=month))
        url = f"/metrics/v1/agreements/{item['id']}/settlements"
        first = (await world.staff.get(url, params={"limit": 2})).json()
        second = (await world.staff.get(url, params={"limit": 2, "cursor": first["next_cursor"]})).json()
        periods = [one["period"] for one in first["items"] + second["items"]]
        assert periods == ["2027-03-01", "2027-02-01", "2027-01-01"]
        assert second["next_cursor"] is None


class TestWhoMay:
    async def test_customers_read_their_own_only(self, world: World) -> None:
        item = await fill(world, 7, 3)
        (draft,) = await settlements(world, item)
        other = world.client(Role.CUSTOMER, subject="bob", customer="Other")
        assert (await world.customer.get(f"{URL}/{draft['id']}")).status_code == 200
        for path in ("", "/what-if"):
            assert (await other.get(f"{URL}/{draft['id']}{path}")).status_code == 404
        assert (await other.get(f"/metrics/v1/agreements/{item['id']}/settlements")).status_code == 404

    async def test_an_engineer_issues_nothing(self, world: World) -> None:
        (draft,) = await settlements(world, await fill(world, 7, 3))
        engineer = world.client(Role.ENGINEER)
        assert (await act(engineer, draft, "issue")).status_code == 403

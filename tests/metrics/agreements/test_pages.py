from datetime import date

from services.metrics.agreements import rules, words
from services.metrics.measures.service import find_measure
from services.metrics.observations import service as observations
from services.metrics.observations.rules import Computed
from shared import clock
from tests.metrics.agreements.builders import URL, Parties

CHINESE = {"Accept-Language": "zh-CN"}


async def tell(parties: Parties, key: str, month: date, value: float, n: int) -> None:
    """A closed month's value, as the clause's evaluation tells it."""
    async with parties.solo.transaction() as session:
        measure = await find_measure(session, key)
        computed = Computed("all", value, value * n, n)
        await observations.tell(session, measure, month, [computed], clock.now(), origin="clause")


class TestList:
    async def test_shows_state_customer_dates_and_what_expires(self, parties: Parties) -> None:
        await parties.signed()
        await parties.turn("2027-01-01")
        parties.travel("2027-11-15")
        page = await parties.manager.get("/metrics/agreements")
        assert page.status_code == 200
        for shown in ("Mail support", "SLA-2026-0001", "Harbour Bank", "31 Dec 2027", "In force", "expiring"):
            assert shown in page.text
        chinese = (await parties.manager.get("/metrics/agreements", headers=CHINESE)).text
        assert "生效中" in chinese
        assert '<a href="/metrics/agreements" aria-current="page">' in page.text
        assert "即将到期" in chinese

    async def test_of_one_state(self, parties: Parties) -> None:
        await parties.design()
        assert "Mail support" in (await parties.manager.get("/metrics/agreements?state=design")).text
        other = await parties.manager.get("/metrics/agreements?state=expired")
        assert "There is no agreement here" in other.text


class TestShow:
    async def test_clauses_with_promise_and_newest_value(self, parties: Parties) -> None:
        """R74: attainment beside what was promised."""
        item = await parties.signed()
        await parties.turn("2027-01-01")
        parties.travel("2027-03-05")
        await tell(parties, "sla.2026-0001.response", date(2027, 1, 1), 0.97, 100)
        await tell(parties, "sla.2026-0001.response", date(2027, 2, 1), 0.9375, 80)
        last = (await parties.get(item))["clauses"][0]["last"]
        assert (last["period"], last["value"], last["n"], last["kept"]) == ("2027-02-01", 0.9375, 80, False)
        page = (await parties.manager.get(f"/metrics/agreements/{item['id']}")).text
        for shown in ("≥ 95.00%", "93.75%", "Feb 2027", "missed", "Force majeure", "No data yet."):
            assert shown in page

    async def test_says_what_is_missing_in_the_readers_words(self, parties: Parties) -> None:
        item = await parties.negotiated()
        page = (await parties.manager.get(f"/metrics/agreements/{item['id']}", headers=CHINESE)).text
        assert "客户对免责条款的知悉确认" in page
        assert "签署之前还缺少" in page

    async def test_every_state_has_a_page(self, parties: Parties) -> None:
        item = await parties.signed()
        successor = await parties.act(parties.manager, item, "renew")
        for one in (item, successor):
            assert (await parties.manager.get(f"/metrics/agreements/{one['id']}")).status_code == 200

    async def test_a_customer_reads_by_rest(self, parties: Parties) -> None:
        item = await parties.negotiated()
        assert (await parties.customer.get(f"/metrics/agreements/{item['id']}")).status_code == 403
        assert (await parties.customer.get(f"{URL}/{item['id']}")).status_code == 200


class TestWords:
    def test_all_that_can_be_missing_has_words(self) -> None:
        said = rules.find_missing_to_sign(set(), 0, has_exemptions=True)
        said += rules.find_missing_to_end(set(), has_open_settlements=True)
        assert set(said) == set(words.MISSING)

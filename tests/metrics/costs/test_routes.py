"""R138: what services cost and bring in."""

from typing import Any

import httpx
import pytest

from shared import clock
from shared.auth import Role
from tests.support.solo import Solo

BASE = "/metrics/v1"
MARCH = f"{BASE}/costs/mail/2026-03"


@pytest.fixture
async def client(solo: Solo) -> httpx.AsyncClient:
    made = solo.client(Role.OPERATIONS_MANAGER)
    for key in ("mail", "网络%2FVPN"):
        entry = {"name": "A service", "service_class": "core", "owner": "wang.fang"}
        assert (await made.put(f"{BASE}/services/{key}", json=entry)).status_code == 200
    return made


async def put(
    client: httpx.AsyncClient, path: str, amount: str, currency: str = "CNY", **headers: str
) -> dict[str, Any]:
    body = {"amount": amount, "currency": currency}
    answer = await client.put(f"{BASE}/costs/{path}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:ratchet:problem:")


class TestPutCost:
    async def test_a_correction_is_a_new_revision_and_the_old_one_stays(self, client: httpx.AsyncClient) -> None:
        first = await put(client, "mail/2026-03/people", "30000.1")
        assert (first["revision"], first["amount"], first["month"]) == (1, "30000.10", "2026-03-01")
        blind = await client.put(f"{MARCH}/people", json={"amount": "1"})
        assert problem(blind) == (428, "precondition-required")
        await put(client, "mail/2026-03/people", "31000", **{"If-Match": '"1"'})
        stale = await client.put(f"{MARCH}/people", json={"amount": "1"}, headers={"If-Match": '"1"'})
        assert problem(stale) == (412, "lost-update")
        answer = await client.get(f"{MARCH}/people")
        assert answer.headers["ETag"] == '"2"'
        assert [(one["revision"], one["amount"], one["recorded_by"]) for one in answer.json()] == [
            (2, "31000.00", "operations_manager"),
            (1, "30000.10", "operations_manager"),
        ]

    async def test_a_service_whose_name_has_a_slash(self, client: httpx.AsyncClient) -> None:
        assert (await put(client, "网络%2FVPN/2026-03/money", "5"))["service"] == "网络/VPN"
        assert (await client.get(f"{BASE}/costs/网络%2FVPN/2026-03/money")).json()[0]["amount"] == "5.00"

    @pytest.mark.parametrize(
        ("path", "body", "status", "named", "says"),
        [
            ("stranger/2026-03/people", {}, 422, "unknown-service", "PUT /v1/services/{key} first"),
            ("mail/2199-01/people", {}, 422, "future-month", "2199-01 has not begun"),
            ("mail/2026-13/people", {}, 422, "unsound-range", "is no month like 2016-03"),
            ("mail/1989-12/people", {}, 422, "unsound-range", "outside 1990 to 2199"),
            ("mail/2026-3/people", {}, 422, "malformed", "month"),
            ("mail/2026-03/time", {}, 422, "malformed", "'people', 'material', 'money' or 'income'"),
            ("mail/2026-03/people", {"amount": "-0.01"}, 422, "malformed", "amount"),
            ("mail/2026-03/people", {"amount": "1.001"}, 422, "malformed", "amount"),
            ("mail/2026-03/people", {"amount": "1000000000000"}, 422, "malformed", "amount"),
            ("mail/2026-03/people", {"currency": "yuan"}, 422, "malformed", "currency"),
        ],
    )
    async def test_what_is_wrong_is_named(
        self, client: httpx.AsyncClient, path: str, body: dict[str, Any], status: int, named: str, says: str
    ) -> None:
        answer = await client.put(f"{BASE}/costs/{path}", json={"amount": "1", **body})
        assert problem(answer) == (status, named)
        assert says in answer.json()["detail"]

    async def test_the_present_month_may_be_recorded(self, client: httpx.AsyncClient) -> None:
        await put(client, f"mail/{clock.now():%Y-%m}/people", "1")

    async def test_one_month_is_kept_in_one_currency(self, client: httpx.AsyncClient) -> None:
        await put(client, "mail/2026-03/people", "10")
        answer = await client.put(f"{MARCH}/income", json={"amount": "20", "currency": "EUR"})
        assert problem(answer) == (409, "currency-differs")
        assert "record income in CNY too" in answer.json()["detail"]
        await put(client, "mail/2026-03/people", "10", "EUR", **{"If-Match": '"1"'})
        await put(client, "mail/2026-03/income", "20", "EUR")

    async def test_only_who_may_edit_and_staff_reads(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await put(client, "mail/2026-03/people", "10")
        engineer, customer = solo.client(Role.ENGINEER), solo.client(Role.CUSTOMER)
        assert (await engineer.put(f"{MARCH}/money", json={"amount": "1"})).status_code == 403
        assert (await engineer.get(f"{MARCH}/people")).status_code == 200
        assert (await customer.get(f"{MARCH}/people")).status_code == 403
        assert (await customer.get(f"{BASE}/costs")).status_code == 403

    async def test_what_was_never_recorded_is_not_found(self, client: httpx.AsyncClient) -> None:
        assert problem(await client.get(f"{MARCH}/people")) == (404, "cost-not-found")


class TestListCosts:
    async def test_pages_what_is_valid_now(self, client: httpx.AsyncClient) -> None:
        for path in ("mail/2026-02/people", "mail/2026-03/income", "网络%2FVPN/2026-03/people", "mail/2026-03/people"):
            await put(client, path, "1")
        await put(client, "mail/2026-03/people", "2", **{"If-Match": '"1"'})
        seen: list[tuple[str, str, str, str]] = []
        params: dict[str, str] = {"limit": "1"}
        while True:
            page = (await client.get(f"{BASE}/costs", params=params)).json()
            seen.extend((one["month"][:7], one["service"], one["kind"], one["amount"]) for one in page["items"])
            if page["next_cursor"] is None:
                break
            params["cursor"] = page["next_cursor"]
        assert seen == [
            ("2026-02", "mail", "people", "1.00"),
            ("2026-03", "mail", "income", "1.00"),
            ("2026-03", "mail", "people", "2.00"),
            ("2026-03", "网络/VPN", "people", "1.00"),
        ]
        wanted = {"service": "mail", "kind": "people", "from": "2026-03", "to": "2026-03"}
        (one,) = (await client.get(f"{BASE}/costs", params=wanted)).json()["items"]
        assert (one["revision"], one["amount"]) == (2, "2.00")


class TestGetCostBenefit:
    async def test_by_month_and_by_year(self, client: httpx.AsyncClient) -> None:
        """F16. 2025: cost 400 + 200, income 1000 in December only, so 0.6 for the year and no data for November."""
        for path, amount in (
            ("2025-11/people", "400"),
            ("2025-12/people", "150"),
            ("2025-12/material", "30"),
            ("2025-12/money", "20"),
            ("2025-12/income", "1000"),
        ):
            await put(client, f"mail/{path}", amount)
        span = {"service": "mail", "from": "2025-01", "to": "2025-12"}
        months = (await client.get(f"{BASE}/cost-benefit", params=span)).json()
        assert [(one["period"], one["cost"], one["income"], one["ratio"]) for one in months] == [
            ("2025-11-01", "400.00", None, None),
            ("2025-12-01", "200.00", "1000.00", "0.2000"),
        ]
        (year,) = (await client.get(f"{BASE}/cost-benefit", params={**span, "by": "yearly"})).json()
        assert (year["cost"], year["ratio"]) == ("600.00", "0.6000")
        assert year["incomplete"]["2025-11"] == ["material", "money", "income"]
        assert len(year["incomplete"]) == 11

    async def test_goes_by_the_newest_revision(self, client: httpx.AsyncClient) -> None:
        await put(client, "mail/2025-12/people", "500")
        await put(client, "mail/2025-12/income", "1000")
        await put(client, "mail/2025-12/people", "250", **{"If-Match": '"1"'})
        span = {"service": "mail", "from": "2025-12", "to": "2025-12"}
        (month,) = (await client.get(f"{BASE}/cost-benefit", params=span)).json()
        assert month["ratio"] == "0.2500"

    @pytest.mark.parametrize(
        ("first", "last"), [("2025-12", "2025-11"), ("1990-01", "2025-12"), ("2025-00", "2025-12")]
    )
    async def test_an_unsound_range_is_named(self, client: httpx.AsyncClient, first: str, last: str) -> None:
        span = {"service": "mail", "from": first, "to": last}
        assert problem(await client.get(f"{BASE}/cost-benefit", params=span)) == (422, "unsound-range")

from typing import Any

import httpx
import pytest

from services.satisfaction.callbacks.customers.service import note_customers
from shared import clock
from shared.app import Service
from shared.auth import Role
from shared.events.catalogue import CustomerRegistered
from shared.events.envelope import Draft, Origin, parse, serialise, typed
from tests.satisfaction.callbacks.building import problem, recently, scheduled
from tests.support.fleet import Fleet

PATH = "/satisfaction/v1/callback-customers"


def registered(segment: str | None, version: int, key: str = "acme") -> CustomerRegistered:
    return CustomerRegistered(key=key, version=version, name=f"{key} {version}", segment=segment, notes=None)


async def tell(service: Service, *facts: CustomerRegistered) -> None:
    bodies = [
        serialise(Draft(fact, fact.key, fact.version, Origin("x", fact.key)), "metrics", clock.now())[1]
        for fact in facts
    ]
    async with service.database.transaction() as session:
        await note_customers(session, [typed(parse(body), CustomerRegistered) for body in bodies])


class TestSetCallbackCustomer:
    async def test_says_how_a_customer_is_called(self, client: httpx.AsyncClient) -> None:
        body = {"zone": "Asia/Shanghai", "quiet_hours": "21:00-08:00", "desk": "desk east"}
        answer = await client.put(f"{PATH}/acme", json=body)
        assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
        told_of = (await client.get(f"{PATH}/acme")).json()
        assert told_of == answer.json()
        assert {key: told_of[key] for key in body} == body
        assert (told_of["updated_by"], told_of["version"]) == ("wang.fang", 1)

    async def test_what_was_said_before_is_not_overwritten_unread(self, client: httpx.AsyncClient) -> None:
        assert (await client.put(f"{PATH}/acme", json={"desk": "east"})).status_code == 200
        problem(await client.put(f"{PATH}/acme", json={"desk": "west"}), 428, "precondition-required")
        stale = await client.put(f"{PATH}/acme", json={"desk": "west"}, headers={"If-Match": '"7"'})
        problem(stale, 412, "lost-update")
        answer = await client.put(f"{PATH}/acme", json={"desk": "west"}, headers={"If-Match": '"1"'})
        assert (answer.status_code, answer.json()["desk"], answer.json()["version"]) == (200, "west", 2)

    async def test_an_unknown_zone_is_told_so(self, client: httpx.AsyncClient) -> None:
        detail = problem(await client.put(f"{PATH}/acme", json={"zone": "Mars/Olympus"}), 422, "unknown-zone")
        assert "Mars/Olympus" in detail
        problem(await client.get(f"{PATH}/acme"), 404, "callback-customer-not-found")

    @pytest.mark.parametrize(
        "body",
        [
            {"quiet_hours": "21-8"},
            {"quiet_hours": "24:00-08:00"},
            {"quiet_hours": "21:00"},
            {"quiet_hours": ""},
            {"zone": "x" * 61},
            {"desk": " "},
            {"desk": "\x00"},
            {"segment": "gold"},
            [],
        ],
    )
    async def test_a_malformed_body_is_told_so(self, client: httpx.AsyncClient, body: Any) -> None:
        problem(await client.put(f"{PATH}/acme", json=body), 422, "malformed")

    async def test_who_only_reads_does_not_write(self, desk: Fleet) -> None:
        async with desk.client(Role.AUDITOR) as auditor:
            assert (await auditor.put(f"{PATH}/acme", json={})).status_code == 403
        async with desk.client(Role.CUSTOMER) as customer:
            assert (await customer.get(PATH)).status_code == 403


class TestListCallbackCustomers:
    async def test_pages_by_name(self, client: httpx.AsyncClient) -> None:
        for name in ("bolt", "acme", "中国银行"):
            await client.put(f"{PATH}/{name}", json={"desk": "east"})
        first = (await client.get(PATH, params={"limit": 2})).json()
        rest = (await client.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]})).json()
        assert [item["customer"] for item in first["items"] + rest["items"]] == ["acme", "bolt", "中国银行"]
        assert rest["next_cursor"] is None


class TestNoteCustomers:
    async def test_the_newest_segment_stays_in_whatever_order_it_is_told(
        self, service: Service, client: httpx.AsyncClient
    ) -> None:
        """R204."""
        await tell(service, registered("silver", 2), registered("bronze", 1))
        await tell(service, registered("gold", 3))
        await tell(service, registered("silver", 2))
        told_of = (await client.get(f"{PATH}/acme")).json()
        assert (told_of["name"], told_of["segment"], told_of["version"]) == ("acme 3", "gold", 0)

    async def test_and_what_was_said_here_stays(self, service: Service, client: httpx.AsyncClient) -> None:
        await client.put(f"{PATH}/acme", json={"desk": "east"})
        await tell(service, registered("gold", 1))
        told_of = (await client.get(f"{PATH}/acme")).json()
        assert (told_of["desk"], told_of["segment"]) == ("east", "gold")

    async def test_a_callback_remembers_desk_and_segment_of_its_time(
        self, service: Service, client: httpx.AsyncClient
    ) -> None:
        """R204: later changes do not rewrite it; what was not known then is taken from today."""
        unknown = await scheduled(service, recently(number=1))
        await client.put(f"{PATH}/acme", json={"desk": "east"})
        await tell(service, registered("gold", 1))
        known = await scheduled(service, recently(number=2))
        await client.put(f"{PATH}/acme", json={"desk": "west"}, headers={"If-Match": "*"})
        assert [(await client.get(path)).json()["desk"] for path in (unknown, known)] == ["west", "east"]
        assert [(await client.get(path)).json()["segment"] for path in (unknown, known)] == ["gold", "gold"]

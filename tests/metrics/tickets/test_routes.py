import asyncio
from typing import Any

from sqlalchemy import text

from shared.auth import Role
from tests.support.fleet import Fleet
from tests.support.solo import Solo
from tests.support.tickets import body
from tests.support.waiting import eventually

URL = "/metrics/v1/tickets"


async def ledger_types(fleet: Fleet, subject: str) -> list[str]:
    async with fleet.client(Role.AUDITOR) as client:
        entries = (await client.get("/audit/v1/ledger", params={"subject": subject, "limit": 500})).json()["items"]
    return [entry["type"] for entry in entries]


async def only_ticket(fleet: Fleet) -> dict[str, Any]:
    async with fleet.client(Role.SERVICE_DESK) as client:
        (ticket,) = (await client.get(URL)).json()["items"]
    return ticket


class TestPostTickets:
    async def test_one_ticket_is_taken_and_told(self, fleet: Fleet) -> None:
        async with fleet.client(Role.INTEGRATION) as client:
            answer = await client.post(URL, json=body("resolved", 5))
        assert answer.status_code == 200
        assert answer.json() == {"accepted": 1, "changed": 1, "quarantined": []}
        ticket = await only_ticket(fleet)

        async def told() -> None:
            assert await ledger_types(fleet, ticket["id"]) == [
                "ratchet.incident.opened.v1",
                "ratchet.incident.resolved.v1",
            ]
            return True

        await eventually(told)

    async def test_the_same_request_twice_has_one_effect(self, fleet: Fleet) -> None:
        async with fleet.client(Role.INTEGRATION) as client:
            await client.post(URL, json=body("resolved", 5))
            again = await client.post(URL, json=body("resolved", 5))
        assert again.json()["changed"] == 0
        assert (await only_ticket(fleet))["resolution_number"] == 1

    async def test_a_malformed_element_does_not_keep_the_rest(self, fleet: Fleet) -> None:
        bad = {**body("new", external_id="T-2"), "state": "weird"}
        async with fleet.client(Role.INTEGRATION, Role.SERVICE_DESK) as client:
            answer = await client.post(URL, json=[body(), bad, body(external_id="T-3"), 7])
            kept = (await client.get("/metrics/v1/quarantine")).json()["items"]
        assert answer.status_code == 200
        assert answer.json()["accepted"] == 2
        assert [item["place"] for item in answer.json()["quarantined"]] == ["[1]", "[3]"]
        assert "state" in kept[0]["reason"]
        assert "new" in kept[0]["reason"]

    async def test_nothing_understood_is_422_and_kept(self, fleet: Fleet) -> None:
        async with fleet.client(Role.INTEGRATION, Role.SERVICE_DESK) as client:
            answer = await client.post(URL, json={"hello": "world"})
            kept = (await client.get("/metrics/v1/quarantine")).json()["items"]
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(kept) == 1

    async def test_too_many_at_once_are_413(self, fleet: Fleet) -> None:
        async with fleet.client(Role.INTEGRATION) as client:
            answer = await client.post(URL, json=[body()] * 1001)
        assert answer.status_code == 413

    async def test_who_may(self, fleet: Fleet) -> None:
        async with fleet.client() as nobody, fleet.client(Role.AUDITOR) as auditor:
            assert (await nobody.post(URL, json=body())).status_code == 401
            assert (await auditor.post(URL, json=body())).status_code == 403

    async def test_a_new_ticket_sent_by_many_at_once_is_one(self, fleet: Fleet) -> None:
        async with fleet.client(Role.INTEGRATION) as client:
            answers = await asyncio.gather(*(client.post(URL, json=body("resolved", 5)) for _ in range(8)))
        assert {answer.status_code for answer in answers} == {200}
        assert (await only_ticket(fleet))["version"] == 2

    async def test_overlapping_batches_in_opposite_order_do_not_hinder_each_other(self, fleet: Fleet) -> None:
        batch = [body("new", external_id=f"T-{number}") for number in range(200)]
        async with fleet.client(Role.INTEGRATION) as client:
            answers = await asyncio.gather(
                *(client.post(URL, json=batch if turn % 2 else batch[::-1]) for turn in range(4))
            )
        assert {answer.status_code for answer in answers} == {200}
        async with fleet.services["metrics"].database.engine.connect() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM tickets"))).scalar_one() == 200


class TestListTickets:
    async def test_pages_through_all(self, fleet: Fleet) -> None:
        batch = [body(external_id=f"T-{number}") for number in range(7)]
        async with fleet.client(Role.INTEGRATION, Role.SERVICE_DESK) as client:
            await client.post(URL, json=batch)
            seen: list[str] = []
            cursor = None
            while True:
                params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
                page = (await client.get(URL, params=params)).json()
                seen += [ticket["external_id"] for ticket in page["items"]]
                cursor = page["next_cursor"]
                if cursor is None:
                    break
        assert sorted(seen) == sorted(ticket["external_id"] for ticket in batch)

    async def test_finds_by_the_sources_own_id(self, fleet: Fleet) -> None:
        async with fleet.client(Role.INTEGRATION, Role.SERVICE_DESK) as client:
            await client.post(URL, json=[body(), body(external_id="T-2")])
            found = (await client.get(URL, params={"external_id": "T-2"})).json()["items"]
        assert [ticket["external_id"] for ticket in found] == ["T-2"]


class TestGetTicket:
    async def test_an_unknown_one_is_not_found(self, fleet: Fleet) -> None:
        async with fleet.client(Role.SERVICE_DESK) as client:
            answer = await client.get(f"{URL}/0199f0a0-0000-7000-8000-000000000001")
        assert answer.status_code == 404


class TestFutureTimes:
    async def test_what_has_not_happened_yet_is_quarantined_and_keeps_no_later_update_out(self, solo: Solo) -> None:
        """R142: an update from 2099 would be newer than every one to come."""
        desk = solo.client(Role.INTEGRATION, Role.SERVICE_DESK)
        answer = await desk.post("/metrics/v1/tickets", json=body("new", updated_at="2099-01-01T00:00:00Z"))
        assert answer.status_code == 422
        assert "updated_at: 2099-01-01" in answer.json()["detail"]
        assert "time_zone" in answer.json()["detail"]
        (item,) = (await desk.get("/metrics/v1/quarantine")).json()["items"]
        again = await desk.post(f"/metrics/v1/quarantine/{item['id']}/replay")
        assert again.status_code == 409
        assert (await desk.post("/metrics/v1/tickets", json=body("in_progress", 1))).json()["changed"] == 1

    async def test_a_deadline_may_lie_ahead(self, solo: Solo) -> None:
        desk = solo.client(Role.INTEGRATION)
        answer = await desk.post("/metrics/v1/tickets", json=body("new", due_at="2099-01-01T00:00:00Z"))
        assert answer.json()["accepted"] == 1

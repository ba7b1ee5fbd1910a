from datetime import timedelta

import httpx
import pytest

from services.metrics.catalogue import repository
from shared import clock
from shared.auth import Role
from tests.metrics.catalogue.builders import BASE, MAIL, put
from tests.support.solo import Solo
from tests.support.tickets import body as ticket


@pytest.fixture
def client(solo: Solo) -> httpx.AsyncClient:
    return solo.client(Role.PROCESS_OWNER)


class TestCriticalities:
    async def test_of_those_that_are_in_the_catalogue(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await put(client, "services/mail", MAIL)
        await put(client, "services/wiki", {**MAIL, "criticality": "low"})
        async with solo.database.reading() as session:
            assert await repository.criticalities(session, {"mail", "wiki", "stranger"}) == {
                "mail": "critical",
                "wiki": "low",
            }
            assert await repository.criticalities(session, []) == {}


class TestListUnknown:
    async def test_names_what_recent_tickets_are_about_and_nobody_catalogued(
        self, solo: Solo, client: httpx.AsyncClient
    ) -> None:
        now = clock.now()
        about = [
            ("mail", "bank", None, 1),
            ("wiki", "bank", "branches", 2),
            ("wiki", "school", None, 3),
            ("forgotten", "museum", None, 91),
        ]
        tickets = [
            ticket(
                external_id=f"{days}",
                service=service,
                customer=customer,
                project=project,
                opened_at=now - timedelta(days=days),
                updated_at=now - timedelta(days=days),
            )
            for service, customer, project, days in about
        ]
        sent = await solo.client(Role.INTEGRATION).post(f"{BASE}/tickets", json=tickets)
        assert sent.status_code == 200, sent.text
        await put(client, "services/mail", MAIL)
        await put(client, "customers/bank", {"name": "Bank"})
        answer = (await client.get(f"{BASE}/catalogue/unknown")).json()
        assert answer["looked_at"] == 3
        assert [(one["kind"], one["value"], one["tickets"]) for one in answer["items"]] == [
            ("service", "wiki", 2),
            ("customer", "school", 1),
            ("project", "branches", 1),
        ]

    async def test_no_tickets_is_an_answer(self, client: httpx.AsyncClient) -> None:
        answer = (await client.get(f"{BASE}/catalogue/unknown")).json()
        assert (answer["looked_at"], answer["items"]) == (0, [])

    async def test_reads_no_more_than_it_may(self, solo: Solo, client: httpx.AsyncClient) -> None:
        now = clock.now()
        tickets = [
            ticket(
                external_id=f"{days}",
                service=f"s{days}",
                customer="bank",
                opened_at=now - timedelta(days=days),
                updated_at=now,
            )
            for days in (1, 2, 3)
        ]
        await solo.client(Role.INTEGRATION).post(f"{BASE}/tickets", json=tickets)
        async with solo.database.reading() as session:
            looked_at, rows = await repository.list_unknown(session, now - timedelta(days=90), 2, 1)
            assert (looked_at, [(row.kind, row.tickets) for row in rows]) == (2, [("customer", 2)])

from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest

from shared import clock
from shared.app import Service
from shared.auth import STAFF, Role
from tests.satisfaction.callbacks.building import (
    ANSWERS,
    ATTEMPT,
    MORNING,
    NOBODYS,
    REST,
    hear,
    items,
    problem,
    recently,
    reopened,
    resolved,
    scheduled,
    ticket_id,
)
from tests.support.fleet import Fleet

RECORDERS = [Role.SERVICE_DESK, Role.OPERATIONS_MANAGER, Role.QUALITY_MANAGER, Role.INTEGRATION]


class TestListCallbacks:
    async def test_what_is_due_next_comes_first(self, service: Service, client: httpx.AsyncClient) -> None:
        await hear(
            service,
            *(resolved(n, resolved_at=MORNING + timedelta(hours=hours)) for n, hours in [(1, 3), (2, 1), (3, 2)]),
        )
        assert items(await client.get(REST)) == ["INC0000002", "INC0000003", "INC0000001"]

    async def test_pages_by_cursor_through_equal_times(self, service: Service, client: httpx.AsyncClient) -> None:
        await hear(service, *(resolved(number) for number in range(7)))
        seen: list[str] = []
        cursor: str | None = None
        for expected in (3, 3, 1):
            given = {"limit": 3} | ({"cursor": cursor} if cursor else {})
            answer = await client.get(REST, params=given)
            assert len(items(answer)) == expected
            seen += [item["id"] for item in answer.json()["items"]]
            cursor = answer.json()["next_cursor"]
        assert cursor is None
        assert len(set(seen)) == 7
        assert seen == sorted(seen)

    async def test_narrows(self, service: Service, client: httpx.AsyncClient) -> None:
        await hear(service, resolved(1), recently(number=2, customer="bolt"), recently(number=3), reopened(3))
        path = await scheduled(service, recently(number=4))
        assert (await client.post(f"{path}/complete", json=ANSWERS)).status_code == 200
        tomorrow = (clock.now() + timedelta(days=3)).isoformat()
        for given, expected in [
            ({"state": "due"}, ["INC0000001", "INC0000002"]),
            ({"state": "completed"}, ["INC0000004"]),
            ({"state": "cancelled"}, ["INC0000003"]),
            ({"state": "unreachable"}, []),
            ({"overdue": "true"}, ["INC0000001"]),
            ({"overdue": "false", "state": "due"}, ["INC0000002"]),
            ({"ticket_id": str(ticket_id(2))}, ["INC0000002"]),
            ({"customer": "bolt"}, ["INC0000002"]),
            ({"external_id": "INC0000004"}, ["INC0000004"]),
            ({"external_id": "INC000000"}, []),
            ({"resolver": "Li Wei", "state": "due"}, ["INC0000001", "INC0000002"]),
            ({"resolver": "Nobody"}, []),
            ({"due_before": "2026-03-03T09:00:00Z"}, []),
            ({"due_before": "2026-03-03T09:00:01Z"}, ["INC0000001"]),
            ({"due_before": tomorrow, "state": "due", "customer": "acme"}, ["INC0000001"]),
        ]:
            assert items(await client.get(REST, params=given)) == expected, given

    @pytest.mark.parametrize(
        "query",
        [
            "state=open",
            "overdue=perhaps",
            "ticket_id=1",
            "customer=",
            f"customer={'x' * 301}",
            "due_before=2026-03-03",
            "due_before=1970-01-01T00:00:00Z",
            "limit=0",
            "limit=501",
            "cursor=nonsense",
            "cursor=WyIyMDI2LTAzLTAzVDA5OjAwOjAwIiwgIjAxOTlmMGEwLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwMDAwMSJd",
            "cursor=WzEsMl0",
            "external_id=%00",
        ],
    )
    async def test_a_malformed_question_is_told_so(self, client: httpx.AsyncClient, query: str) -> None:
        problem(await client.get(f"{REST}?{query}"), 422, "malformed")


class TestGetCallback:
    async def test_tells_all_of_it(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service, resolved())
        answer = await client.get(path)
        told_of = answer.json()
        assert answer.headers["etag"] == '"1"'
        assert (told_of["due_at"], told_of["resolved_at"]) == ("2026-03-03T09:00:00Z", "2026-03-02T09:00:00Z")
        assert (told_of["state"], told_of["overdue"], told_of["overdue_at"]) == ("due", True, None)
        assert (told_of["score"], told_of["solved"], told_of["on_time"]) == (None, None, None)
        assert (told_of["level"], told_of["title"], told_of["attempts"]) == (
            "project",
            "No printing on the third floor",
            [],
        )
        assert told_of["correlation_id"] == "story-INC0000001"

    async def test_there_may_be_none(self, client: httpx.AsyncClient) -> None:
        assert NOBODYS in problem(await client.get(f"{REST}/{NOBODYS}"), 404, "callback-not-found")
        problem(await client.get(f"{REST}/1"), 422, "malformed")


class TestGetCoverage:
    async def test_without_resolutions_there_are_no_data(self, client: httpx.AsyncClient) -> None:
        coverage = (await client.get(f"{REST}/coverage")).json()
        assert (coverage["resolved"], coverage["n"], coverage["coverage"]) == (0, 0, None)

    async def test_counts_what_became_of_each(self, service: Service, client: httpx.AsyncClient) -> None:
        paths = [await scheduled(service, resolved(number)) for number in range(1, 5)]
        await hear(service, resolved(5), resolved(6), reopened(6))
        await scheduled(service, recently(number=7))
        for path, hours in zip(paths[:3], (1, 24, 25), strict=True):
            moment = (MORNING + timedelta(hours=hours)).isoformat()
            await client.post(f"{path}/complete", json={**ANSWERS, "completed_at": moment})
        for _ in range(3):
            await client.post(f"{paths[3]}/attempts", json=ATTEMPT)
        assert (await client.post(f"{paths[3]}/unreachable", json={"reason": "gone"})).status_code == 200
        assert (await client.get(f"{REST}/coverage")).json() == {
            "resolved_from": None,
            "resolved_before": None,
            "resolved": 7,
            "completed_on_time": 2,
            "completed_late": 1,
            "completed_by_link": 0,
            "unreachable": 1,
            "open": 2,
            "overdue": 1,
            "cancelled": 1,
            "n": 6,
            "coverage": 2 / 6,
        }

    async def test_only_cancelled_ones_are_no_denominator(self, service: Service, client: httpx.AsyncClient) -> None:
        await hear(service, resolved(), reopened())
        coverage = (await client.get(f"{REST}/coverage")).json()
        assert (coverage["cancelled"], coverage["coverage"]) == (1, None)

    async def test_narrows_by_the_time_of_resolution_and_by_whose(
        self, service: Service, client: httpx.AsyncClient
    ) -> None:
        await hear(
            service,
            resolved(1, resolved_at=datetime.fromisoformat("2026-03-01T00:00:00Z"), service="mail"),
            resolved(2, resolved_at=datetime.fromisoformat("2026-03-31T23:59:59Z"), customer="bolt"),
            resolved(3, resolved_at=datetime.fromisoformat("2026-04-01T00:00:00Z"), group=None),
        )
        for given, expected in [
            ({}, 3),
            ({"from": "2026-03-01", "to": "2026-03-31"}, 2),
            ({"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"}, 2),
            ({"from": "2026-03-01T00:00:01Z"}, 2),
            ({"from": "2026-03-01T08:00:00+08:00", "to": "2026-03-01T00:00:01Z"}, 1),
            ({"to": "2026-03-31"}, 2),
            ({"from": "2026-03", "to": "2026-03"}, 2),
            ({"from": "2026-04", "to": "2026-12"}, 1),
            ({"from": "2026-04-01", "to": "2026-04-01"}, 1),
            ({"service": "mail"}, 1),
            ({"customer": "bolt"}, 1),
            ({"group": "Group 24"}, 2),
            ({"customer": "nobody"}, 0),
        ]:
            assert (await client.get(f"{REST}/coverage", params=given)).json()["resolved"] == expected, given

    @pytest.mark.parametrize(
        "query",
        [
            "from=2026-04-01&to=2026-03-31",
            "from=2026-04-01T00:00:00Z&to=2026-04-01T00:00:00Z",
            "from=march",
            "from=1970-01-01",
            "to=2026-03-31T00:00:00",
            "to=9999-12-31",
            "to=2026-13",
            "from=2026-02-30",
            "from=0000-00",
            "service=",
        ],
    )
    async def test_a_malformed_question_is_told_so(self, client: httpx.AsyncClient, query: str) -> None:
        problem(await client.get(f"{REST}/coverage?{query}"), 422, "malformed")


class TestAccess:
    async def test_nothing_is_open(self, service: Service, desk: Fleet) -> None:
        path = await scheduled(service)
        async with desk.client() as nobody:
            for asked in (REST, path, f"{REST}/coverage"):
                problem(await nobody.get(asked), 401, "unauthenticated")
            problem(await nobody.post(f"{path}/complete", json=ANSWERS), 401, "unauthenticated")

    @pytest.mark.parametrize("role", [*STAFF, Role.INTEGRATION])
    async def test_staff_and_integrations_read(self, service: Service, desk: Fleet, role: Role) -> None:
        path = await scheduled(service)
        async with desk.client(role) as reader:
            for asked in (REST, path, f"{REST}/coverage"):
                assert (await reader.get(asked)).status_code == 200

    async def test_customers_do_not(self, service: Service, desk: Fleet) -> None:
        path = await scheduled(service)
        async with desk.client(Role.CUSTOMER, customer="acme") as customer:
            for asked in (REST, path, f"{REST}/coverage"):
                problem(await customer.get(asked), 403, "forbidden")

    @pytest.mark.parametrize("role", list(Role))
    async def test_only_who_asks_the_customer_records(self, service: Service, desk: Fleet, role: Role) -> None:
        path = await scheduled(service)
        async with desk.client(role) as caller:
            answer = await caller.post(f"{path}/attempts", json=ATTEMPT)
            assert answer.status_code == (201 if role in RECORDERS else 403)
            answer = await caller.post(f"{path}/complete", json=ANSWERS)
            assert answer.status_code == (200 if role in RECORDERS else 403)


class TestIds:
    async def test_each_answer_can_be_asked_for(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        listed = (await client.get(REST)).json()["items"][0]
        UUID(listed["id"])
        detailed = (await client.get(path)).json()
        assert {**listed, "attempts": []} == detailed

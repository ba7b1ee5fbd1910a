import asyncio
from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import text

from shared import clock
from shared.app import Service
from shared.auth import Role
from tests.satisfaction.callbacks.building import (
    ANSWERS,
    ATTEMPT,
    MORNING,
    NOBODYS,
    REST,
    around_now,
    change_settings,
    hear,
    items,
    problem,
    recently,
    reopened,
    resolved,
    scheduled,
    told,
)
from tests.support.fleet import Fleet

WORKLIST = f"{REST}/worklist"
NEXT = f"{REST}/claim-next"


def other(desk: Fleet, subject: str = "chen.jie", role: Role = Role.SERVICE_DESK) -> httpx.AsyncClient:
    return desk.client(role, subject=subject, name=subject.title())


async def expire_claims(service: Service) -> None:
    async with service.database.transaction() as session:
        await session.execute(text("UPDATE callback_claims SET expires_at = expires_at - interval '1 day'"))


class TestClaim:
    async def test_nobody_else_calls_this_customer_meanwhile(
        self, service: Service, desk: Fleet, client: httpx.AsyncClient
    ) -> None:
        """R75, R82: two agents never call the same customer."""
        path = await scheduled(service, recently(number=1))
        claimed = await client.post(f"{path}/claim")
        assert claimed.status_code == 200
        claim = claimed.json()["claim"]
        assert (claim["holder"], claim["holder_name"]) == ("wang.fang", "Wang Fang")
        left = datetime.fromisoformat(claim["until"]) - clock.now()
        assert timedelta(minutes=14) < left <= timedelta(minutes=15)
        async with other(desk) as second:
            detail = problem(await second.post(f"{path}/claim"), 409, "held-by-another")
            assert "Wang Fang" in detail
            for action, body in [("complete", ANSWERS), ("attempts", ATTEMPT), ("unreachable", {"reason": "gone"})]:
                problem(await second.post(f"{path}/{action}", json=body), 409, "held-by-another")
        assert len(await told(service)) == 1
        assert (await client.get(path)).json()["version"] == 1

    async def test_about_no_other_incident_of_the_customer_either(
        self, service: Service, desk: Fleet, client: httpx.AsyncClient
    ) -> None:
        first = await scheduled(service, recently(number=1))
        second = await scheduled(service, recently(number=2, customer="ACME"))
        elsewhere = await scheduled(service, recently(number=3, customer="bolt"))
        await client.post(f"{first}/claim")
        async with other(desk) as agent:
            problem(await agent.post(f"{second}/claim"), 409, "held-by-another")
            problem(await agent.post(f"{second}/complete", json=ANSWERS), 409, "held-by-another")
            assert (await agent.post(f"{elsewhere}/claim")).status_code == 200

    async def test_an_unknown_customer_is_held_by_incident(
        self, service: Service, desk: Fleet, client: httpx.AsyncClient
    ) -> None:
        first = await scheduled(service, recently(number=1, customer=None))
        second = await scheduled(service, recently(number=2, customer=None))
        await client.post(f"{first}/claim")
        async with other(desk) as agent:
            problem(await agent.post(f"{first}/claim"), 409, "held-by-another")
            assert (await agent.post(f"{second}/claim")).status_code == 200

    async def test_by_incident_where_the_installation_says_so(
        self, service: Service, desk: Fleet, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        change_settings(monkeypatch, service, claim_by="incident")
        first = await scheduled(service, recently(number=1))
        second = await scheduled(service, recently(number=2))
        await client.post(f"{first}/claim")
        async with other(desk) as agent:
            problem(await agent.post(f"{first}/claim"), 409, "held-by-another")
            assert (await agent.post(f"{second}/claim")).status_code == 200

    async def test_expires_by_itself(self, service: Service, desk: Fleet, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        await client.post(f"{path}/claim")
        await expire_claims(service)
        assert (await client.get(path)).json()["claim"] is None
        problem(await client.post(f"{path}/release"), 409, "nothing-held")
        async with other(desk) as agent:
            assert (await agent.post(f"{path}/claim")).json()["claim"]["holder"] == "chen.jie"
        problem(await client.post(f"{path}/complete", json=ANSWERS), 409, "held-by-another")

    async def test_again_it_is_held_longer(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        first = (await client.post(f"{path}/claim")).json()["claim"]["until"]
        assert (await client.post(f"{path}/claim")).json()["claim"]["until"] > first

    async def test_of_many_at_once_one_gets_it(self, service: Service, desk: Fleet) -> None:
        path = await scheduled(service)

        async def claim(number: int) -> int:
            async with other(desk, f"agent.{number}") as agent:
                return (await agent.post(f"{path}/claim")).status_code

        assert sorted(await asyncio.gather(*map(claim, range(6)))) == [200, 409, 409, 409, 409, 409]

    @pytest.mark.parametrize(("subject", "name"), [("li wei", "x"), ("x", "LI WEI")])
    async def test_the_resolver_does_not_call(self, service: Service, desk: Fleet, subject: str, name: str) -> None:
        """R81."""
        path = await scheduled(service)
        async with desk.client(Role.SERVICE_DESK, subject=subject, name=name) as resolver:
            problem(await resolver.post(f"{path}/claim"), 409, "caller-is-resolver")
            problem(await resolver.post(NEXT), 404, "nobody-to-call")

    async def test_what_is_settled_is_called_no_more(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        await hear(service, reopened())
        problem(await client.post(f"{path}/claim"), 409, "illegal-transition")
        problem(await client.post(f"{REST}/{NOBODYS}/claim"), 404, "callback-not-found")

    async def test_who_only_reads_does_not_claim(self, service: Service, desk: Fleet) -> None:
        path = await scheduled(service)
        async with desk.client(Role.AUDITOR) as auditor:
            for asked in (f"{path}/claim", f"{path}/release", NEXT):
                assert (await auditor.post(asked)).status_code == 403


class TestEndOfACall:
    async def test_an_attempt_ends_it(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        await client.post(f"{path}/claim")
        await client.post(f"{path}/attempts", json=ATTEMPT)
        assert (await client.get(path)).json()["claim"] is None

    async def test_answers_end_it_when_there_is_no_more_to_ask(
        self, service: Service, client: httpx.AsyncClient
    ) -> None:
        first = await scheduled(service, recently(number=1))
        second = await scheduled(service, recently(number=2))
        await client.post(f"{first}/claim")
        await client.post(f"{first}/complete", json=ANSWERS)
        assert (await client.get(second)).json()["claim"]["holder"] == "wang.fang"
        await client.post(f"{second}/complete", json=ANSWERS)
        third = await scheduled(service, recently(number=3))
        assert (await client.get(third)).json()["claim"] is None


class TestRelease:
    async def test_others_may_call_then(self, service: Service, desk: Fleet, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        await client.post(f"{path}/claim")
        assert (await client.post(f"{path}/release")).json()["claim"] is None
        async with other(desk) as agent:
            assert (await agent.post(f"{path}/claim")).status_code == 200

    async def test_what_another_holds_only_by_a_manager(
        self, service: Service, desk: Fleet, client: httpx.AsyncClient
    ) -> None:
        path = await scheduled(service)
        await client.post(f"{path}/claim")
        async with other(desk) as agent:
            problem(await agent.post(f"{path}/release"), 409, "held-by-another")
        async with other(desk, "omar", Role.OPERATIONS_MANAGER) as manager:
            assert (await manager.post(f"{path}/release")).status_code == 200

    async def test_nothing_can_be_given_back_that_nobody_holds(
        self, service: Service, client: httpx.AsyncClient
    ) -> None:
        problem(await client.post(f"{await scheduled(service)}/release"), 409, "nothing-held")


class TestClaimNext:
    async def test_each_agent_gets_another_customer_in_the_order_of_what_is_due(
        self, service: Service, desk: Fleet
    ) -> None:
        now = clock.now()
        for number, customer, hours in [(1, "acme", 3), (2, "bolt", 5), (3, "bolt", 4), (4, "core", 1)]:
            await scheduled(
                service, recently(number=number, customer=customer, resolved_at=now - timedelta(hours=hours))
            )
        got = []
        for name in ("a", "b", "c"):
            async with other(desk, name) as agent:
                got.append((await agent.post(NEXT)).json()["external_id"])
        assert got == ["INC0000002", "INC0000001", "INC0000004"]
        async with other(desk, "d") as agent:
            problem(await agent.post(NEXT), 404, "nobody-to-call")

    async def test_at_once_nobody_gets_the_same(self, service: Service, desk: Fleet) -> None:
        for number in range(8):
            await scheduled(service, recently(number=number, customer=f"customer {number % 4}"))

        async def take(number: int) -> str | None:
            async with other(desk, f"agent.{number}") as agent:
                answer = await agent.post(NEXT)
                return answer.json().get("customer")

        taken = await asyncio.gather(*map(take, range(6)))
        assert sorted(str(customer) for customer in taken) == [
            "None",
            "None",
            *(f"customer {number}" for number in range(4)),
        ]

    async def test_who_was_just_tried_waits_until_the_others_are_called(
        self, service: Service, desk: Fleet, client: httpx.AsyncClient
    ) -> None:
        """Nobody is rung again and again: neither about this incident nor about another one of theirs."""
        now = clock.now()
        for number, customer, hours in (
            (1, "acme", 20),
            (2, "acme", 19),
            (3, "bolt", 3),
            (4, "bolt", 2),
            (5, "core", 1),
        ):
            await scheduled(
                service, recently(number=number, customer=customer, resolved_at=now - timedelta(hours=hours))
            )

        async def take(record: dict[str, object]) -> str:
            taken = (await client.post(NEXT)).json()
            assert (await client.post(f"{REST}/{taken['id']}/attempts", json=record)).status_code == 201
            number: str = taken["external_id"]
            return number

        later = {"channel": "phone", "outcome": "reached", "next_attempt_at": (now + timedelta(hours=3)).isoformat()}
        assert [await take(ATTEMPT), await take(later), await take(ATTEMPT)] == [
            "INC0000001",
            "INC0000003",
            "INC0000005",
        ]
        assert items(await client.get(WORKLIST)) == ["INC0000001", "INC0000002", "INC0000004", "INC0000005"]
        assert (await client.post(NEXT)).json()["external_id"] == "INC0000001"
        async with service.database.transaction() as session:
            await session.execute(
                text("UPDATE callbacks SET last_attempt_at = last_attempt_at - interval '31 minutes'")
            )
        async with other(desk) as agent:
            assert (await agent.post(NEXT)).json()["external_id"] == "INC0000005"

    async def test_nobody_is_offered_their_own_work(self, service: Service, desk: Fleet) -> None:
        """R81."""
        now = clock.now()
        await scheduled(service, recently(number=1, customer="a", resolved_at=now - timedelta(hours=5)))
        await scheduled(service, recently(number=2, customer="b", resolver="Somebody else"))
        async with desk.client(Role.SERVICE_DESK, subject="li.wei", name="Li Wei") as resolver:
            assert (await resolver.post(NEXT)).json()["external_id"] == "INC0000002"

    async def test_the_same_request_twice_takes_one(self, service: Service, client: httpx.AsyncClient) -> None:
        for number in (1, 2):
            await scheduled(service, recently(number=number, customer=f"customer {number}"))
        headers = {"Idempotency-Key": "next-1"}
        first, again = await client.post(NEXT, headers=headers), await client.post(NEXT, headers=headers)
        assert first.json() == again.json()
        assert len(items(await client.get(WORKLIST, params={"view": "held"}))) == 1


class TestWorklist:
    async def test_what_is_due_next_comes_first_without_what_others_hold(
        self, service: Service, desk: Fleet, client: httpx.AsyncClient
    ) -> None:
        """R75."""
        now = clock.now()
        paths = [
            await scheduled(
                service, recently(number=n, customer=f"c{n}", resolved_at=now - timedelta(hours=30 - 10 * n))
            )
            for n in (1, 2)
        ]
        paths.append(await scheduled(service, recently(number=3, customer="c3", resolved_at=now - timedelta(hours=30))))
        assert items(await client.get(WORKLIST)) == ["INC0000003", "INC0000001", "INC0000002"]
        async with other(desk) as agent:
            await agent.post(f"{paths[0]}/claim")
            assert items(await agent.get(WORKLIST)) == ["INC0000003", "INC0000001", "INC0000002"]
        assert items(await client.get(WORKLIST)) == ["INC0000003", "INC0000002"]
        assert items(await client.get(WORKLIST, params={"view": "held"})) == ["INC0000001"]

    async def test_what_was_heard_of_too_late_is_not_called(self, service: Service, client: httpx.AsyncClient) -> None:
        """It would stand before everything else, for years; it has a list of its own."""
        await scheduled(service, resolved(number=1, customer="c1", resolved_at=MORNING - timedelta(days=300)))
        old = await scheduled(service, resolved(number=2, customer="c2", resolved_at=MORNING - timedelta(days=20)))
        new = await scheduled(service, recently(number=3, customer="c2"))
        assert items(await client.get(WORKLIST)) == ["INC0000003"]
        assert items(await client.get(WORKLIST, params={"view": "history"})) == ["INC0000001", "INC0000002"]
        assert (await client.post(NEXT)).json()["external_id"] == "INC0000003"
        assert (await client.post(f"{new}/complete", json=ANSWERS)).status_code == 200
        assert items(await client.get(WORKLIST, params={"view": "held"})) == []
        problem(await client.post(NEXT), 404, "nobody-to-call")

        agreed = {**ATTEMPT, "outcome": "reached", "next_attempt_at": (clock.now() + timedelta(hours=1)).isoformat()}
        assert (await client.post(f"{old}/attempts", json=agreed)).status_code == 201
        assert (await client.get(old)).json()["history"] is False
        assert items(await client.get(WORKLIST, params={"view": "history"})) == ["INC0000001"]
        assert items(await client.get(WORKLIST, params={"view": "agreed"})) == ["INC0000002"]

    async def test_an_agreed_time_waits_until_it_comes(self, service: Service, client: httpx.AsyncClient) -> None:
        first = await scheduled(service, recently(number=1))
        second = await scheduled(service, recently(number=2))
        for path, hours in ((first, 3), (second, 2)):
            agreed = (clock.now() + timedelta(hours=hours)).isoformat()
            await client.post(f"{path}/attempts", json={**ATTEMPT, "next_attempt_at": agreed})
        assert items(await client.get(WORKLIST)) == []
        page = (await client.get(WORKLIST, params={"view": "agreed", "limit": 1})).json()
        rest = await client.get(WORKLIST, params={"view": "agreed", "cursor": page["next_cursor"]})
        assert [page["items"][0]["external_id"], *items(rest)] == ["INC0000002", "INC0000001"]
        assert page["items"][0]["callable_from"] == page["items"][0]["next_attempt_at"]

    async def test_pages_by_cursor(self, service: Service, client: httpx.AsyncClient) -> None:
        for number in range(5):
            await scheduled(service, recently(number=number))
        seen: list[str] = []
        given: dict[str, str | int] = {"limit": 2}
        for _ in range(3):
            answer = await client.get(WORKLIST, params=given)
            seen += items(answer)
            given["cursor"] = answer.json()["next_cursor"] or ""
        assert sorted(seen) == [f"INC{number:07d}" for number in range(5)]
        assert given["cursor"] == ""

    @pytest.mark.parametrize("query", ["view=mine", "limit=0", "cursor=nonsense"])
    async def test_a_malformed_question_is_told_so(self, client: httpx.AsyncClient, query: str) -> None:
        problem(await client.get(f"{WORKLIST}?{query}"), 422, "malformed")


class TestQuietHours:
    async def test_nobody_is_called(
        self, service: Service, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """R80: by the installation's hours, and it is said from when on."""
        change_settings(monkeypatch, service, quiet_hours=around_now())
        path = await scheduled(service)
        assert items(await client.get(WORKLIST)) == []
        quiet = await client.get(WORKLIST, params={"view": "quiet"})
        assert items(quiet) == ["INC0000001"]
        left = datetime.fromisoformat(quiet.json()["items"][0]["callable_from"]) - clock.now()
        assert timedelta(hours=1, minutes=58) < left <= timedelta(hours=2)
        assert quiet.json()["items"][0]["obstacle"] is None
        problem(await client.post(NEXT), 404, "nobody-to-call")
        assert "despite_quiet_hours" in problem(await client.post(f"{path}/claim"), 409, "in-quiet-hours")
        assert (await client.post(f"{path}/claim", json={"despite_quiet_hours": True})).status_code == 200

    async def test_a_call_that_cannot_be_made_before_its_deadline_says_so(
        self, service: Service, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """R80."""
        change_settings(monkeypatch, service, quiet_hours=around_now())
        path = await scheduled(service, recently(resolved_at=clock.now() - timedelta(hours=23)))
        told_of = (await client.get(path)).json()
        assert (told_of["obstacle"], told_of["at_risk"]) == ("quiet_hours", True)
        assert told_of["call_by"] < told_of["due_at"] < told_of["callable_from"]

    async def test_a_customer_has_hours_of_its_own(
        self, service: Service, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await scheduled(service, recently(number=1, customer="night owl"))
        await scheduled(service, recently(number=2, customer="acme"))
        await scheduled(service, recently(number=3, customer=None))
        people = "/satisfaction/v1/callback-customers"
        await client.put(f"{people}/night owl", json={"quiet_hours": "none"})
        change_settings(monkeypatch, service, quiet_hours=around_now())
        assert items(await client.get(WORKLIST)) == ["INC0000001"]
        assert sorted(items(await client.get(WORKLIST, params={"view": "quiet"}))) == ["INC0000002", "INC0000003"]
        change_settings(monkeypatch, service)
        await client.put(f"{people}/night owl", json={"quiet_hours": around_now()}, headers={"If-Match": "*"})
        assert sorted(items(await client.get(WORKLIST))) == ["INC0000002", "INC0000003"]
        assert items(await client.get(WORKLIST, params={"view": "quiet"})) == ["INC0000001"]

    async def test_a_time_that_the_customer_agreed_on_is_kept(
        self, service: Service, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = await scheduled(service, recently(number=1))
        await scheduled(service, recently(number=2, customer="bolt"))
        now = clock.now()
        for minutes in (50, 70):
            async with service.database.transaction() as session:
                await session.execute(
                    text("UPDATE callbacks SET next_attempt_at = :next_attempt_at WHERE external_id = 'INC0000001'"),
                    {"next_attempt_at": now - timedelta(minutes=minutes)},
                )
            change_settings(monkeypatch, service, quiet_hours=around_now())
            expected = ["INC0000001"] if minutes < 60 else []
            assert items(await client.get(WORKLIST)) == expected
            assert len(items(await client.get(WORKLIST, params={"view": "quiet"}))) == 2 - len(expected)
            claim = await client.post(f"{path}/claim")
            assert claim.status_code == (200 if expected else 409)
            await expire_claims(service)

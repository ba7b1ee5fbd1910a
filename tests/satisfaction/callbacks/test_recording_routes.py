import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from shared import clock
from shared.app import Service
from shared.auth import Role
from tests.satisfaction.callbacks.building import (
    ANSWERS,
    ATTEMPT,
    MORNING,
    NOBODYS,
    REST,
    hear,
    problem,
    reopened,
    resolved,
    scheduled,
    short,
    ticket_id,
    told,
)
from tests.support.fleet import Fleet


class TestRecordAttempt:
    async def test_is_a_row_and_an_event(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        agreed = clock.now() + timedelta(hours=2)
        first = await client.post(f"{path}/attempts", json={**ATTEMPT, "note": "rang ten times"})
        second = await client.post(
            f"{path}/attempts",
            json={"channel": "chat", "outcome": "busy", "next_attempt_at": agreed.isoformat()},
        )
        assert (first.status_code, second.status_code) == (201, 201)
        assert (first.headers["etag"], second.headers["etag"]) == ('"2"', '"3"')
        assert (first.json()["number"], first.json()["note"]) == (1, "rang ten times")
        told_of = (await client.get(path)).json()
        assert [attempt["outcome"] for attempt in told_of["attempts"]] == ["no_answer", "busy"]
        assert (told_of["state"], told_of["attempt_count"], told_of["version"]) == ("due", 2, 3)
        assert datetime.fromisoformat(told_of["next_attempt_at"]) == agreed
        assert datetime.fromisoformat(told_of["last_attempt_at"]) <= clock.now()
        event = (await told(service))[-1]
        assert (short(event), event.sequence, event.actor) == ("callback.attempted", 3, "wang.fang")
        assert event.correlation_id == "story-INC0000001"
        assert (event.data["outcome"], event.data["attempted_by"]) == ("busy", "wang.fang")

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"channel": "phone"},
            {"channel": "fax", "outcome": "busy"},
            {**ATTEMPT, "outcome": "asleep"},
            {**ATTEMPT, "note": ""},
            {**ATTEMPT, "note": "a\x00b"},
            {**ATTEMPT, "note": 5},
            {**ATTEMPT, "attempted_at": "2026-03-03T09:00:00"},
            {**ATTEMPT, "attempted_at": "1970-01-01T00:00:00Z"},
            {**ATTEMPT, "attempted_by": "somebody else"},
            [],
        ],
    )
    async def test_a_malformed_body_is_told_so(self, service: Service, client: httpx.AsyncClient, body: Any) -> None:
        path = await scheduled(service)
        problem(await client.post(f"{path}/attempts", json=body), 422, "malformed")
        assert len(await told(service)) == 1

    async def test_times_have_to_make_sense(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        now = clock.now()
        for changes, name in [
            ({"attempted_at": (now + timedelta(hours=1)).isoformat()}, "time-in-future"),
            ({"attempted_at": (now - timedelta(hours=2)).isoformat()}, "time-before-resolution"),
            ({"next_attempt_at": (now - timedelta(minutes=1)).isoformat()}, "next-attempt-not-later"),
        ]:
            problem(await client.post(f"{path}/attempts", json={**ATTEMPT, **changes}), 409, name)

    async def test_not_once_it_is_settled(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        await hear(service, reopened())
        detail = problem(await client.post(f"{path}/attempts", json=ATTEMPT), 409, "illegal-transition")
        assert "'cancelled'" in detail


class TestCompleteCallback:
    async def test_in_time(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        answer = await client.post(
            f"{path}/complete", json={**ANSWERS, "comment": "谢谢", "conduct": {"courtesy": 5, "explained": 4}}
        )
        told_of = answer.json()
        assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
        assert (told_of["state"], told_of["on_time"], told_of["channel"]) == ("completed", True, "phone")
        assert (told_of["solved"], told_of["score"], told_of["comment"]) == ("yes", 5, "谢谢")
        assert told_of["conduct"] == {"courtesy": 5, "explained": 4}
        assert told_of["completed_by"] == "wang.fang"
        scheduled_event, completed = await told(service)
        assert (short(completed), completed.sequence) == ("callback.completed", 2)
        assert (completed.data["on_time"], completed.data["score"]) == (True, 5)
        assert completed.correlation_id == scheduled_event.correlation_id

    async def test_in_time_to_the_last_moment_and_late_after_it(
        self, service: Service, client: httpx.AsyncClient
    ) -> None:
        for number, (seconds, on_time) in enumerate([(0, True), (1, False)], 1):
            path = await scheduled(service, resolved(number))
            moment = MORNING + timedelta(hours=24, seconds=seconds)
            answer = await client.post(f"{path}/complete", json={**ANSWERS, "completed_at": moment.isoformat()})
            assert answer.json()["on_time"] is on_time
            assert (await told(service))[-1].data["on_time"] is on_time

    async def test_a_no_is_a_dispute_and_a_low_score_dissatisfaction(
        self, service: Service, client: httpx.AsyncClient
    ) -> None:
        path = await scheduled(service)
        answer = await client.post(f"{path}/complete", json={"solved": "no", "score": 1, "comment": "still broken"})
        events = (await told(service))[1:]
        assert [(short(event), event.sequence) for event in events] == [
            ("callback.completed", 2),
            ("resolution.disputed", 3),
            ("dissatisfaction.recorded", 4),
        ]
        assert answer.json()["version"] == 4
        assert {event.data["comment"] for event in events} == {"still broken"}
        assert {event.data["ticket_id"] for event in events} == {str(ticket_id(1))}
        assert {event.correlation_id for event in events} == {"story-INC0000001"}

    @pytest.mark.parametrize(
        ("answers", "also"),
        [
            ({"solved": "partly", "score": 3}, []),
            ({"solved": "partly", "score": 2}, ["dissatisfaction.recorded"]),
            ({"solved": "no", "score": 3}, ["resolution.disputed"]),
        ],
    )
    async def test_each_for_itself(
        self, service: Service, client: httpx.AsyncClient, answers: dict[str, Any], also: list[str]
    ) -> None:
        path = await scheduled(service)
        await client.post(f"{path}/complete", json=answers)
        assert [short(event) for event in await told(service)][2:] == also

    @pytest.mark.parametrize(
        "body",
        [
            {"solved": "yes"},
            {"score": 3},
            {"solved": "maybe", "score": 3},
            *({"solved": "yes", "score": score} for score in (0, 6, "5", True, 4.5, None, 2**70)),
            {**ANSWERS, "conduct": {"courtesy": 6}},
            {**ANSWERS, "conduct": {"charm": 5}},
            {**ANSWERS, "conduct": 5},
            {**ANSWERS, "channel": "pigeon"},
            {**ANSWERS, "comment": "x" * 20_001},
            {**ANSWERS, "comment": "\x00"},
            {**ANSWERS, "completed_at": "yesterday"},
            {**ANSWERS, "on_time": True},
        ],
    )
    async def test_a_malformed_body_is_told_so(self, service: Service, client: httpx.AsyncClient, body: Any) -> None:
        path = await scheduled(service)
        problem(await client.post(f"{path}/complete", json=body), 422, "malformed")
        assert (await client.get(path)).json()["state"] == "due"

    async def test_a_lone_surrogate_is_told_so(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        content = b'{"solved": "yes", "score": 5, "comment": "\\ud800"}'
        answer = await client.post(f"{path}/complete", content=content, headers={"content-type": "application/json"})
        problem(answer, 422, "malformed")

    async def test_the_score_has_no_default(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        assert "score" in problem(await client.post(f"{path}/complete", json={"solved": "yes"}), 422, "malformed")

    async def test_times_have_to_make_sense(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        for hours, name in [(1, "time-in-future"), (-2, "time-before-resolution")]:
            moment = (clock.now() + timedelta(hours=hours)).isoformat()
            problem(await client.post(f"{path}/complete", json={**ANSWERS, "completed_at": moment}), 409, name)

    @pytest.mark.parametrize(("subject", "name"), [("li wei", "x"), ("x", "LI WEI")])
    async def test_the_resolver_does_not_ask(self, service: Service, desk: Fleet, subject: str, name: str) -> None:
        path = await scheduled(service)
        async with desk.client(Role.SERVICE_DESK, subject=subject, name=name) as resolver:
            for action, body in [("complete", ANSWERS), ("attempts", ATTEMPT), ("unreachable", {"reason": "gone"})]:
                detail = problem(await resolver.post(f"{path}/{action}", json=body), 409, "caller-is-resolver")
                assert "Li Wei" in detail
        assert len(await told(service)) == 1

    async def test_not_twice(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        await client.post(f"{path}/complete", json=ANSWERS)
        answer = await client.post(f"{path}/complete", json={"solved": "no", "score": 1})
        problem(answer, 409, "illegal-transition")
        assert (answer.json()["state"], answer.json()["allowed"]) == ("completed", [])
        assert (await client.get(path)).json()["score"] == 5

    async def test_of_two_at_once_one_counts(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        answers = await asyncio.gather(*(client.post(f"{path}/complete", json=ANSWERS) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        assert [short(event) for event in await told(service)] == ["callback.scheduled", "callback.completed"]

    async def test_the_same_request_twice_has_one_effect(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        headers = {"Idempotency-Key": "call-1"}
        first = await client.post(f"{path}/complete", json=ANSWERS, headers=headers)
        again = await client.post(f"{path}/complete", json=ANSWERS, headers=headers)
        assert (first.status_code, again.status_code) == (200, 200)
        assert first.json() == again.json()
        assert len(await told(service)) == 2

    async def test_a_stale_version_is_refused_where_one_is_sent(
        self, service: Service, client: httpx.AsyncClient
    ) -> None:
        path = await scheduled(service)
        await client.post(f"{path}/attempts", json=ATTEMPT)
        answer = await client.post(f"{path}/complete", json=ANSWERS, headers={"If-Match": '"1"'})
        problem(answer, 412, "lost-update")
        answer = await client.post(f"{path}/complete", json=ANSWERS, headers={"If-Match": '"2"'})
        assert answer.status_code == 200

    async def test_there_may_be_none(self, client: httpx.AsyncClient) -> None:
        problem(await client.post(f"{REST}/{NOBODYS}/complete", json=ANSWERS), 404, "callback-not-found")
        problem(await client.post(f"{REST}/{NOBODYS}/attempts", json=ATTEMPT), 404, "callback-not-found")
        answer = await client.post(f"{REST}/{NOBODYS}/unreachable", json={"reason": "gone"})
        problem(answer, 404, "callback-not-found")


class TestGiveUpCallback:
    async def test_only_after_enough_failed_attempts(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        for outcome in ("no_answer", "reached", "busy"):
            await client.post(f"{path}/attempts", json={**ATTEMPT, "outcome": outcome})
        refused = await client.post(f"{path}/unreachable", json={"reason": "gone"})
        assert "1 more failed attempt (2 of 3 recorded)" in problem(refused, 409, "missing")
        await client.post(f"{path}/attempts", json={**ATTEMPT, "outcome": "wrong_number"})
        answer = await client.post(f"{path}/unreachable", json={"reason": "the number is not theirs"})
        assert answer.status_code == 200
        assert (answer.json()["state"], answer.json()["unreachable_by"]) == ("unreachable", "wang.fang")
        event = (await told(service))[-1]
        assert (short(event), event.sequence) == ("callback.unreachable", answer.json()["version"])
        assert (event.data["attempts"], event.data["reason"]) == (4, "the number is not theirs")

    async def test_then_nothing_follows(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        for _ in range(3):
            await client.post(f"{path}/attempts", json=ATTEMPT)
        assert (await client.post(f"{path}/unreachable", json={"reason": "gone"})).status_code == 200
        for action, body in [("complete", ANSWERS), ("attempts", ATTEMPT), ("unreachable", {"reason": "gone"})]:
            detail = problem(await client.post(f"{path}/{action}", json=body), 409, "illegal-transition")
            assert "'unreachable'" in detail
        await hear(service, reopened())
        assert (await client.get(path)).json()["state"] == "unreachable"

    @pytest.mark.parametrize("body", [{}, {"reason": " "}, {"reason": None}, {"reason": "x", "attempts": 3}])
    async def test_a_malformed_body_is_told_so(self, service: Service, client: httpx.AsyncClient, body: Any) -> None:
        path = await scheduled(service)
        problem(await client.post(f"{path}/unreachable", json=body), 422, "malformed")

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.app import Service
from tests.satisfaction.callbacks.building import (
    MORNING,
    REST,
    change_settings,
    hear,
    problem,
    reopened,
    resolved,
    scheduled,
)

COVERAGE = f"{REST}/coverage"
SATISFACTION = f"{REST}/satisfaction"


async def answered(
    heard_by: Service, client: httpx.AsyncClient, number: int, score: int, hours: float = 1, **of: Any
) -> None:
    """Ticket `number`, and its customer asked so many hours after the resolution."""
    said = {key: of.pop(key) for key in ("channel", "conduct", "solved") if key in of}
    fact = resolved(number, **of)
    at = fact.resolved_at + timedelta(hours=hours)
    body = {"solved": "yes", "score": score, "completed_at": at.isoformat(), **said}
    answer = await client.post(f"{await scheduled(heard_by, fact)}/complete", json=body)
    assert answer.status_code == 200, answer.text


async def by(client: httpx.AsyncClient, path: str, **given: Any) -> list[dict[str, Any]]:
    answer = await client.get(path, params=given)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


class TestCoverageBy:
    async def test_tells_apart_what_was_asked_of_whom(self, service: Service, client: httpx.AsyncClient) -> None:
        """F23: per group; 1 of 2 of Group A in time, all of Group B late, and one of no group that waits."""
        await answered(service, client, 1, 5, group="Group A")
        await answered(service, client, 2, 5, hours=25, group="Group A")
        await answered(service, client, 3, 5, hours=30, group="Group B", channel="link")
        await hear(service, resolved(4, group=None), resolved(5, group="Group B"), reopened(5, group="Group B"))
        rows = await by(client, f"{COVERAGE}/group")
        assert [(row["value"], row["resolved"], row["n"], row["coverage"]) for row in rows] == [
            ("Group A", 2, 2, 0.5),
            ("Group B", 2, 1, 0.0),
            (None, 1, 1, 0.0),
        ]
        assert [(row["completed_by_link"], row["overdue"], row["cancelled"]) for row in rows] == [
            (0, 0, 0),
            (1, 0, 1),
            (0, 1, 0),
        ]

    @pytest.mark.parametrize(
        ("dimension", "field"),
        [("customer", "customer"), ("service", "service"), ("project", "project"), ("handler", "resolver")],
    )
    async def test_each_dimension(
        self, service: Service, client: httpx.AsyncClient, dimension: str, field: str
    ) -> None:
        """F23, R200."""
        await hear(service, resolved(1, **{field: "b"}), resolved(2, **{field: "a"}), resolved(3, **{field: "b"}))
        rows = await by(client, f"{COVERAGE}/{dimension}")
        assert [(row["by"], row["value"], row["resolved"]) for row in rows] == [
            (dimension, "a", 1),
            (dimension, "b", 2),
        ]
        narrowed = (await client.get(COVERAGE, params={dimension: "b"})).json()
        assert narrowed["resolved"] == 2

    async def test_by_desk_and_segment_of_the_customer(self, service: Service, client: httpx.AsyncClient) -> None:
        """F23, R204."""
        await hear(service, resolved(1, customer="before"))
        for customer, desk in (("acme", "east"), ("bolt", "west"), ("before", "east")):
            await client.put(f"/satisfaction/v1/callback-customers/{customer}", json={"desk": desk})
        await hear(service, resolved(2, customer="acme"), resolved(3, customer="bolt"), resolved(4, customer="core"))
        rows = await by(client, f"{COVERAGE}/desk")
        assert [(row["value"], row["resolved"]) for row in rows] == [("east", 2), ("west", 1), (None, 1)]
        assert (await client.get(COVERAGE, params={"desk": "east"})).json()["resolved"] == 2
        assert [row["value"] for row in await by(client, f"{COVERAGE}/segment")] == [None]

    async def test_by_month_of_the_installations_zone(
        self, service: Service, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """F23: 31 January 20:00 UTC is February in Shanghai."""
        change_settings(monkeypatch, service, time_zone="Asia/Shanghai")
        moments = [
            datetime(2026, 1, 31, 15, 59, tzinfo=UTC),
            datetime(2026, 1, 31, 20, tzinfo=UTC),
            datetime(2026, 2, 1, tzinfo=UTC),
            datetime(2026, 4, 1, tzinfo=UTC),
        ]
        await hear(service, *(resolved(number, resolved_at=moment) for number, moment in enumerate(moments)))
        rows = await by(client, f"{COVERAGE}/month")
        assert [(row["value"], row["resolved"]) for row in rows] == [("2026-01", 1), ("2026-02", 2), ("2026-04", 1)]
        rows = await by(client, f"{COVERAGE}/month", **{"from": "2026-02"})
        assert [(row["value"], row["resolved"]) for row in rows] == [("2026-02", 1), ("2026-04", 1)]

    @pytest.mark.parametrize("dimension", ["customer", "month"])
    async def test_pages_by_cursor(self, service: Service, client: httpx.AsyncClient, dimension: str) -> None:
        await hear(
            service,
            *(
                resolved(n, customer=f"c{n}", resolved_at=datetime(2026, n, 3, tzinfo=UTC), service=None)
                for n in (1, 2, 3, 5, 6)
            ),
        )
        seen: list[str] = []
        given: dict[str, Any] = {"limit": 2}
        for _ in range(3):
            answer = (await client.get(f"{COVERAGE}/{dimension}", params=given)).json()
            seen += [row["value"] for row in answer["items"]]
            given["cursor"] = answer["next_cursor"]
        assert given["cursor"] is None
        months = (1, 2, 3, 5, 6)
        assert seen == [f"c{n}" if dimension == "customer" else f"2026-0{n}" for n in months]

    async def test_an_empty_period_has_no_rows(self, client: httpx.AsyncClient) -> None:
        for dimension in ("group", "month", "mode"):
            assert await by(client, f"{COVERAGE}/{dimension}") == []
            assert await by(client, f"{SATISFACTION}/{dimension}") == []

    @pytest.mark.parametrize(
        "path",
        [
            "coverage/colour",
            "coverage/group?cursor=x",
            "satisfaction?from=2026-03&to=2026-02",
            "coverage/month?cursor=WzFd",
        ],
    )
    async def test_a_malformed_question_is_told_so(self, client: httpx.AsyncClient, path: str) -> None:
        problem(await client.get(f"{REST}/{path}"), 422, "malformed")


class TestSatisfaction:
    async def test_nobody_asked_is_no_data(self, service: Service, client: httpx.AsyncClient) -> None:
        await hear(service, resolved())
        told_of = (await client.get(SATISFACTION)).json()
        assert (told_of["n"], told_of["csat"], told_of["mean"], told_of["modes"]) == (0, None, None, {})

    async def test_modes_are_told_apart(self, service: Service, client: httpx.AsyncClient) -> None:
        """F4: by phone 5, 4 and 2, by link 1: 2 of 4 satisfied, mean 12 / 4."""
        for number, (score, channel) in enumerate([(5, "phone"), (4, "phone"), (2, "phone"), (1, "link")]):
            await answered(service, client, number, score, channel=channel, solved="yes" if score > 2 else "no")
        told_of = (await client.get(SATISFACTION)).json()
        assert (told_of["n"], told_of["satisfied"], told_of["csat"], told_of["mean"]) == (4, 2, 0.5, 3.0)
        assert told_of["scores"] == [1, 1, 0, 1, 1]
        assert told_of["solved"] == {"yes": 2, "partly": 0, "no": 2}
        phone, link = told_of["modes"]["phone"], told_of["modes"]["link"]
        assert (phone["n"], phone["satisfied"], phone["csat"]) == (3, 2, pytest.approx(2 / 3))
        assert phone["mean"] == pytest.approx(11 / 3)
        assert (link["n"], link["csat"], link["mean"]) == (1, 0.0, 1.0)
        assert set(told_of["modes"]) == {"phone", "link"}
        rows = await by(client, f"{SATISFACTION}/mode")
        assert [(row["value"], row["n"]) for row in rows] == [("link", 1), ("phone", 3)]

    async def test_every_handler_is_rated_with_their_conduct(self, service: Service, client: httpx.AsyncClient) -> None:
        """R200, R185."""
        await answered(service, client, 1, 5, resolver="Li Wei", conduct={"courtesy": 5, "no_argument": 4})
        await answered(service, client, 2, 2, resolver="Li Wei", conduct={"courtesy": 2})
        await answered(service, client, 3, 4, resolver="Chen Jie")
        await answered(service, client, 4, 3, resolver=None, conduct={"courtesy": 1})
        rows = await by(client, f"{SATISFACTION}/handler")
        assert [(row["value"], row["n"], row["mean"]) for row in rows] == [
            ("Chen Jie", 1, 4.0),
            ("Li Wei", 2, 3.5),
            (None, 1, 3.0),
        ]
        assert rows[0]["conduct"] == []
        assert rows[1]["conduct"] == [
            {"item": "courtesy", "n": 2, "mean": 3.5},
            {"item": "no_argument", "n": 1, "mean": 4.0},
        ]
        assert rows[2]["conduct"] == [{"item": "courtesy", "n": 1, "mean": 1.0}]
        overall = (await client.get(SATISFACTION)).json()["conduct"]
        assert overall[0] == {"item": "courtesy", "n": 3, "mean": pytest.approx(8 / 3)}
        one = (await client.get(SATISFACTION, params={"handler": "Li Wei"})).json()
        assert (one["n"], one["csat"]) == (2, 0.5)

    async def test_before_and_after_a_release(self, service: Service, client: httpx.AsyncClient) -> None:
        """R121: mail changed on 2 March at 09:00; other services do not count."""
        for number, (days, score, name) in enumerate(
            [(-40, 1, "mail"), (-3, 2, "mail"), (-2, 3, "mail"), (0, 5, "mail"), (4, 1, "vpn")]
        ):
            moment = MORNING + timedelta(days=days)
            await answered(service, client, number, score, resolved_at=moment, service=name)
        given = {"at": MORNING.isoformat(), "days": 10, "service": "mail"}
        told_of = (await client.get(f"{SATISFACTION}/around", params=given)).json()
        assert (told_of["before"]["n"], told_of["before"]["mean"]) == (2, 2.5)
        assert (told_of["after"]["n"], told_of["after"]["mean"]) == (1, 5.0)
        assert told_of["before"]["resolved_before"] == told_of["after"]["resolved_from"] == "2026-03-02T09:00:00Z"
        problem(await client.get(f"{SATISFACTION}/around"), 422, "malformed")

"""What was told, what came of it and why; opinions by hand."""

from typing import Any

import pytest

from shared.auth import Role
from shared.ids import new_id
from tests.improvement.builders import make_gap, ok
from tests.improvement.loop import Loop
from tests.improvement.sources.builders import make

OPINIONS = "/improvement/v1/report-opinions"
OPINION: dict[str, Any] = {"report": "Monthly quality report, May 2026", "opinion": "Reopened incidents have doubled"}


class TestListSources:
    async def test_filters_and_pages_newest_first(self, loop: Loop) -> None:
        await loop.hear(make("risk.raised"), make("risk.raised", level="low", service="print", measure_key=None))
        await loop.hear(make("nonconformity.raised"), make_gap())
        everything = (await loop.get("sources"))["items"]
        assert sorted(source["kind"] for source in everything) == ["gap", "nonconformity", "risk", "risk"]
        assert [one["id"] for one in everything] == sorted((one["id"] for one in everything), reverse=True)
        for query, kinds in (
            ({"kind": "gap"}, ["gap"]),
            ({"outcome": "suppressed"}, ["risk"]),
            ({"service": "print"}, ["risk"]),
            ({"department": "operations", "kind": "nonconformity"}, ["nonconformity"]),
            ({"measure_key": "availability"}, ["risk"]),
            ({"customer": "nobody"}, []),
        ):
            assert [one["kind"] for one in (await loop.get("sources", **query))["items"]] == kinds, query
        first = await loop.get("sources", limit=3)
        rest = await loop.get("sources", limit=3, cursor=first["next_cursor"])
        assert [one["id"] for one in first["items"] + rest["items"]] == [one["id"] for one in everything]
        assert rest["next_cursor"] is None

    async def test_one_by_its_id(self, loop: Loop) -> None:
        await loop.hear(make("risk.raised"))
        (listed,) = (await loop.get("sources"))["items"]
        assert await loop.get(f"sources/{listed['id']}") == listed
        assert (await loop.get(f"sources/{new_id()}", 404))["title"] == "Source not found"

    @pytest.mark.parametrize("query", [{"kind": "moon"}, {"outcome": "x"}, {"cursor": "x"}, {"improvement_id": "x"}])
    async def test_what_makes_no_sense_is_refused(self, loop: Loop, query: dict[str, str]) -> None:
        await loop.get("sources", 422, **query)

    async def test_no_customer_reads_them(self, loop: Loop) -> None:
        async with loop.solo.client(Role.CUSTOMER, customer="harbour-bank") as customer:
            ok(await customer.get("/improvement/v1/sources"), 403)


class TestMarkOpinion:
    """R9, R14."""

    async def test_opens_an_improvement(self, loop: Loop) -> None:
        body = {
            **OPINION,
            "section": "incidents",
            "severity": "medium",
            "service": "branch-desk",
            "link": "https://x/r",
        }
        answer = await loop.supervisor.post(OPINIONS, json=body)
        source = ok(answer, 201)
        assert answer.headers["Location"] == f"/improvement/v1/sources/{source['id']}"
        assert (source["kind"], source["outcome"], source["told_by"]) == ("report", "opened", "sven")
        record = await loop.read(source["improvement_id"])
        assert (record["origin"], record["requester"], record["service"]) == ("report", "sven", "branch-desk")
        assert record["correlation_id"] == source["reference"]
        for part in ("sven", "incidents", "have doubled", "https://x/r"):
            assert part in record["problem"], part

    async def test_of_a_measure_that_has_an_open_record_it_attaches(self, loop: Loop) -> None:
        await loop.hear(make_gap())
        source = ok(await loop.supervisor.post(OPINIONS, json={**OPINION, "measure_key": "sla_attainment"}), 201)
        assert source["outcome"] == "attached"
        assert len(await loop.listed()) == 1

    async def test_two_opinions_on_one_report_are_two_matters(self, loop: Loop) -> None:
        body = {**OPINION, "report_id": str(new_id())}
        for _ in range(2):
            ok(await loop.supervisor.post(OPINIONS, json=body), 201)
        assert len(await loop.listed()) == 2

    async def test_sent_again_with_its_key_it_is_one(self, loop: Loop) -> None:
        for _ in range(2):
            ok(await loop.supervisor.post(OPINIONS, json=OPINION, headers={"Idempotency-Key": "once"}), 201)
        assert len(await loop.listed()) == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            {"opinion": ""},
            {"opinion": "a\x00b"},
            {"report": "x" * 201},
            {"severity": "awful"},
            {"measure_key": "No Measure"},
            {"scope": "moon=full"},
            {"period_from": "0001-01-01"},
            {"unknown": 1},
        ],
    )
    async def test_unsound_ones_are_refused(self, loop: Loop, wrong: dict[str, Any]) -> None:
        ok(await loop.supervisor.post(OPINIONS, json={**OPINION, **wrong}), 422)
        assert await loop.listed() == []

    async def test_only_the_supervisor_marks(self, loop: Loop) -> None:
        ok(await loop.author.post(OPINIONS, json=OPINION), 403)

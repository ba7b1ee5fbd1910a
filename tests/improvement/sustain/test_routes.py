"""What is to be looked at again, and when."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.auth import Role
from shared.ids import new_id
from tests.improvement.builders import ok
from tests.improvement.loop import Loop


class TestListChecks:
    """R127."""

    async def test_the_earliest_due_first_by_pages(self, loop: Loop) -> None:
        first, second = await loop.closed(scope="group=1"), await loop.closed(scope="group=2")
        everything = (await loop.get("checks", state="due"))["items"]
        assert [check["day"] for check in everything] == [30, 30, 60, 60, 90, 90]
        assert [check["improvement_id"] for check in everything[:2]] == [first["id"], second["id"]]
        pages, cursor = [], None
        while True:
            page = await loop.get("checks", limit=4, **({"cursor": cursor} if cursor else {}))
            pages += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert pages == everything

    async def test_those_that_are_due_by_a_day(self, loop: Loop) -> None:
        await loop.closed()
        soon = (datetime.now(UTC) + timedelta(days=45)).isoformat()
        assert [check["day"] for check in (await loop.get("checks", due_before=soon))["items"]] == [30]
        assert (await loop.get("checks", state="held"))["items"] == []

    async def test_of_one_record(self, loop: Loop) -> None:
        record = await loop.draft()
        assert await loop.get(f"improvements/{record['id']}/checks") == []
        assert (await loop.get(f"improvements/{new_id()}/checks", 404))["title"] == "Improvement not found"

    @pytest.mark.parametrize("query", [{"state": "x"}, {"due_before": "yesterday"}, {"cursor": "x"}, {"limit": "0"}])
    async def test_what_makes_no_sense_is_refused(self, loop: Loop, query: dict[str, str]) -> None:
        await loop.get("checks", 422, **query)

    async def test_no_customer_reads_them(self, loop: Loop) -> None:
        async with loop.solo.client(Role.CUSTOMER, customer="harbour-bank") as customer:
            ok(await customer.get("/improvement/v1/checks"), 403)

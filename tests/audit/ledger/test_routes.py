import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.auth import Role
from shared.events.metrics import GapClosed
from shared.http import acting
from shared.outbox import record
from tests.support.fleet import Fleet
from tests.support.waiting import eventually


async def tell(fleet: Fleet, correlation_id: str, sequence: int = 1) -> None:
    gap = GapClosed(
        gap_id="0199f0a0-0000-7000-8000-000000000001", measure_key="mttr_mean", scope="all", reason="restated"
    )
    async with acting("anna"), fleet.services["metrics"].database.transaction() as session:
        await record(session, gap, subject=gap.gap_id, sequence=sequence, correlation_id=correlation_id)


class TestTrace:
    async def test_tells_the_story_in_order(self, fleet: Fleet) -> None:
        for sequence in (1, 2, 3):
            await tell(fleet, "story", sequence)
        async with fleet.client(Role.AUDITOR) as client:

            async def three() -> list[dict]:
                answer = await client.get("/audit/v1/trace/story")
                entries = answer.json().get("entries", [])
                assert len(entries) == 3
                return entries

            entries = await eventually(three)
        assert [entry["event"]["sequence"] for entry in entries] == [1, 2, 3]
        assert entries[0]["actor"] == "anna"

    async def test_an_unknown_story_is_not_found(self, fleet: Fleet) -> None:
        async with fleet.client(Role.AUDITOR) as client:
            answer = await client.get("/audit/v1/trace/nothing")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert "nothing" in answer.json()["detail"]


class TestVerifyLedger:
    async def test_holds_until_a_byte_is_changed(self, fleet: Fleet) -> None:
        await tell(fleet, "story")
        engine = fleet.services["audit"].database.engine
        async with fleet.client(Role.AUDITOR) as client:

            async def is_told() -> bool:
                return (await client.get("/audit/v1/trace/story")).is_success

            await eventually(is_told)
            assert (await client.get("/audit/v1/ledger/verification")).json()["intact"] is True
            with pytest.raises(DBAPIError, match="append-only"):
                async with engine.begin() as connection:
                    await connection.execute(text("UPDATE ledger_entries SET body = 'x'"))
            async with engine.begin() as connection:
                await connection.execute(text("ALTER TABLE ledger_entries DISABLE TRIGGER append_only"))
                await connection.execute(text("UPDATE ledger_entries SET body = 'x'"))
            tampered = (await client.get("/audit/v1/ledger/verification")).json()
        assert tampered == {**tampered, "intact": False, "broken_at": 1}


class TestAccess:
    async def test_nothing_is_open(self, fleet: Fleet) -> None:
        async with fleet.client() as nobody, fleet.client(Role.CUSTOMER) as customer:
            assert (await nobody.get("/audit/v1/ledger")).status_code == 401
            assert (await customer.get("/audit/v1/ledger")).status_code == 403

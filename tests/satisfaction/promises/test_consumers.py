"""R84: what surveys know of the agreements, in whatever order it is told."""

from datetime import timedelta
from uuid import uuid4

from services.satisfaction.promises import repository
from tests.satisfaction.campaigns.building import SIGNED_AT, hear, signed, terminated
from tests.support.solo import Solo


async def in_force(solo: Solo, customer: str | None = None, project: str | None = None) -> list[str]:
    async with solo.database.reading() as session:
        rows = await repository.list_in_force(session, customer, project, None)
    return [f"{row.number}/{row.clause}" for row in rows]


class TestNoteSigned:
    async def test_its_clauses_are_known(self, solo: Solo) -> None:
        await hear(solo, signed("SLA-1", "response", "repair"), signed("SLA-2", "response", customer="other"))
        assert await in_force(solo) == ["SLA-1/repair", "SLA-1/response", "SLA-2/response"]
        assert await in_force(solo, "other") == ["SLA-2/response"]

    async def test_told_twice_and_late(self, solo: Solo) -> None:
        agreement_id = uuid4()
        newer = signed("SLA-1", "repair", agreement_id=agreement_id, signed_at=SIGNED_AT + timedelta(days=1))
        older = signed("SLA-1", "response", agreement_id=agreement_id)
        await hear(solo, newer, older, newer)
        assert await in_force(solo) == ["SLA-1/repair"]
        await hear(solo, signed("SLA-1", "uptime", agreement_id=agreement_id, signed_at=SIGNED_AT + timedelta(days=2)))
        assert await in_force(solo) == ["SLA-1/uptime"]

    async def test_of_a_project_and_of_its_customer(self, solo: Solo) -> None:
        await hear(
            solo,
            signed("SLA-1", "a"),
            signed("SLA-2", "b", project="move"),
            signed("SLA-3", "c", project="merger"),
            signed("SLA-4", "d", customer="other"),
        )
        assert await in_force(solo, "acme", "move") == ["SLA-1/a", "SLA-2/b"]
        assert await in_force(solo, None, "move") == ["SLA-2/b"]


class TestNoteTerminated:
    async def test_its_clauses_bind_nobody(self, solo: Solo) -> None:
        agreement = signed("SLA-1", "response")
        await hear(solo, agreement, terminated(agreement), signed("SLA-1", "repair"))
        assert await in_force(solo) == ["SLA-1/repair"]

    async def test_heard_before_the_signature(self, solo: Solo) -> None:
        agreement = signed("SLA-1", "response")
        await hear(solo, terminated(agreement), agreement, terminated(agreement))
        assert await in_force(solo) == []

from pathlib import Path
from uuid import UUID

import pytest

from shared.clock import now
from shared.events.envelope import Draft, Origin, serialise
from shared.events.metrics import GapClosed
from shared.ids import new_id
from shared.provision import connect
from tests.cli.command import Running, ratchet

pytestmark = pytest.mark.slow
GAP = "0199f0a0-0000-7000-8000-000000000001"


async def park(database_url: str, handler: str) -> tuple[UUID, UUID]:
    """A dead letter in audit, and its event; only the handler `audit.ledger.append` is there to take it."""
    closed = GapClosed(gap_id=UUID(GAP), measure_key="mttr_mean", scope="all", reason="restated")
    event_id, body = serialise(Draft(closed, GAP, 1, Origin("anna")), "metrics", now())
    letter = new_id()
    connection = await connect(database_url)
    await connection.execute(
        "INSERT INTO audit.dead_letters (id, event_id, handler, type, subject, body, error, attempts) "
        "VALUES ($1, $2, $3, $4, $5, $6, 'it failed [once]', 4)",
        letter,
        event_id,
        handler,
        GapClosed.TYPE,
        GAP,
        body,
    )
    await connection.close()
    return letter, event_id


class TestDeadLetters:
    async def test_are_listed_replayed_and_discarded(self, served: Running, module_database_url: str) -> None:
        good, event_id = await park(module_database_url, "audit.ledger.append")
        bad, _ = await park(module_database_url, "audit.gone")
        listed = ratchet(served.data_dir, "dead-letters", "list").stdout
        assert str(good) in listed
        assert "it failed [once]" in listed
        assert "audit.gone" in listed

        replayed = ratchet(served.data_dir, "dead-letters", "replay", "--all")
        assert replayed.returncode == 1
        assert "1 settled, 1 not" in replayed.stderr
        assert f"{bad} of audit" in replayed.stderr

        assert ratchet(served.data_dir, "dead-letters", "discard", str(bad)).stdout == "1 discarded\n"
        assert ratchet(served.data_dir, "dead-letters", "list").stdout.strip() == "no parked dead letters"
        assert str(bad) in ratchet(served.data_dir, "dead-letters", "list", "--state", "discarded").stdout
        with served.client("auditor") as client:
            entries = client.get("/audit/v1/ledger", params={"limit": 200}).json()["items"]
        assert [entry["event_id"] for entry in entries].count(str(event_id)) == 1

    def test_an_unknown_one_is_told(self, served: Running) -> None:
        unknown = "0199f0a0-0000-7000-8000-00000000ffff"
        ended = ratchet(served.data_dir, "dead-letters", "replay", unknown, "--service", "audit")
        assert ended.returncode == 1
        assert f"{unknown}: no such dead letter is parked" in ended.stderr

    def test_replay_must_be_told_which(self, data_dir: Path) -> None:
        ended = ratchet(data_dir, "dead-letters", "replay")
        assert ended.returncode == 1
        assert "or say --all" in ended.stderr

"""What stood in the record's document before tasks and approval steps were tables."""

import json
from pathlib import Path

from alembic import command
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

import services.improvement.main
from shared.database import async_url
from shared.migrations import config

FOLDER = Path(services.improvement.main.__file__).parent / "migrations"
TASKS = [{"title": "hire", "owner": "li", "due": "2026-03-01"}, {"title": "train", "owner": None, "due": None}]
_OLD = text(
    """
    INSERT INTO improvement.improvements (id, version, sequence, revision, state, held_from, origin, correlation_id,
                                          requester, title, problem, tasks, submitted_at, opened_at, updated_at)
    VALUES (gen_random_uuid(), 1, 1, 1, :state, :held_from, 'person', 'story', 'petra', 'T', 'P',
            CAST(:tasks AS jsonb), now(), now(), now())
    """
)


def bring_to(connection: Connection, revision: str) -> None:
    """Upwards to `head` or from nothing to the first, else downwards."""
    made = config(FOLDER, "improvement", connection)
    is_empty = not inspect(connection).has_table("alembic_version", schema="improvement")
    (command.upgrade if is_empty or revision == "head" else command.downgrade)(made, revision)


async def rows(connection: AsyncConnection, statement: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await connection.execute(text(statement))]


class TestImprovementInFull:
    async def test_moves_there_and_back_without_loss(self, database_url: str) -> None:
        engine = create_async_engine(async_url(database_url))
        async with engine.begin() as connection:
            await connection.execute(text("DROP SCHEMA IF EXISTS improvement CASCADE"))
            await connection.execute(text("CREATE SCHEMA improvement"))
            await connection.run_sync(bring_to, "0001")
            for state, held_from, tasks in (
                ("draft", None, TASKS),
                ("submitted", None, []),
                ("on_hold", "submitted", []),
                ("approved", None, []),
                ("verified", None, TASKS[:1]),
            ):
                await connection.execute(_OLD, {"state": state, "held_from": held_from, "tasks": json.dumps(tasks)})
            await connection.execute(
                text(
                    "INSERT INTO improvement.improvement_approvals SELECT gen_random_uuid(), id, 1, 1, 'approved', "
                    "'sven', 'improvement_supervisor', 'go', now() FROM improvement.improvements "
                    "WHERE state = 'approved'"
                )
            )
        async with engine.begin() as connection:
            await connection.run_sync(bring_to, "head")
            assert await rows(
                connection,
                "SELECT i.state, t.number, t.title, t.owner, t.due::text, t.state FROM improvement.tasks t "
                "JOIN improvement.improvements i ON i.id = t.improvement_id ORDER BY 1, 2",
            ) == [
                ("draft", 1, "hire", "li", "2026-03-01", "planned"),
                ("draft", 2, "train", None, None, "planned"),
                ("verified", 1, "hire", "li", "2026-03-01", "done"),
            ]
            assert await rows(
                connection,
                "SELECT i.state, s.step, s.role, s.state, s.decided_by FROM improvement.approval_steps s "
                "JOIN improvement.improvements i ON i.id = s.improvement_id ORDER BY 1",
            ) == [
                ("approved", 1, "improvement_supervisor", "approved", "sven"),
                ("on_hold", 1, "improvement_supervisor", "open", None),
                ("submitted", 1, "improvement_supervisor", "open", None),
            ]
        async with engine.begin() as connection:
            await connection.run_sync(bring_to, "0001")
            kept = await rows(connection, "SELECT state, tasks FROM improvement.improvements ORDER BY 1")
            assert kept == [
                ("approved", []),
                ("draft", TASKS),
                ("on_hold", []),
                ("submitted", []),
                ("verified", TASKS[:1]),
            ]
        await engine.dispose()

from pathlib import Path
from uuid import uuid4

import pytest

from bench.submissions import kill_under_load
from shared.provision import connect
from shared.settings import Settings
from tests.support.processes import running_processes

pytestmark = pytest.mark.slow


async def test_no_answer_that_was_confirmed_is_lost_when_the_process_is_killed(
    database_url: str, amqp_url: str, settings: Settings, tmp_path: Path
) -> None:
    """`kill -9` under load; and no link is used up without its answer."""
    connection = await connect(database_url)
    try:
        namespace = f"kill-{uuid4().hex[:12]}"
        async with running_processes(
            ["satisfaction"], settings, database_url, amqp_url, namespace, tmp_path
        ) as processes:
            confirmed, kept = await kill_under_load(settings, connection, processes, 600)
        assert 150 <= len(confirmed) < 600
        assert confirmed <= kept
        used = await connection.fetch("SELECT id FROM satisfaction.survey_invitations WHERE state = 'answered'")
        assert {row["id"] for row in used} == kept
        log = (tmp_path / "satisfaction.log").read_text()
        assert "/survey/" not in log
    finally:
        await connection.close()

"""The same journeys over five real processes with Postgres and RabbitMQ between them, and no container."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import aio_pika
import pytest

from services.fleet import DEFINE
from shared.auth import Role
from shared.settings import Settings
from tests.journeys.loop import Loop
from tests.journeys.real_log import LOG, needs_real_data, walk_the_real_log
from tests.journeys.test_loop import turn_the_loop
from tests.support.processes import REPOSITORY, Processes, running_processes
from tests.support.receiver import listening


@pytest.fixture
async def five(settings: Settings, database_url: str, amqp_url: str, tmp_path: Path) -> AsyncIterator[Processes]:
    namespace = f"test-{uuid4().hex[:12]}"
    async with running_processes(list(DEFINE), settings, database_url, amqp_url, namespace, tmp_path) as processes:
        yield processes
    connection = await aio_pika.connect(amqp_url)
    channel = await connection.channel()
    for name in DEFINE:
        await channel.queue_delete(f"{namespace}.{name}")
    await channel.exchange_delete(f"{namespace}.events")
    await connection.close()


@pytest.mark.slow
@pytest.mark.timeout(400)
class TestFiveProcesses:
    async def test_one_turn_of_the_loop(self, five: Processes) -> None:
        loop = Loop(five.client)
        try:
            async with listening() as receiver:
                await turn_the_loop(loop, receiver)
        finally:
            await loop.close()

    @needs_real_data
    async def test_the_real_log_by_the_command_line(self, five: Processes) -> None:
        async def import_by_command() -> None:
            url = f"http://127.0.0.1:{five.ports['metrics']}"
            command = [sys.executable, "-m", "services", "import", "servicenow-csv", str(LOG), "--url", url]
            for attempt in ("first", "again"):
                done = await asyncio.to_thread(
                    subprocess.run, command, env=five.environment, cwd=REPOSITORY, capture_output=True, text=True
                )
                assert done.returncode == 0, (attempt, done.stderr)
            async with five.client(Role.AUDITOR) as client:
                (only,) = (await client.get("/metrics/v1/imports")).json()
            assert (only["rows_done"], only["quarantined"]) == (141_712, 5)

        loop = Loop(five.client)
        try:
            await walk_the_real_log(loop, import_by_command)
        finally:
            await loop.close()

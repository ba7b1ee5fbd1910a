"""`kill -9` at the worst moments; afterwards every event took effect exactly once, as the ledger tells."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from services.fleet import make_services
from services.postgres import EmbeddedPostgres
from shared.bus.local import LocalBus
from shared.provision import create_database
from shared.settings import Settings
from tests.faults.stage import SERVICES, Stage, forget, make_stage
from tests.support.rabbitmq import PrivateRabbitMQ

pytestmark = pytest.mark.slow
COUNT = 300
"""Fewer than one batch of the relay."""


@pytest.fixture
async def stage(database_url: str, amqp_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """On the run's own Postgres and RabbitMQ."""
    namespace = f"fault-{uuid4().hex[:12]}"
    made = await make_stage(database_url, amqp_url, namespace, tmp_path)
    yield made
    await made.end()
    await forget(amqp_url, namespace)


@pytest.fixture
async def broker() -> AsyncIterator[PrivateRabbitMQ]:
    """A node that this test may kill."""
    node = PrivateRabbitMQ()
    node.start()
    await asyncio.to_thread(node.wait)
    yield node
    node.stop()


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A durable server that this test may kill."""
    server = EmbeddedPostgres(tmp_path)
    url = await asyncio.to_thread(server.start)
    await create_database(server.admin_url(), "ratchet")
    settings = Settings(data_dir=tmp_path, _env_file=None)  # type: ignore[call-arg]
    for service in make_services(SERVICES, settings, url, LocalBus()):
        await service.prepare()
        await service.close()
    yield server
    await asyncio.to_thread(server.stop)


class TestRelay:
    async def test_killed_between_confirm_and_commit(self, stage: Stage) -> None:
        """The broker has the events and the outbox has them still: they are published a second time."""
        dying, _ = await asyncio.gather(
            stage.start("metrics", die="after-confirm"), stage.start("satisfaction", "audit")
        )
        await stage.tell(COUNT)
        assert await asyncio.wait_for(dying.wait(), 20) == -signal.SIGKILL
        assert await stage.count("metrics.outbox") == COUNT
        await stage.reaches("satisfaction.callbacks", COUNT)
        await stage.start("metrics")
        assert await stage.judge() == COUNT


class TestConsumer:
    async def test_killed_between_commit_and_acknowledgement(self, stage: Stage) -> None:
        """The effects are committed and the broker does not know: it delivers them a second time."""
        dying, _ = await asyncio.gather(
            stage.start("satisfaction", die="after-commit"), stage.start("metrics", "audit")
        )
        await stage.tell(COUNT)
        assert await asyncio.wait_for(dying.wait(), 20) == -signal.SIGKILL
        assert await stage.count("satisfaction.callbacks") > 0
        await stage.start("satisfaction")
        assert await stage.judge() == COUNT

    async def test_killed_again_and_again_under_load(self, stage: Stage) -> None:
        """At moments that nobody chose."""
        await stage.start("metrics")
        async with stage.load():
            for _ in range(3):
                victim = await stage.start("satisfaction", "audit")
                before = await stage.count("satisfaction.callbacks")
                await stage.reaches("satisfaction.callbacks", before + 1)
                victim.kill()
                await victim.wait()
        await stage.start("satisfaction", "audit")
        assert await stage.judge() == stage.told > 0


class TestBroker:
    async def test_killed_and_restarted_under_load(
        self, database_url: str, broker: PrivateRabbitMQ, tmp_path: Path
    ) -> None:
        stage = await make_stage(database_url, broker.url, "ratchet", tmp_path)
        try:
            await asyncio.gather(stage.start("metrics"), stage.start("satisfaction", "audit"))
            async with stage.load():
                await stage.reaches("satisfaction.callbacks", 1)
                await asyncio.to_thread(broker.kill)
                at_kill = stage.told
                broker.start()
                await asyncio.to_thread(broker.wait)
                await stage.reaches("satisfaction.callbacks", at_kill)
            assert await stage.judge() == stage.told > at_kill
        finally:
            await stage.end()


class TestPostgres:
    async def test_killed_and_restarted_under_load(
        self, postgres: EmbeddedPostgres, amqp_url: str, tmp_path: Path
    ) -> None:
        namespace = f"fault-{uuid4().hex[:12]}"
        url = postgres.admin_url().replace("/postgres?", "/ratchet?")
        stage = await make_stage(url, amqp_url, namespace, tmp_path)
        try:
            await asyncio.gather(stage.start("metrics"), stage.start("satisfaction", "audit"))
            async with stage.load():
                await stage.reaches("satisfaction.callbacks", 1)
                os.kill(int((tmp_path / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
                at_kill = stage.told
                await asyncio.sleep(0.5)  # long enough that everyone notices
                await asyncio.to_thread(postgres.start)
                await stage.reaches("satisfaction.callbacks", at_kill)
            assert await stage.judge() > at_kill
        finally:
            await stage.end()
            await forget(amqp_url, namespace)

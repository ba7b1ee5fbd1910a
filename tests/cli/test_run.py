import signal
from pathlib import Path

import httpx
import pytest

from services.parts import PartMissing, await_parts
from tests.cli.command import Running, ratchet
from tests.support.rabbitmq import free_port

pytestmark = pytest.mark.slow


class TestRun:
    def test_one_service_answers_under_its_name(self, data_dir: Path, database_url: str, amqp_url: str) -> None:
        urls = {"DATABASE_URL": database_url, "AMQP_URL": amqp_url, "RATCHET_AMQP_NAMESPACE": f"cli-{data_dir.name}"}
        with Running(data_dir, "run", "audit", "--port", "0", **urls) as running:
            assert running.address.endswith("/audit")
            assert httpx.get(f"{running.address}/readyz").json()["broker"] == "ok"
            assert running.stop(signal.SIGTERM) == 0
        assert not (data_dir / "postgres").exists()

    def test_needs_both_urls_and_says_which_is_missing(self, data_dir: Path) -> None:
        ended = ratchet(data_dir, "run", "audit", DATABASE_URL="postgresql://nobody@127.0.0.1:1/x")
        assert ended.returncode == 1
        assert "needs AMQP_URL" in ended.stderr

    def test_production_needs_its_keys(self, data_dir: Path) -> None:
        urls = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x", "AMQP_URL": "amqp://127.0.0.1:1/"}
        ended = ratchet(data_dir, "run", "audit", RATCHET_ENVIRONMENT="production", **urls)
        assert ended.returncode == 1
        assert "RATCHET_SEAL_KEY" in ended.stderr

    def test_an_unknown_service_is_refused_with_the_names(self, data_dir: Path) -> None:
        ended = ratchet(data_dir, "run", "billing")
        assert ended.returncode == 2
        assert "satisfaction" in ended.stderr


class TestAwaitParts:
    async def test_goes_on_when_both_answer(self, database_url: str, amqp_url: str) -> None:
        await await_parts(database_url, amqp_url)

    async def test_waits_and_then_says_who_is_missing(self) -> None:
        nobody = f"127.0.0.1:{free_port()}"
        with pytest.raises(PartMissing, match="Postgres did not answer at DATABASE_URL"):
            await await_parts(f"postgresql://x@{nobody}/x", None, patience_seconds=0.3)
        with pytest.raises(PartMissing, match="RabbitMQ did not answer at AMQP_URL"):
            await await_parts(None, f"amqp://{nobody}/", patience_seconds=0.3)

    async def test_does_not_wait_for_a_refusal(self, database_url: str, amqp_url: str) -> None:
        with pytest.raises(PartMissing, match="refuses what DATABASE_URL says"):
            await await_parts(database_url.replace("/test_", "/no_such_"), None)
        with pytest.raises(PartMissing, match="refuses what AMQP_URL says"):
            await await_parts(None, amqp_url.replace("guest:guest", "guest:wrong"))

    @pytest.mark.parametrize("url", ["nonsense", "http://host/db", "postgresql://host:port/db"])
    async def test_says_what_an_address_looks_like(self, url: str) -> None:
        with pytest.raises(PartMissing, match="is not an address like postgresql://"):
            await await_parts(url, None)

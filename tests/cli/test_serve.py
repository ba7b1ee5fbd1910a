import signal
import socket
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.cli.command import Running, ratchet
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow

INCIDENT = {
    "source": "desk",
    "external_id": "INC-1",
    "kind": "incident",
    "state": "resolved",
    "updated_at": "2026-03-02T12:00:00Z",
    "opened_at": "2026-03-02T08:00:00Z",
    "resolved_at": "2026-03-02T12:00:00Z",
}
SERVE = ("serve", "--port", "0", "--no-demo")


def postgres_of(data_dir: Path) -> psutil.Process | None:
    pid_file = data_dir / "postgres" / "postmaster.pid"
    return psutil.Process(int(pid_file.read_text().split()[0])) if pid_file.exists() else None


def ledger(running: Running) -> list[dict[str, Any]]:
    with running.client("auditor") as client:
        entries: list[dict[str, Any]] = client.get("/audit/v1/ledger", params={"limit": 200}).json()["items"]
    return entries


async def told(running: Running) -> list[str]:
    """The ids of all events in the ledger, once the incident's resolution is among them."""

    async def resolution_is_there() -> list[str]:
        entries = ledger(running)
        assert "ratchet.incident.resolved.v1" in {entry["type"] for entry in entries}
        return [entry["event_id"] for entry in entries]

    return await eventually(resolution_is_there, 60)


class TestServe:
    def test_runs_all_five_and_signs_a_reader_in(self, data_dir: Path) -> None:
        with Running(data_dir, *SERVE) as running:
            for service in ("metrics", "improvement", "satisfaction", "audit", "notifier"):
                ready = httpx.get(f"{running.address}/{service}/readyz", timeout=30)
                assert ready.status_code == 200, ready.text
            link = running.line_with("/metrics/sign-in?token=").split(": ", 1)[1]
            assert link.startswith(running.address)
            signed_in = httpx.get(link)
            assert signed_in.status_code == 303
            printed = ratchet(data_dir, "token", "--role", "auditor").stdout.strip()
            bearer = {"Authorization": f"Bearer {printed}"}
            assert httpx.get(f"{running.address}/audit/v1/ledger", headers=bearer).status_code == 200
            assert "ratchet_session" in signed_in.cookies
            nowhere = httpx.get(f"{running.address}/nowhere")
            assert (nowhere.status_code, nowhere.headers["content-type"]) == (404, "application/problem+json")
            assert running.stop(signal.SIGINT) == 0
        assert postgres_of(data_dir) is None

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
    async def test_loses_nothing_however_it_ends(self, data_dir: Path, number: signal.Signals) -> None:
        with Running(data_dir, *SERVE) as first:
            with first.client("integration") as client:
                client.post("/metrics/v1/tickets", json=INCIDENT).raise_for_status()
            before = await told(first)
            assert first.stop(number) == (-9 if number == signal.SIGKILL else 0)
        left_behind = postgres_of(data_dir)
        assert (left_behind is not None) == (number == signal.SIGKILL)
        with Running(data_dir, *SERVE) as second:
            assert set(before) <= {entry["event_id"] for entry in ledger(second)}
            assert postgres_of(data_dir) == left_behind or left_behind is None
            with second.client("integration") as client:
                again = client.post("/metrics/v1/tickets", json=INCIDENT).raise_for_status().json()
            assert again["changed"] == 0
        assert postgres_of(data_dir) is None
        assert left_behind is None or not left_behind.is_running()

    def test_a_second_start_says_where_the_first_is(self, data_dir: Path, database_url: str) -> None:
        with Running(data_dir, *SERVE, DATABASE_URL=database_url) as first:
            second = ratchet(data_dir, *SERVE)
        assert second.returncode == 1
        assert f"Ratchet runs already at {first.address}" in second.stderr
        assert "Traceback" not in second.stderr

    def test_a_port_that_is_taken_is_told_before_anything_starts(self, data_dir: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            ended = ratchet(data_dir, "serve", "--port", str(port))
        assert ended.returncode == 1
        assert f"another program listens on 127.0.0.1:{port}" in ended.stderr
        assert not (data_dir / "postgres").exists()

    async def test_a_killed_postgres_is_started_again(self, data_dir: Path) -> None:
        with Running(data_dir, *SERVE) as running:
            killed = postgres_of(data_dir)
            assert killed is not None
            killed.kill()

            async def ready_again() -> bool:
                async with httpx.AsyncClient(base_url=running.address, timeout=30) as client:
                    answer = await client.get("/audit/readyz")
                return answer.status_code == 200 and postgres_of(data_dir) not in (None, killed)

            assert await eventually(ready_again, 60)

    def test_uses_a_postgres_that_it_is_given(self, data_dir: Path, database_url: str) -> None:
        with Running(data_dir, *SERVE, DATABASE_URL=database_url) as running:
            assert httpx.get(f"{running.address}/audit/readyz").status_code == 200
            assert running.stop(signal.SIGHUP) == 0
        assert not (data_dir / "postgres").exists()

    def test_a_postgres_that_refuses_is_told(self, data_dir: Path, database_url: str) -> None:
        wrong = database_url.replace("/test_", "/no_such_")
        ended = ratchet(data_dir, *SERVE, DATABASE_URL=wrong)
        assert ended.returncode == 1
        assert "Postgres refuses what DATABASE_URL says" in ended.stderr
        assert "Traceback" not in ended.stderr

    def test_a_setting_that_is_wrong_is_named(self, data_dir: Path) -> None:
        ended = ratchet(data_dir, *SERVE, RATCHET_POOL_SIZE="many")
        assert ended.returncode == 1
        assert "pool_size" in ended.stderr
        assert "Traceback" not in ended.stderr

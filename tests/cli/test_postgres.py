import asyncio
import os
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.postgres import EmbeddedPostgres, PostgresFailed
from shared.provision import connect
from tests.cli.command import ROOT


@pytest.fixture
def postgres(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    made = EmbeddedPostgres(data_dir)
    yield made
    made.stop()


async def answers(postgres: EmbeddedPostgres) -> bool:
    connection = await connect(postgres.admin_url())
    one = await connection.fetchval("SELECT 1")
    await connection.close()
    return bool(one)


class TestEmbeddedPostgres:
    async def test_starts_stops_and_starts_again(self, postgres: EmbeddedPostgres) -> None:
        for _ in range(2):
            postgres.start()
            assert await answers(postgres)
            postgres.stop()
            assert not postgres.is_running()

    async def test_is_found_again_after_its_owner_was_killed(self, data_dir: Path, postgres: EmbeddedPostgres) -> None:
        code = (
            "import os, signal, sys; from pathlib import Path; from services.postgres import EmbeddedPostgres; "
            "EmbeddedPostgres(Path(sys.argv[1])).start(); os.kill(os.getpid(), signal.SIGKILL)"
        )
        owner = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(data_dir), cwd=ROOT)
        assert await owner.wait() == -signal.SIGKILL
        assert postgres.is_running()
        left = (data_dir / "postgres" / "postmaster.pid").read_text()
        postgres.start()
        assert (data_dir / "postgres" / "postmaster.pid").read_text() == left
        assert await answers(postgres)
        postgres.stop()
        assert not postgres.is_running()

    @pytest.mark.parametrize(
        "left",
        [f"{os.getpid()}\n", "", "999999999\n/elsewhere\n"],
        ids=["another program's", "empty", "nobody's"],
    )
    async def test_a_pid_file_left_behind_does_not_fool_it(
        self, data_dir: Path, postgres: EmbeddedPostgres, left: str
    ) -> None:
        postgres.start()
        postgres.stop()
        (data_dir / "postgres" / "postmaster.pid").write_text(left)
        postgres.start()
        assert await answers(postgres)

    async def test_half_a_first_start_is_begun_anew(self, data_dir: Path, postgres: EmbeddedPostgres) -> None:
        (data_dir / "postgres.new").mkdir()
        (data_dir / "postgres.new" / "PG_VERSION").write_text("18\n")
        postgres.start()
        assert await answers(postgres)

    async def test_a_path_too_long_for_a_socket_is_no_hindrance(self, data_dir: Path) -> None:
        postgres = EmbeddedPostgres(data_dir / ("long" * 30))
        try:
            postgres.start()
            assert await answers(postgres)
            sockets = Path(postgres.admin_url().partition("?host=")[2])
            assert data_dir not in sockets.parents
        finally:
            postgres.stop()
        assert sockets.name not in os.listdir(sockets.parent)

    async def test_nobody_else_can_open_it(self, data_dir: Path, postgres: EmbeddedPostgres) -> None:
        postgres.start()
        assert stat.S_IMODE((data_dir / "postgres").stat().st_mode) == 0o700
        assert stat.S_IMODE((data_dir / "postgres" / ".s.PGSQL.5432").stat().st_mode) == 0o700
        connection = await connect(postgres.admin_url())
        assert await connection.fetchval("SHOW listen_addresses") == ""
        await connection.close()

    def test_what_the_server_says_is_told_when_it_does_not_start(
        self, data_dir: Path, postgres: EmbeddedPostgres
    ) -> None:
        postgres.start()
        postgres.stop()
        with (data_dir / "postgres" / "postgresql.conf").open("a") as settings:
            settings.write("no_such_setting = 1\n")
        with pytest.raises(PostgresFailed, match="no_such_setting"):
            postgres.start()

    def test_data_of_another_version_are_left_alone(self, data_dir: Path, postgres: EmbeddedPostgres) -> None:
        (data_dir / "postgres").mkdir()
        (data_dir / "postgres" / "PG_VERSION").write_text("16\n")
        with pytest.raises(PostgresFailed, match="was made by Postgres 16"):
            postgres.start()

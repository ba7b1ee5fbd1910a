from collections.abc import Iterator
from pathlib import Path

import pytest

from services.postgres import EmbeddedPostgres
from shared.provision import connect
from tests.cli.command import ratchet

pytestmark = pytest.mark.slow
PASSWORD = "correct-horse-battery"


@pytest.fixture
def server(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A server of this test's own: roles belong to a whole server."""
    postgres = EmbeddedPostgres(data_dir)
    postgres.start()
    yield postgres
    postgres.stop()


class TestDatabaseCreate:
    async def test_makes_all_and_twice_is_no_harm(self, data_dir: Path, server: EmbeddedPostgres) -> None:
        url = server.admin_url().replace("/postgres?", "/new?", 1)
        for _ in range(2):
            made = ratchet(data_dir, "database", "create", DATABASE_URL=url, AUDIT_DB_PASSWORD=PASSWORD)
            assert made.returncode == 0, made.stderr
        assert "schema audit: its role may log in" in made.stdout
        assert "schema metrics: its role may not log in, METRICS_DB_PASSWORD is not set" in made.stdout
        connection = await connect(url)
        schemas = await connection.fetch("SELECT schema_name FROM information_schema.schemata")
        login = await connection.fetch("SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname LIKE 'ratchet_%'")
        await connection.close()
        names = {row["schema_name"] for row in schemas}
        assert {"metrics", "improvement", "satisfaction", "audit", "notifier"} <= names
        assert [row["rolname"] for row in login] == ["ratchet_audit"]

    def test_a_password_that_is_none_is_refused(self, data_dir: Path, server: EmbeddedPostgres) -> None:
        ended = ratchet(data_dir, "database", "create", DATABASE_URL=server.admin_url(), AUDIT_DB_PASSWORD="it's")
        assert ended.returncode == 1
        assert "password of audit" in ended.stderr

    def test_needs_an_address(self, data_dir: Path) -> None:
        ended = ratchet(data_dir, "database", "create")
        assert ended.returncode == 1
        assert "set DATABASE_URL" in ended.stderr

"""A Postgres for a test run: `DATABASE_URL` where set, else an embedded one that forgets safety for speed."""

import os
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from services.postgres import EmbeddedPostgres

_FAST = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 300\n"


class PostgresForTests:
    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ratchet-pg-", ignore_cleanup_errors=True)
        self._embedded: EmbeddedPostgres | None = None

    def start(self) -> str:
        """The administrator's URL of the maintenance database."""
        given = os.environ.get("DATABASE_URL")
        if given:
            return given
        folder = Path(self._folder.name)
        folder.chmod(0o755)
        self._embedded = EmbeddedPostgres(folder)
        self._embedded.start()
        (folder / "postgres" / "postgresql.auto.conf").write_text(_FAST)
        self._embedded.stop()
        self._embedded.start()
        return self._embedded.admin_url()

    def stop(self) -> None:
        if self._embedded is not None:
            self._embedded.stop()
        self._folder.cleanup()


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}", netloc=parts.netloc or ""))

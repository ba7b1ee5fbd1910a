"""Schemas and roles: each service speaks as a role of its own that owns one schema and sees no other."""

import re
from dataclasses import dataclass

import asyncpg
import structlog

from shared.database import async_url

_log = structlog.get_logger(__name__)
_LOCK = 0x5261746368
_PASSWORD = re.compile(r"^[A-Za-z0-9_.~-]{12,128}$")


@dataclass(frozen=True, slots=True)
class Admission:
    """How a service connects: `role` is what to speak as after login, or None to speak as the login itself."""

    role: str | None


def role_of(service: str) -> str:
    return f"ratchet_{service}"


async def connect(url: str) -> asyncpg.Connection:
    """A plain connection to this address."""
    return await asyncpg.connect(dsn=async_url(url).set(drivername="postgresql").render_as_string(False), timeout=10)


async def create_database(admin_url: str, name: str) -> None:
    """Create the database if it is not there."""
    connection = await connect(admin_url)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()


async def create_schemas(admin_url: str, services: list[str], passwords: dict[str, str] | None = None) -> None:
    """Create each service's role and schema if they are not there; with `passwords`, the roles may log in.

    Raises:
        ValueError: a password that is not 12 to 128 letters, digits or ``_.~-``.
    """
    connection = await connect(admin_url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            for service in services:
                await _create_schema(connection, service)
                password = (passwords or {}).get(service)
                if password is not None:
                    if not _PASSWORD.match(password):
                        raise ValueError(f"the password of {service} must be 12 to 128 letters, digits or _.~-")
                    await connection.execute(f"ALTER ROLE {role_of(service)} LOGIN PASSWORD '{password}'")
    finally:
        await connection.close()


async def _create_schema(connection: asyncpg.Connection, service: str) -> None:
    role = role_of(service)
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        await connection.execute(f"CREATE ROLE {role} NOLOGIN")
    is_member = (
        await connection.fetchval("SELECT pg_has_role(current_user, $1, 'SET')", role)
        if (connection.get_server_version().major >= 16)
        else await connection.fetchval("SELECT pg_has_role(current_user, $1, 'MEMBER')", role)
    )
    if not is_member:
        await connection.execute(f"GRANT {role} TO CURRENT_USER")
    if not await connection.fetchval("SELECT 1 FROM pg_namespace WHERE nspname = $1", service):
        await connection.execute(f"CREATE SCHEMA {service} AUTHORIZATION {role}")


async def admit(url: str, service: str) -> Admission:
    """Make sure that this service can work behind this address.

    A login that may create roles gets the service's role and schema made; a login that is the service's role, or
    nothing but the owner of its schema, is taken as it is.
    """
    role = role_of(service)
    connection = await connect(url)
    try:
        login = await connection.fetchval("SELECT current_user")
        if login == role:
            return Admission(None)
        may_create = await connection.fetchval(
            "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        if not may_create:
            exists = await connection.fetchval(
                "SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = $1", role
            )
            if exists:
                return Admission(role)
            await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {service}")
            _log.warning("schemas_not_isolated", service=service, login=login)
            return Admission(None)
    finally:
        await connection.close()
    await create_schemas(url, [service])
    return Admission(role)

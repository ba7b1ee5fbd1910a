"""`ratchet database create`: the database, schemas and roles on a Postgres server of one's own."""

from collections.abc import Mapping, Sequence

import asyncpg
from sqlalchemy.engine import make_url

from services.failures import Failure
from services.parts import PartMissing, await_parts
from shared.provision import create_database, create_schemas


class NotCreated(Failure):
    """The server refused, or a password is none."""


async def create(admin_url: str, services: Sequence[str], passwords: Mapping[str, str]) -> None:
    """Make what is missing; the roles with a password may log in.

    Raises:
        PartMissing: the server cannot be reached.
        NotCreated: the login may not create, or a password is not good.
    """
    try:
        await await_parts(admin_url, None)
    except PartMissing as missing:
        if not isinstance(missing.__cause__, asyncpg.InvalidCatalogNameError):
            raise
        url = make_url(admin_url)
        maintenance = url.set(database="postgres").render_as_string(hide_password=False)
        await create_database(maintenance, url.database or "ratchet")
    try:
        await create_schemas(admin_url, list(services), dict(passwords))
    except asyncpg.InsufficientPrivilegeError as error:
        raise NotCreated(f"the login of DATABASE_URL may not create roles and schemas: {error}") from error
    except ValueError as error:
        raise NotCreated(str(error)) from error

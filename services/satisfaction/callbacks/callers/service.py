"""Use cases of who calls customers."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks.callers import repository
from services.satisfaction.callbacks.callers.schemas import CallerBody
from shared.auth import Principal
from shared.http import check_version
from shared.problems import LostUpdate, NotFound


class CallbackCallerNotFound(NotFound):
    pass


async def list_names(session: AsyncSession, caller: Principal) -> Collection[str]:
    """R81: everything that this caller is known as: subject and name of the token, and the ticketing systems' names."""
    row = await repository.get(session, caller.subject)
    return {caller.subject, caller.name, *(row.names if row is not None else ())}


async def get_caller(session: AsyncSession, subject: str) -> Row[Any]:
    """Raises `CallbackCallerNotFound`."""
    row = await repository.get(session, subject)
    if row is None:
        raise CallbackCallerNotFound(
            f"'{subject}' has no further names; PUT those by which the ticketing systems call this person"
        )
    return row


async def set_caller(
    session: AsyncSession, subject: str, body: CallerBody, by: str, now: datetime, if_match: str | None
) -> Row[Any]:
    """Say how the ticketing systems name this person, in place of what was said before.

    Raises:
        LostUpdate
        PreconditionRequired: somebody has said something before.
    """
    known = await repository.get(session, subject)
    version = 0 if known is None else known.version
    if version or if_match is not None:
        check_version(if_match, version)
    values = {"subject": subject, "names": body.names, "updated_at": now, "updated_by": by}
    row = await repository.put(session, values, version)
    if row is None:
        raise LostUpdate(f"somebody else has just changed the names of '{subject}'; read them again")
    return row

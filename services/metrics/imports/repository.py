"""Every SQL statement on imports."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.imports.models import imports

_RUNNING = text(
    "SELECT EXISTS (SELECT 1 FROM imports WHERE state = 'running' AND heartbeat_at > now() - interval '60 seconds')"
)


async def is_any_running(session: AsyncSession) -> bool:
    """Whether an import runs that was heard of in the last minute."""
    return bool((await session.execute(_RUNNING)).scalar_one())


async def begin_import(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any]:
    """A new import, or the one of this file on this connection."""
    statement = upsert(imports).values(**values)
    await session.execute(statement.on_conflict_do_nothing(index_elements=["connection", "digest"]))
    query = select(imports).where(imports.c.connection == values["connection"], imports.c.digest == values["digest"])
    return (await session.execute(query.with_for_update())).one()


async def lock_import(session: AsyncSession, import_id: UUID) -> Row[Any] | None:
    return (await session.execute(select(imports).where(imports.c.id == import_id).with_for_update())).one_or_none()


async def list_imports(session: AsyncSession) -> Sequence[Row[Any]]:
    """The last hundred, newest first."""
    return (await session.execute(select(imports).order_by(imports.c.id.desc()).limit(100))).all()


async def advance(
    session: AsyncSession, import_id: UUID, rows: int, accepted: int, changed: int, quarantined: int, at: datetime
) -> None:
    """Note what one chunk brought."""
    await session.execute(
        update(imports)
        .where(imports.c.id == import_id)
        .values(
            rows_done=imports.c.rows_done + rows,
            accepted=imports.c.accepted + accepted,
            changed=imports.c.changed + changed,
            quarantined=imports.c.quarantined + quarantined,
            heartbeat_at=at,
        )
    )


async def set_state(session: AsyncSession, import_id: UUID, **values: Any) -> None:
    await session.execute(update(imports).where(imports.c.id == import_id).values(**values))

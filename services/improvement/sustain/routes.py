"""REST of sustain checks."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.improvement.improvements.service import get_improvement
from services.improvement.sustain import repository
from services.improvement.sustain.rules import State
from services.improvement.sustain.schemas import CheckView
from shared.auth import Staff
from shared.fields import Moment
from shared.http import Reading, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("improvements")


@routes.get("/improvements/{improvement_id}/checks")
async def list_checks_of(improvement_id: UUID, session: Reading, _caller: Staff) -> list[CheckView]:
    """All sustain checks of a record, oldest first."""
    await get_improvement(session, improvement_id)
    return [CheckView.model_validate(check) for check in await repository.list_of(session, improvement_id)]


@routes.get("/checks")
async def list_checks(
    session: Reading,
    _caller: Staff,
    state: Annotated[State | None, Query()] = None,
    due_before: Annotated[Moment | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[CheckView]:
    """Sustain checks of all records, the earliest due first; `state=due` with `due_before` now is what is overdue."""
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    found = await repository.list_by_due(session, state, due_before, after, limit + 1)
    items = [CheckView.model_validate(check) for check in found]
    return page(items, limit, lambda item: encode_cursor(item.due_at.isoformat(), str(item.id)))

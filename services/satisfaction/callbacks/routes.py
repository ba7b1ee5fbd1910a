"""REST of the callbacks."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks import recording, repository, service
from services.satisfaction.callbacks.repository import Filters
from services.satisfaction.callbacks.rules import State
from services.satisfaction.callbacks.schemas import (
    Attempt,
    Callback,
    CallbackWithAttempts,
    Completion,
    GivingUp,
    NewAttempt,
)
from services.satisfaction.settings import SatisfactionSettings, Thresholds
from shared import clock
from shared.auth import STAFF, Principal, Role, require
from shared.fields import Moment
from shared.http import IfMatch, Reading, Writing, check_version, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("callbacks")
RECORDERS = (Role.SERVICE_DESK, Role.OPERATIONS_MANAGER, Role.QUALITY_MANAGER, Role.INTEGRATION)
Reader = Annotated[Principal, Depends(require(*STAFF, Role.INTEGRATION))]
Recorder = Annotated[Principal, Depends(require(*RECORDERS))]
Word = Annotated[str | None, Query(min_length=1, max_length=300)]


@routes.get("/callbacks")
async def list_callbacks(
    session: Reading,
    _caller: Reader,
    thresholds: Thresholds,
    state: State | None = None,
    overdue: Annotated[bool | None, Query(description="Whether it is still due and its 24 h are over.")] = None,
    ticket_id: UUID | None = None,
    customer: Word = None,
    external_id: Word = None,
    resolver: Word = None,
    due_before: Moment | None = None,
    history: Annotated[bool | None, Query(description="Whether it was heard of too late to call.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Callback]:
    """What is due next comes first."""
    now = clock.now()
    filters = Filters(now, state, overdue, ticket_id, customer, external_id, resolver, due_before, history)
    rows = await repository.list_callbacks(session, filters, thresholds.claim_by, read_cursor(cursor), limit + 1)
    return page([Callback.of(row, now, thresholds) for row in rows], limit, write_cursor)


@routes.get("/callbacks/{callback_id}")
async def get_callback(
    callback_id: UUID, session: Reading, _caller: Reader, thresholds: Thresholds, response: Response
) -> CallbackWithAttempts:
    """One callback with its attempts."""
    now = clock.now()
    row = await service.get_callback(session, callback_id, now, thresholds.claim_by)
    attempts = [Attempt.of(attempt) for attempt in await repository.list_attempts(session, callback_id)]
    response.headers["ETag"] = etag(row.version)
    return CallbackWithAttempts(**Callback.of(row, now, thresholds).model_dump(), attempts=attempts)


@routes.post("/callbacks/{callback_id}/attempts", status_code=201)
async def record_attempt(
    callback_id: UUID,
    attempt: NewAttempt,
    session: Writing,
    caller: Recorder,
    thresholds: Thresholds,
    response: Response,
    if_match: IfMatch = None,
) -> Attempt:
    """Note a try to reach the customer. The ETag answered is the callback's."""
    row = await service.lock_callback(session, callback_id)
    _check_if_asked(if_match, row.version)
    recorded, row = await recording.record_attempt(session, row, caller, attempt, clock.now(), thresholds)
    response.headers["ETag"] = etag(row.version)
    return Attempt.of(recorded)


@routes.post("/callbacks/{callback_id}/complete")
async def complete_callback(
    callback_id: UUID,
    completion: Completion,
    session: Writing,
    caller: Recorder,
    thresholds: Thresholds,
    response: Response,
    if_match: IfMatch = None,
) -> Callback:
    """Note what the customer answered."""
    row = await service.lock_callback(session, callback_id)
    _check_if_asked(if_match, row.version)
    now = clock.now()
    row = await recording.complete_callback(session, row, caller, completion, now, thresholds)
    response.headers["ETag"] = etag(row.version)
    return await show(session, callback_id, now, thresholds)


@routes.post("/callbacks/{callback_id}/unreachable")
async def give_up_callback(
    callback_id: UUID,
    giving_up: GivingUp,
    session: Writing,
    caller: Recorder,
    thresholds: Thresholds,
    response: Response,
    if_match: IfMatch = None,
) -> Callback:
    """Note that the customer cannot be reached, after enough failed attempts."""
    row = await service.lock_callback(session, callback_id)
    _check_if_asked(if_match, row.version)
    now = clock.now()
    row = await recording.give_up_callback(session, row, caller, giving_up, now, thresholds)
    response.headers["ETag"] = etag(row.version)
    return await show(session, callback_id, now, thresholds)


async def show(session: AsyncSession, callback_id: UUID, now: datetime, thresholds: SatisfactionSettings) -> Callback:
    """The callback as it is now."""
    return Callback.of(await service.get_callback(session, callback_id, now, thresholds.claim_by), now, thresholds)


def read_cursor(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Raises `Malformed`."""
    if cursor is None:
        return None
    due_at, id_ = decode_cursor(cursor, datetime, UUID)
    return due_at, id_


def write_cursor(callback: Callback) -> str:
    return encode_cursor(callback.due_at.isoformat(), str(callback.id))


def _check_if_asked(if_match: str | None, version: int) -> None:
    """These add to a callback and overwrite nothing, so `If-Match` is welcome and not required."""
    if if_match is not None:
        check_version(if_match, version)

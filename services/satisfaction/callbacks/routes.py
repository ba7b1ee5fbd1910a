"""REST of the callbacks."""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import BeforeValidator, WithJsonSchema

from services.satisfaction.callbacks import repository, service
from services.satisfaction.callbacks.repository import Filters, Scope
from services.satisfaction.callbacks.rules import State
from services.satisfaction.callbacks.schemas import (
    Attempt,
    Callback,
    CallbackWithAttempts,
    Completion,
    Coverage,
    GivingUp,
    NewAttempt,
)
from services.satisfaction.settings import Thresholds
from shared import clock
from shared.auth import STAFF, Principal, Role, require
from shared.fields import EARLIEST, LATEST, Moment
from shared.http import IfMatch, Reading, Writing, check_version, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page
from shared.problems import Malformed

routes = router("callbacks")
_PERIOD = re.compile(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?")

RECORDERS = (Role.SERVICE_DESK, Role.OPERATIONS_MANAGER, Role.QUALITY_MANAGER, Role.INTEGRATION)
Reader = Annotated[Principal, Depends(require(*STAFF, Role.INTEGRATION))]
Recorder = Annotated[Principal, Depends(require(*RECORDERS))]
Word = Annotated[str | None, Query(min_length=1, max_length=300)]


def _find_edges(value: str) -> tuple[datetime, datetime] | None:
    """Beginning and end of a month (2026-03) or a day (2026-03-31), in UTC; None for anything else."""
    match = _PERIOD.fullmatch(value)
    if match is None:
        return None
    year, month, day = int(match[1]), int(match[2]), match[3]
    if not EARLIEST.year <= year < LATEST.year:
        raise ValueError("must lie between 1990-01-01 and 2199-12-31")
    begin = datetime(year, month, int(day or 1), tzinfo=UTC)
    return begin, begin + timedelta(days=int(day is not None) or monthrange(year, month)[1])


def _read_begin(value: str) -> datetime | str:
    edges = _find_edges(value)
    return edges[0] if edges else value


def _read_end(value: str) -> datetime | str:
    edges = _find_edges(value)
    return edges[1] if edges else value


_AS_TEXT = WithJsonSchema({"type": "string", "maxLength": 50})
From = Annotated[
    Annotated[Moment, BeforeValidator(_read_begin), _AS_TEXT] | None,
    Query(alias="from", description="Resolved from this moment on, or in or after this month or day (UTC)."),
]
To = Annotated[
    Annotated[Moment, BeforeValidator(_read_end), _AS_TEXT] | None,
    Query(description="Resolved before this moment, or in or before this month or day (UTC)."),
]


@routes.get("/callbacks")
async def list_callbacks(
    session: Reading,
    _caller: Reader,
    state: State | None = None,
    overdue: Annotated[bool | None, Query(description="Whether it is still due and its 24 h are over.")] = None,
    ticket_id: UUID | None = None,
    customer: Word = None,
    external_id: Word = None,
    due_before: Moment | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Callback]:
    """What is due next comes first."""
    now = clock.now()
    filters = Filters(now, state, overdue, ticket_id, customer, external_id, due_before)
    rows = await repository.list_callbacks(session, filters, read_cursor(cursor), limit + 1)
    return page([Callback.of(row, now) for row in rows], limit, write_cursor)


@routes.get("/callbacks/coverage")
async def get_coverage(
    session: Reading,
    _caller: Reader,
    from_: From = None,
    to: To = None,
    service_: Annotated[Word, Query(alias="service")] = None,
    customer: Word = None,
    group: Word = None,
) -> Coverage:
    """F23: how many of the resolutions were followed by a completed callback within 24 h."""
    if from_ is not None and to is not None and from_ >= to:
        raise Malformed("query.to: must lie after 'from'")
    scope = Scope(from_, to, service_, customer, group)
    return await service.measure_coverage(session, scope, clock.now())


@routes.get("/callbacks/{callback_id}")
async def get_callback(
    callback_id: UUID, session: Reading, _caller: Reader, response: Response
) -> CallbackWithAttempts:
    """One callback with its attempts."""
    row = await service.get_callback(session, callback_id)
    attempts = [Attempt.of(attempt) for attempt in await repository.list_attempts(session, callback_id)]
    response.headers["ETag"] = etag(row.version)
    return CallbackWithAttempts(**Callback.of(row, clock.now()).model_dump(), attempts=attempts)


@routes.post("/callbacks/{callback_id}/attempts", status_code=201)
async def record_attempt(
    callback_id: UUID,
    attempt: NewAttempt,
    session: Writing,
    caller: Recorder,
    response: Response,
    if_match: IfMatch = None,
) -> Attempt:
    """Note a try to reach the customer. The ETag answered is the callback's."""
    row = await service.lock_callback(session, callback_id)
    _check_if_asked(if_match, row.version)
    recorded, row = await service.record_attempt(session, row, caller, attempt, clock.now())
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
    row = await service.complete_callback(session, row, caller, completion, now, thresholds.dissatisfied_up_to_score)
    response.headers["ETag"] = etag(row.version)
    return Callback.of(row, now)


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
    row = await service.give_up_callback(session, row, caller, giving_up, now, thresholds.unreachable_after_attempts)
    response.headers["ETag"] = etag(row.version)
    return Callback.of(row, now)


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

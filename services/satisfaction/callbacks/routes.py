"""REST of the callbacks."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import AfterValidator, Field

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

Reader = Annotated[Principal, Depends(require(*STAFF, Role.INTEGRATION))]
Recorder = Annotated[
    Principal,
    Depends(require(Role.SERVICE_DESK, Role.OPERATIONS_MANAGER, Role.QUALITY_MANAGER, Role.INTEGRATION)),
]
Word = Annotated[str | None, Query(min_length=1, max_length=300)]


def _check_day(value: datetime | date) -> datetime | date:
    if not isinstance(value, datetime) and not EARLIEST.date() <= value <= LATEST.date():
        raise ValueError("must lie between 1990-01-01 and 2200-01-01")
    return value


Bound = Annotated[Moment | date, Field(union_mode="left_to_right"), AfterValidator(_check_day)]
"""A moment with its zone, or a day (UTC)."""


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
    from_: Annotated[Bound | None, Query(alias="from", description="Resolved from this moment or day on.")] = None,
    to: Annotated[
        Bound | None, Query(description="Resolved before this moment; a day counts as a whole, to its end.")
    ] = None,
    service_: Annotated[Word, Query(alias="service")] = None,
    customer: Word = None,
    group: Word = None,
) -> Coverage:
    """F23: how many of the resolutions were followed by a completed callback within 24 h."""
    resolved_from, resolved_before = _begin(from_), _end(to)
    if resolved_from is not None and resolved_before is not None and resolved_from >= resolved_before:
        raise Malformed("query.to: must lie after 'from'")
    scope = Scope(resolved_from, resolved_before, service_, customer, group)
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


def _begin(bound: datetime | date | None) -> datetime | None:
    if bound is None or isinstance(bound, datetime):
        return bound
    return datetime(bound.year, bound.month, bound.day, tzinfo=UTC)


def _end(bound: datetime | date | None) -> datetime | None:
    begin = _begin(bound)
    if begin is None or isinstance(bound, datetime):
        return begin
    return begin + timedelta(days=1)

"""Parked events: listed, replayed, discarded, never forgotten."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import BaseModel
from sqlalchemy import select, text

from shared import problems
from shared.auth import Principal, Role, require
from shared.database import Database
from shared.http import Reading, Writing, router
from shared.inbox import Inbox
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("dead-letters")
Operator = Annotated[Principal, Depends(require(Role.ADMINISTRATOR, Role.OPERATIONS_MANAGER))]
State = Literal["parked", "replayed", "discarded"]


class DeadLetter(BaseModel):
    """An event that a handler could not take, with the reason; `body` is the event as it came."""

    id: UUID
    event_id: UUID | None
    handler: str
    type: str
    subject: str
    error: str
    attempts: int
    state: State
    parked_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    body: str


class DeadLetterNotFound(problems.NotFound):
    pass


class AlreadySettled(problems.Problem):
    status = 409


class ReplayFailed(problems.Problem):
    """The handler failed again; the letter stays parked."""

    status = 409


@routes.get("/dead-letters")
async def list_dead_letters(
    session: Reading,
    request: Request,
    _caller: Operator,
    state: Annotated[State, Query()] = "parked",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DeadLetter]:
    """Oldest first."""
    letters = _database(request).spine.dead_letters
    query = select(letters).where(letters.c.state == state).order_by(letters.c.id).limit(limit + 1)
    if cursor is not None:
        (after,) = decode_cursor(cursor, UUID)
        query = query.where(letters.c.id > after)
    rows = [
        DeadLetter(**{**row._mapping, "body": row.body.decode(errors="replace")})
        for row in await session.execute(query)
    ]
    return page(rows, limit, lambda letter: encode_cursor(str(letter.id)))


@routes.post("/dead-letters/{letter_id}/replay", status_code=204)
async def replay_dead_letter(letter_id: UUID, request: Request, _caller: Operator) -> None:
    """Give the event to its handler again."""
    inbox: Inbox = request.app.state.inbox
    await _require_parked(request, letter_id)
    try:
        replayed = await inbox.replay(letter_id)
    except Exception as error:
        raise ReplayFailed(f"the handler failed again: {type(error).__name__}: {error}"[:1000]) from error
    if not replayed:
        raise AlreadySettled("this dead letter was settled meanwhile")


@routes.post("/dead-letters/{letter_id}/discard", status_code=204)
async def discard_dead_letter(letter_id: UUID, session: Writing, request: Request, caller: Operator) -> None:
    """Decide that the event needs no effect here; it stays listed as discarded."""
    await _require_parked(request, letter_id)
    letters = _database(request).spine.dead_letters
    discarded = await session.execute(
        letters.update()
        .where(letters.c.id == letter_id, letters.c.state == "parked")
        .values(state="discarded", settled_at=text("now()"), settled_by=caller.subject)
        .returning(letters.c.id)
    )
    if discarded.first() is None:
        raise AlreadySettled("this dead letter was settled meanwhile")


async def _require_parked(request: Request, letter_id: UUID) -> None:
    database = _database(request)
    letters = database.spine.dead_letters
    async with database.reading() as session:
        state = (await session.execute(select(letters.c.state).where(letters.c.id == letter_id))).scalar_one_or_none()
    if state is None:
        raise DeadLetterNotFound(f"no dead letter {letter_id} in this service")
    if state != "parked":
        raise AlreadySettled(f"this dead letter was already {state}")


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database

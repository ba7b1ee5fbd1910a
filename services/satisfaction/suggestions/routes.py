"""REST of suggestions."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.satisfaction.settings import Thresholds
from services.satisfaction.suggestions import repository, service
from services.satisfaction.suggestions.schemas import (
    NewSuggestion,
    Outcome,
    Reply,
    State,
    Suggestion,
    SuggestionEdit,
    SuggestionFigures,
)
from shared import clock
from shared.auth import STAFF, Principal, Role, Staff, require
from shared.fields import Moment
from shared.http import IfMatch, Reading, Writing, check_version, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page
from shared.problems import Forbidden, Malformed

routes = router("suggestions")

Giver = Annotated[Principal, Depends(require(*STAFF, Role.INTEGRATION, Role.CUSTOMER))]
Word = Annotated[str | None, Query(min_length=1, max_length=200)]
DAYS = 30


@routes.post("/suggestions", status_code=201)
async def receive_suggestion(
    body: NewSuggestion, session: Writing, caller: Giver, thresholds: Thresholds, response: Response
) -> Suggestion:
    """A suggestion of a customer, or of an independent supervisor. Customers make their own."""
    if Role.CUSTOMER in caller.roles:
        if caller.customer is None or body.customer not in (None, caller.customer) or body.anonymous:
            raise Forbidden("you suggest for your own organisation, by name; leave customer and anonymous out")
        named = body.suggested_by or caller.name
        body = body.model_copy(update={"customer": caller.customer, "suggested_by": named, "channel": "web"})
    now = clock.now()
    row = await service.receive(session, body, caller.subject, now, thresholds)
    response.headers["Location"] = f"/satisfaction/v1/suggestions/{row.id}"
    response.headers["ETag"] = etag(row.version)
    return service.show(row, now)


@routes.get("/suggestions")
async def list_suggestions(
    session: Reading,
    caller: Giver,
    state: State | None = None,
    outcome: Outcome | None = None,
    supervisor: bool | None = None,
    owner: Word = None,
    customer: Word = None,
    overdue: bool | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Suggestion]:
    """The latest received first; customers see their own."""
    asked = {"state": state, "outcome": outcome, "supervisor": supervisor, "owner": owner, "customer": customer}
    filters = {name: value for name, value in asked.items() if value is not None}
    if Role.CUSTOMER in caller.roles:
        if caller.customer is None:
            raise Forbidden("your token names no customer; ask for one that does")
        filters["customer"] = caller.customer
    before = decode_cursor(cursor, datetime, UUID) if cursor else None
    now = clock.now()
    rows = await repository.list_newest(session, filters, overdue, now, before, limit + 1)
    shown = [service.show(row, now) for row in rows]
    return page(shown, limit, lambda last: encode_cursor(last.received_at.isoformat(), str(last.id)))


@routes.get("/suggestions/figures")
async def get_figures(
    session: Reading,
    _caller: Staff,
    period_from: Annotated[Moment | None, Query(alias="from", description="30 days ago when missing.")] = None,
    period_to: Annotated[Moment | None, Query(alias="to", description="Now when missing.")] = None,
) -> SuggestionFigures:
    """Suggestions received in the period: answered, adopted, rewarded, on time."""
    now = clock.now()
    end = period_to or now
    begin = period_from or end - timedelta(days=DAYS)
    if end < begin:
        raise Malformed("to: the period ends before it begins; give from and to the other way round")
    row = await repository.count(session, begin, end, now)
    judged = row.answered + row.overdue
    share = row.on_time / judged if judged else None
    return SuggestionFigures(**row._mapping, period_from=begin, period_to=end, on_time_share=share)


@routes.get("/suggestions/{suggestion_id}")
async def get_suggestion(suggestion_id: UUID, session: Reading, caller: Giver, response: Response) -> Suggestion:
    """One suggestion; another customer's answers as one that does not exist."""
    row = await service.get(session, suggestion_id)
    if Role.CUSTOMER in caller.roles and (caller.customer is None or row.customer != caller.customer):
        raise service.SuggestionNotFound(f"no suggestion {suggestion_id}")
    response.headers["ETag"] = etag(row.version)
    return service.show(row, clock.now())


@routes.patch("/suggestions/{suggestion_id}")
async def edit_suggestion(
    suggestion_id: UUID,
    body: SuggestionEdit,
    session: Writing,
    _caller: Staff,
    response: Response,
    if_match: IfMatch = None,
) -> Suggestion:
    """Who studies it, and where it belongs."""
    row = await service.get(session, suggestion_id, lock=True)
    check_version(if_match, row.version)
    now = clock.now()
    row = await service.edit(session, row, body, now)
    response.headers["ETag"] = etag(row.version)
    return service.show(row, now)


@routes.post("/suggestions/{suggestion_id}/answer")
async def answer_suggestion(
    suggestion_id: UUID,
    body: Reply,
    session: Writing,
    caller: Staff,
    thresholds: Thresholds,
    response: Response,
    if_match: IfMatch = None,
) -> Suggestion:
    """Adopted or declined, and why; whoever can be reached was told."""
    row = await service.get(session, suggestion_id, lock=True)
    if if_match is not None:
        check_version(if_match, row.version)
    now = clock.now()
    row = await service.answer(session, row, body, caller.subject, now, thresholds)
    response.headers["ETag"] = etag(row.version)
    return service.show(row, now)

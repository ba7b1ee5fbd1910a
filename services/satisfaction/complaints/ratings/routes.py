"""REST of ratings (R200): every customer may rate every member of staff, and everybody sees the figures."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Response

from services.satisfaction.complaints.ratings import repository, service
from services.satisfaction.complaints.ratings.schemas import NewRating, Rating, StaffFigure
from shared import clock
from shared.auth import STAFF, Principal, Role, require
from shared.http import Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page
from shared.problems import Forbidden, Malformed

routes = router("ratings")

Anybody = Annotated[Principal, Depends(require(*STAFF, Role.CUSTOMER))]
Rater = Annotated[Principal, Depends(require(Role.CUSTOMER, Role.SERVICE_DESK, Role.QUALITY_MANAGER))]
Reader = Annotated[Principal, Depends(require(*STAFF))]


@routes.post("/staff-ratings", status_code=201)
async def rate_staff(body: NewRating, session: Writing, caller: Rater, response: Response) -> Rating:
    """A customer's score of a member of staff; staff note one for a customer, but never of themselves."""
    customer = body.customer
    if Role.CUSTOMER in caller.roles:
        if caller.customer is None or customer not in (None, caller.customer):
            raise Forbidden("you rate for your own organisation; leave customer out")
        customer = caller.customer
    if customer is None:
        raise Malformed("customer: say whose score it is")
    row = await service.rate(session, body.staff, customer, body.score, body.comment, caller.subject, clock.now())
    response.headers["Location"] = f"/satisfaction/v1/staff-ratings?{urlencode({'staff': row.staff})}"
    return Rating.model_validate(row._mapping)


@routes.get("/staff-ratings")
async def list_ratings(
    session: Reading,
    _caller: Reader,
    staff: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    customer: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Rating]:
    """Single scores, the newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await repository.list_newest(session, staff, customer, before, limit + 1)
    return page([Rating.model_validate(row._mapping) for row in rows], limit, lambda last: encode_cursor(str(last.id)))


@routes.get("/staff-ratings/figures")
async def list_figures(
    session: Reading, _caller: Anybody, limit: Limit = 50, cursor: Cursor = None
) -> Page[StaffFigure]:
    """The mean of each member of staff, by name."""
    after = decode_cursor(cursor, str)[0] if cursor else ""
    rows = await repository.measure(session, after, limit + 1)
    figures = [
        StaffFigure(
            staff=row.staff, n=row.n, mean=row.mean, scores={str(s): getattr(row, f"s{s}") for s in range(1, 6)}
        )
        for row in rows
    ]
    return page(figures, limit, lambda last: encode_cursor(last.staff))

"""REST of quality standards and of evaluations of services."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Response

from services.metrics.agreements.schemas import Day
from services.metrics.catalogue.rules import EDITORS
from services.metrics.catalogue.schemas import EntryKey
from services.metrics.measures.periods import local_day, month_of
from services.metrics.observations.routes import check_range
from services.metrics.settings import settings
from services.metrics.standards import evaluating, repository, service
from services.metrics.standards.schemas import (
    DueView,
    EvaluationBody,
    EvaluationView,
    Figures,
    MissedView,
    StandardBody,
    StandardVersionView,
    StandardView,
)
from shared import clock
from shared.auth import Principal, Staff, require
from shared.events.catalogue import ServiceClass
from shared.fields import Key
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("standards")

StandardKey = Annotated[Key, Path(description="The standard's key.")]
Editor = Annotated[Principal, Depends(require(*EDITORS))]
ServiceFilter = Annotated[EntryKey | None, Query(alias="service", description="A service's key in the catalogue.")]


@routes.get("/standards")
async def list_standards(
    session: Reading,
    _caller: Staff,
    service_key: ServiceFilter = None,
    service_class: Annotated[ServiceClass | None, Query()] = None,
    review_before: Annotated[Day | None, Query(description="Only those to be looked at again before this day.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[StandardView]:
    """By key."""
    filters = {"service": service_key, "service_class": service_class}
    given = {column: value for column, value in filters.items() if value is not None}
    after = decode_cursor(cursor, str)[0] if cursor else None
    rows = await repository.list_standards(session, given, review_before, after, limit + 1)
    return page([StandardView.model_validate(row) for row in rows], limit, lambda view: encode_cursor(view.key))


@routes.get("/standards/{key}")
async def get_standard(key: StandardKey, session: Reading, _caller: Staff, response: Response) -> StandardView:
    """One standard."""
    row = await service.find_standard(session, key)
    response.headers["ETag"] = etag(row.version)
    return StandardView.model_validate(row)


@routes.get("/standards/{key}/versions")
async def list_standard_versions(
    key: StandardKey, session: Reading, _caller: Staff, limit: Limit = 50, cursor: Cursor = None
) -> Page[StandardVersionView]:
    """All that the standard ever was, newest first."""
    before = decode_cursor(cursor, int)[0] if cursor else None
    rows = await repository.list_versions(session, key, before, limit + 1)
    views = [StandardVersionView.model_validate(row) for row in rows]
    return page(views, limit, lambda view: encode_cursor(view.version))


@routes.put("/standards/{key}")
async def put_standard(
    key: StandardKey,
    body: StandardBody,
    session: Writing,
    caller: Editor,
    response: Response,
    if_match: IfMatch = None,
) -> StandardView:
    """Write a standard, or change it (then with If-Match)."""
    row = await service.put_standard(session, key, body, if_match, caller.subject)
    response.headers["ETag"] = etag(row.version)
    return StandardView.model_validate(row)


@routes.delete("/standards/{key}", status_code=204)
async def delete_standard(key: StandardKey, session: Writing, _caller: Editor, if_match: IfMatch = None) -> None:
    """It counts no more."""
    await service.delete_standard(session, key, if_match)


@routes.get("/service-evaluations")
async def list_evaluations(
    session: Reading, _caller: Staff, service_key: ServiceFilter = None, limit: Limit = 20, cursor: Cursor = None
) -> Page[EvaluationView]:
    """Newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await repository.list_evaluations(session, service_key, before, limit + 1)
    return page([EvaluationView.model_validate(row) for row in rows], limit, lambda view: encode_cursor(str(view.id)))


@routes.post("/service-evaluations", status_code=201)
async def record_evaluation(
    body: EvaluationBody, session: Writing, caller: Editor, response: Response
) -> EvaluationView:
    """Judge a service's effect, quality and cost; the figures of the moment are kept with it."""
    row = await evaluating.record_evaluation(session, body, caller.subject)
    response.headers["Location"] = f"/metrics/v1/service-evaluations/{row.id}"
    return EvaluationView.model_validate(row)


@routes.get("/service-evaluations/figures")
async def get_figures(
    session: Reading,
    _caller: Staff,
    service_key: Annotated[EntryKey, Query(alias="service", description="A service's key in the catalogue.")],
    from_: Annotated[Day, Query(alias="from", description="A day of the first month.")],
    to: Annotated[Day, Query(description="A day of the last month.")],
) -> Figures:
    """What an evaluation made now would rest on."""
    first, last = month_of(from_), month_of(to)
    check_range(first, last)
    return await evaluating.collect_figures(session, service_key, first, last)


@routes.get("/service-evaluations/due")
async def list_due(
    session: Reading,
    _caller: Staff,
    within_days: Annotated[
        int, Query(ge=0, le=3660, description="How far to look ahead; 0 is what is due today.")
    ] = 90,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DueView]:
    """Published services by the day on which they are to be evaluated next (R156); the most overdue first."""
    after = decode_cursor(cursor, date, str) if cursor else (date.min, "")
    today = local_day(clock.now(), settings().zone)
    rows = await repository.list_due(session, today + timedelta(days=within_days + 1), (after[0], after[1]), limit + 1)
    views = [DueView.model_validate(row) for row in rows]
    return page(views, limit, lambda view: encode_cursor(view.due_on.isoformat(), view.service))


@routes.get("/service-evaluations/missed")
async def list_missed(
    session: Reading, _caller: Staff, service_key: ServiceFilter = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[MissedView]:
    """Evaluations that were not made in time, the latest first; also those that were made after all."""
    values = decode_cursor(cursor, date, str) if cursor else None
    before = (values[0], values[1]) if values else None
    rows = await repository.list_missed(session, service_key, before, limit + 1)
    views = [MissedView.model_validate(row) for row in rows]
    return page(views, limit, lambda view: encode_cursor(view.due_on.isoformat(), view.service))


@routes.get("/service-evaluations/{evaluation_id}")
async def get_evaluation(evaluation_id: UUID, session: Reading, _caller: Staff) -> EvaluationView:
    """One evaluation with its frozen figures."""
    return EvaluationView.model_validate(await evaluating.find_evaluation(session, evaluation_id))

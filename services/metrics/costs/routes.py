"""REST of costs."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Path, Query, Response

from services.metrics.catalogue.rules import EDITORS
from services.metrics.catalogue.schemas import EntryKey
from services.metrics.costs import repository, service
from services.metrics.costs.schemas import BenefitView, CostBody, CostView, Kind
from services.metrics.measures.periods import Frequency
from services.metrics.observations.routes import MonthQuery, check_range, parse_month
from shared.auth import Principal, Staff, require
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("costs")

Editor = Annotated[Principal, Depends(require(*EDITORS))]
ServiceKey = Annotated[EntryKey, Path(description="The service's key in the catalogue.")]
MonthPath = Annotated[str, Path(pattern=r"^\d{4}-\d{2}$", max_length=7, description="For example 2016-03.")]
From = Annotated[MonthQuery, Query(alias="from")]


@routes.get("/costs")
async def list_costs(
    session: Reading,
    _caller: Staff,
    service_key: Annotated[EntryKey | None, Query(alias="service")] = None,
    kind: Annotated[Kind | None, Query()] = None,
    from_: From = None,
    to: MonthQuery = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[CostView]:
    """As last corrected, by month, service and kind."""
    after = decode_cursor(cursor, date, str, str) if cursor else None
    filters = {column: value for column, value in (("service", service_key), ("kind", kind)) if value is not None}
    span = parse_month(from_, "from"), parse_month(to, "to")
    rows = await repository.list_page(session, filters, span, after, limit + 1)
    views = [CostView.model_validate(row) for row in rows]
    return page(views, limit, lambda view: encode_cursor(view.month.isoformat(), view.service, view.kind))


@routes.get("/costs/{service_key:path}/{month}/{kind}")
async def list_cost_revisions(
    service_key: ServiceKey, month: MonthPath, kind: Kind, session: Reading, _caller: Staff, response: Response
) -> list[CostView]:
    """An amount and all that stood there before it was corrected, newest first; the newest one's revision as ETag."""
    rows = await service.list_revisions(session, service_key, _month(month), kind)
    response.headers["ETag"] = etag(rows[0].revision)
    return [CostView.model_validate(row) for row in rows]


@routes.put("/costs/{service_key:path}/{month}/{kind}")
async def put_cost(
    service_key: ServiceKey,
    month: MonthPath,
    kind: Kind,
    body: CostBody,
    session: Writing,
    caller: Editor,
    response: Response,
    if_match: IfMatch = None,
) -> CostView:
    """Record an amount, or correct it (then with If-Match): a new revision, the old one stays."""
    row = await service.put_amount(session, service_key, _month(month), kind, body, if_match, caller.subject)
    response.headers["ETag"] = etag(row.revision)
    return CostView.model_validate(row)


@routes.get("/cost-benefit")
async def get_cost_benefit(
    session: Reading,
    _caller: Staff,
    service_key: Annotated[EntryKey, Query(alias="service")],
    from_: Annotated[str, Query(alias="from", max_length=10, pattern=r"^\d{4}-\d{2}$")],
    to: Annotated[str, Query(max_length=10, pattern=r"^\d{4}-\d{2}$")],
    by: Annotated[Frequency, Query()] = "monthly",
) -> list[BenefitView]:
    """R138, F16: cost / income of each period of which something is recorded."""
    first, last = _month(from_, "from"), _month(to, "to")
    check_range(first, last)
    benefits = await service.cost_benefit(session, service_key, first, last, by)
    return [BenefitView.model_validate(benefit) for benefit in benefits]


def _month(text: str, name: str = "month") -> date:
    month = parse_month(text, name)
    assert month is not None
    return month

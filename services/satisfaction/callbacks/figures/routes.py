"""REST of the callbacks' figures: coverage (F23) and satisfaction (F4, R200, R204)."""

import re
from calendar import monthrange
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BeforeValidator, WithJsonSchema

from services.satisfaction.callbacks.figures import exports, service
from services.satisfaction.callbacks.figures.repository import Dimension, Scope, list_lines
from services.satisfaction.callbacks.figures.schemas import Around, Coverage, CoverageOf, Satisfaction, SatisfactionOf
from services.satisfaction.callbacks.routes import Reader
from services.satisfaction.settings import Thresholds
from shared import clock
from shared.database import Database
from shared.fields import EARLIEST, LATEST, Moment
from shared.http import Reading, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page
from shared.problems import Malformed
from shared.spreadsheets import write_rows

routes = router("callbacks")
_BLOCK = 1000
_PERIOD = re.compile(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?")

Word = Annotated[str | None, Query(min_length=1, max_length=300)]
By = Annotated[Dimension, Path(description="What the figures are told apart by.")]


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


def _read_scope(
    from_: From = None,
    to: To = None,
    service_: Annotated[Word, Query(alias="service")] = None,
    customer: Word = None,
    group: Word = None,
    project: Word = None,
    desk: Word = None,
    segment: Word = None,
    handler: Annotated[Word, Query(description="Who resolved the incident.")] = None,
) -> Scope:
    if from_ is not None and to is not None and from_ >= to:
        raise Malformed("query.to: must lie after 'from'")
    return Scope(from_, to, service_, customer, group, project, desk, segment, handler)


Scoped = Annotated[Scope, Depends(_read_scope)]


@routes.get("/callbacks/coverage")
async def get_coverage(session: Reading, _caller: Reader, scope: Scoped) -> Coverage:
    """F23: how many of the resolutions were followed by a completed callback within 24 h."""
    return await service.measure_coverage(session, scope, clock.now())


@routes.get("/callbacks/coverage/{by}")
async def list_coverage(
    by: By, session: Reading, _caller: Reader, thresholds: Thresholds, scope: Scoped, limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[CoverageOf]:  # fmt: skip
    """F23 for each group, customer, service, project, desk, segment, handler, mode or month, in order; those of which
    it is not known come last."""
    zone = thresholds.time_zone
    rows = await service.list_coverage(session, scope, clock.now(), by, zone, _behind(cursor), limit + 1)
    return page(rows, limit, lambda last: encode_cursor(last.value))


@routes.get("/callbacks/export.csv", response_class=StreamingResponse)
async def export_callbacks(request: Request, _caller: Reader, scope: Scoped) -> StreamingResponse:
    """The callbacks behind the figures, a row a resolution. What people wrote stays text in a spreadsheet."""
    database: Database = request.app.state.database

    async def write() -> AsyncIterator[str]:
        yield "\ufeff" + write_rows([exports.COLUMNS])
        after: tuple[datetime, UUID] | None = None
        while True:
            async with database.reading() as session:
                rows = await list_lines(session, scope, after, _BLOCK)
            yield write_rows([exports.make_cells(row) for row in rows])
            if len(rows) < _BLOCK:
                return
            after = (rows[-1].due_at, rows[-1].id)

    headers = {"Content-Disposition": 'attachment; filename="callbacks.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(write(), media_type="text/csv; charset=utf-8", headers=headers)


@routes.get("/callbacks/satisfaction")
async def get_satisfaction(session: Reading, _caller: Reader, scope: Scoped) -> Satisfaction:
    """F4: what customers thought of these resolutions, in all and by the mode in which they answered."""
    return await service.measure_satisfaction(session, scope)


@routes.get("/callbacks/satisfaction/around")
async def compare_satisfaction(
    session: Reading,
    _caller: Reader,
    scope: Scoped,
    at: Annotated[Moment, Query(description="When the release was made.")],
    days: Annotated[int, Query(ge=1, le=366, description="How many days before and after it.")] = 30,
) -> Around:
    """R121: satisfaction before and after a release, each with its n. `from` and `to` do not count here."""
    return await service.compare_around(session, scope, at, days)


@routes.get("/callbacks/satisfaction/{by}")
async def list_satisfaction(
    by: By, session: Reading, _caller: Reader, thresholds: Thresholds, scope: Scoped, limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SatisfactionOf]:  # fmt: skip
    """F4 for each handler (R200), segment (R204), mode, …, in order; those of which it is not known come last."""
    zone = thresholds.time_zone
    rows = await service.list_satisfaction(session, scope, by, zone, _behind(cursor), limit + 1)
    return page(rows, limit, lambda last: encode_cursor(last.value))


def _behind(cursor: str | None) -> str | None:
    """Raises `Malformed`."""
    behind: str | None = decode_cursor(cursor, str)[0] if cursor else None
    return behind

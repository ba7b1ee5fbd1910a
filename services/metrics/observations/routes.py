"""REST of values."""

import re
from datetime import date
from typing import Annotated

from fastapi import Path, Query

from services.metrics.measures.periods import month_of
from services.metrics.measures.problems import UnsoundRange
from services.metrics.measures.routes import MeasureKey, ProcessQuery, ScopeQuery
from services.metrics.measures.rules import is_better
from services.metrics.measures.schemas import Aspect
from services.metrics.measures.service import check_scope, find_measure
from services.metrics.observations import reading, repository, service
from services.metrics.observations.schemas import AnnualView, By, ObservationView, ScopeView, Series, StandingView
from shared import clock
from shared.auth import Staff
from shared.http import Reading, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("values")
MonthQuery = Annotated[
    str | None,
    Query(max_length=10, pattern=r"^\d{4}-\d{2}(-\d{2})?$", description="A month (2016-03) or a day in it; included."),
]
_MOST_MONTHS = 240


@routes.get("/overview")
async def get_overview(
    session: Reading,
    _caller: Staff,
    scope: ScopeQuery = "all",
    process: ProcessQuery = None,
    aspect: Annotated[Aspect | None, Query()] = None,
) -> list[StandingView]:
    """Every measure with its newest closed period, what was expected of it, and the verdict; those with a target
    first. For one process or aspect: the figures of the service desk, or of cost, by themselves."""
    return [_standing(row) for row in await service.list_standing(session, scope, process, aspect)]


@routes.get("/measures/{key}/series")
async def get_series(
    key: MeasureKey,
    session: Reading,
    _caller: Staff,
    from_: Annotated[MonthQuery, Query(alias="from")] = None,
    to: MonthQuery = None,
    scope: ScopeQuery = "all",
    by: By = "period",
    overall: Annotated[bool, Query(description="Also the formula over the whole range, from the facts.")] = False,
) -> Series:
    """The measure's periods with target and baseline; the last 24 months by default. Beside an availability stand the
    outages that its percentage hides (R179)."""
    now = clock.now()
    last = parse_month(to, "to") or month_of(now.date())
    first = parse_month(from_, "from") or date(max(last.year - 2, 1990), last.month, 1)
    check_range(first, last)
    measure = await find_measure(session, key)
    return await reading.series(
        session, measure, check_scope(measure, scope), (first, last), now, by=by, overall=overall
    )


@routes.get("/measures/{key}/year/{year}")
async def get_year(
    key: MeasureKey,
    year: Annotated[int, Path(ge=1990, le=2199)],
    session: Reading,
    _caller: Staff,
    scope: ScopeQuery = "all",
) -> AnnualView:
    """The year so far against the annual target, where it will end, and what the rest must reach (R78)."""
    measure = await find_measure(session, key)
    return await reading.year_so_far(session, measure, check_scope(measure, scope), year)


@routes.get("/measures/{key}/observed")
async def list_observed_scopes(
    key: MeasureKey,
    session: Reading,
    _caller: Staff,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ScopeView]:
    """The scopes that hold data, by name, each with its newest closed period."""
    await find_measure(session, key)
    after = decode_cursor(cursor, str)[0] if cursor else None
    rows = await repository.list_scopes(session, key, after, limit + 1)
    return page([ScopeView.model_validate(row) for row in rows], limit, lambda row: encode_cursor(row.scope))


@routes.get("/measures/{key}/observations/{period}")
async def list_revisions(
    key: MeasureKey,
    period: Annotated[str, Path(pattern=r"^\d{4}-\d{2}$", max_length=7)],
    session: Reading,
    _caller: Staff,
    scope: ScopeQuery = "all",
) -> list[ObservationView]:
    """All that was ever told of one period, by its first month: a restatement never loses the old value."""
    measure = await find_measure(session, key)
    parsed = check_scope(measure, scope)
    month = parse_month(period, "period")
    assert month is not None
    return [ObservationView.model_validate(r) for r in await repository.revisions(session, key, str(parsed), month)]


def parse_month(text: str | None, name: str) -> date | None:
    """The first day of the month of `2016-03` or `2016-03-15`. Raises `UnsoundRange`."""
    if text is None:
        return None
    match = re.match(r"^(\d{4})-(\d{2})(?:-(\d{2}))?$", text)
    try:
        assert match is not None
        day = date(int(match[1]), int(match[2]), int(match[3] or 1))
    except (ValueError, AssertionError) as error:
        raise UnsoundRange(f"{name}: {text!r} is no month like 2016-03 and no day like 2016-03-15") from error
    if not 1990 <= day.year < 2200:
        raise UnsoundRange(f"{name}: {text!r} lies outside 1990 to 2199")
    return day.replace(day=1)


def check_range(first: date, last: date) -> None:
    """Raises `UnsoundRange`."""
    if first > last:
        raise UnsoundRange(f"from ({first:%Y-%m}) lies after to ({last:%Y-%m})")
    if (last.year - first.year) * 12 + last.month - first.month >= _MOST_MONTHS:
        raise UnsoundRange(f"the range is longer than {_MOST_MONTHS} months; ask in parts")


def _standing(row: service.Standing) -> StandingView:
    value = row.observation.value if row.observation else None
    target = row.expected.target if row.expected else None
    n = row.observation.n if row.observation else 0
    verdict = None
    if value is not None and target is not None and row.expected is not None and n >= row.expected.minimum_n:
        verdict = "missed" if is_better(row.measure.direction, target, value) else "met"
    return StandingView(
        key=row.measure.key,
        name=row.measure.name,
        unit=row.measure.unit,
        direction=row.measure.direction,
        period=row.observation.period if row.observation else None,
        value=value,
        n=n,
        target=target,
        baseline=row.expected.baseline if row.expected else None,
        verdict=verdict,
    )

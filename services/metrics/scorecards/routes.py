"""REST of scorecards: for those who lead, and for everyone their own (R93)."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import BaseModel

from services.metrics.measures.periods import local_day, month_of, next_month, previous_month, starts_at
from services.metrics.measures.problems import UnsoundRange
from services.metrics.observations.routes import MonthQuery, check_range, parse_month
from services.metrics.scorecards import repository, rules
from services.metrics.scorecards.rules import Place, Share, Work
from services.metrics.settings import settings
from shared import clock
from shared.auth import Principal, Role, Staff, require
from shared.http import Reading, router
from shared.problems import Forbidden, NotFound, Problem

routes = router("scorecards")
_LEADERS = (Role.OPERATIONS_MANAGER, Role.DEPARTMENT_HEAD, Role.QUALITY_MANAGER)
Leader = Annotated[Principal, Depends(require(*_LEADERS))]
GroupQuery = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]
_MOST_MONTHS = 12


class NoWork(NotFound):
    pass


class RankingIsOff(Problem):
    """Comparing people by rank is a decision of the installation."""

    status = 403


class ShareView(BaseModel):
    value: float | None
    n: int


class Scorecard(BaseModel):
    """One person's resolved incidents. `telling` is false where there are too few to say anything of the person."""

    resolver: str
    resolved: int
    sla_attainment: ShareView
    reopen_rate: ShareView
    satisfaction: ShareView
    restore_hours: float | None
    telling: bool


class PlaceView(BaseModel):
    """`score` is the lower end of the 95 % interval of SLA attainment; `stars` from 1 to 5."""

    place: int
    stars: int
    score: float
    scorecard: Scorecard


@routes.get("/scorecards")
async def list_scorecards(
    session: Reading,
    _caller: Leader,
    from_: Annotated[MonthQuery, Query(alias="from")] = None,
    to: MonthQuery = None,
    group: GroupQuery = None,
) -> list[Scorecard]:
    """Everyone's figures by name, of the month that ended last by default; it ranks nobody."""
    start, end = _span(from_, to)
    return [_card(work) for work in await repository.list_work(session, start, end, group=group)]


@routes.get("/scorecards/ranking")
async def get_ranking(
    session: Reading,
    _caller: Leader,
    from_: Annotated[MonthQuery, Query(alias="from")] = None,
    to: MonthQuery = None,
    group: GroupQuery = None,
) -> list[PlaceView]:
    """The best first (R201); refused unless `RATCHET_METRICS_RANKING` turns it on."""
    if not settings().ranking:
        raise RankingIsOff("people are not ranked here; RATCHET_METRICS_RANKING=true turns it on")
    start, end = _span(from_, to)
    return [_place(place) for place in rules.rank(await repository.list_work(session, start, end, group=group))]


@routes.get("/scorecards/{resolver:path}")
async def get_scorecard(
    resolver: Annotated[str, Path(max_length=200, pattern=r"^[^\x00]*$")],
    session: Reading,
    caller: Staff,
    from_: Annotated[MonthQuery, Query(alias="from")] = None,
    to: MonthQuery = None,
) -> Scorecard:
    """One person's figures: for that person, by the token's subject or name, and for those who lead."""
    if resolver not in (caller.subject, caller.name) and not caller.roles & set(_LEADERS):
        raise Forbidden(f"a scorecard is for the person and for {', '.join(_LEADERS)}; yours is under {caller.subject}")
    start, end = _span(from_, to)
    work = await repository.list_work(session, start, end, resolver=resolver)
    if not work:
        raise NoWork(f"{resolver!r} resolved no incident in this time")
    return _card(work[0])


def _span(from_: str | None, to: str | None) -> tuple[datetime, datetime]:
    zone = settings().zone
    newest: date = previous_month(month_of(local_day(clock.now(), zone)))
    last = parse_month(to, "to") or newest
    first = parse_month(from_, "from") or last
    check_range(first, last)
    if (last.year - first.year) * 12 + last.month - first.month >= _MOST_MONTHS:
        raise UnsoundRange(f"the range is longer than {_MOST_MONTHS} months; ask in parts")
    return starts_at(first, zone), starts_at(next_month(last), zone)


def _share(share: Share) -> ShareView:
    return ShareView(value=share.value, n=share.n)


def _card(work: Work) -> Scorecard:
    return Scorecard(
        resolver=work.resolver,
        resolved=work.resolved,
        sla_attainment=_share(work.attainment),
        reopen_rate=_share(work.reopened),
        satisfaction=_share(work.satisfied),
        restore_hours=work.restore_hours,
        telling=work.is_telling,
    )


def _place(place: Place) -> PlaceView:
    return PlaceView(place=place.place, stars=place.stars, score=place.score, scorecard=_card(place.work))

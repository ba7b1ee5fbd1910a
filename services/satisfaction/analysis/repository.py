"""Every SQL statement of the analysis."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns.models import campaigns
from services.satisfaction.invitations.models import invitations
from services.satisfaction.populations.models import members
from services.satisfaction.responses.models import responses, unmixed
from services.satisfaction.sheets.repository import SHEET

_c, _m, _i, _r = campaigns.c, members.c, invitations.c, responses.c


async def claim_due(session: AsyncSession, now: datetime, until: datetime) -> Row[Any] | None:
    """One closed campaign whose analysis is due, and nobody else's `until` then. Anonymous answers that wait to be
    mixed come first."""
    waiting = exists().where(unmixed.c.campaign_id == _c.id)
    due = (
        select(_c.id)
        .where(_c.analysis_due_at <= now, _c.state == "closed", ~waiting)
        .order_by(_c.analysis_due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = (await session.execute(due)).scalar_one_or_none()
    if found is None:
        return None
    claimed = update(campaigns).where(_c.id == found).values(analysis_due_at=until).returning(campaigns)
    row: Row[Any] = (await session.execute(claimed)).one()
    return row


async def count_strata(session: AsyncSession, campaign_id: UUID) -> Sequence[Row[Any]]:
    """People, drawn and invited, and those whose answers came as a sheet, by stratum."""
    query = (
        select(
            _m.stratum,
            func.count().label("population"),
            func.count().filter(_m.drawn).label("drawn"),
            func.count(_i.id).label("invited"),
            func.count().filter(_i.channel == SHEET, _i.state == "answered").label("sheets"),
        )
        .outerjoin(invitations, _i.member_id == _m.id)
        .where(_m.campaign_id == campaign_id)
        .group_by(_m.stratum)
        .order_by(_m.stratum)
    )
    return (await session.execute(query)).all()


async def count_answers(session: AsyncSession, campaign_id: UUID) -> dict[str, int]:
    """Answers by stratum."""
    query = select(_r.stratum, func.count().label("n")).where(_r.campaign_id == campaign_id).group_by(_r.stratum)
    return {row.stratum: row.n for row in await session.execute(query)}


async def copy_answers(session: AsyncSession, campaign_id: UUID, write: Callable[[bytes], Awaitable[None]]) -> None:
    """All answers as lines of COPY text: stratum, segment, customer, department, answers. What lies in the database
    passes through unread, in pieces that need not end where a line does."""
    query = (
        select(_r.stratum, _m.segment, _m.customer, _m.department, _r.answers)
        .select_from(responses)
        .outerjoin(invitations, _i.id == _r.invitation_id)
        .outerjoin(members, _m.id == _i.member_id)
        .where(_r.campaign_id == campaign_id)
    )
    bare = query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[no-untyped-call]
    connection = await (await session.connection()).get_raw_connection()
    driver = connection.driver_connection
    assert driver is not None
    await driver.copy_from_query(str(bare), output=write)


async def find_previous(session: AsyncSession, campaign: Row[Any]) -> Row[Any] | None:
    """The campaign that this one names, or the newest analysed one before it of the same kind and scope."""
    query: Select[Any] = select(_c.id, _c.number, _c.title, _c.closed_at, _c.analysis).where(_c.analysis.is_not(None))
    if campaign.previous_id is not None:
        named: Row[Any] | None = (await session.execute(query.where(_c.id == campaign.previous_id))).one_or_none()
        return named
    query = query.where(
        *_same_scope(campaign),
        _c.closed_at < campaign.closed_at,
        _c.id != campaign.id,
    )
    newest: Row[Any] | None = (await session.execute(query.order_by(_c.closed_at.desc()).limit(1))).one_or_none()
    return newest


async def list_series(session: AsyncSession, campaign: Row[Any], most: int) -> Sequence[Row[Any]]:
    """This campaign and those before it of the same kind and scope that asked the same, oldest first."""
    query: Select[Any] = (
        select(_c.id, _c.number, _c.closed_at, _c.analysis["figures"].label("figures"))
        .where(*_same_scope(campaign), _c.analysis.is_not(None), _c.closed_at <= campaign.closed_at)
        .order_by(_c.closed_at.desc())
        .limit(most)
    )
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows[::-1]


def _same_scope(campaign: Row[Any]) -> list[ColumnElement[bool]]:
    same = ("kind", "level", "customer", "service", "project", "department", "questionnaire_key")
    return [_c[name].is_not_distinct_from(getattr(campaign, name)) for name in same]


async def set_due(session: AsyncSession, campaign_id: UUID, at: datetime) -> None:
    """A job analyses it from then on."""
    await session.execute(update(campaigns).where(_c.id == campaign_id).values(analysis_due_at=at))


async def list_rows(
    session: AsyncSession, campaign_id: UUID, after: UUID | None, limit: int, withheld: Sequence[str] = ()
) -> Sequence[Row[Any]]:
    """Answers in the order of their ids, without those of the strata that are `withheld`."""
    query = (
        select(responses, _m.segment, _m.customer, _m.department, (_i.channel == SHEET).label("is_sheet"))
        .outerjoin(invitations, _i.id == _r.invitation_id)
        .outerjoin(members, _m.id == _i.member_id)
        .where(_r.campaign_id == campaign_id, _r.stratum.not_in(withheld))
    )
    if after is not None:
        query = query.where(_r.id > after)
    return (await session.execute(query.order_by(_r.id).limit(limit))).all()


async def list_comments(
    session: AsyncSession,
    campaign_id: UUID,
    items: Sequence[str],
    stratum: str | None,
    withheld: Sequence[str],
    after: UUID | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Answers with something written in one of these items, in the order of their ids."""
    query: Select[Any] = select(_r.id, _r.stratum, _r.language, _r.answers).where(
        _r.campaign_id == campaign_id,
        or_(*(_r.answers.has_key(item) for item in items)),
        _r.stratum.not_in(withheld),
    )
    if stratum is not None:
        query = query.where(_r.stratum == stratum)
    if after is not None:
        query = query.where(_r.id > after)
    rows: Sequence[Row[Any]] = (await session.execute(query.order_by(_r.id).limit(limit))).all()
    return rows

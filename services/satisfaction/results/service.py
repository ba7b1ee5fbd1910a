"""Use cases of assigned results: ask a department or a person, answer, notice who did not (R54, R70)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.analysis.service import read_analysis, url_of
from services.satisfaction.campaigns.schemas import format_number
from services.satisfaction.campaigns.service import get_campaign
from services.satisfaction.results import repository, rules
from services.satisfaction.results.schemas import NewAnswer, NewResult, ResultEdit, ResultView, view_of
from services.satisfaction.settings import SatisfactionSettings
from shared import clock, problems
from shared.auth import Principal, Role
from shared.events.envelope import Draft, Origin, current_origin
from shared.events.surveys import SurveyResultAnswered, SurveyResultAssigned, SurveyResultFact, SurveyResultOverdue
from shared.http import check_version
from shared.ids import new_id
from shared.outbox import record, record_all

Told = TypeVar("Told", bound=SurveyResultFact)


class ResultNotFound(problems.NotFound):
    pass


async def assign_result(
    session: AsyncSession, campaign_id: UUID, body: NewResult, actor: str, settings: SatisfactionSettings
) -> ResultView:
    """R70: feed a result back to whom it concerns, with a day by which they answer.

    Raises:
        CampaignNotFound, NotAnalysed, NoSuchResult, DueInThePast, AlreadyAssigned
    """
    campaign = await get_campaign(session, campaign_id)
    rules.require_known(read_analysis(campaign), body.aspect, body.key)
    now = clock.now()
    rules.require_future(body.due_on, _day(now, settings))
    values = {
        **body.model_dump(),
        "id": new_id(),
        "campaign_id": campaign_id,
        "version": 1,
        "assigned_by": actor,
        "assigned_at": now,
    }
    row = await repository.insert_result(session, values)
    if row is None:
        raise rules.AlreadyAssigned(
            f"{body.department} was asked about {body.aspect} '{body.key}' of this campaign; change that one instead"
        )
    fact = _fact(SurveyResultAssigned, row, campaign, settings)
    await record(session, fact, subject=row.id, sequence=1, correlation_id=campaign_id)
    return _view(row, settings)


async def edit_result(
    session: AsyncSession,
    campaign_id: UUID,
    result_id: UUID,
    body: ResultEdit,
    if_match: str | None,
    settings: SatisfactionSettings,
) -> ResultView:
    """Ask somebody else, something else, or for another day; whoever is asked then is told.

    Raises:
        ResultNotFound, AlreadyAnswered, DueInThePast, LostUpdate, PreconditionRequired
    """
    row = await _lock(session, campaign_id, result_id)
    check_version(if_match, row.version)
    if row.answered_at is not None:
        raise rules.AlreadyAnswered(f"{row.answered_by} answered it; assign another result instead")
    changed = body.model_dump(exclude_unset=True)
    missing = [name for name in ("question", "due_on") if name in changed and changed[name] is None]
    if missing:
        raise problems.Malformed(f"{missing[0]}: leave it out, or say what it is from now on")
    if body.due_on is not None:
        rules.require_future(body.due_on, _day(clock.now(), settings))
        changed["overdue_told_at"] = None
    row = await repository.write(session, result_id, changed)
    campaign = await get_campaign(session, campaign_id)
    fact = _fact(SurveyResultAssigned, row, campaign, settings)
    await record(session, fact, subject=row.id, sequence=row.version, correlation_id=campaign_id)
    return _view(row, settings)


async def answer_result(
    session: AsyncSession,
    campaign_id: UUID,
    result_id: UUID,
    body: NewAnswer,
    if_match: str | None,
    caller: Principal,
    settings: SatisfactionSettings,
) -> ResultView:
    """R54: what the department makes of it. Once.

    Raises:
        ResultNotFound, AlreadyAnswered, Forbidden, LostUpdate
    """
    row = await _lock(session, campaign_id, result_id)
    if if_match is not None:
        check_version(if_match, row.version)
    is_quality = Role.QUALITY_MANAGER in caller.roles
    rules.require_answerer(caller.subject, caller.departments, is_quality, row.person, row.department)
    if row.answered_at is not None:
        raise rules.AlreadyAnswered(f"{row.answered_by} answered it")
    now = clock.now()
    answered = {"answer": body.answer, "answered_by": caller.subject, "answered_at": now}
    row = await repository.write(session, result_id, answered)
    campaign = await get_campaign(session, campaign_id)
    fact = _fact(SurveyResultAnswered, row, campaign, settings, **answered, on_time=_day(now, settings) <= row.due_on)
    await record(session, fact, subject=row.id, sequence=row.version, correlation_id=campaign_id)
    return _view(row, settings)


async def get_result(
    session: AsyncSession, campaign_id: UUID, result_id: UUID, settings: SatisfactionSettings
) -> ResultView:
    """Raises `ResultNotFound`."""
    row = await repository.find(session, campaign_id, result_id)
    if row is None:
        raise _not_found(campaign_id, result_id)
    return _view(row, settings)


async def list_results(
    session: AsyncSession,
    equal: dict[str, Any],
    is_open: bool | None,
    after: tuple[date, UUID] | None,
    limit: int,
    settings: SatisfactionSettings,
) -> Sequence[ResultView]:
    """What is due next comes first."""
    rows = await repository.list_page(session, equal, is_open, after, limit)
    return [_view(row, settings) for row in rows]


async def notice_overdue(session: AsyncSession, settings: SatisfactionSettings, most: int) -> int:
    """R70: tell of every result whose day is over without an answer, once."""
    now = clock.now()
    rows = await repository.take_overdue(session, _day(now, settings), now, most)
    origin = current_origin.get()
    await record_all(
        session,
        [
            Draft(
                _fact(SurveyResultOverdue, row, row, settings, noticed_at=now),
                str(row.id),
                row.version,
                Origin(origin.actor, str(row.campaign_id), None),
            )
            for row in rows
        ],
    )
    return len(rows)


def _fact(contract: type[Told], row: Row[Any], campaign: Row[Any], settings: SatisfactionSettings, **more: Any) -> Told:
    return contract(
        result_id=row.id,
        campaign_id=row.campaign_id,
        campaign_number=format_number(campaign.number),
        campaign_title=campaign.title,
        aspect=row.aspect,
        key=row.key,
        department=row.department,
        person=row.person,
        question=row.question,
        due_on=row.due_on,
        assigned_by=row.assigned_by,
        assigned_at=row.assigned_at,
        url=url_of(row.campaign_id, settings),
        **more,
    )


async def _lock(session: AsyncSession, campaign_id: UUID, result_id: UUID) -> Row[Any]:
    row = await repository.lock(session, campaign_id, result_id)
    if row is None:
        raise _not_found(campaign_id, result_id)
    return row


def _not_found(campaign_id: UUID, result_id: UUID) -> ResultNotFound:
    return ResultNotFound(f"campaign {campaign_id} has no assigned result {result_id}")


def _view(row: Row[Any], settings: SatisfactionSettings) -> ResultView:
    answered_on = None if row.answered_at is None else _day(row.answered_at, settings)
    return view_of(row, _day(clock.now(), settings), answered_on)


def _day(moment: datetime, settings: SatisfactionSettings) -> date:
    return moment.astimezone(ZoneInfo(settings.time_zone)).date()

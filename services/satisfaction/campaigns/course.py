"""What becomes of a campaign: launched, closed by hand or by date, cancelled."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns import repository, rules
from services.satisfaction.campaigns.schemas import LaunchCheck, SamplePlan, Waiver, format_number
from services.satisfaction.campaigns.service import get_campaign, lock_campaign
from services.satisfaction.invitations import service as invitations
from services.satisfaction.populations import repository as populations
from services.satisfaction.promises import repository as promises
from services.satisfaction.questionnaires.rules import digest_of, list_uncovered, list_unknown_clauses
from services.satisfaction.questionnaires.schemas import Content
from services.satisfaction.questionnaires.service import QuestionnaireNotFound, find_asked
from services.satisfaction.responses.service import OPENING
from shared.auth import Principal
from shared.database import Database, wake_after_commit
from shared.events import surveys as events
from shared.outbox import record
from shared.problems import Problem


class NotReady(Problem):
    """What a launch needs is missing, or a clause has no question (R84): names each."""

    status = 409


async def check_launch(session: AsyncSession, campaign: Row[Any], now: datetime) -> LaunchCheck:
    """What still keeps this draft from being launched."""
    check, _ = await _check(session, campaign, now)
    return check


async def launch_campaign(
    session: AsyncSession, campaign_id: UUID, caller: Principal, now: datetime, key: bytes, if_match: str | None
) -> Row[Any]:
    """Freeze what is asked and invite everybody who was drawn. `key` is that of the links.

    Raises:
        CampaignNotFound, LostUpdate, Forbidden, IllegalTransition
        NotReady: `missing` and `uncovered` say what keeps it.
    """
    await repository.lock_launching(session)
    campaign = await _lock_for(session, "launch", campaign_id, caller, if_match)
    check, asked = await _check(session, campaign, now)
    if asked is None or not check.ready:
        raise _refuse(check)
    version, content = asked
    campaign = await repository.write(
        session,
        campaign_id,
        {
            "state": "launched",
            "questionnaire_version": version,
            "content": content.model_dump(mode="json"),
            "digest": digest_of(content),
            "launched_at": now,
            "launched_by": caller.subject,
            "sequence": campaign.sequence + 1,
            "updated_at": now,
        },
    )
    invited = await invitations.issue(session, campaign, now, key)
    sample = SamplePlan.model_validate(campaign.sample)
    fact = events.SurveyLaunched(
        **_told(campaign),
        digest=campaign.digest,
        population=sample.population,
        required=sample.required,
        invited=invited,
        resting=sample.resting,
        margin=campaign.margin,
        confidence=campaign.confidence,
        seed=campaign.seed,
        strata=tuple(
            events.SurveyStratum(name=one.stratum, population=one.population, required=one.required, invited=one.drawn)
            for one in sample.strata
        ),
        clauses=tuple(one.clause for one in check.clauses if one.items),
        waived=tuple(one.clause for one in check.clauses if one.waiver is not None and not one.items),
        closes_at=campaign.closes_at,
        launched_by=caller.subject,
        launched_at=now,
    )
    await record(session, fact, subject=campaign.id, sequence=campaign.sequence)
    return campaign


async def close_campaign(
    session: AsyncSession, campaign_id: UUID, caller: Principal, now: datetime, if_match: str | None
) -> Row[Any]:
    """Nobody answers any more, and what was answered is analysed.

    Raises:
        CampaignNotFound, LostUpdate, Forbidden, IllegalTransition
    """
    campaign = await _lock_for(session, "close", campaign_id, caller, if_match)
    return await _close(session, campaign, caller.subject, now)


async def close_ended(database: Database, now: datetime, most: int) -> int:
    """Close launched campaigns whose time is over; returns how many."""
    async with database.transaction() as session:
        ended = await repository.take_ended(session, now, most)
        for campaign in ended:
            await _close(session, campaign, "service:satisfaction", now)
        return len(ended)


async def cancel_campaign(
    session: AsyncSession, campaign_id: UUID, caller: Principal, now: datetime, if_match: str | None
) -> Row[Any]:
    """A draft that will not be launched; its population is deleted.

    Raises:
        CampaignNotFound, LostUpdate, Forbidden, IllegalTransition
    """
    await _lock_for(session, "cancel", campaign_id, caller, if_match)
    await populations.delete_all(session, campaign_id)
    values = {"state": "cancelled", "closed_at": now, "closed_by": caller.subject, "updated_at": now}
    return await repository.write(session, campaign_id, values)


async def _lock_for(
    session: AsyncSession, action: str, campaign_id: UUID, caller: Principal, if_match: str | None
) -> Row[Any]:
    """The campaign, where this caller may do that to it as it is now."""
    campaign = await lock_campaign(session, campaign_id, if_match)
    rules.require_conductor(campaign.level, caller.roles, caller.subject)
    rules.require_allowed(campaign.state, action)
    return campaign


async def _close(session: AsyncSession, campaign: Row[Any], by: str, now: datetime) -> Row[Any]:
    values = {
        "state": "closed",
        "closed_at": now,
        "closed_by": by,
        "analysis_due_at": now,
        "sequence": campaign.sequence + 1,
        "updated_at": now,
    }
    campaign = await repository.write(session, campaign.id, values)
    counts = await repository.count_invitations(session, campaign.id)
    invited, answered = sum(counts.values()), counts.get("answered", 0)
    fact = events.SurveyClosed(
        **_told(campaign),
        population=SamplePlan.model_validate(campaign.sample).population,
        invited=invited,
        answered=answered,
        response_rate=answered / invited if invited else None,
        launched_at=campaign.launched_at,
        closed_by=by,
        closed_at=now,
    )
    await record(session, fact, subject=campaign.id, sequence=campaign.sequence)
    if campaign.anonymous:
        wake_after_commit(session, OPENING)
    return campaign


async def _check(
    session: AsyncSession, campaign: Row[Any], now: datetime
) -> tuple[LaunchCheck, tuple[int, Content] | None]:
    missing = await _list_missing(session, campaign, now)
    asked: tuple[int, Content] | None = None
    try:
        found = await find_asked(session, campaign.questionnaire_key, campaign.questionnaire_version)
        content = rules.list_expectations(found.content) if campaign.kind == "expectation" else found.content
        if content is None:
            missing.append(f"statements to expect anything of: '{found.key}' has none that asks for an expectation")
        else:
            asked = found.version, content
    except QuestionnaireNotFound as unknown:
        missing.append(f"a published questionnaire: {unknown.detail}")
    known = await promises.list_in_force(session, campaign.customer, campaign.project, campaign.agreements)
    unknown_numbers = sorted(set(campaign.agreements or ()) - {row.number for row in known})
    if unknown_numbers:
        missing.append(f"agreements in force: {', '.join(unknown_numbers)} is none that is known here")
    if asked is None:
        return _told_check(missing, (), (), ()), None
    promised = [rules.Promised(f"{row.number}/{row.clause}", row.title, row.customer, row.project) for row in known]
    clauses = rules.check_clauses(promised, asked[1], [Waiver.model_validate(one) for one in campaign.waivers])
    references = [one.reference for one in promised]
    uncovered = list_uncovered(asked[1], references, [one.clause for one in clauses if one.waiver is not None])
    unknown_clauses = list_unknown_clauses(asked[1], references)
    return _told_check(missing, uncovered, unknown_clauses, clauses), asked


async def _list_missing(session: AsyncSession, campaign: Row[Any], now: datetime) -> list[str]:
    missing = []
    if campaign.sample is None:
        missing.append("the sample: upload the population and draw")
    else:
        since = now - timedelta(days=campaign.rest_days) if campaign.rest_days else None
        if resting := await populations.count_left_alone(session, campaign.id, since):
            missing.append(
                f"rest: {resting} of those drawn were asked by another campaign meanwhile, or want no surveys any "
                "more; draw again"
            )
    if campaign.closes_at is not None and campaign.closes_at <= now:
        missing.append(f"time to answer: closes_at {campaign.closes_at:%Y-%m-%d %H:%M} UTC is over")
    elif campaign.closes_at is not None and campaign.opens_on and campaign.opens_on > campaign.closes_at.date():
        missing.append(f"time to answer: it opens on {campaign.opens_on}, after closes_at; set one of them")
    return missing


def _told_check(
    missing: Collection[str], uncovered: Collection[str], unknown: Collection[str], clauses: Collection[Any]
) -> LaunchCheck:
    return LaunchCheck(
        ready=not missing and not uncovered,
        missing=tuple(missing),
        uncovered=tuple(uncovered),
        unknown_clauses=tuple(unknown),
        clauses=tuple(clauses),
    )


def _refuse(check: LaunchCheck) -> NotReady:
    reasons = [f"missing {'; '.join(check.missing)}"] if check.missing else []
    if check.uncovered:
        named = ", ".join(check.uncovered[:20]) + (" …" if len(check.uncovered) > 20 else "")
        reasons.append(f"no question asks about {named}: add one that names the clause, or waive it with a reason")
    detail = f"cannot launch: {'; '.join(reasons)}"
    return NotReady(detail, missing=list(check.missing), uncovered=list(check.uncovered))


def _told(campaign: Row[Any]) -> dict[str, Any]:
    """What every event of a campaign says of it."""
    names = ("title", "kind", "level", "customer", "service", "project", "department", "occasion", "anonymous")
    return {
        **{name: getattr(campaign, name) for name in names},
        "campaign_id": campaign.id,
        "number": format_number(campaign.number),
        "questionnaire": campaign.questionnaire_key,
        "questionnaire_version": campaign.questionnaire_version,
    }


async def find_content(session: AsyncSession, campaign: Row[Any]) -> Content:
    """What its people are asked, or will be as things stand.

    Raises:
        QuestionnaireNotFound: nothing is published under its key, or nothing of it asks for an expectation.
    """
    if campaign.content is not None:
        return Content.model_validate(campaign.content)
    found = await find_asked(session, campaign.questionnaire_key, campaign.questionnaire_version)
    content = rules.list_expectations(found.content) if campaign.kind == "expectation" else found.content
    if content is None:
        raise QuestionnaireNotFound(f"'{found.key}' has no statement that asks for an expectation; choose servqual_22")
    return content


async def get_check(session: AsyncSession, campaign_id: UUID, now: datetime) -> LaunchCheck:
    """Raises `CampaignNotFound`."""
    return await check_launch(session, await get_campaign(session, campaign_id), now)

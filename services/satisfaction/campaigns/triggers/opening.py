"""What follows an occasion: a campaign, launched by itself where nothing keeps it (R121)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns import course
from services.satisfaction.campaigns import repository as campaigns
from services.satisfaction.campaigns.rules import CONDUCTORS
from services.satisfaction.campaigns.schemas import NewCampaign, NewWaivers, format_number
from services.satisfaction.campaigns.service import create_campaign, get_campaign, waive_clauses
from services.satisfaction.campaigns.triggers import repository, rules
from services.satisfaction.campaigns.triggers.schemas import Terms
from services.satisfaction.populations import service as populations
from services.satisfaction.populations.schemas import KnownCustomers
from shared.auth import Principal
from shared.database import Database
from shared.events.surveys import SurveyOpened
from shared.http import acting
from shared.outbox import record
from shared.problems import Problem

_MOST_WAIVED = 500


async def open_next(database: Database, key: bytes, now: datetime) -> int:
    """The campaign of the occasion that is due first; `key` is that of the links. Returns how many were opened."""
    async with database.transaction() as session:
        occasion = await repository.take_due(session, now)
        if occasion is None:
            return 0
        trigger = await repository.find(session, occasion.trigger_id)
        assert trigger is not None
        async with acting("service:satisfaction", occasion.correlation_id):  # it belongs to the story of the change
            await _open(session, trigger, occasion, key, now)
        return 1


async def _open(session: AsyncSession, trigger: Row[Any], occasion: Row[Any], key: bytes, now: datetime) -> None:
    terms = Terms.model_validate(trigger.terms)
    author = Principal(trigger.updated_by, trigger.updated_by, frozenset(CONDUCTORS[trigger.level]))
    body = NewCampaign(
        title=rules.name_campaign(trigger.title, occasion.title),
        kind="project" if occasion.project else "ad_hoc",
        level=trigger.level,
        customer=occasion.customer or trigger.customer,
        service=occasion.service,
        project=occasion.project,
        occasion=occasion.words,
        owner=trigger.owner,
        questionnaire_key=terms.questionnaire_key,
        anonymous=terms.anonymous,
        closes_at=now + timedelta(days=terms.answer_days),
        margin=terms.margin,
        expected_response_rate=terms.expected_response_rate,
        reminder_every_days=terms.reminder_every_days,
        reminders_at_most=terms.reminders_at_most,
        rest_days=terms.rest_days,
    )
    campaign = await create_campaign(session, body, author, now)
    reasons = await _prepare(session, campaign, terms, author, now)
    if not reasons and terms.launches:
        reasons = await _try(session, lambda: course.launch_campaign(session, campaign.id, author, now, key, None))
    people = sum(one.members for one in await populations.count_people(session, campaign.id))
    campaign = await get_campaign(session, campaign.id)
    fact = SurveyOpened(
        campaign_id=campaign.id,
        number=format_number(campaign.number),
        title=campaign.title,
        trigger_id=trigger.id,
        trigger=trigger.title,
        follows=trigger.follows,
        occasion=occasion.words,
        customer=campaign.customer,
        service=campaign.service,
        project=campaign.project,
        owner=campaign.owner,
        launched=campaign.state == "launched",
        people=people,
        reasons=tuple(reasons),
        occurred_at=occasion.occurred_at,
        opened_at=now,
    )
    campaign = await campaigns.write(session, campaign.id, {"sequence": campaign.sequence + 1, "updated_at": now})
    await repository.note_opened(session, occasion.id, campaign.id, now)
    await record(session, fact, subject=campaign.id, sequence=campaign.sequence)


async def _prepare(
    session: AsyncSession, campaign: Row[Any], terms: Terms, author: Principal, now: datetime
) -> list[str]:
    """Its population, the draw, and what the trigger waives; returns what went wrong."""

    async def gather() -> None:
        if terms.people_of is not None:
            await populations.copy_population(session, campaign.id, terms.people_of, campaign.customer, "append", now)
        else:
            known = KnownCustomers(service=campaign.service, customer=campaign.customer)
            await populations.add_known_customers(session, campaign.id, known, now)

    async def draw() -> None:
        await populations.draw_sample(session, campaign.id, None, author.subject, now, None)

    async def waive(reason: str) -> None:
        uncovered = (await course.get_check(session, campaign.id, now)).uncovered
        for first in range(0, len(uncovered), _MOST_WAIVED):
            body = NewWaivers(clauses=uncovered[first : first + _MOST_WAIVED], reason=reason)
            await waive_clauses(session, campaign.id, body, author, now, None)

    reasons = await _try(session, gather) or await _try(session, draw)
    if terms.waiver is not None:
        reason = terms.waiver
        reasons += await _try(session, lambda: waive(reason))
    return reasons


async def _try(session: AsyncSession, act: Any) -> list[str]:
    """Do it, or take it back and say why not: what is left waits for somebody as a draft."""
    try:
        async with session.begin_nested():
            await act()
    except Problem as refusal:
        return [refusal.detail]
    return []

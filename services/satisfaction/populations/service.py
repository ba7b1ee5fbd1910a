"""Use cases of populations: take a file, take the customers that are known here, draw whom to ask."""

import asyncio
import secrets
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns import repository as campaigns
from services.satisfaction.campaigns.schemas import SamplePlan
from services.satisfaction.campaigns.service import (
    get_campaign,
    lock_campaign,
    require_campaign_named,
    require_draft,
)
from services.satisfaction.populations import files, planning, repository, rules
from services.satisfaction.populations.schemas import (
    FlawView,
    KnownCustomers,
    Mode,
    PopulationView,
    Stratum,
)
from shared.fields import EARLIEST, LATEST
from shared.problems import Problem


class UnsoundPopulation(Problem):
    """Rows of the file cannot be taken: `errors` names row, column and reason. Nothing was taken."""

    status = 422


async def upload_population(
    session: AsyncSession,
    campaign_id: UUID,
    content: bytes,
    content_type: str,
    mode: Mode,
    skip_flawed: bool,
    now: datetime,
) -> PopulationView:
    """Take a file's people beside those who are there, or in their place. One flawed row keeps all of the file from
    being taken, unless `skip_flawed`. What was drawn is drawn no more.

    Raises:
        CampaignNotFound, IllegalTransition: only a draft has another population.
        UnsupportedFile, UnreadableFile, UnsoundColumns, UnsoundPopulation, PopulationTooLarge
    """
    campaign = await get_campaign(session, campaign_id)
    require_draft(campaign, "change the population")
    read = await asyncio.to_thread(_read, content, content_type, campaign.strata)
    campaign = await lock_campaign(session, campaign_id)
    require_draft(campaign, "change the population")
    people = read.people
    if mode == "replace":
        await repository.delete_all(session, campaign_id)
        there = 0
    else:
        there = sum(row.members for row in await repository.count_by_stratum(session, campaign_id))
        if there:
            people = await _leave_known(session, campaign_id, read)
    if read.refused and not skip_flawed:
        first = read.flaws[0]
        more = f" (and {read.refused - 1} rows more)" if read.refused > 1 else ""
        raise UnsoundPopulation(
            f"row {first.row}, {first.column}: {first.reason}{more}; nothing was taken: correct the file, "
            "or send it with skip_flawed=true to take the other rows",
            refused=read.refused,
            errors=[asdict(flaw) for flaw in read.flaws],
        )
    if there + len(people) > rules.MOST_MEMBERS:
        raise rules.PopulationTooLarge(
            f"{there + len(people)} people; a campaign is about at most {rules.MOST_MEMBERS}: make several campaigns"
        )
    await repository.copy_people(session, campaign_id, people)
    await _forget_draw(session, campaign, now)
    rows = len(people) + read.refused
    return await _show(session, campaign_id, rows, len(people), read.refused, read.flaws)


async def add_known_customers(
    session: AsyncSession, campaign_id: UUID, body: KnownCustomers, now: datetime
) -> PopulationView:
    """The customers that are known here, each under its key; they have no e-mail address, their links are exported.

    Raises:
        CampaignNotFound, IllegalTransition, PopulationTooLarge
    """
    campaign = await lock_campaign(session, campaign_id)
    require_draft(campaign, "change the population")
    if body.mode == "replace":
        await repository.delete_all(session, campaign_id)
    given = body.resolved_from is not None or body.resolved_to is not None
    taken = await repository.insert_customers(
        session,
        campaign_id,
        stratify_by=body.stratify_by,
        whole=campaign.strata[0] if campaign.strata and len(campaign.strata) == 1 else rules.WHOLE,
        segments=body.segments,
        strata=campaign.strata,
        resolved=(body.resolved_from or EARLIEST, body.resolved_to or LATEST) if given else None,
        service=body.service,
        customer=body.customer,
    )
    return await _show_added(session, campaign, taken, now)


async def copy_population(
    session: AsyncSession, campaign_id: UUID, other_id: UUID, customer: str | None, mode: Mode, now: datetime
) -> PopulationView:
    """The people of another campaign (of one customer), who are not in this one yet.

    Raises:
        CampaignNotFound, IllegalTransition, UnknownCampaign, PopulationTooLarge
    """
    campaign = await lock_campaign(session, campaign_id)
    require_draft(campaign, "change the population")
    await require_campaign_named(session, "campaign_id", other_id, campaign_id)
    if mode == "replace":
        await repository.delete_all(session, campaign_id)
    taken = await repository.copy_others(session, campaign_id, other_id, customer, campaign.strata)
    return await _show_added(session, campaign, taken, now)


async def count_people(session: AsyncSession, campaign_id: UUID) -> list[Stratum]:
    """How many people are in each stratum."""
    rows = await repository.count_by_stratum(session, campaign_id)
    return [Stratum(stratum=row.stratum, members=row.members) for row in rows]


async def plan_sample(session: AsyncSession, campaign: Row[Any]) -> SamplePlan:
    """What was drawn; or before that, what would have to be.

    Raises:
        EmptyStratum, UnknownStratum, NoPopulation
    """
    if campaign.sample is not None:
        return SamplePlan.model_validate(campaign.sample)
    return planning.plan(await _counted(session, campaign.id), _terms_of(campaign))


async def draw_sample(
    session: AsyncSession, campaign_id: UUID, seed: str | None, actor: str, now: datetime, if_match: str | None
) -> Row[Any]:
    """Draw whom to ask of each stratum (R85), and note how; a draft may be drawn again.

    Raises:
        CampaignNotFound, LostUpdate, IllegalTransition
        NoPopulation, EmptyStratum, UnknownStratum
    """
    campaign = await lock_campaign(session, campaign_id, if_match)
    require_draft(campaign, "draw")
    since = now - timedelta(days=campaign.rest_days) if campaign.rest_days else None
    await repository.mark_resting(session, campaign_id, since)
    plan = planning.plan(await _counted(session, campaign_id), _terms_of(campaign))
    seed = seed or secrets.token_hex(16)
    drawn = await _draw(session, campaign_id, plan, seed)
    sample = planning.note_drawn(plan, drawn, seed, actor, now.astimezone(UTC))
    values = {
        "sample": sample.model_dump(mode="json"),
        "seed": seed,
        "drawn_at": now,
        "drawn_by": actor,
        "updated_at": now,
    }
    return await campaigns.write(session, campaign_id, values)


async def _draw(session: AsyncSession, campaign_id: UUID, plan: SamplePlan, seed: str) -> dict[str, int]:
    """How many were drawn of each stratum; where too few hashes lie below the cut, all are looked at."""
    planned = {one.stratum: one.planned for one in plan.strata}
    cuts = {one.stratum: planning.find_cut(one.planned, one.population - one.resting) for one in plan.strata}
    drawn = await repository.draw(session, campaign_id, planned, cuts, seed)
    short = {stratum: many for stratum, many in planned.items() if drawn[stratum] < many}
    if short:
        rest = await repository.draw(session, campaign_id, short, dict.fromkeys(short, planning.NO_CUT), seed)
        drawn |= {stratum: drawn[stratum] + rest[stratum] for stratum in short}
    return drawn


def _read(content: bytes, content_type: str, strata: Collection[str] | None) -> rules.Read:
    return rules.read_people(files.read_rows(content, content_type), strata)


async def _leave_known(session: AsyncSession, campaign_id: UUID, read: rules.Read) -> list[rules.Person]:
    """Those who are new; the others are refused."""
    known = await repository.find_known(session, campaign_id, read.people)
    for place, same_reference in sorted(known.items()):
        person = read.people[place]
        if same_reference:
            flaw = rules.Flaw(person.row, "reference", f"'{person.reference}' is in the population already")
        else:
            column = "email" if person.email else "reference"
            flaw = rules.Flaw(person.row, column, "this contact is in the population already, under another reference")
        read.refuse([flaw])
    read.flaws.sort(key=lambda flaw: flaw.row)
    return [person for place, person in enumerate(read.people) if place not in known]


async def _forget_draw(session: AsyncSession, campaign: Row[Any], now: datetime) -> None:
    """Another population is drawn from again."""
    forgotten = dict.fromkeys(("sample", "seed", "drawn_at", "drawn_by"))
    await campaigns.write(session, campaign.id, {**forgotten, "updated_at": now})


async def _show_added(session: AsyncSession, campaign: Row[Any], taken: int, now: datetime) -> PopulationView:
    await _forget_draw(session, campaign, now)
    view = await _show(session, campaign.id, taken, taken, 0, ())
    if view.population > rules.MOST_MEMBERS:
        raise rules.PopulationTooLarge(
            f"{view.population} people; a campaign is about at most {rules.MOST_MEMBERS}: make several campaigns"
        )
    return view


async def _counted(session: AsyncSession, campaign_id: UUID) -> list[planning.Counted]:
    rows = await repository.count_by_stratum(session, campaign_id)
    return [planning.Counted(row.stratum, row.members, row.resting) for row in rows]


def _terms_of(campaign: Row[Any]) -> planning.Terms:
    return planning.Terms(
        margin=campaign.margin,
        confidence=campaign.confidence,
        expected_response_rate=campaign.expected_response_rate,
        minimum_per_stratum=campaign.minimum_per_stratum,
        rest_days=campaign.rest_days,
        strata=None if campaign.strata is None else tuple(campaign.strata),
    )


async def _show(
    session: AsyncSession, campaign_id: UUID, rows: int, taken: int, refused: int, flaws: Sequence[rules.Flaw]
) -> PopulationView:
    strata = await count_people(session, campaign_id)
    return PopulationView(
        rows=rows,
        taken=taken,
        refused=refused,
        errors=tuple(FlawView.model_validate(flaw) for flaw in flaws),
        population=sum(stratum.members for stratum in strata),
        strata=tuple(strata),
    )

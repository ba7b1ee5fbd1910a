"""Use cases of survey campaigns: write one, find it, waive a clause. Its launch and its end are in `course`, whom it
asks in `populations`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns import repository, rules
from services.satisfaction.campaigns.schemas import CampaignEdit, NewCampaign, NewWaivers, Waiver
from services.satisfaction.invitations import service as invitations
from services.satisfaction.questionnaires.service import get_questionnaire
from shared.auth import Principal
from shared.http import check_version
from shared.ids import new_id
from shared.problems import NotFound, Problem


class CampaignNotFound(NotFound):
    pass


class UnknownCampaign(Problem):
    """A campaign that another one names does not exist."""

    status = 422


async def get_campaign(session: AsyncSession, campaign_id: UUID) -> Row[Any]:
    """Raises `CampaignNotFound`."""
    row = await repository.find(session, campaign_id)
    if row is None:
        raise CampaignNotFound(f"there is no survey campaign {campaign_id}")
    return row


async def lock_campaign(session: AsyncSession, campaign_id: UUID, if_match: str | None = None) -> Row[Any]:
    """The campaign, locked; where `if_match` is given it must name the present version.

    Raises:
        CampaignNotFound, LostUpdate
    """
    row = await repository.lock(session, campaign_id)
    if row is None:
        raise CampaignNotFound(f"there is no survey campaign {campaign_id}")
    if if_match is not None:
        check_version(if_match, row.version)
    return row


def require_draft(campaign: Row[Any], action: str) -> None:
    """Raises `IllegalTransition`: only a draft allows this."""
    rules.require_allowed(campaign.state, action)


async def create_campaign(session: AsyncSession, body: NewCampaign, caller: Principal, now: datetime) -> Row[Any]:
    """A draft (R79).

    Raises:
        Forbidden: R47, this level is not the caller's.
        QuestionnaireNotFound, UnknownCampaign
    """
    rules.require_conductor(body.at_level, caller.roles, caller.subject)
    await get_questionnaire(session, body.questionnaire_key, body.questionnaire_version)
    await require_campaign_named(session, "previous_id", body.previous_id)
    values = body.model_dump(exclude={"level", "owner", "agreements", "strata"})
    return await repository.insert_campaign(
        session,
        {
            **values,
            "id": new_id(),
            "version": 1,
            "sequence": 0,
            "state": "draft",
            "level": body.at_level,
            "owner": body.owner or caller.subject,
            "agreements": _as_list(body.agreements),
            "strata": _as_list(body.strata),
            "created_at": now,
            "created_by": caller.subject,
            "updated_at": now,
        },
    )


async def edit_campaign(
    session: AsyncSession, campaign_id: UUID, body: CampaignEdit, caller: Principal, now: datetime, if_match: str | None
) -> Row[Any]:
    """Change what is given; another sample has to be drawn where the draw depended on it.

    Raises:
        CampaignNotFound, PreconditionRequired, LostUpdate, Forbidden, IllegalTransition, Launched
        QuestionnaireNotFound, UnknownCampaign, ProjectMissing
    """
    campaign = await lock_campaign(session, campaign_id)
    check_version(if_match, campaign.version)
    rules.require_conductor(campaign.level, caller.roles, caller.subject)
    given = body.model_dump(include=body.model_fields_set)
    changed = {name: value for name, value in given.items() if _as_list(value) != getattr(campaign, name)}
    rules.require_editable(campaign.state, changed)
    if not changed:
        return campaign
    rules.require_project(campaign.kind, changed.get("project", campaign.project))
    if changed.keys() & {"questionnaire_key", "questionnaire_version"}:
        asked = {"key": campaign.questionnaire_key, "version": campaign.questionnaire_version}
        asked |= {name.removeprefix("questionnaire_"): value for name, value in changed.items() if "naire" in name}
        await get_questionnaire(session, asked["key"], asked["version"])
    await require_campaign_named(session, "previous_id", changed.get("previous_id"), campaign_id)
    values = {name: _as_list(value) for name, value in changed.items()}
    if changed.keys() & rules.SAMPLE_FIELDS:
        values |= dict.fromkeys(("sample", "seed", "drawn_at", "drawn_by"))
    edited = await repository.write(session, campaign_id, {**values, "updated_at": now})
    if edited.state == "launched" and changed.keys() & rules.RHYTHM_FIELDS:
        await invitations.follow_rhythm(session, edited, now)
    return edited


async def waive_clauses(
    session: AsyncSession,
    campaign_id: UUID,
    body: NewWaivers,
    caller: Principal,
    now: datetime,
    if_match: str | None,
) -> Row[Any]:
    """R84: these clauses need no question. A clause that was waived before has the new reason.

    Raises:
        CampaignNotFound, LostUpdate, Forbidden, IllegalTransition
    """
    campaign = await lock_campaign(session, campaign_id, if_match)
    rules.require_conductor(campaign.level, caller.roles, caller.subject)
    rules.require_allowed(campaign.state, "waive")
    waivers = {waiver["clause"]: waiver for waiver in campaign.waivers}
    for clause in body.clauses:
        waiver = Waiver(clause=clause, reason=body.reason, waived_by=caller.subject, waived_at=now)
        waivers[clause] = waiver.model_dump(mode="json")
    return await repository.write(session, campaign_id, {"waivers": list(waivers.values()), "updated_at": now})


async def require_campaign_named(
    session: AsyncSession, field: str, named: UUID | None, campaign_id: UUID | None = None
) -> None:
    """That the campaign that `field` names is there, and is another one. Raises `UnknownCampaign`."""
    if named is not None and (named == campaign_id or await repository.find(session, named) is None):
        raise UnknownCampaign(f"{field}: there is no other campaign {named}")


def _as_list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value

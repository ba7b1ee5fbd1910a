"""Use cases of survey triggers: write one, note what it follows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns.rules import require_conductor
from services.satisfaction.campaigns.service import require_campaign_named
from services.satisfaction.campaigns.triggers import repository, rules
from services.satisfaction.campaigns.triggers.schemas import NewTrigger, Terms
from services.satisfaction.questionnaires.service import find_asked
from shared.auth import Principal
from shared.database import wake_after_commit
from shared.events.catalogue import ProjectCompleted
from shared.events.envelope import Event
from shared.events.improvement import ChangeImplemented
from shared.http import check_version
from shared.ids import new_id
from shared.problems import NotFound

OPENING = "triggers.opening"


class TriggerNotFound(NotFound):
    pass


async def get_trigger(session: AsyncSession, trigger_id: UUID) -> Row[Any]:
    """Raises `TriggerNotFound`."""
    row = await repository.find(session, trigger_id)
    if row is None:
        raise TriggerNotFound(f"there is no survey trigger {trigger_id}")
    return row


async def create_trigger(session: AsyncSession, body: NewTrigger, caller: Principal, now: datetime) -> Row[Any]:
    """R121: what happens from now on is followed.

    Raises:
        Forbidden: R47, this level is not the caller's.
        QuestionnaireNotFound: it asks a published one.
        UnknownCampaign
    """
    values = await _check(session, body, caller, now)
    trigger_id = new_id()
    first = {"id": trigger_id, "version": 1, "created_at": now, "created_by": caller.subject}
    await repository.insert_trigger(session, {**values, **first})
    return await get_trigger(session, trigger_id)


async def put_trigger(
    session: AsyncSession, trigger_id: UUID, body: NewTrigger, caller: Principal, now: datetime, if_match: str | None
) -> Row[Any]:
    """Change it for what comes. `paused`: it follows nothing, and opens nothing that waits.

    Raises:
        TriggerNotFound, PreconditionRequired, LostUpdate, Forbidden, QuestionnaireNotFound, UnknownCampaign
    """
    held = await repository.lock(session, trigger_id)
    if held is None:
        raise TriggerNotFound(f"there is no survey trigger {trigger_id}")
    check_version(if_match, held.version)
    require_conductor(held.level, caller.roles, caller.subject)
    await repository.write(session, trigger_id, await _check(session, body, caller, now))
    wake_after_commit(session, OPENING)
    return await get_trigger(session, trigger_id)


async def note_changes(session: AsyncSession, events: Sequence[Event[ChangeImplemented]]) -> None:
    """R121: a release may be followed by a survey."""
    occasions = [(_occasion_of_change(event), event.correlation_id) for event in events]
    await _note(session, occasions)


async def note_projects(session: AsyncSession, events: Sequence[Event[ProjectCompleted]]) -> None:
    """R121: so may the end of a project."""
    occasions = [(_occasion_of_project(event), event.correlation_id) for event in events]
    await _note(session, occasions)


async def _note(session: AsyncSession, told: Sequence[tuple[rules.Occasion, str]]) -> None:
    rows = []
    for trigger in await repository.list_live(session, told[0][0].follows):
        wanted = rules.Narrowed(
            trigger.follows, trigger.created_at, trigger.service, trigger.customer, trigger.connection
        )
        wait_days = Terms.model_validate(trigger.terms).wait_days
        rows += [
            {
                "id": new_id(),
                "trigger_id": trigger.id,
                "subject": occasion.subject,
                "title": occasion.title,
                "words": occasion.words,
                "service": occasion.service,
                "customer": occasion.customer,
                "project": occasion.project,
                "correlation_id": correlation_id,
                "occurred_at": occasion.occurred_at,
                "due_at": rules.find_due(occasion.occurred_at, wait_days),
            }
            for occasion, correlation_id in told
            if rules.is_followed(occasion, wanted)
        ]
    if rows:
        await repository.add_occasions(session, rows)
        wake_after_commit(session, OPENING)


def _occasion_of_change(event: Event[ChangeImplemented]) -> rules.Occasion:
    fact = event.data
    known = fact.external_id or str(fact.change_id)
    title = fact.title or known
    numbers = f"{known} ({fact.number})" if fact.number else known
    return rules.Occasion(
        follows="change",
        subject=f"change {fact.change_id}",
        title=title,
        words=numbers if title == known else f"{numbers}: {title}",
        occurred_at=fact.implemented_at,
        service=rules.read_scope(fact.scope, "service"),
        customer=rules.read_scope(fact.scope, "customer"),
        connection=fact.connection,
    )


def _occasion_of_project(event: Event[ProjectCompleted]) -> rules.Occasion:
    fact = event.data
    return rules.Occasion(
        follows="project",
        subject=f"project {fact.key} {fact.completed_on}",
        title=fact.name,
        words=f"{fact.key}: {fact.name}",
        occurred_at=event.time,
        customer=fact.customer,
        project=fact.key,
    )


async def _check(session: AsyncSession, body: NewTrigger, caller: Principal, now: datetime) -> dict[str, Any]:
    require_conductor(body.level, caller.roles, caller.subject)
    await find_asked(session, body.questionnaire_key)
    if body.people_of is not None:
        await require_campaign_named(session, "people_of", body.people_of)
    own = ("title", "follows", "service", "customer", "connection", "level", "paused")
    return {
        **{name: getattr(body, name) for name in own},
        "owner": body.owner or caller.subject,
        "terms": body.terms.model_dump(mode="json"),
        "updated_at": now,
        "updated_by": caller.subject,
    }

"""Use cases of who answers for a complaint: pass it on, take it over, decline it (R193, R198)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.satisfaction.complaints import repository, rules
from services.satisfaction.complaints.escalations import escalate_by_itself
from services.satisfaction.complaints.schemas import PassOn
from services.satisfaction.complaints.service import ITSELF, NO_OFFER, Work, step
from services.satisfaction.settings import SatisfactionSettings
from shared.database import Database
from shared.events.complaints import ComplaintPassedOn


async def pass_on(work: Work, row: Row[Any], offer: PassOn) -> Row[Any]:
    """R193, R198: the owner stays the owner until the other accepts. The timeline says when somebody gets back what
    they had; the last pass-on that is free is told to those in charge.

    Raises:
        NotTheOwner, AlreadyOffered, NotOffered, PassedOnTooOften, ComplainedAbout, IllegalTransition
    """
    work.check("pass on", row)
    rules.check_receiver(offer.to, work.actor, row.owner, row.complained_about)
    values = {
        "offered_to": offer.to,
        "offered_by": work.actor,
        "offer_ends_at": work.end_of(work.settings.complaint_takeover),
        "pass_ons": row.pass_ons + 1,
    }
    back = offer.to in await repository.list_owners(work.session, row.id)
    offered = await _tell_pass_on(work, row, "offered", offer.to, values, offer.reason, back)
    if offered.pass_ons != work.settings.complaint_pass_ons:
        return offered
    return await escalate_by_itself(work, offered, "pass_ons", f"it was passed on {offered.pass_ons} times")


async def take_over(work: Work, row: Row[Any]) -> Row[Any]:
    """R198: from now on the caller answers for it.

    Raises:
        NotOffered, ComplainedAbout, IllegalTransition
    """
    work.check("take over", row)
    values = {"owner": work.actor, **NO_OFFER}
    return await _tell_pass_on(work, row, "accepted", work.actor, values, None)


async def decline(work: Work, row: Row[Any], reason: str) -> Row[Any]:
    """Whoever it is offered to does not take it: it stays with its owner.

    Raises:
        NotOffered, IllegalTransition
    """
    work.check("decline", row)
    return await _tell_pass_on(work, row, "declined", row.offered_to, NO_OFFER, reason)


async def _tell_pass_on(
    work: Work, row: Row[Any], outcome: Any, to: str, values: Mapping[str, Any], reason: str | None, back: bool = False
) -> Row[Any]:
    kind: rules.Entry = "taken_over" if outcome == "accepted" else outcome
    return await step(
        work,
        row,
        kind,
        values,
        note=reason,
        detail={"to": to, "owner": row.owner, **({"back": True} if back else {})},
        tell=lambda new: ComplaintPassedOn(
            **work.describe(new),
            outcome=outcome,
            passed_to=to,
            told_by=work.actor,
            told_at=work.now,
            pass_ons=new.pass_ons,
            reason=reason,
        ),
    )


async def return_offers(database: Database, now: datetime, settings: SatisfactionSettings, most: int) -> int:
    """R193, R198: what nobody accepted in time comes back to its owner; returns how many."""
    async with database.transaction() as session:
        rows = await repository.lock_ended_offers(session, now, most)
        work = Work(session, ITSELF, now, settings)
        for row in rows:
            await _tell_pass_on(work, row, "returned", row.offered_to, NO_OFFER, None)
    return len(rows)

"""Use cases of whoever writes a complaint down: receive it, mend what was written."""

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.satisfaction.complaints import repository, rules
from services.satisfaction.complaints.escalations import escalate_by_itself
from services.satisfaction.complaints.schemas import ComplaintEdit, NewComplaint
from services.satisfaction.complaints.service import NO_OFFER, Work, lock, step
from shared.events.complaints import ComplaintReceived
from shared.ids import new_id
from shared.problems import Malformed

_ORIGINAL = (
    "title", "description", "channel", "complaint_class", "anonymous", "complainant", "contact", "customer", "service",
    "project", "department", "ticket_id", "external_id", "measure_key", "scope", "complained_about",
)  # fmt: skip


async def receive(work: Work, new: NewComplaint, owner: str | None) -> tuple[Row[Any], str]:
    """R182, R193, R198: `owner` is the first receiver; None where nobody of the staff has it yet, as where it is about
    the receiver. Returns it with the complainant's secret, which is known only here.

    Raises:
        Nameless, TimeInFuture, NoWorkingTime
    """
    if new.anonymous and (new.complainant or new.contact or new.customer):
        raise rules.Nameless("an anonymous complaint names no complainant, contact or customer; leave them out")
    received_at = new.received_at or work.now
    rules.check_past(received_at, work.now)
    due = work.deadlines_of(new.complaint_class, received_at)
    is_about_receiver = rules.is_about(owner, new.complained_about)
    id_, token = new_id(), _make_secret()
    await repository.add(
        work.session,
        {
            **{name: getattr(new, name) for name in _ORIGINAL},
            "id": id_,
            "version": 0,
            "sequence": 0,
            "state": "open",
            "token_hash": rules.hash_secret(token),
            "received_by": work.actor,
            "received_at": received_at,
            "due_at": due["answer"],
            "owner": None if is_about_receiver else owner,
            "pass_ons": 0,
            "escalations": 0,
            "round": 1,
            "rejections": 0,
            "held": False,
            "updated_at": work.now,
        },
    )
    await repository.add_deadlines(work.session, id_, due)
    row = await lock(work.session, id_)
    detail = {"complaint_class": new.complaint_class, "channel": new.channel}
    row = await step(
        work,
        row,
        "received",
        {},
        detail=detail,
        public=True,
        tell=lambda new: ComplaintReceived(**work.describe(new)),
    )
    if is_about_receiver:
        row = await escalate_by_itself(work, row, "owner", "the complaint is about whoever received it")
    return row, token


def _make_secret() -> str:
    return rules.write_secret("".join(secrets.choice(rules.CROCKFORD) for _ in range(rules.SECRET_LENGTH)))


async def edit(work: Work, row: Row[Any], change: ComplaintEdit) -> Row[Any]:
    """Mend what was written down; the timeline keeps what it was. Its owner owns it no longer, nor is it offered to
    them, when it turns out to be about them.

    Raises:
        LegalHold, Nameless, ComplainedAbout, IllegalTransition, Malformed
    """
    work.check("edit", row)
    values = change.model_dump(exclude_unset=True)
    if any(name in values and values[name] is None for name in ("title", "description")):
        raise Malformed("title and description cannot be taken away; give new ones or leave them out")
    if row.anonymous and any(values.get(name) for name in ("complainant", "contact", "customer")):
        raise rules.Nameless("this complaint is anonymous: it names no complainant, contact or customer")
    changed = {name: value for name, value in values.items() if value != getattr(row, name)}
    if not changed:
        return row
    about = changed.get("complained_about")
    if rules.is_about(row.owner, about):
        changed["owner"] = None
    if rules.is_about(row.offered_to, about):
        changed |= NO_OFFER
    detail = {"before": {name: _plain(getattr(row, name)) for name in changed}}
    edited = await step(work, row, "edited", changed, detail=detail)
    if edited.owner == row.owner:
        return edited
    return await escalate_by_itself(work, edited, "owner", f"the complaint is about '{row.owner}', who owned it")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value

"""Every SQL statement of invitations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import DateTime, Integer, Row, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns.models import campaigns
from services.satisfaction.invitations.models import declined, invitations
from services.satisfaction.invitations.rules import Step
from services.satisfaction.populations.models import members

_i, _c, _m = invitations.c, campaigns.c, members.c


async def list_drawn(session: AsyncSession, campaign_id: UUID, after: int, limit: int) -> Sequence[int]:
    """Ids of members who were drawn, in order."""
    query = select(_m.id).where(_m.campaign_id == campaign_id, _m.drawn, _m.id > after).order_by(_m.id).limit(limit)
    return (await session.execute(query)).scalars().all()


_ADD = text("""
    INSERT INTO survey_invitations (id, campaign_id, member_id, contact_hash, token_hash, state, channel, invited_at,
                                    next_mail_at)
    SELECT given.id, member.campaign_id, member.id, member.contact_hash, given.token_hash, 'open',
           CASE WHEN member.email IS NULL THEN 'link' ELSE 'email' END, :now,
           CASE WHEN member.email IS NOT NULL THEN CAST(:first_mail_at AS timestamptz) END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:members AS bigint[]), CAST(:hashes AS bytea[]))
             AS given (id, member_id, token_hash)
    JOIN survey_members AS member ON member.id = given.member_id
    ON CONFLICT (member_id) DO NOTHING
""")


async def add_all(
    session: AsyncSession,
    ids: Sequence[UUID],
    members_: Sequence[int],
    hashes: Sequence[bytes],
    now: datetime,
    first_mail_at: datetime,
) -> int:
    """An invitation for each of these members who has none; by e-mail where there is an address. Returns how many."""
    values = {"ids": ids, "members": members_, "hashes": hashes, "now": now, "first_mail_at": first_mail_at}
    result = await session.execute(_ADD, values)
    return result.rowcount  # type: ignore[attr-defined, no-any-return]


async def find(session: AsyncSession, token_hash: bytes) -> Row[Any] | None:
    """The invitation with what its page needs of member and campaign."""
    query = (
        select(
            invitations,
            _m.stratum,
            _c.state.label("campaign_state"),
            _c.closes_at,
            _c.content,
            _c.digest,
            _c.anonymous,
        )
        .join(members, _m.id == _i.member_id)
        .join(campaigns, _c.id == _i.campaign_id)
        .where(_i.token_hash == token_hash)
    )
    return (await session.execute(query)).one_or_none()


async def list_page(
    session: AsyncSession, campaign_id: UUID, state: str | None, after: int | None, limit: int
) -> Sequence[Row[Any]]:
    """With the members' own words for themselves, in the order of the population."""
    query = (
        select(invitations, _m.reference, _m.name, _m.email, _m.language, _m.stratum)
        .join(members, _m.id == _i.member_id)
        .where(_i.campaign_id == campaign_id)
        .order_by(_i.member_id)
        .limit(limit)
    )
    if state is not None:
        query = query.where(_i.state == state)
    if after is not None:
        query = query.where(_i.member_id > after)
    return (await session.execute(query)).all()


async def lock(session: AsyncSession, invitation_id: UUID) -> Row[Any]:
    """This invitation, held until the transaction ends."""
    query = select(invitations).where(_i.id == invitation_id).with_for_update()
    row: Row[Any] = (await session.execute(query)).one()
    return row


async def find_in(session: AsyncSession, campaign_id: UUID, invitation_id: UUID) -> Row[Any] | None:
    query = select(_i.id).where(_i.id == invitation_id, _i.campaign_id == campaign_id)
    return (await session.execute(query)).one_or_none()


async def write(session: AsyncSession, invitation_id: UUID, values: dict[str, Any]) -> None:
    await session.execute(update(invitations).where(_i.id == invitation_id).values(values))


async def decline(session: AsyncSession, contact_hash: bytes, now: datetime) -> None:
    """No draw takes this contact any more."""
    values = {"contact_hash": contact_hash, "declined_at": now}
    await session.execute(insert(declined).values(values).on_conflict_do_nothing())


async def expire(session: AsyncSession, most: int) -> int:
    """Open invitations of campaigns that run no more; returns how many."""
    over = (
        select(_i.id)
        .join(campaigns, _c.id == _i.campaign_id)
        .where(_i.state == "open", _c.state.in_(("closed", "cancelled")))
        .limit(most)
        .with_for_update(of=invitations, skip_locked=True)
    )
    statement = (
        update(invitations)
        .where(_i.id.in_(over))
        .values(state="expired", next_mail_at=None, draft=None, sealed_draft=None)
    )
    return (await session.execute(statement)).rowcount  # type: ignore[attr-defined, no-any-return]


_MAIL = (
    _i.id,
    _i.sent,
    _i.mail_attempts,
    _m.email,
    _m.name,
    _m.language,
    _c.content,
    _c.digest,
    _c.anonymous,
    _c.closes_at,
    _c.reminder_every_days,
    _c.reminders_at_most,
)


async def claim_mails(session: AsyncSession, now: datetime, until: datetime, most: int) -> Sequence[Row[Any]]:
    """Mails that are due, leased until then: nobody else sends them."""
    due = (
        select(_i.id)
        .join(campaigns, _c.id == _i.campaign_id)
        .where(
            _i.next_mail_at <= now,
            _i.leased_until.is_(None),
            _i.state == "open",
            _c.state == "launched",
            func.coalesce(_c.closes_at > now, True),
        )
        .order_by(_i.next_mail_at)
        .limit(most)
        .with_for_update(of=invitations, skip_locked=True)
    )
    return await _lease(session, due, until)


async def claim_interrupted(session: AsyncSession, now: datetime, most: int) -> Sequence[Row[Any]]:
    """Mails that were on their way when whoever sent them ended."""
    lost = select(_i.id).where(_i.leased_until <= now).limit(most).with_for_update(skip_locked=True)
    return await _lease(session, lost, now)


async def _lease(session: AsyncSession, chosen: Any, until: datetime) -> Sequence[Row[Any]]:
    leased = (
        await session.execute(update(invitations).where(_i.id.in_(chosen)).values(leased_until=until).returning(_i.id))
    ).scalars()
    query = (
        select(*_MAIL)
        .join(members, _m.id == _i.member_id)
        .join(campaigns, _c.id == _i.campaign_id)
        .where(_i.id.in_(leased.all()))
        .order_by(_i.member_id)
    )
    return cast("Sequence[Row[Any]]", (await session.execute(query)).all())


_RESCHEDULE = text("""
    UPDATE survey_invitations SET next_mail_at = :next_mail_at
    WHERE campaign_id = :campaign_id AND state = 'open' AND channel = 'email' AND leased_until IS NULL
      AND mail_attempts = 0 AND (sent > 0 OR next_mail_at IS NULL) AND sent <= coalesce(:at_most, sent)
""").bindparams(bindparam("at_most", type_=Integer), bindparam("next_mail_at", type_=DateTime(timezone=True)))
_SILENCE = text("""
    UPDATE survey_invitations SET next_mail_at = NULL
    WHERE campaign_id = :campaign_id AND state = 'open' AND sent > coalesce(:at_most, sent) AND leased_until IS NULL
""").bindparams(bindparam("at_most", type_=Integer))


async def reschedule(
    session: AsyncSession, campaign_id: UUID, next_mail_at: datetime | None, at_most: int | None
) -> None:
    """The next reminder of everybody who was mailed, who did not answer, and whose address works; who had more than
    `at_most` gets none."""
    values = {"campaign_id": campaign_id, "next_mail_at": next_mail_at, "at_most": at_most}
    await session.execute(_RESCHEDULE, values)
    await session.execute(_SILENCE, {"campaign_id": campaign_id, "at_most": at_most})


_RECORD = text("""
    UPDATE survey_invitations AS invitation
    SET sent = step.sent, mail_attempts = step.attempts, last_error = step.last_error, leased_until = NULL,
        next_mail_at = CASE WHEN invitation.state = 'open' THEN step.next_mail_at END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:sent AS int[]), CAST(:attempts AS int[]), CAST(:next AS timestamptz[]),
                CAST(:errors AS text[])) AS step (id, sent, attempts, next_mail_at, last_error)
    WHERE invitation.id = step.id
""")


async def record_steps(session: AsyncSession, steps: dict[UUID, Step]) -> None:
    """Where these stand now; who answered meanwhile is not reminded."""
    values = {
        "ids": list(steps),
        "sent": [step.sent for step in steps.values()],
        "attempts": [step.attempts for step in steps.values()],
        "next": [step.next_mail_at for step in steps.values()],
        "errors": [step.last_error for step in steps.values()],
    }
    await session.execute(_RECORD, values)

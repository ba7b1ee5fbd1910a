"""Use cases of invitations: issue them, find the one that a link opens, stop it, mail what is due."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction import tokens
from services.satisfaction.campaigns import repository as campaigns
from services.satisfaction.invitations import repository, rules, words
from services.satisfaction.questionnaires.schemas import Content
from shared import clock
from shared.database import Database
from shared.ids import new_id
from shared.mail import Mailer, Outcome
from shared.problems import IllegalTransition, NotFound

PATH = "/satisfaction/survey"
MAILS = "invitations.mails"
_PORTION = 10_000
_LEASE = timedelta(minutes=30)


class CampaignNotFound(NotFound):
    pass


class InvitationNotFound(NotFound):
    pass


async def issue(session: AsyncSession, campaign: Row[Any], now: datetime, key: bytes) -> int:
    """An invitation for every drawn member who has none yet; returns how many. `key` is `tokens.LinkKey`. Mails go from
    the day on at which the campaign opens."""
    opening = datetime.combine(campaign.opens_on, time(), UTC) if campaign.opens_on else now
    issued, after = 0, 0
    while drawn := await repository.list_drawn(session, campaign.id, after, _PORTION):
        ids = [new_id() for _ in drawn]
        hashes = [tokens.hash_token(tokens.derive_token(key, each)) for each in ids]
        issued += await repository.add_all(session, ids, drawn, hashes, now, max(now, opening))
        after = drawn[-1]
    return issued


async def follow_rhythm(session: AsyncSession, campaign: Row[Any], now: datetime) -> None:
    """Reminders as the campaign wants them from now on: its rhythm was changed while people are asked."""
    rhythm = rules.Rhythm(campaign.reminder_every_days, None, campaign.closes_at)
    await repository.reschedule(session, campaign.id, rules.find_reminder(1, rhythm, now), campaign.reminders_at_most)


def write_url(base: str, token: str) -> str:
    """The page of a link."""
    return f"{base.rstrip('/')}{PATH}/{token}"


async def open_invitation(session: AsyncSession, token: str, now: datetime) -> Row[Any]:
    """The invitation that may be answered now, with what its page needs.

    Raises:
        LinkUnusable: used, stopped, expired, cut short or never made.
    """
    row = await repository.find(session, tokens.hash_token(token))
    if row is None or not rules.is_usable(row.state, row.campaign_state, row.closes_at, now):
        raise tokens.LinkUnusable("this link cannot be used")
    return row


async def lock_invitation(session: AsyncSession, token: str, now: datetime) -> Row[Any]:
    """The same, held until the transaction ends.

    Raises:
        LinkUnusable
    """
    row = await open_invitation(session, token, now)
    held = await repository.lock(session, row.id)
    if held.state != "open":
        raise tokens.LinkUnusable("this link cannot be used")
    return row


async def stop(session: AsyncSession, invitation: Row[Any], now: datetime, *, for_ever: bool = False) -> None:
    """No more mails, and the link is dead; `for_ever`: nor any other survey."""
    values = {"state": "stopped", "stopped_at": now, "next_mail_at": None, "draft": None, "sealed_draft": None}
    await repository.write(session, invitation.id, values)
    if for_ever:
        await repository.decline(session, invitation.contact_hash, now)


async def withdraw(session: AsyncSession, campaign_id: UUID, invitation_id: UUID, now: datetime) -> None:
    """What staff do for somebody who asked by phone not to be asked.

    Raises:
        InvitationNotFound
        IllegalTransition: it is answered or over.
    """
    if await repository.find_in(session, campaign_id, invitation_id) is None:
        raise InvitationNotFound("this campaign has no such invitation; its list names them")
    held = await repository.lock(session, invitation_id)
    if held.state != "open":
        raise IllegalTransition("stop", held.state, [])
    await stop(session, held, now)


async def require_campaign(session: AsyncSession, campaign_id: UUID) -> Row[Any]:
    """Raises `CampaignNotFound`."""
    row = await campaigns.find(session, campaign_id)
    if row is None:
        raise CampaignNotFound(f"there is no campaign {campaign_id}")
    return row


async def read_links(
    database: Database, campaign_id: UUID, key: bytes, base: str
) -> AsyncIterator[tuple[Row[Any], str]]:
    """The open invitations, each with its link."""
    after: int | None = None
    while True:
        async with database.reading() as session:
            rows = await repository.list_page(session, campaign_id, "open", after, _PORTION)
        for row in rows:
            yield row, write_url(base, tokens.derive_token(key, row.id))
        if len(rows) < _PORTION:
            return
        after = rows[-1].member_id


async def send_mails(
    database: Database, mailer: Mailer, key: bytes, base: str, retries: Sequence[timedelta], most: int
) -> int:
    """Mail the invitations and reminders that are due: claim, commit, send, record. Returns how many were tried.

    What was on its way when a process ended counts as sent: nobody gets two mails for one step.
    """
    now = clock.now()
    async with database.transaction() as session:
        lost = await repository.claim_interrupted(session, now, most)
        if lost:
            unknown = Outcome("unknown", "sending was interrupted; whether it went out is not known")
            steps = {row.id: _follow(unknown, row, now, retries) for row in lost}
            await repository.record_steps(session, steps)
        due = await repository.claim_mails(session, now, now + _LEASE, most)
    if not due:
        return len(lost)
    mails = [_write(row, write_url(base, tokens.derive_token(key, row.id))) for row in due]
    outcomes = await mailer.send(mails)
    now = clock.now()
    steps = {row.id: _follow(outcome, row, now, retries) for row, outcome in zip(due, outcomes, strict=True)}
    async with database.transaction() as session:
        await repository.record_steps(session, steps)
    return len(lost) + len(due)


def _write(row: Row[Any], url: str) -> Any:
    content = Content.model_validate(row.content)
    return words.write_mail(row, content, url)


def _follow(outcome: Outcome, row: Row[Any], now: datetime, retries: Sequence[timedelta]) -> rules.Step:
    rhythm = rules.Rhythm(row.reminder_every_days, row.reminders_at_most, row.closes_at)
    return rules.follow_mail(outcome, row.sent, row.mail_attempts, rhythm, now, retries)


async def expire_invitations(database: Database, most: int) -> int:
    """Invitations of campaigns that are over; returns how many."""
    async with database.transaction() as session:
        return await repository.expire(session, most)

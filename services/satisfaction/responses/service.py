"""Use cases of responses: take what is sent, keep what is saved half-way, mix what is anonymous."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from cryptography.fernet import InvalidToken
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.invitations.rules import is_usable
from services.satisfaction.questionnaires.schemas import Answer, Content
from services.satisfaction.responses import repository, rules
from services.satisfaction.tokens import LinkUnusable
from shared import clock
from shared.database import Database, wake_after_commit
from shared.ids import new_id
from shared.problems import Problem
from shared.sealing import Sealer

MIXING = "responses.mixing"
_MOST_CONTENTS = 50


@dataclass(frozen=True, slots=True)
class Submission:
    """A form that was sent for good, and the hash of the token that it came with."""

    token_hash: bytes
    form: rules.Form
    language: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What a batch knows of one of its invitations."""

    id: UUID
    campaign_id: UUID
    stratum: str
    anonymous: bool


class Contents:
    """The questionnaires asked lately, by digest: reading one takes longer than taking an answer."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, Content] = OrderedDict()

    def find(self, digest: str) -> Content | None:
        if digest in self._of:
            self._of.move_to_end(digest)
        return self._of.get(digest)

    def read(self, digest: str, stored: Any) -> Content:
        """What a campaign froze under this digest."""
        content = self.find(digest)
        if content is None:
            content = self._of[digest] = Content.model_validate(stored)
            if len(self._of) > _MOST_CONTENTS:
                self._of.popitem(last=False)
        return content


async def submit_together(
    database: Database, contents: Contents, submissions: Sequence[Submission]
) -> list[UUID | Problem]:
    """Take the forms that arrive together by one commit; each answers with its campaign, or with its own problem:
    `LinkUnusable`, `UnsoundAnswer`, `MoreToAsk`, `AnswersMissing`. Of two with one token the first counts."""
    async with database.transaction() as session:
        now = clock.now()
        invited, campaigns = await _load(session, submissions)
        readable = {
            row.id: contents.find(row.digest)
            or contents.read(row.digest, await repository.load_content(session, row.id))
            for row in campaigns.values()
            if is_usable("open", row.state, row.closes_at, now)
        }
        of_running = [row.id for row in invited.values() if row.campaign_id in readable]
        is_open = await repository.lock_open(session, of_running) if of_running else set()
        outcomes: list[UUID | Problem] = []
        taken: list[tuple[_Known, dict[str, Answer], str]] = []
        for submission in submissions:
            row = invited.get(submission.token_hash)
            if row is None or row.id not in is_open:
                outcomes.append(LinkUnusable("this link cannot be used"))
                continue
            campaign = campaigns[row.campaign_id]
            try:
                answers = rules.check(readable[campaign.id], submission.form)
            except Problem as problem:
                outcomes.append(problem)
                continue
            is_open.discard(row.id)
            taken.append((_Known(row.id, campaign.id, row.stratum, campaign.anonymous), answers, submission.language))
            outcomes.append(campaign.id)
        if taken:
            await _store(session, taken, now)
    return outcomes


async def _load(
    session: AsyncSession, submissions: Sequence[Submission]
) -> tuple[dict[bytes, Row[Any]], dict[UUID, Row[Any]]]:
    """Invitations by the hash of their token, and their campaigns, which do not close meanwhile."""
    hashes = sorted({submission.token_hash for submission in submissions})
    invited = {bytes(row.token_hash): row for row in await repository.find_invitations(session, hashes)}
    ids = sorted({row.campaign_id for row in invited.values()})
    held = await repository.hold_campaigns(session, ids) if ids else ()
    return invited, {row.id: row for row in held}


async def _store(session: AsyncSession, taken: Sequence[tuple[_Known, dict[str, Answer], str]], now: datetime) -> None:
    """In the order of the invitations, whoever came first."""
    named, anonymous = [], []
    for known, answers, language in sorted(taken, key=lambda each: each[0].id):
        row = {
            "campaign_id": known.campaign_id,
            "stratum": known.stratum,
            "language": language,
            "answers": answers,
        }
        if known.anonymous:
            anonymous.append(row)
        else:
            named.append({**row, "id": new_id(), "invitation_id": known.id, "submitted_at": now})
    await repository.mark_answered(session, [each[0].id for each in taken], [each[0].anonymous for each in taken])
    if named:
        await repository.add_responses(session, named)
    if anonymous:
        await repository.add_unmixed(session, anonymous)
        wake_after_commit(session, MIXING)


async def save_draft(session: AsyncSession, invitation: Row[Any], token: str, fields: rules.Form) -> None:
    """Keep what was filled in so far; in an anonymous campaign so that only the token opens it."""
    if invitation.anonymous:
        sealed = _sealer(token).seal(orjson.dumps(fields).decode()).encode()
        await repository.save_draft(session, invitation.id, None, sealed)
    else:
        await repository.save_draft(session, invitation.id, fields, None)


def open_draft(invitation: Row[Any], token: str) -> dict[str, list[str]]:
    """What was saved half-way; nothing when nothing was."""
    if invitation.sealed_draft is not None:
        try:
            draft = orjson.loads(_sealer(token).unseal(bytes(invitation.sealed_draft).decode()))
        except InvalidToken:
            return {}
    else:
        draft = invitation.draft or {}
    return {str(name): list(values) for name, values in draft.items()}


def _sealer(token: str) -> Sealer:
    """Not by the token's own SHA-256: that one lies in the same row."""
    return Sealer(hashlib.sha512(b"draft\n" + token.encode()).hexdigest())


async def mix(session: AsyncSession, campaign_id: UUID) -> int:
    """Let the anonymous answers that wait join the others, few as they may be: what a close does. Returns how many."""
    return await repository.mix(session, campaign_id)


async def mix_responses(database: Database) -> int:
    """Mix what waits of every campaign where it is enough, or that is over; returns how many answers moved."""
    async with database.reading() as session:
        ready = await repository.list_ready(session, rules.MIXED_FROM)
    mixed = 0
    for campaign_id in ready:
        async with database.transaction() as session:
            mixed += await repository.mix(session, campaign_id)
    return mixed

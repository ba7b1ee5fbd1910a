"""Use cases of responses: take what is sent, keep what is saved half-way, open what is anonymous once all is over."""

import asyncio
import hashlib
import hmac
import random
from collections import OrderedDict
from collections.abc import Mapping, Sequence
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
from shared.database import Database
from shared.ids import new_id
from shared.problems import Problem
from shared.sealing import Sealer
from shared.settings import Settings

OPENING = "responses.opening"
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


def answers_sealer(settings: Settings) -> Sealer:
    """What seals anonymous answers until their campaign is over. Its key is made from the installation's and lies in no
    database, and in no backup of one."""
    return Sealer(hmac.digest(settings.keys.seal.encode(), b"anonymous answers", "sha256").hex())


async def submit_together(
    database: Database, contents: Contents, sealer: Sealer, submissions: Sequence[Submission]
) -> list[UUID | Problem]:
    """Take the forms that arrive together by one commit, anonymous answers sealed.

    Each answers with its campaign, or with its own problem: `LinkUnusable`, `UnsoundAnswer`, `MoreToAsk`,
    `AnswersMissing`. Of two with one token the first counts."""
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
            await _store(session, taken, readable, sealer, now)
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


async def _store(
    session: AsyncSession,
    taken: Sequence[tuple[_Known, dict[str, Answer], str]],
    contents: Mapping[UUID, Content],
    sealer: Sealer,
    now: datetime,
) -> None:
    """In the order of the invitations, whoever came first."""
    named, anonymous = [], []
    for known, answers, language in sorted(taken, key=lambda each: each[0].id):
        row = {"campaign_id": known.campaign_id, "stratum": known.stratum}
        if known.anonymous:
            room = rules.find_room(contents[known.campaign_id])
            anonymous.append({**row, "sealed": sealer.seal(rules.pad(orjson.dumps(answers), room))})
        else:
            own = {"id": new_id(), "invitation_id": known.id, "submitted_at": now}
            named.append({**row, **own, "language": language, "answers": answers})
    await repository.mark_answered(session, [each[0].id for each in taken])
    if named:
        await repository.add_responses(session, named)
    if anonymous:
        await repository.add_unmixed(session, anonymous)


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


async def open_anonymous(database: Database, sealer: Sealer) -> int:
    """Open anonymous answers of a campaign that is over and let them join the others in random order, a stratum at a
    time; returns how many.

    Strata in which too few answered become one, for good. Where too few answered in all, their answers are deleted
    unopened: who they are is known, and what they said would be as well.
    """
    async with database.transaction() as session:
        campaign_id = await repository.hold_over(session)
        if campaign_id is None:
            return 0
        waiting = await repository.count_waiting(session, campaign_id)
        if rules.are_too_few(waiting):
            return await repository.drop_waiting(session, campaign_id)
        if merged := rules.merge_strata(waiting):
            await repository.merge_strata(session, campaign_id, merged, rules.name_merged(merged))
            waiting = await repository.count_waiting(session, campaign_id)
        stratum, many = min(waiting.items())
        sealed = await repository.take_waiting(session, campaign_id, stratum, rules.find_portion(many))
        opened = await asyncio.to_thread(_open_all, sealer, sealed)
        await repository.copy_opened(session, campaign_id, stratum, rules.UNTOLD, opened)
        return len(opened)


def _open_all(sealer: Sealer, sealed: Sequence[str]) -> list[str]:
    """In another order than they came."""
    opened = [sealer.unseal(one).rstrip(" ") for one in sealed]
    random.SystemRandom().shuffle(opened)
    return opened

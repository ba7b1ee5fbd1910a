"""The use case of answer sheets: answers that were gathered elsewhere, on paper or by another tool, become a campaign's
own, marked as what they are."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns import repository as campaigns
from services.satisfaction.campaigns.schemas import format_number
from services.satisfaction.campaigns.service import get_campaign, lock_campaign
from services.satisfaction.populations import files
from services.satisfaction.populations.rules import Flaw
from services.satisfaction.populations.schemas import FlawView
from services.satisfaction.questionnaires.schemas import Content
from services.satisfaction.responses import repository as responses
from services.satisfaction.sheets import repository, rules
from services.satisfaction.sheets.schemas import SheetsView
from shared.events.surveys import SurveySheetsTaken
from shared.ids import new_id
from shared.outbox import record
from shared.problems import Problem

_PORTION = 5000
Each = TypeVar("Each")
_NOT_OPEN = {
    "answered": "has answered already; everybody answers once",
    "stopped": "asked not to be asked, or the invitation was withdrawn",
    "expired": "the invitation has expired",
}


class NotAsking(Problem):
    """Answers are taken while a campaign runs."""

    status = 409


class SheetsTellWho(Problem):
    """A file with references says who answered what."""

    status = 409


class UnsoundSheets(Problem):
    """Rows of the file cannot be taken: `errors` names row, column and reason. Nothing was taken."""

    status = 422


async def take_sheets(
    session: AsyncSession,
    campaign_id: UUID,
    content: bytes,
    content_type: str,
    *,
    skip_flawed: bool,
    ignore_unknown: bool,
    actor: str,
    now: datetime,
) -> SheetsView:
    """Take a file of answers, each in the name of the invitation that it answers. One flawed row keeps all of the file
    from being taken, unless `skip_flawed`.

    Raises:
        CampaignNotFound, NotAsking, SheetsTellWho
        UnsupportedFile, UnreadableFile, UnsoundColumns, UnsoundSheets
    """
    campaign = await get_campaign(session, campaign_id)
    _require_asking(campaign, now)
    asked = Content.model_validate(campaign.content)
    read = await asyncio.to_thread(_read, content, content_type, asked, ignore_unknown)
    campaign = await lock_campaign(session, campaign_id)
    _require_asking(campaign, now)
    taken = await _match(session, campaign_id, read)
    if read.refused and not skip_flawed:
        first = min(read.flaws, key=lambda flaw: flaw.row)
        more = f" (and {read.refused - 1} rows more)" if read.refused > 1 else ""
        raise UnsoundSheets(
            f"row {first.row}, {first.column}: {first.reason}{more}; nothing was taken: correct the file, or send it "
            "with skip_flawed=true to take the other rows",
            refused=read.refused,
            errors=[FlawView.model_validate(flaw).model_dump() for flaw in read.flaws],
        )
    for portion in _portions(taken):
        await responses.add_responses(session, [_answer(campaign_id, row, sheet, now) for row, sheet in portion])
        await repository.mark_answered(session, [row.invitation_id for row, _ in portion])
    counts = await campaigns.count_invitations(session, campaign_id)
    view = SheetsView(
        rows=len(taken) + read.refused,
        taken=len(taken),
        refused=read.refused,
        errors=tuple(FlawView.model_validate(flaw) for flaw in sorted(read.flaws, key=lambda flaw: flaw.row)),
        digest=hashlib.sha256(content).hexdigest(),
        invited=sum(counts.values()),
        answered=counts.get("answered", 0),
    )
    if taken:
        await _tell(session, campaign, view, actor, now)
    return view


def _require_asking(campaign: Row[Any], now: datetime) -> None:
    number = format_number(campaign.number)
    if campaign.anonymous:
        raise SheetsTellWho(
            f"campaign {number} is anonymous: a file says who answered what. Hand out its links instead, or ask in a "
            "campaign that is not anonymous; its references may be the numbers of sheets"
        )
    if campaign.state != "launched":
        raise NotAsking(f"campaign {number} is {campaign.state}: answers are taken from its launch until its close")
    if campaign.closes_at is not None and campaign.closes_at <= now:
        raise NotAsking(f"campaign {number} ended at {campaign.closes_at:%Y-%m-%d %H:%M} UTC: move closes_at first")


def _read(content: bytes, content_type: str, asked: Content, ignore_unknown: bool) -> rules.Read:
    return rules.read_sheets(files.read_rows(content, content_type), asked, ignore_unknown=ignore_unknown)


async def _match(session: AsyncSession, campaign_id: UUID, read: rules.Read) -> list[tuple[Row[Any], rules.Sheet]]:
    """The sheets of those who were invited and have not answered; the others are flaws."""
    known: dict[str, Row[Any]] = {}
    for portion in _portions(sorted(sheet.reference for sheet in read.sheets)):
        known |= {row.reference: row for row in await repository.lock_invitations(session, campaign_id, portion)}
    taken = []
    for sheet in read.sheets:
        row = known.get(sheet.reference)
        if row is None:
            read.refuse(Flaw(sheet.row, "reference", f"'{sheet.reference}' is nobody of this campaign's population"))
        elif row.invitation_id is None:
            read.refuse(Flaw(sheet.row, "reference", f"'{sheet.reference}' was not drawn: only the sample answers"))
        elif row.state != "open":
            read.refuse(Flaw(sheet.row, "reference", f"'{sheet.reference}' {_NOT_OPEN[row.state]}"))
        else:
            taken.append((row, sheet))
    return taken


def _answer(campaign_id: UUID, row: Row[Any], sheet: rules.Sheet, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "campaign_id": campaign_id,
        "invitation_id": row.invitation_id,
        "stratum": row.stratum,
        "language": sheet.language,
        "answers": sheet.answers,
        "submitted_at": now,
    }


async def _tell(session: AsyncSession, campaign: Row[Any], view: SheetsView, actor: str, now: datetime) -> None:
    names = ("title", "kind", "level", "customer", "service", "project", "department", "occasion", "anonymous")
    fact = SurveySheetsTaken(
        **{name: getattr(campaign, name) for name in names},
        campaign_id=campaign.id,
        number=format_number(campaign.number),
        questionnaire=campaign.questionnaire_key,
        questionnaire_version=campaign.questionnaire_version,
        taken=view.taken,
        refused=view.refused,
        file_digest=view.digest,
        taken_by=actor,
        taken_at=now,
    )
    sequence = campaign.sequence + 1
    await campaigns.write(session, campaign.id, {"sequence": sequence, "updated_at": now})
    await record(session, fact, subject=campaign.id, sequence=sequence, correlation_id=campaign.id)


def _portions(all_of_them: Sequence[Each]) -> Iterator[Sequence[Each]]:
    for start in range(0, len(all_of_them), _PORTION):
        yield all_of_them[start : start + _PORTION]

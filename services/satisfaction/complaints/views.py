"""A complaint as it is shown: to staff, and to whoever complained."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.complaints import handling, repository, rules
from services.satisfaction.complaints.disputes import repository as disputes
from services.satisfaction.complaints.schemas import (
    Complaint,
    ComplaintView,
    DeadlineView,
    DisputeView,
    EntryView,
    OwnComplaint,
    OwnEntry,
)
from services.satisfaction.complaints.service import Work


def summarise(row: Row[Any], now: datetime) -> Complaint:
    own = {name: getattr(row, name) for name in Complaint.model_fields if name not in ("number", "overdue")}
    overdue = row.next_due_at is not None and row.next_due_at < now
    return Complaint(**own, number=rules.format_number(row.number), overdue=overdue)


async def describe_whole(work: Work, row: Row[Any]) -> ComplaintView:
    """The complaint with its deadlines, timeline and disputes; whom it is about does not see who complained."""
    summary = summarise(row, work.now).model_dump()
    added = set(ComplaintView.model_fields) - set(summary)
    own = {name: getattr(row, name) for name in added if name in row._mapping}
    deadlines = [
        _show_deadline(deadline, work.now) for deadline in await repository.list_deadlines(work.session, row.id)
    ]
    entries = await repository.list_entries(work.session, row.id)
    is_about_reader = rules.is_about(work.actor, row.complained_about)
    if is_about_reader:
        own |= {"complainant": None, "contact": None}
    return ComplaintView(
        **summary,
        **own,
        allowed=rules.list_allowed(row.state),
        missing=[] if row.state == "closed" else await handling.list_missing(work, row),
        deadlines=deadlines,
        timeline=[_show_entry(entry, is_about_reader) for entry in entries],
        disputes=[
            DisputeView.model_validate(dict(one._mapping)) for one in await disputes.list_of(work.session, row.id)
        ],
    )


def _show_entry(entry: Row[Any], is_about_reader: bool) -> EntryView:
    """What was mended may hold the complainant's name, which whom it is about does not see."""
    shown = EntryView.model_validate(dict(entry._mapping))
    return shown.model_copy(update={"detail": {}}) if is_about_reader and entry.kind == "edited" else shown


def _show_deadline(deadline: Row[Any], now: datetime) -> DeadlineView:
    waits = deadline.met_at is None and deadline.lifted_at is None
    return DeadlineView(
        kind=deadline.kind,
        due_at=deadline.due_at,
        met_at=deadline.met_at,
        lifted_at=deadline.lifted_at,
        overdue=(deadline.met_at or now) > deadline.due_at and (waits or deadline.met_at is not None),
    )


async def describe_own(session: AsyncSession, rows: Sequence[Row[Any]]) -> list[OwnComplaint]:
    """What whoever complained sees of these."""
    told: dict[UUID, list[OwnEntry]] = {row.id: [] for row in rows}
    for entry in await repository.list_public_entries(session, list(told)):
        told[entry.complaint_id].append(OwnEntry(kind=entry.kind, at=entry.at, note=entry.note))
    names = [name for name in OwnComplaint.model_fields if name not in ("number", "timeline")]
    return [
        OwnComplaint(
            **{name: getattr(row, name) for name in names},
            number=rules.format_number(row.number),
            timeline=told[row.id],
        )
        for row in rows
    ]

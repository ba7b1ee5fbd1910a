"""A meeting as it is shown: with item 0, what was said of each item, and what is missing."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.meetings import repository, rules
from services.improvement.meetings.models import Item, Meeting, Outcome
from services.improvement.meetings.schemas import (
    AttendeeView,
    ItemView,
    MeetingSummary,
    MeetingView,
    MinutesView,
    OutcomeView,
    format_number,
)


def summarise(meeting: Meeting) -> MeetingSummary:
    own = {name: getattr(meeting, name) for name in MeetingSummary.model_fields}
    return MeetingSummary(**{**own, "number": format_number(meeting.number)})


async def list_left_over(session: AsyncSession, meeting: Meeting, lock_them: bool = False) -> Sequence[Item]:
    """Item 0: what it had from earlier meetings when it was held; before that, what it would have as the next one."""
    if meeting.state in ("held", "closed"):
        return await repository.list_carried(session, meeting.id)
    if meeting.state == "cancelled" or not await repository.is_next(session, meeting):
        return []
    return await repository.list_undone(session, meeting, lock_them)


async def describe(session: AsyncSession, meeting: Meeting, today: date) -> MeetingView:
    """The whole meeting."""
    left_over = await list_left_over(session, meeting)
    own = await repository.list_items(session, meeting.id)
    outcomes = await repository.list_outcomes(session, [item.id for item in [*left_over, *own]])
    carried = [_show_item(meeting, item, f"0.{place}", outcomes, today) for place, item in enumerate(left_over, 1)]
    items = [_show_item(meeting, item, str(item.number), outcomes, today) for item in own]
    attendees = await repository.list_attendees(session, meeting.id)
    written = [MinutesView.model_validate(row) for row in await repository.list_minutes(session, meeting.id)]
    versions = [row for row in written if not row.addendum]
    missing: list[str] = []
    if meeting.state == "planned":
        missing = rules.list_missing_to_hold(bool(versions), [attendee.presence for attendee in attendees])
    elif meeting.state == "held":
        missing = rules.list_missing_to_close(meeting.kind, list_standings(carried, items))
    fields: dict[str, Any] = summarise(meeting).model_dump()
    for name in ("place", "cancel_reason", "signed_by", "signed_at", "created_by", "created_at"):
        fields[name] = getattr(meeting, name)
    return MeetingView(
        **fields,
        attendees=[AttendeeView.model_validate(attendee) for attendee in attendees],
        minutes=versions[-1] if versions else None,
        addenda=[row for row in written if row.addendum],
        carried=carried,
        items=items,
        missing=missing,
        allowed=rules.list_allowed(meeting.state),
    )


def list_standings(carried: Sequence[ItemView], items: Sequence[ItemView]) -> list[rules.Standing]:
    """What the rule of R92 looks at."""
    return [
        rules.Standing(item.label, item.title, item.kind, item.here.state if item.here else None, is_carried)
        for group, is_carried in ((carried, True), (items, False))
        for item in group
    ]


def _show_item(meeting: Meeting, item: Item, label: str, outcomes: Sequence[Outcome], today: date) -> ItemView:
    own = [outcome for outcome in outcomes if outcome.item_id == item.id]
    here = [outcome for outcome in own if outcome.meeting_id == meeting.id]
    fields = {
        name: getattr(item, name)
        for name in ItemView.model_fields
        if name not in ("label", "overdue", "here", "latest")
    }
    return ItemView(
        **fields,
        label=label,
        overdue=item.state in rules.UNDONE and item.due is not None and item.due < today,
        here=OutcomeView.model_validate(here[-1]) if here else None,
        latest=OutcomeView.model_validate(own[-1]) if own else None,
    )


def is_of(meeting_id: UUID, item: Item, left_over: Sequence[Item]) -> bool:
    """Whether the meeting talks about this item: its own, or one of item 0."""
    return item.meeting_id == meeting_id or any(other.id == item.id for other in left_over)

"""Use cases of meetings: plan, prepare, hold, sign off (R7, R16, R50, R55, R91, R92, R203)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.meetings import repository, rules
from services.improvement.meetings.models import Item, Meeting, Minutes
from services.improvement.meetings.schemas import (
    AttendeesBody,
    HoldBody,
    ItemBody,
    MeetingBody,
    MeetingEdit,
    format_number,
)
from services.improvement.meetings.views import describe, list_standings
from shared.events.meetings import MeetingHeld, MeetingItem
from shared.http import check_version
from shared.ids import new_id
from shared.outbox import record
from shared.problems import Malformed, Missing, NotFound


class MeetingNotFound(NotFound):
    pass


async def get_meeting(session: AsyncSession, meeting_id: UUID) -> Meeting:
    """Raises `MeetingNotFound`."""
    meeting = await repository.find(session, meeting_id)
    if meeting is None:
        raise MeetingNotFound(f"there is no meeting {meeting_id}")
    return meeting


async def lock_meeting(session: AsyncSession, meeting_id: UUID) -> Meeting:
    """Raises `MeetingNotFound`."""
    meeting = await repository.lock(session, meeting_id)
    if meeting is None:
        raise MeetingNotFound(f"there is no meeting {meeting_id}")
    return meeting


async def plan_meeting(session: AsyncSession, body: MeetingBody, actor: str, now: datetime) -> Meeting:
    """A meeting is to take place; whoever is named is expected."""
    meeting = Meeting(
        **body.model_dump(exclude={"attendees", "items"}),
        id=new_id(),
        version=1,
        sequence=0,
        state="planned",
        created_by=actor,
        created_at=now,
        updated_at=now,
    )
    session.add(meeting)
    await session.flush()
    people = dict.fromkeys((*body.attendees, body.chair))
    await repository.replace_attendees(
        session, meeting.id, [{"person": person, "presence": "expected", "delegate": None} for person in people]
    )
    await repository.insert_items(session, meeting.id, [_row(meeting.id, item, actor, now) for item in body.items])
    return meeting


async def edit_meeting(
    session: AsyncSession, meeting_id: UUID, body: MeetingEdit, if_match: str | None, now: datetime
) -> Meeting:
    """Another time, place, title or chair.

    Raises:
        MeetingNotFound, PreconditionRequired, LostUpdate, IllegalTransition
    """
    meeting = await _lock_for("edit", session, meeting_id, if_match)
    for name, value in body.model_dump(exclude_unset=True).items():
        if value is not None or name == "place":
            setattr(meeting, name, value)
    _touch(meeting, now)
    return meeting


async def put_attendees(
    session: AsyncSession, meeting_id: UUID, body: AttendeesBody, if_match: str | None, now: datetime
) -> Meeting:
    """Who is expected, and who came.

    Raises:
        MeetingNotFound, PreconditionRequired, LostUpdate, IllegalTransition
        Missing: a meeting that was held keeps everyone's presence told.
    """
    meeting = await _lock_for("attend", session, meeting_id, if_match)
    if meeting.state == "held":
        missing = rules.list_missing_to_hold(True, [attendee.presence for attendee in body.attendees])
        if missing:
            raise Missing("change who was there", missing)
    await repository.replace_attendees(session, meeting_id, [person.model_dump() for person in body.attendees])
    _touch(meeting, now)
    return meeting


async def write_minutes(
    session: AsyncSession, meeting_id: UUID, body: str, if_match: str | None, actor: str, now: datetime
) -> Meeting:
    """Another version of the minutes, until the chair has signed them off; earlier ones stay.

    Raises:
        MeetingNotFound, PreconditionRequired, LostUpdate, IllegalTransition
    """
    meeting = await _lock_for("minute", session, meeting_id, if_match)
    await _write(session, meeting, body, False, actor, now)
    return meeting


async def add_addendum(session: AsyncSession, meeting_id: UUID, body: str, actor: str, now: datetime) -> Meeting:
    """What puts signed minutes right: they themselves stay as they were signed.

    Raises:
        MeetingNotFound, IllegalTransition
    """
    meeting = await lock_meeting(session, meeting_id)
    rules.require_allowed("add an addendum", meeting.state)
    await _write(session, meeting, body, True, actor, now)
    return meeting


async def add_item(session: AsyncSession, meeting_id: UUID, body: ItemBody, actor: str, now: datetime) -> Meeting:
    """A point of the agenda, an item of the plan, or an action.

    Raises:
        MeetingNotFound, IllegalTransition
    """
    meeting = await lock_meeting(session, meeting_id)
    rules.require_allowed("add item", meeting.state)
    await repository.insert_items(session, meeting_id, [_row(meeting_id, body, actor, now)])
    _touch(meeting, now)
    return meeting


async def hold_meeting(
    session: AsyncSession, meeting_id: UUID, body: HoldBody, now: datetime, if_match: str | None = None
) -> Meeting:
    """It took place. What earlier meetings of the series left undone becomes its item 0 for good.

    Raises:
        MeetingNotFound, LostUpdate, IllegalTransition
        Missing: minutes, or who was there.
        Malformed: the time has not come.
    """
    meeting = await lock_meeting(session, meeting_id)
    if if_match is not None:
        check_version(if_match, meeting.version)
    rules.require_allowed("hold", meeting.state)
    attendees = await repository.list_attendees(session, meeting_id)
    presences = [attendee.presence for attendee in attendees]
    missing = rules.list_missing_to_hold(bool(await repository.list_minutes(session, meeting_id)), presences)
    if missing:
        raise Missing("hold the meeting", missing)
    held_at = body.held_at or min(meeting.planned_at, now)
    if held_at > now:
        raise Malformed(f"held_at: {held_at.isoformat()} has not come; say when it took place")
    carried = await repository.list_undone(session, meeting, lock_them=True)
    await repository.carry(session, meeting_id, carried)
    meeting.state, meeting.held_at = "held", held_at
    _touch(meeting, now)
    await session.flush()
    present = sum(presence in ("present", "delegate") for presence in presences)
    await _tell(session, meeting, carried, present, len(presences))
    return meeting


async def sign_off(
    session: AsyncSession, meeting_id: UUID, if_match: str | None, caller: str, today: date, now: datetime
) -> Meeting:
    """The chair signs the minutes off: from now on nothing of them is changed (R92).

    Raises:
        MeetingNotFound, PreconditionRequired, LostUpdate, IllegalTransition, NotTheChair
        Missing: the monthly meeting has not said of every item of the plan whether it was done.
    """
    meeting = await _lock_for("sign off", session, meeting_id, if_match)
    rules.require_chair(caller, meeting.chair)
    view = await describe(session, meeting, today)
    missing = rules.list_missing_to_close(meeting.kind, list_standings(view.carried, view.items))
    if missing:
        raise Missing("sign off", missing)
    meeting.state, meeting.signed_by, meeting.signed_at = "closed", caller, now
    _touch(meeting, now)
    return meeting


async def cancel_meeting(session: AsyncSession, meeting_id: UUID, reason: str, now: datetime) -> Meeting:
    """It does not take place. What was left undone waits for the next one.

    Raises:
        MeetingNotFound, IllegalTransition
    """
    meeting = await lock_meeting(session, meeting_id)
    rules.require_allowed("cancel", meeting.state)
    meeting.state, meeting.cancel_reason = "cancelled", reason
    _touch(meeting, now)
    return meeting


async def _lock_for(action: rules.Action, session: AsyncSession, meeting_id: UUID, if_match: str | None) -> Meeting:
    meeting = await lock_meeting(session, meeting_id)
    check_version(if_match, meeting.version)
    rules.require_allowed(action, meeting.state)
    return meeting


async def _write(session: AsyncSession, meeting: Meeting, body: str, addendum: bool, actor: str, now: datetime) -> None:
    written = await repository.list_minutes(session, meeting.id)
    session.add(
        Minutes(
            id=new_id(),
            meeting_id=meeting.id,
            version=len(written) + 1,
            addendum=addendum,
            body=body,
            written_by=actor,
            written_at=now,
        )
    )
    _touch(meeting, now)
    await session.flush()


async def _tell(session: AsyncSession, meeting: Meeting, carried: Sequence[Item], present: int, invited: int) -> None:
    own = await repository.list_items(session, meeting.id)
    meeting.sequence += 1
    assert meeting.held_at is not None
    fact = MeetingHeld(
        meeting_id=meeting.id,
        number=format_number(meeting.number),
        kind=meeting.kind,
        department=meeting.department,
        title=meeting.title,
        chair=meeting.chair,
        planned_at=meeting.planned_at,
        held_at=meeting.held_at,
        present=present,
        invited=invited,
        carried=len(carried),
        items=tuple(_say(item) for item in [*carried, *own] if item.kind != "action" or item.meeting_id != meeting.id),
        actions=tuple(_say(item) for item in own if item.kind == "action"),
    )
    await record(session, fact, subject=meeting.id, sequence=meeting.sequence, correlation_id=meeting.id)


def _say(item: Item) -> MeetingItem:
    return MeetingItem(
        item_id=item.id,
        kind=item.kind,
        title=item.title,
        state=item.state,
        owner=item.owner,
        due=item.due,
        carries=item.carries,
        improvement_id=item.improvement_id,
    )


def _touch(meeting: Meeting, now: datetime) -> None:
    meeting.version += 1
    meeting.updated_at = now


def _row(meeting_id: UUID, body: ItemBody, actor: str, now: datetime) -> dict[str, Any]:
    return {
        **body.model_dump(),
        "id": new_id(),
        "meeting_id": meeting_id,
        "version": 1,
        "state": "open",
        "carries": 0,
        "created_by": actor,
        "created_at": now,
    }

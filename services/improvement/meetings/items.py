"""Use cases of a meeting's items: mended, told done or not, made an improvement."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements.models import Improvement
from services.improvement.improvements.service import open_record
from services.improvement.links.service import attach
from services.improvement.meetings import repository, rules
from services.improvement.meetings.models import Item, Meeting, Outcome
from services.improvement.meetings.schemas import ImprovementBody, ItemEdit, OutcomeBody, format_number
from services.improvement.meetings.service import lock_meeting
from services.improvement.meetings.views import is_of, list_left_over
from shared.auth import Principal
from shared.http import check_version
from shared.ids import new_id
from shared.problems import Forbidden, IllegalTransition, Malformed, NotFound


class ItemNotFound(NotFound):
    pass


async def edit_item(
    session: AsyncSession, meeting_id: UUID, item_id: UUID, body: ItemEdit, if_match: str | None, now: datetime
) -> Item:
    """Mend an item of the meeting's own, until the minutes are signed off.

    Raises:
        MeetingNotFound, ItemNotFound, PreconditionRequired, LostUpdate, IllegalTransition
        Malformed: an action without owner or due.
    """
    meeting = await lock_meeting(session, meeting_id)
    item = await repository.lock_item(session, item_id)
    if item is None or item.meeting_id != meeting_id:
        raise ItemNotFound(f"meeting {meeting_id} has no item {item_id} of its own")
    check_version(if_match, item.version)
    rules.require_allowed("add item", meeting.state)
    rules.require_undone("edit the item", item.state)
    for name, value in body.model_dump(exclude_unset=True).items():
        if name != "title" or value is not None:
            setattr(item, name, value)
    if item.kind == "action" and (item.owner is None or item.due is None):
        raise Malformed("owner, due: an action says who does it, and until when")
    _touch(meeting, item, now)
    return item


async def tell_outcome(
    session: AsyncSession, meeting_id: UUID, item_id: UUID, body: OutcomeBody, caller: Principal, now: datetime
) -> Item:
    """Done, not done, or dropped (R92). Said in the meeting until its minutes are signed off, after that between two
    meetings; by an organiser or the item's owner.

    Raises:
        MeetingNotFound, ItemNotFound, NotAskedFor, IllegalTransition, Forbidden
    """
    meeting, item = await _lock(session, meeting_id, item_id)
    rules.require_task(item.kind)
    rules.require_undone("tell what became of the item", item.state)
    if caller.roles.isdisjoint(rules.ORGANISERS) and caller.subject != item.owner:
        raise Forbidden(f"'{caller.subject}' neither organises meetings nor owns this item ('{item.owner}' does)")
    await _tell(session, meeting, item, body.state, body.reason, caller.subject, now)
    return item


async def open_improvement(
    session: AsyncSession, meeting_id: UUID, item_id: UUID, body: ImprovementBody, actor: str, now: datetime
) -> tuple[Item, Improvement]:
    """An action becomes an improvement of origin meeting, linked to it (R7); from then on it is followed there. Where
    measure and scope have an open record, it is linked to that one.

    Raises:
        MeetingNotFound, ItemNotFound, NotAskedFor, IllegalTransition
    """
    meeting, item = await _lock(session, meeting_id, item_id)
    rules.require_task(item.kind)
    rules.require_undone("make it an improvement", item.state)
    number = format_number(meeting.number)
    record, _ = await open_record(
        session,
        origin="meeting",
        title=body.title or item.title,
        problem=body.problem or item.detail or item.title,
        correlation_id=str(meeting.id),
        requester=actor,
        now=now,
        measure_key=body.measure_key,
        scope=body.scope,
        department=meeting.department,
        owner=item.owner,
        note=f"{number}: {item.title}",
    )
    await attach(session, record.id, "meeting", str(meeting.id), actor, now, title=f"{number} {meeting.title}"[:200])
    item.improvement_id = record.id
    await _tell(session, meeting, item, "improvement", None, actor, now)
    return item, record


async def _lock(session: AsyncSession, meeting_id: UUID, item_id: UUID) -> tuple[Meeting, Item]:
    meeting = await lock_meeting(session, meeting_id)
    left_over = await list_left_over(session, meeting)
    item = await repository.lock_item(session, item_id)
    if item is None or not is_of(meeting_id, item, left_over):
        raise ItemNotFound(f"meeting {meeting_id} has no item {item_id}, neither its own nor carried over to it")
    if meeting.state == "cancelled":
        raise IllegalTransition("tell of its items", meeting.state, ["the next meeting"])
    return meeting, item


async def _tell(
    session: AsyncSession, meeting: Meeting, item: Item, state: str, reason: str | None, actor: str, now: datetime
) -> None:
    session.add(
        Outcome(
            id=new_id(),
            item_id=item.id,
            meeting_id=None if meeting.state == "closed" else meeting.id,
            state=state,
            reason=reason,
            told_by=actor,
            told_at=now,
        )
    )
    item.state = state
    _touch(meeting, item, now)
    await session.flush()


def _touch(meeting: Meeting, item: Item, now: datetime) -> None:
    item.version += 1
    if meeting.state != "closed":
        meeting.version += 1
        meeting.updated_at = now

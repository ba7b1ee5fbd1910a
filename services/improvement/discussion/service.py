"""Use cases of the discussion: say, mend, retract (R19, R20)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.discussion import repository, rules
from services.improvement.discussion.models import Entry
from services.improvement.discussion.schemas import CommentBody, DecisionBody, EntryEdit, ProgressBody
from services.improvement.participants.access import require_open, visible_improvement
from shared.auth import Principal, Role, customer_of
from shared.http import check_version
from shared.ids import new_id
from shared.problems import Forbidden, IllegalTransition, Malformed, NotFound


class EntryNotFound(NotFound):
    pass


async def write_entry(
    session: AsyncSession,
    improvement_id: UUID,
    body: CommentBody | ProgressBody | DecisionBody,
    caller: Principal,
    now: datetime,
) -> Entry:
    """Say something about the record. A comment is welcome after its end too, progress and decisions are not.

    Raises:
        ImprovementNotFound, RecordIsOver
        Forbidden: a customer writes comments, nothing else.
    """
    record = await visible_improvement(session, improvement_id, caller)
    customer = customer_of(caller)
    if body.kind != "comment":
        if customer is not None:
            raise Forbidden(f"kind: a customer writes comments, and '{caller.subject}' is a customer's token")
        require_open(record, f"record a {body.kind}" if body.kind == "decision" else "report progress")
    given = body.model_dump()
    if isinstance(body, CommentBody):
        given["visible_to_customer"] = body.visible_to_customer or customer is not None
    if isinstance(body, DecisionBody):
        given["decided_by"] = list(body.decided_by)
    entry = Entry(
        **{"visible_to_customer": False, **given},
        id=new_id(),
        improvement_id=improvement_id,
        version=1,
        author=caller.subject,
        author_name=caller.name,
        customer=customer,
        written_at=now,
    )
    session.add(entry)
    await session.flush()
    return entry


async def find_entry(session: AsyncSession, improvement_id: UUID, entry_id: UUID, caller: Principal) -> Entry:
    """One that this caller may read. Raises `ImprovementNotFound`, `EntryNotFound`, `Forbidden`."""
    await visible_improvement(session, improvement_id, caller)
    return _readable(await repository.find(session, improvement_id, entry_id), improvement_id, entry_id, caller)


async def edit_entry(
    session: AsyncSession,
    improvement_id: UUID,
    entry_id: UUID,
    body: EntryEdit,
    if_match: str | None,
    caller: Principal,
    now: datetime,
    minutes: int,
) -> Entry:
    """Mend a slip, within `minutes` of writing.

    Raises:
        ImprovementNotFound, EntryNotFound, PreconditionRequired, LostUpdate, NotTheAuthor, NoLongerEditable
        Malformed: percent without progress, or nothing next below 100 per cent.
    """
    await visible_improvement(session, improvement_id, caller)
    found = await repository.lock(session, improvement_id, entry_id)
    entry = _readable(found, improvement_id, entry_id, caller)
    check_version(if_match, entry.version)
    rules.require_editable(
        entry.kind, entry.author, caller.subject, entry.written_at, now, minutes, entry.retracted_at is not None
    )
    given = body.model_dump(exclude_unset=True)
    if entry.kind != "progress" and given.keys() & {"percent", "next_step"}:
        raise Malformed(f"percent, next_step: a {entry.kind} has none; they belong to progress")
    for name in ("body", "percent"):
        if given.get(name) is not None:
            setattr(entry, name, given[name])
    if "next_step" in given:
        entry.next_step = given["next_step"]
    if entry.kind == "progress" and entry.percent != 100 and entry.next_step is None:
        raise Malformed("next_step: say what is done next, until the work is at 100 per cent")
    entry.edited_at = now
    entry.version += 1
    return entry


async def retract_entry(
    session: AsyncSession, improvement_id: UUID, entry_id: UUID, reason: str, caller: Principal, now: datetime
) -> Entry:
    """Take back, with a reason; the words stay on the record. By the author or the supervisor.

    Raises:
        ImprovementNotFound, EntryNotFound, IllegalTransition, NotTheAuthor
    """
    await visible_improvement(session, improvement_id, caller)
    found = await repository.lock(session, improvement_id, entry_id)
    entry = _readable(found, improvement_id, entry_id, caller)
    if entry.retracted_at is not None:
        raise IllegalTransition("retract", "retracted", [])
    if caller.subject != entry.author and Role.IMPROVEMENT_SUPERVISOR not in caller.roles:
        raise rules.NotTheAuthor(f"'{entry.author}' wrote this; only they or an improvement supervisor retract it")
    entry.retracted_by, entry.retracted_at, entry.retraction_reason = caller.subject, now, reason
    entry.version += 1
    return entry


def _readable(entry: Entry | None, improvement_id: UUID, entry_id: UUID, caller: Principal) -> Entry:
    if entry is not None and customer_of(caller) is None:
        return entry
    if entry is None or entry.kind != "comment" or not entry.visible_to_customer:
        raise EntryNotFound(f"improvement {improvement_id} has no entry {entry_id} in its discussion")
    return entry

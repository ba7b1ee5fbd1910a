"""The transactional outbox: an event is a row in the same commit as the change that it tells of."""

from collections.abc import Sequence

from sqlalchemy import LargeBinary, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from shared import clock
from shared.database import Spine, wake_after_commit
from shared.events.envelope import Draft, Fact, Origin, current_origin, serialise

RELAY = "relay"


async def record(
    session: AsyncSession,
    data: Fact,
    *,
    subject: object,
    sequence: int,
    correlation_id: object | None = None,
) -> None:
    """Record one event in the caller's transaction.

    `subject` is the aggregate's id and `sequence` its version, rising by one with each event. `correlation_id` is the
    story's id where the aggregate knows it; else the current origin's.
    """
    origin = current_origin.get()
    if correlation_id is not None:
        origin = Origin(origin.actor, str(correlation_id), origin.causation_id, origin.traceparent)
    await record_all(session, [Draft(data, str(subject), sequence, origin)])


async def record_all(session: AsyncSession, drafts: Sequence[Draft]) -> None:
    """Record many events by one statement, in this order."""
    if not drafts:
        return
    spine: Spine = session.info["spine"]
    now = clock.now()
    types = [draft.data.TYPE for draft in drafts]
    bodies = [serialise(draft, spine.service, now)[1] for draft in drafts]
    await session.execute(_INSERT, {"types": types, "bodies": bodies})
    wake_after_commit(session, RELAY)


_INSERT = text("INSERT INTO outbox (type, body) SELECT * FROM unnest(:types, :bodies)").bindparams(
    bindparam("types", type_=ARRAY(Text)), bindparam("bodies", type_=ARRAY(LargeBinary))
)

"""Use cases of the ledger."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.audit.ledger import repository, rules
from services.audit.ledger.schemas import Verification
from shared.events.envelope import Event

_VERIFY_PORTION = 5000


async def append_events(session: AsyncSession, events: Sequence[Event[Any]]) -> None:
    """Append events in order of arrival; the chain's head is locked until the transaction ends."""
    position, head = await repository.lock_head(session)
    hashes = list(rules.extend_chain(head, (event.raw for event in events)))
    await repository.append(session, position + 1, events, hashes)


async def verify_chain(session: AsyncSession) -> Verification:
    """Recompute every hash from the first entry to the head."""
    last_position, last_hash = await repository.head(session)
    position, current = 0, rules.GENESIS
    while position < last_position:
        rows = await repository.list_entries(session, {}, position, _VERIFY_PORTION)
        entries = [(row.position, bytes(row.body), bytes(row.hash)) for row in rows]
        broken_at = position + 1 if not entries else rules.find_break(current, entries, position + 1)
        if broken_at is not None:
            return Verification(intact=False, entries=last_position, head=last_hash.hex(), broken_at=broken_at)
        position, _, current = entries[-1]
    intact = position == last_position and current == last_hash
    return Verification(
        intact=intact, entries=last_position, head=last_hash.hex(), broken_at=None if intact else last_position
    )

"""REST of the ledger."""

from typing import Annotated

from fastapi import Path, Query

from services.audit.ledger import repository, service
from services.audit.ledger.schemas import Entry, Trace, Verification
from shared import problems
from shared.auth import Staff
from shared.http import Reading, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("ledger")

Filter = Annotated[str | None, Query(max_length=300)]
MOST_TRACED = 2000


class TraceNotFound(problems.NotFound):
    pass


@routes.get("/ledger")
async def list_ledger(
    session: Reading,
    _caller: Staff,
    type: Filter = None,  # noqa: A002 - the CloudEvents name
    subject: Filter = None,
    source: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Entry]:
    """Every event of every service, oldest first."""
    after = decode_cursor(cursor, int)[0] if cursor else 0
    filters = {"type": type, "subject": subject, "source": source}
    given = {column: value for column, value in filters.items() if value is not None}
    rows = await repository.list_entries(session, given, after, limit + 1)
    return page([Entry.of(row) for row in rows], limit, lambda entry: encode_cursor(entry.position))


@routes.get("/ledger/verification")
async def verify_ledger(session: Reading, _caller: Staff) -> Verification:
    """Recompute the whole chain now."""
    return await service.verify_chain(session)


@routes.get("/trace/{correlation_id}")
async def trace(
    correlation_id: Annotated[str, Path(min_length=1, max_length=100)], session: Reading, _caller: Staff
) -> Trace:
    """The whole story behind a correlation id: of a gap, or of a ticket."""
    rows = await repository.list_entries(session, {"correlation_id": correlation_id}, 0, MOST_TRACED + 1)
    if not rows:
        raise TraceNotFound(f"the ledger holds nothing with the correlation id {correlation_id}")
    entries = [Entry.of(row) for row in rows[:MOST_TRACED]]
    return Trace(correlation_id=correlation_id, entries=entries, truncated=len(rows) > MOST_TRACED)

"""Use cases of imports: chunk by chunk, each in one transaction with its effects, so that a stop loses nothing and a
repeat changes nothing."""

import csv
from io import StringIO
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.connections import repository as connections
from services.metrics.connections.service import find_zone
from services.metrics.evaluation.repository import EVALUATION
from services.metrics.imports import repository
from services.metrics.imports.schemas import ChunkResult, ImportBody
from services.metrics.inbound import repository as inbound_repository
from services.metrics.inbound import rules
from services.metrics.inbound import service as inbound
from services.metrics.tickets import service as tickets
from shared import clock, problems
from shared.database import wake_after_commit
from shared.events.envelope import current_origin
from shared.ids import new_id
from shared.ticketing.servicenow.log_mapper import COLUMNS

MOST_ROWS = 5000
csv.field_size_limit(1_000_000)  # as the client's: a long description is no reason to refuse a chunk


class ImportNotFound(problems.NotFound):
    pass


class ChunkMissing(problems.Problem):
    """Rows between what was taken and this chunk are missing."""

    status = 409


class ImportIncomplete(problems.Problem):
    status = 409


class UnreadableChunk(problems.Problem):
    status = 422


async def begin(session: AsyncSession, body: ImportBody) -> Row[Any]:
    """A new import, or the same file's going on where it stopped."""
    now = clock.now()
    found = await repository.begin_import(
        session,
        {
            "id": new_id(),
            **body.model_dump(),
            "rows_done": 0,
            "accepted": 0,
            "changed": 0,
            "quarantined": 0,
            "state": "running",
            "started_by": current_origin.get().actor,
            "started_at": now,
            "heartbeat_at": now,
        },
    )
    await repository.set_state(session, found.id, heartbeat_at=now)
    return found


async def take_chunk(session: AsyncSession, import_id: UUID, offset: int, body: bytes) -> ChunkResult:
    """Take the rows from data row `offset` on (a header line first).

    Raises:
        ImportNotFound; ChunkMissing (with `expected`); UnreadableChunk: not such a CSV.
    """
    known = await _lock(session, import_id)
    if offset < known.rows_done or known.state == "finished":
        return ChunkResult(rows_done=known.rows_done, accepted=0, changed=0, quarantined=0)
    if offset > known.rows_done:
        raise ChunkMissing(
            f"rows {known.rows_done} to {offset} are missing; go on at {known.rows_done}", expected=known.rows_done
        )
    rows = _read(body)
    connection = await connections.get_connection(session, known.connection)
    zone = find_zone(connection.time_zone if connection else "UTC")
    understood = rules.read_rows(rows, offset + 1, known.filename, known.connection, zone, clock.now())
    now = clock.now()
    values = inbound.payload_values(known.connection, "import", rules.CSV, body, understood)
    await inbound_repository.keep_payloads(session, [values])
    origin = f"import {known.filename}"
    unread = understood.unread
    kept = await inbound.quarantine(session, origin, known.connection, rules.CSV_ROW, unread, values["id"])
    ingested = await tickets.ingest(session, understood.facts)
    await repository.advance(session, import_id, len(rows), ingested.accepted, ingested.changed, len(kept), now)
    return ChunkResult(
        rows_done=known.rows_done + len(rows),
        accepted=ingested.accepted,
        changed=ingested.changed,
        quarantined=len(kept),
    )


async def finish(session: AsyncSession, import_id: UUID) -> Row[Any]:
    """All rows are there: the months may be judged.

    Raises:
        ImportNotFound; ImportIncomplete: rows are missing.
    """
    known = await _lock(session, import_id)
    if known.rows_done < known.rows:
        raise ImportIncomplete(
            f"{known.rows_done} of {known.rows} rows were taken; go on at {known.rows_done}", expected=known.rows_done
        )
    if known.state == "running":
        await repository.set_state(session, import_id, state="finished", finished_at=clock.now())
        wake_after_commit(session, EVALUATION)
    return await _lock(session, import_id)


async def _lock(session: AsyncSession, import_id: UUID) -> Row[Any]:
    known = await repository.lock_import(session, import_id)
    if known is None:
        raise ImportNotFound(f"there is no import {import_id}; POST /metrics/v1/imports begins one")
    return known


def _read(body: bytes) -> list[dict[str, str | None]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableChunk(f"byte {error.start} is not UTF-8") from error
    reader = csv.DictReader(StringIO(text, newline=""), restkey=None, strict=True)
    try:
        missing = COLUMNS - set(reader.fieldnames or ())
        if missing:
            raise UnreadableChunk(f"the header lacks {', '.join(sorted(missing))}")
        rows: list[dict[str, str | None]] = list(reader)
    except csv.Error as error:
        raise UnreadableChunk(f"line {reader.line_num}: {error}") from error
    if len(rows) > MOST_ROWS:
        raise UnreadableChunk(f"{len(rows)} rows in one chunk; send at most {MOST_ROWS}")
    return rows

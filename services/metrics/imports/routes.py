"""REST of imports; `ratchet import` speaks it."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request

from services.metrics.imports import repository, service
from services.metrics.imports.schemas import ChunkResult, ImportBody, ImportView
from shared.auth import Principal, Role, Staff, require
from shared.http import Reading, Writing, router

routes = router("imports")
Importer = Annotated[Principal, Depends(require(Role.INTEGRATION, Role.ADMINISTRATOR))]


@routes.get("/imports")
async def list_imports(session: Reading, _caller: Staff) -> list[ImportView]:
    """The last hundred imports, newest first."""
    return [ImportView.model_validate(row) for row in await repository.list_imports(session)]


@routes.post("/imports")
async def begin_import(body: ImportBody, session: Writing, _caller: Importer) -> ImportView:
    """Begin to import a file, or go on with it: `rows_done` tells where."""
    return ImportView.model_validate(await service.begin(session, body))


@routes.put(
    "/imports/{import_id}/chunks/{offset}",
    openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def take_chunk(
    import_id: UUID,
    offset: Annotated[int, Path(ge=0, le=1_000_000_000)],
    session: Writing,
    request: Request,
    _caller: Importer,
) -> ChunkResult:
    """Take the rows from data row `offset` on, with the header line first; a chunk taken before has no effect."""
    return await service.take_chunk(session, import_id, offset, await request.body())


@routes.post("/imports/{import_id}/finish")
async def finish_import(import_id: UUID, session: Writing, _caller: Importer) -> ImportView:
    """All rows were sent: the months may be judged."""
    return ImportView.model_validate(await service.finish(session, import_id))

"""REST of the connections to ticketing systems."""

from typing import Annotated

from fastapi import Depends, Path, Request, Response

from services.metrics.connections import repository, service, trying
from services.metrics.connections.schemas import ConnectionBody, ConnectionView
from services.metrics.connections.service import Sources
from shared.auth import Principal, Role, Staff, require
from shared.database import Database
from shared.fields import Key
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.ticketing.findings import TestView

routes = router("connections")
ConnectionKey = Annotated[Key, Path(description="The connection's key.")]
Administrator = Annotated[Principal, Depends(require(Role.ADMINISTRATOR))]


def sources_of(request: Request) -> Sources:
    sources: Sources = request.app.state.sources
    return sources


@routes.get("/connections")
async def list_connections(session: Reading, _caller: Staff) -> list[ConnectionView]:
    """The ticketing systems that tickets come from."""
    return [ConnectionView.of(row) for row in await repository.list_connections(session)]


@routes.get("/connections/{key}")
async def get_connection(key: ConnectionKey, session: Reading, _caller: Staff, response: Response) -> ConnectionView:
    """One connection, without its secrets."""
    row = await service.find_connection(session, key)
    response.headers["ETag"] = etag(row.version)
    return ConnectionView.of(row)


@routes.put("/connections/{key}")
async def put_connection(
    key: ConnectionKey,
    body: ConnectionBody,
    session: Writing,
    sources: Annotated[Sources, Depends(sources_of)],
    _caller: Administrator,
    response: Response,
    if_match: IfMatch = None,
) -> ConnectionView:
    """Define a connection, or change it; a secret that is left out stays."""
    row = await service.put_connection(session, key, body, sources, if_match)
    response.headers["ETag"] = etag(row.version)
    return ConnectionView.of(row)


@routes.post("/connections/{key}/test")
async def try_connection(
    key: ConnectionKey, request: Request, sources: Annotated[Sources, Depends(sources_of)], _caller: Administrator
) -> TestView:
    """Try the connection: reach it, sign in and read the last day's records; and tell whether disputed incidents can be
    reopened by it. Nothing of it is kept, nothing there is changed."""
    database: Database = request.app.state.database
    async with database.reading() as session:
        row = await service.find_connection(session, key)
    findings = await trying.try_connection(sources, row)
    return TestView.of(findings)

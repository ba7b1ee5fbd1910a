"""REST of the connections to change management."""

from typing import Annotated

from fastapi import Depends, Path, Request, Response

from services.improvement.connections import repository, service
from services.improvement.connections.schemas import ConnectionBody, ConnectionView
from shared import clock
from shared.auth import Principal, Role, require
from shared.database import Database
from shared.fields import Key
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.ticketing.findings import TestView

routes = router("change-connections")
Administrator = Annotated[Principal, Depends(require(Role.ADMINISTRATOR))]
ConnectionKey = Annotated[Key, Path()]


def ticketing_of(request: Request) -> service.Ticketing:
    ticketing: service.Ticketing = request.app.state.ticketing
    return ticketing


Ticketing = Annotated[service.Ticketing, Depends(ticketing_of)]


@routes.get("/change-connections")
async def list_connections(session: Reading, ticketing: Ticketing, _caller: Administrator) -> list[ConnectionView]:
    """All of them. Without a default among them, changes go to the built-in `memory`."""
    return [ConnectionView.of(item, ticketing.unseal(item)) for item in await repository.list_all(session)]


@routes.get("/change-connections/{key}")
async def get_connection(
    key: ConnectionKey, session: Reading, ticketing: Ticketing, _caller: Administrator, response: Response
) -> ConnectionView:
    """One connection, without its secrets."""
    connection = await service.get_connection(session, key)
    response.headers["ETag"] = etag(connection.version)
    return ConnectionView.of(connection, ticketing.unseal(connection))


@routes.put("/change-connections/{key}")
async def put_connection(
    key: ConnectionKey,
    body: ConnectionBody,
    session: Writing,
    ticketing: Ticketing,
    caller: Administrator,
    response: Response,
    if_match: IfMatch = None,
) -> ConnectionView:
    """Create or replace a connection; the last one written with `default` is the one that changes are raised by."""
    connection = await service.put_connection(session, ticketing, key, body, if_match, caller.subject, clock.now())
    response.headers["ETag"] = etag(connection.version)
    return ConnectionView.of(connection, ticketing.unseal(connection))


@routes.delete("/change-connections/{key}", status_code=204)
async def remove_connection(
    key: ConnectionKey, session: Writing, _caller: Administrator, if_match: IfMatch = None
) -> None:
    """Forget a connection that no open change goes by."""
    await service.remove_connection(session, key, if_match)


@routes.post("/change-connections/{key}/test")
async def try_connection(
    key: ConnectionKey, request: Request, ticketing: Ticketing, _caller: Administrator
) -> TestView:
    """Try what a change will need: address, sign-in, the right to read and to create, where the options lead. Nothing
    there is changed; what cannot be tried without a change is said to be so."""
    database: Database = request.app.state.database
    async with database.reading() as session:
        opened = await service.open_connection(session, ticketing, key)
    return TestView.of(await service.try_connection(opened))

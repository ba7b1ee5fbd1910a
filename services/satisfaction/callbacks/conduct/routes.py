"""REST of the items of conduct (R185)."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Path, Response

from services.satisfaction.callbacks.conduct import service
from services.satisfaction.callbacks.conduct.rules import Item
from services.satisfaction.callbacks.conduct.schemas import ConductItem, ConductItemWithVersions, ItemBody, NewItem
from shared import clock
from shared.auth import STAFF, Principal, Role, require
from shared.http import IfMatch, Reading, Writing, etag, router

routes = router("callbacks")

Reader = Annotated[Principal, Depends(require(*STAFF, Role.INTEGRATION))]
Keeper = Annotated[Principal, Depends(require(Role.QUALITY_MANAGER, Role.OPERATIONS_MANAGER, Role.ADMINISTRATOR))]
ItemPath = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_.-]{0,59}$")]


@routes.get("/conduct-items")
async def list_conduct_items(session: Reading, _caller: Reader) -> Sequence[ConductItem]:
    """What is asked about conduct, retired items too: a handful, so all of them at once."""
    return [_show(item) for item in (await service.load_items(session)).values()]


@routes.post("/conduct-items", status_code=201)
async def add_conduct_item(new: NewItem, session: Writing, caller: Keeper, response: Response) -> ConductItem:
    """Ask one thing more."""
    item = await service.add_item(session, new, caller.subject, clock.now())
    response.headers["Location"] = f"/satisfaction/v1/conduct-items/{item.key}"
    response.headers["ETag"] = etag(item.version)
    return _show(item)


@routes.get("/conduct-items/{item_key}")
async def get_conduct_item(
    item_key: ItemPath, session: Reading, _caller: Reader, response: Response
) -> ConductItemWithVersions:
    """One item with every wording that it had."""
    item = await service.get_item(session, item_key)
    response.headers["ETag"] = etag(item.version)
    return item


@routes.put("/conduct-items/{item_key}")
async def reword_conduct_item(
    item_key: ItemPath,
    body: ItemBody,
    session: Writing,
    caller: Keeper,
    response: Response,
    if_match: IfMatch = None,
) -> ConductItem:
    """A new version; answers keep the version that was asked."""
    item = await service.reword_item(session, item_key, body, caller.subject, clock.now(), if_match)
    response.headers["ETag"] = etag(item.version)
    return _show(item)


@routes.post("/conduct-items/{item_key}/retire")
async def retire_conduct_item(
    item_key: ItemPath, session: Writing, caller: Keeper, response: Response, if_match: IfMatch = None
) -> ConductItem:
    """Ask it no more; what was answered stays."""
    item = await service.retire_item(session, item_key, caller.subject, clock.now(), if_match)
    response.headers["ETag"] = etag(item.version)
    return _show(item)


def _show(item: Item) -> ConductItem:
    return ConductItem.model_validate(item, from_attributes=True)

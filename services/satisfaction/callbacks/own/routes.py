"""REST for customers: what they are asked, and what they answered. Nobody sees another customer's."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from services.satisfaction.callbacks import repository
from services.satisfaction.callbacks.own.schemas import OwnCallback
from services.satisfaction.callbacks.repository import Filters
from services.satisfaction.callbacks.routes import read_cursor
from services.satisfaction.callbacks.rules import State
from services.satisfaction.callbacks.service import CallbackNotFound
from services.satisfaction.settings import Thresholds
from shared import clock
from shared.auth import Principal, Role, require
from shared.http import Reading, router
from shared.pagination import Cursor, Limit, Page, encode_cursor, page
from shared.problems import Forbidden

routes = router("own callbacks")


async def _find_customer(caller: Annotated[Principal, Depends(require(Role.CUSTOMER))]) -> str:
    """Whom the caller speaks for. Raises `Forbidden`."""
    if caller.customer is None:
        raise Forbidden(f"'{caller.subject}' is a customer's token without the claim 'customer', which says whose")
    return caller.customer


Customer = Annotated[str, Depends(_find_customer)]


@routes.get("/own-callbacks")
async def list_own_callbacks(
    session: Reading,
    customer: Customer,
    thresholds: Thresholds,
    state: State | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[OwnCallback]:
    """The customer's own, what is due next first."""
    filters = Filters(clock.now(), state, customer=customer)
    rows = await repository.list_callbacks(session, filters, thresholds.claim_by, read_cursor(cursor), limit + 1)
    shown = [OwnCallback.model_validate(row._mapping) for row in rows]
    return page(shown, limit, lambda last: encode_cursor(last.due_at.isoformat(), str(last.id)))


@routes.get("/own-callbacks/{callback_id}")
async def get_own_callback(callback_id: UUID, session: Reading, customer: Customer) -> OwnCallback:
    """One of the customer's own; another customer's is not found."""
    row = await repository.get(session, callback_id)
    if row is None or row.customer != customer:
        raise CallbackNotFound(f"no callback {callback_id}")
    return OwnCallback.model_validate(row._mapping)

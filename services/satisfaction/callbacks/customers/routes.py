"""REST of what a call needs to know of a customer."""

from typing import Annotated, Any

from fastapi import Depends, Path, Response
from sqlalchemy import Row

from services.satisfaction.callbacks.customers import repository, service
from services.satisfaction.callbacks.customers.schemas import CallbackCustomer, CustomerBody
from shared import clock
from shared.auth import STAFF, Principal, Role, require
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("callbacks")

Reader = Annotated[Principal, Depends(require(*STAFF, Role.INTEGRATION))]
KEEPERS = (Role.SERVICE_DESK, Role.OPERATIONS_MANAGER, Role.QUALITY_MANAGER, Role.INTEGRATION)
Keeper = Annotated[Principal, Depends(require(*KEEPERS))]
Customer = Annotated[str, Path(min_length=1, max_length=300, description="As the tickets name the customer.")]


@routes.get("/callback-customers")
async def list_callback_customers(
    session: Reading, _caller: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[CallbackCustomer]:
    """By name of the customer."""
    after = decode_cursor(cursor, str)[0] if cursor else None
    rows = await repository.list_customers(session, after, limit + 1)
    return page([_show(row) for row in rows], limit, lambda last: encode_cursor(last.customer))


@routes.get("/callback-customers/{customer:path}")
async def get_callback_customer(
    customer: Customer, session: Reading, _caller: Reader, response: Response
) -> CallbackCustomer:
    """Zone, quiet hours and desk of one customer."""
    row = await service.get_customer(session, customer)
    response.headers["ETag"] = etag(row.version)
    return _show(row)


@routes.put("/callback-customers/{customer:path}")
async def set_callback_customer(
    customer: Customer,
    body: CustomerBody,
    session: Writing,
    caller: Keeper,
    response: Response,
    if_match: IfMatch = None,
) -> CallbackCustomer:
    """Say how a customer is called. What is said later needs `If-Match`."""
    row = await service.set_customer(session, customer, body, caller.subject, clock.now(), if_match)
    response.headers["ETag"] = etag(row.version)
    return _show(row)


def _show(row: Row[Any]) -> CallbackCustomer:
    return CallbackCustomer.model_validate(row._mapping)

"""REST for customers: their own complaints, and their word on the answers."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.complaints import reactions, repository, rules, service
from services.satisfaction.complaints.intake.service import receive
from services.satisfaction.complaints.repository import Filters
from services.satisfaction.complaints.routes import read_cursor
from services.satisfaction.complaints.schemas import Acceptance, NewComplaint, OwnComplaint, OwnNewComplaint, Reason
from services.satisfaction.complaints.service import ComplaintNotFound, Work
from services.satisfaction.complaints.views import describe_own
from services.satisfaction.settings import Thresholds
from shared import clock
from shared.auth import Principal, Role, require
from shared.http import Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, encode_cursor, page
from shared.problems import Forbidden

routes = router("own complaints")


async def _find_customer(caller: Annotated[Principal, Depends(require(Role.CUSTOMER))]) -> str:
    """Whom the caller speaks for. Raises `Forbidden`."""
    if caller.customer is None:
        raise Forbidden("your token names no customer; ask for one that does, or use the public form")
    return caller.customer


Customer = Annotated[str, Depends(_find_customer)]
Person = Annotated[Principal, Depends(require(Role.CUSTOMER))]


@routes.post("/own-complaints", status_code=201)
async def complain(
    body: OwnNewComplaint,
    session: Writing,
    customer: Customer,
    caller: Person,
    thresholds: Thresholds,
    response: Response,
) -> OwnComplaint:
    """Complain, by name. Without a name it goes by the public form, without signing in."""
    new = NewComplaint(
        **body.model_dump(exclude={"complainant"}),
        complainant=body.complainant or caller.name,
        customer=customer,
        channel="web",
    )
    work = Work.of(session, caller, clock.now(), thresholds)
    row, _ = await receive(work, new, None)
    response.headers["Location"] = f"/satisfaction/v1/own-complaints/{row.id}"
    return await _show(session, row)


@routes.get("/own-complaints")
async def list_own(
    session: Reading,
    customer: Customer,
    state: rules.State | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[OwnComplaint]:
    """The customer's own, the latest first."""
    filters = Filters(clock.now(), state, customer=customer)
    rows = await repository.list_newest(session, filters, read_cursor(cursor), limit + 1)
    return page(
        await describe_own(session, rows), limit, lambda last: encode_cursor(last.received_at.isoformat(), str(last.id))
    )


@routes.get("/own-complaints/{complaint_id}")
async def get_own(complaint_id: UUID, session: Reading, customer: Customer) -> OwnComplaint:
    """One of them, with what was answered."""
    row = await service.get(session, complaint_id)
    _check(row.customer, customer, complaint_id)
    return await _show(session, row)


@routes.post("/own-complaints/{complaint_id}/accept")
async def accept_own(
    complaint_id: UUID,
    body: Acceptance,
    session: Writing,
    customer: Customer,
    caller: Person,
    thresholds: Thresholds,
) -> OwnComplaint:
    """The answer is accepted; `score` rates whoever answered."""
    row = await service.lock(session, complaint_id)
    _check(row.customer, customer, complaint_id)
    work = Work.of(session, caller, clock.now(), thresholds)
    return await _show(session, await reactions.accept(work, row, body))


@routes.post("/own-complaints/{complaint_id}/reject")
async def reject_own(
    complaint_id: UUID, body: Reason, session: Writing, customer: Customer, caller: Person, thresholds: Thresholds
) -> OwnComplaint:
    """The answer is not accepted: another one is due."""
    row = await service.lock(session, complaint_id)
    _check(row.customer, customer, complaint_id)
    work = Work.of(session, caller, clock.now(), thresholds)
    return await _show(session, await reactions.reject(work, row, body.reason))


async def _show(session: AsyncSession, row: Row[Any]) -> OwnComplaint:
    return (await describe_own(session, [row]))[0]


def _check(of: str | None, customer: str, complaint_id: UUID) -> None:
    """Another's complaint answers as one that does not exist. Raises `ComplaintNotFound`."""
    if of != customer:
        raise ComplaintNotFound(f"no complaint {complaint_id}")

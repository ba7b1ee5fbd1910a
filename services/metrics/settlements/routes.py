"""REST of settlements and loss claims."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response
from sqlalchemy import Row

from services.metrics.agreements.records import check_visible, find_agreement
from services.metrics.settlements import repository, service
from services.metrics.settlements.schemas import (
    ClaimBody,
    ClaimDecision,
    ClaimView,
    ConfirmationBody,
    SettlementView,
    WhatIf,
)
from shared.auth import STAFF, Principal, Role, require
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("settlements")
_MANAGERS = (Role.PROJECT_MANAGER, Role.OPERATIONS_MANAGER, Role.DEPARTMENT_HEAD, Role.QUALITY_MANAGER)
Reader = Annotated[Principal, Depends(require(*STAFF, Role.CUSTOMER))]
Manager = Annotated[Principal, Depends(require(*_MANAGERS))]
Party = Annotated[Principal, Depends(require(*_MANAGERS, Role.CUSTOMER))]
Exclusions = Annotated[list[UUID], Query(max_length=100)]


def _with_version(row: Row[Any], response: Response) -> SettlementView:
    response.headers["ETag"] = etag(row.version)
    return SettlementView.model_validate(row)


@routes.get("/agreements/{agreement_id}/settlements")
async def list_settlements(
    agreement_id: UUID, session: Reading, caller: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[SettlementView]:
    """The agreement's accounts with all revisions, newest first."""
    check_visible(await find_agreement(session, agreement_id), caller)
    before = decode_cursor(cursor, date, int) if cursor else None
    rows = await repository.list_settlements(session, agreement_id, before, limit + 1)
    views = [SettlementView.model_validate(row) for row in rows]
    return page(views, limit, lambda item: encode_cursor(item.period.isoformat(), item.revision))


@routes.get("/settlements/{settlement_id}")
async def get_settlement(settlement_id: UUID, session: Reading, caller: Reader, response: Response) -> SettlementView:
    """One account: what each clause came to and costs, caps, claims, and what is due."""
    found = await service.find_settlement(session, settlement_id)
    check_visible(await find_agreement(session, found.agreement_id), caller)
    return _with_version(found, response)


@routes.get("/settlements/{settlement_id}/what-if")
async def what_if(
    settlement_id: UUID,
    session: Reading,
    caller: Reader,
    refuse: Exclusions = [],  # noqa: B006 - FastAPI copies it
    agree: Exclusions = [],  # noqa: B006
) -> WhatIf:
    """The account as it would be with these exclusions refused or agreed; nothing is kept."""
    found = await service.find_settlement(session, settlement_id)
    check_visible(await find_agreement(session, found.agreement_id), caller)
    return await service.imagine(session, settlement_id, set(refuse), set(agree))


@routes.post("/settlements/{settlement_id}/issue")
async def issue(
    settlement_id: UUID, session: Writing, _caller: Manager, response: Response, if_match: IfMatch = None
) -> SettlementView:
    """Hand the draft to the customer."""
    return _with_version(await service.issue(session, settlement_id, if_match), response)


@routes.post("/settlements/{settlement_id}/confirm")
async def confirm(
    settlement_id: UUID,
    body: ConfirmationBody,
    session: Writing,
    caller: Party,
    response: Response,
    if_match: IfMatch = None,
) -> SettlementView:
    """Confirm it for a party; with both it is settled."""
    found = await service.find_settlement(session, settlement_id)
    check_visible(await find_agreement(session, found.agreement_id), caller)
    return _with_version(await service.confirm(session, settlement_id, body, caller, if_match), response)


@routes.get("/agreements/{agreement_id}/claims")
async def list_claims(
    agreement_id: UUID, session: Reading, caller: Reader, period: Annotated[date | None, Query()] = None
) -> list[ClaimView]:
    """The loss claims of this agreement, or of one of its periods, oldest first."""
    check_visible(await find_agreement(session, agreement_id), caller)
    return [ClaimView.model_validate(row) for row in await repository.list_claims(session, agreement_id, period)]


@routes.post("/agreements/{agreement_id}/claims/{period}", status_code=201)
async def claim_loss(
    agreement_id: UUID, period: date, body: ClaimBody, session: Writing, caller: Party, response: Response
) -> ClaimView:
    """Claim a loss of the period that begins on this day."""
    check_visible(await find_agreement(session, agreement_id), caller)
    claim = await service.claim_loss(session, agreement_id, period, body)
    response.headers["ETag"] = etag(claim.version)
    return ClaimView.model_validate(claim)


@routes.post("/claims/{claim_id}/accept")
async def accept_claim(
    claim_id: UUID, body: ClaimDecision, session: Writing, _caller: Manager, if_match: IfMatch = None
) -> ClaimView:
    """Accept it: the account is drafted anew, or corrected."""
    return ClaimView.model_validate(await service.decide_claim(session, claim_id, "accepted", body.reason, if_match))


@routes.post("/claims/{claim_id}/refuse")
async def refuse_claim(
    claim_id: UUID, body: ClaimDecision, session: Writing, _caller: Manager, if_match: IfMatch = None
) -> ClaimView:
    """Refuse it; it stays to be read."""
    return ClaimView.model_validate(await service.decide_claim(session, claim_id, "refused", body.reason, if_match))

"""REST of agreements."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements import repository, rules, service, signing
from services.metrics.agreements.records import check_visible, find_agreement, today
from services.metrics.agreements.schemas import (
    AgreementBody,
    AgreementSummary,
    AgreementView,
    ConclusionBody,
    ConfirmBody,
    HistoryView,
    Reason,
    RenewalBody,
    SignBody,
)
from services.metrics.agreements.views import describe, summarise
from shared.auth import STAFF, Principal, Role, Staff, customer_of, require
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("agreements")

Reader = Annotated[Principal, Depends(require(*STAFF, Role.CUSTOMER))]
Author = Annotated[Principal, Depends(require(*rules.MAY["edit"]))]
Confirmer = Annotated[Principal, Depends(require(*rules.MAY["confirm"], Role.CUSTOMER))]
Signer = Annotated[Principal, Depends(require(*rules.MAY["sign"]))]
Asker = Annotated[Principal, Depends(require(*rules.MAY["request_renegotiation"]))]
Filter = Annotated[str | None, Query(min_length=1, max_length=200)]


async def answer(session: AsyncSession, agreement: Row[object], caller: Principal, response: Response) -> AgreementView:
    """The whole agreement, and its version as ETag."""
    response.headers["ETag"] = etag(agreement.version)
    return await describe(session, agreement, today(), to_customer=customer_of(caller) is not None)


@routes.get("/agreements")
async def list_agreements(
    session: Reading,
    caller: Reader,
    state: Annotated[rules.State | None, Query()] = None,
    customer: Filter = None,
    service: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[AgreementSummary]:
    """Newest first. A customer is shown its own, once they are negotiated."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    filters = {"state": state, "customer": customer}
    given = {column: value for column, value in filters.items() if value is not None}
    rows = await repository.list_agreements(session, given, service, customer_of(caller), before, limit + 1)
    on = today()
    return page([summarise(row, on) for row in rows], limit, lambda item: encode_cursor(str(item.id)))


@routes.post("/agreements", status_code=201)
async def design_agreement(body: AgreementBody, session: Writing, caller: Author, response: Response) -> AgreementView:
    """Begin an agreement, in design; it gets its number."""
    agreement = await service.design_agreement(session, body)
    response.headers["Location"] = f"/metrics/v1/agreements/{agreement.id}"
    return await answer(session, agreement, caller, response)


@routes.get("/agreements/{agreement_id}")
async def get_agreement(agreement_id: UUID, session: Reading, caller: Reader, response: Response) -> AgreementView:
    """One agreement with its clauses and their newest values, what was confirmed, what is missing, and its history."""
    agreement = await find_agreement(session, agreement_id)
    check_visible(agreement, caller)
    return await answer(session, agreement, caller, response)


@routes.get("/agreements/{agreement_id}/history")
async def list_history(
    agreement_id: UUID, session: Reading, _caller: Staff, limit: Limit = 50, cursor: Cursor = None
) -> Page[HistoryView]:
    """All that happened to it, oldest first, with every content that it ever had."""
    await find_agreement(session, agreement_id)
    after = decode_cursor(cursor, int)[0] if cursor else 0
    lines = await repository.list_history(session, agreement_id, after, limit + 1)
    return page([HistoryView.model_validate(line) for line in lines], limit, lambda line: encode_cursor(line.id))


@routes.put("/agreements/{agreement_id}")
async def edit_agreement(
    agreement_id: UUID,
    body: AgreementBody,
    session: Writing,
    caller: Author,
    response: Response,
    if_match: IfMatch = None,
) -> AgreementView:
    """Write the content anew, while it is designed or negotiated. What was confirmed before counts no more."""
    agreement = await service.edit_agreement(session, agreement_id, body, if_match)
    return await answer(session, agreement, caller, response)


@routes.post("/agreements/{agreement_id}/negotiate")
async def negotiate(
    agreement_id: UUID, session: Writing, caller: Author, response: Response, if_match: IfMatch = None
) -> AgreementView:
    """Hand the design to both parties."""
    agreement = await service.negotiate(session, agreement_id, if_match)
    return await answer(session, agreement, caller, response)


@routes.post("/agreements/{agreement_id}/confirm")
async def confirm(
    agreement_id: UUID, body: ConfirmBody, session: Writing, caller: Confirmer, response: Response
) -> AgreementView:
    """Confirm for a party: content, glossary and exemptions before signing, the execution after. Nobody confirms for
    both."""
    agreement = await service.confirm(session, agreement_id, body, caller)
    return await answer(session, agreement, caller, response)


@routes.post("/agreements/{agreement_id}/sign")
async def sign(
    agreement_id: UUID,
    session: Writing,
    caller: Signer,
    response: Response,
    body: SignBody | None = None,
    if_match: IfMatch = None,
) -> AgreementView:
    """Sign what both parties confirmed; its clauses make their measures, with the promises as targets."""
    agreement = await signing.sign(session, agreement_id, if_match, body.reason if body else None)
    return await answer(session, agreement, caller, response)


@routes.post("/agreements/{agreement_id}/review")
async def start_review(
    agreement_id: UUID,
    body: Reason,
    session: Writing,
    caller: Author,
    response: Response,
    if_match: IfMatch = None,
) -> AgreementView:
    """Look at it together; its clauses go on counting."""
    agreement = await service.start_review(session, agreement_id, if_match, body.reason)
    return await answer(session, agreement, caller, response)


@routes.post("/agreements/{agreement_id}/review/conclude")
async def conclude_review(
    agreement_id: UUID,
    body: ConclusionBody,
    session: Writing,
    caller: Author,
    response: Response,
    if_match: IfMatch = None,
) -> AgreementView:
    """Keep it as it is, or renegotiate it as its next revision."""
    conclude = service.keep if body.conclusion == "keep" else service.request_renegotiation
    agreement = await conclude(session, agreement_id, if_match, body.reason)
    return await answer(session, agreement, caller, response)


@routes.post("/agreements/{agreement_id}/renegotiate")
async def request_renegotiation(
    agreement_id: UUID,
    body: Reason,
    session: Writing,
    caller: Asker,
    response: Response,
    if_match: IfMatch = None,
) -> AgreementView:
    """Send it back to negotiation as its next revision (`successor_id`); what was signed counts until that comes into
    force."""
    agreement = await service.request_renegotiation(session, agreement_id, if_match, body.reason)
    return await answer(session, agreement, caller, response)


@routes.post("/agreements/{agreement_id}/renew", status_code=201)
async def renew(
    agreement_id: UUID,
    session: Writing,
    caller: Author,
    response: Response,
    body: RenewalBody | None = None,
    if_match: IfMatch = None,
) -> AgreementView:
    """Begin the next revision, in design, with all of the content; answers that one."""
    successor = await service.renew(session, agreement_id, if_match, body or RenewalBody())
    response.headers["Location"] = f"/metrics/v1/agreements/{successor.id}"
    return await answer(session, successor, caller, response)


@routes.post("/agreements/{agreement_id}/terminate")
async def terminate(
    agreement_id: UUID,
    body: Reason,
    session: Writing,
    caller: Signer,
    response: Response,
    if_match: IfMatch = None,
) -> AgreementView:
    """End it today, after both parties confirmed its execution and all is settled; or give up what is not signed."""
    agreement = await signing.terminate(session, agreement_id, if_match, body.reason)
    return await answer(session, agreement, caller, response)

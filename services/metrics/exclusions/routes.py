"""REST of the exclusion ledger."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements.records import check_visible, find_agreement
from services.metrics.exclusions import repository, service
from services.metrics.exclusions.rules import State
from services.metrics.exclusions.schemas import DecisionBody, ExclusionView, ProposalBody, RefusalBody
from shared.auth import STAFF, Principal, Role, require
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("exclusions")
Reader = Annotated[Principal, Depends(require(*STAFF, Role.CUSTOMER))]
Party = Annotated[
    Principal,
    Depends(
        require(
            Role.PROJECT_MANAGER,
            Role.OPERATIONS_MANAGER,
            Role.DEPARTMENT_HEAD,
            Role.QUALITY_MANAGER,
            Role.PROCESS_OWNER,
            Role.CUSTOMER,
        )
    ),
]


def _with_version(row: Row[Any], response: Response) -> ExclusionView:
    response.headers["ETag"] = etag(row.version)
    return ExclusionView.model_validate(row)


async def _find_visible(session: AsyncSession, exclusion_id: UUID, caller: Principal) -> Row[Any]:
    """Raises `ExclusionNotFound`, `AgreementNotFound` where it is another customer's, `Forbidden`."""
    found = await service.find_exclusion(session, exclusion_id)
    check_visible(await find_agreement(session, found.agreement_id), caller)
    return found


@routes.get("/agreements/{agreement_id}/exclusions")
async def list_exclusions(
    agreement_id: UUID,
    session: Reading,
    caller: Reader,
    state: Annotated[State | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ExclusionView]:
    """R168: the ledger of this agreement, newest first; nothing is ever deleted."""
    check_visible(await find_agreement(session, agreement_id), caller)
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await repository.list_exclusions(session, agreement_id, state, before, limit + 1)
    return page([ExclusionView.model_validate(row) for row in rows], limit, lambda item: encode_cursor(str(item.id)))


@routes.post("/agreements/{agreement_id}/exclusions", status_code=201)
async def propose(
    agreement_id: UUID, body: ProposalBody, session: Writing, caller: Party, response: Response
) -> ExclusionView:
    """Ask the other party that this time does not count."""
    check_visible(await find_agreement(session, agreement_id), caller)
    proposed = await service.propose(session, agreement_id, body, caller)
    response.headers["Location"] = f"/metrics/v1/exclusions/{proposed.id}"
    return _with_version(proposed, response)


@routes.get("/exclusions/{exclusion_id}")
async def get_exclusion(exclusion_id: UUID, session: Reading, caller: Reader, response: Response) -> ExclusionView:
    """One entry of a ledger."""
    return _with_version(await _find_visible(session, exclusion_id, caller), response)


@routes.post("/exclusions/{exclusion_id}/agree")
async def agree(
    exclusion_id: UUID,
    body: DecisionBody,
    session: Writing,
    caller: Party,
    response: Response,
    if_match: IfMatch = None,
) -> ExclusionView:
    """Agree for the party that did not propose it: the adjusted values change, the raw ones stay."""
    await _find_visible(session, exclusion_id, caller)
    return _with_version(await service.decide(session, exclusion_id, "agreed", body, caller, if_match), response)


@routes.post("/exclusions/{exclusion_id}/refuse")
async def refuse(
    exclusion_id: UUID,
    body: RefusalBody,
    session: Writing,
    caller: Party,
    response: Response,
    if_match: IfMatch = None,
) -> ExclusionView:
    """Refuse for the party that did not propose it."""
    await _find_visible(session, exclusion_id, caller)
    return _with_version(await service.decide(session, exclusion_id, "refused", body, caller, if_match), response)


@routes.post("/exclusions/{exclusion_id}/withdraw")
async def withdraw(
    exclusion_id: UUID, session: Writing, caller: Party, response: Response, if_match: IfMatch = None
) -> ExclusionView:
    """Take back what your side proposed."""
    await _find_visible(session, exclusion_id, caller)
    return _with_version(await service.withdraw(session, exclusion_id, caller, if_match), response)

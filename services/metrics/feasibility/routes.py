"""REST of feasibility."""

from uuid import UUID

from sqlalchemy import Row

from services.metrics.agreements.records import find_agreement
from services.metrics.agreements.routes import Author
from services.metrics.feasibility import repository, service
from services.metrics.feasibility.schemas import Findings, PromiseBody, StudyBody, StudyView
from shared.auth import Staff
from shared.http import Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("feasibility")


def _show(study: Row[object], digest: str) -> StudyView:
    return StudyView.model_validate({**study._mapping, "present": study.digest == digest})


@routes.post("/agreements/{agreement_id}/feasibility", status_code=201)
async def study_agreement(
    agreement_id: UUID, session: Writing, _caller: Author, body: StudyBody | None = None
) -> StudyView:
    """Study the clauses by the past: how probable it is to keep them, what misses would have cost. It is kept."""
    study = await service.study_agreement(session, agreement_id, body or StudyBody())
    return _show(study, study.digest)


@routes.get("/agreements/{agreement_id}/feasibility")
async def list_studies(
    agreement_id: UUID, session: Reading, _caller: Staff, limit: Limit = 50, cursor: Cursor = None
) -> Page[StudyView]:
    """What was found out about this agreement, newest first."""
    agreement = await find_agreement(session, agreement_id)
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await repository.list_studies(session, agreement_id, before, limit + 1)
    return page([_show(row, agreement.digest) for row in rows], limit, lambda item: encode_cursor(str(item.id)))


@routes.post("/feasibility")
async def study_promise(body: PromiseBody, session: Reading, _caller: Staff) -> Findings:
    """Study one promise that stands in no agreement yet."""
    return await service.study_promise(session, body)

"""REST of the questionnaire builder."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response

from services.satisfaction.questionnaires import service
from services.satisfaction.questionnaires.schemas import Content, QuestionnaireSummary, QuestionnaireView
from shared.auth import Principal, Role, Staff, require
from shared.fields import Key
from shared.http import IfMatch, Reading, Writing, etag, router

routes = router("questionnaires")

Author = Annotated[Principal, Depends(require(Role.QUALITY_MANAGER, Role.SERVICE_DESK, Role.PROJECT_MANAGER))]
QuestionnaireKey = Annotated[Key, Path()]
Version = Annotated[int | None, Query(ge=1, le=100_000)]


@routes.get("/questionnaires")
async def list_questionnaires(session: Reading, _caller: Staff) -> list[QuestionnaireSummary]:
    """The built-in ones (SERVQUAL with 22 statements, CSAT, NPS, CES), then your own, each in its newest version."""
    return await service.list_questionnaires(session)


@routes.get("/questionnaires/{key}")
async def get_questionnaire(
    key: QuestionnaireKey, session: Reading, _caller: Staff, response: Response, version: Version = None
) -> QuestionnaireView:
    """One version (default: the newest) with all items."""
    return _answer(await service.get_questionnaire(session, key, version), response)


@routes.put("/questionnaires/{key}")
async def put_questionnaire(
    key: QuestionnaireKey,
    body: Content,
    session: Writing,
    caller: Author,
    response: Response,
    if_match: IfMatch = None,
) -> QuestionnaireView:
    """Write the draft. What was published stays as it is: the next PUT begins its next version."""
    return _answer(await service.put_questionnaire(session, key, body, if_match, caller.subject), response)


@routes.post("/questionnaires/{key}/publish")
async def publish_questionnaire(
    key: QuestionnaireKey, session: Writing, caller: Author, response: Response, if_match: IfMatch = None
) -> QuestionnaireView:
    """Campaigns may ask it from now on; it never changes again."""
    return _answer(await service.publish_questionnaire(session, key, if_match, caller.subject), response)


def _answer(view: QuestionnaireView, response: Response) -> QuestionnaireView:
    response.headers["ETag"] = etag(view.edit)
    return view

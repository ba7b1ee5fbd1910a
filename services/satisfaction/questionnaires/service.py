"""Use cases of questionnaires: write one, publish it, find the one that a campaign asks."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.questionnaires import repository, rules
from services.satisfaction.questionnaires.builtin import BUILT_IN, BUILT_IN_VERSION
from services.satisfaction.questionnaires.schemas import Content, QuestionnaireSummary, QuestionnaireView
from shared import clock, problems
from shared.http import check_version


class QuestionnaireNotFound(problems.NotFound):
    pass


class BuiltIn(problems.Problem):
    """The built-in ones are never edited."""

    status = 409


class AlreadyPublished(problems.Problem):
    """There is no draft to publish."""

    status = 409


@dataclass(frozen=True, slots=True)
class Asked:
    """What a campaign asks: one published version."""

    key: str
    version: int
    content: Content
    digest: str


async def list_questionnaires(session: AsyncSession) -> list[QuestionnaireSummary]:
    """The built-in ones, then people's own, each in its newest version."""
    views = [_view_built_in(key) for key in BUILT_IN]
    views += [view_of(row) for row in await repository.list_newest(session)]
    shown = set(QuestionnaireSummary.model_fields)
    return [QuestionnaireSummary(**view.model_dump(include=shown)) for view in views]


async def get_questionnaire(session: AsyncSession, key: str, version: int | None = None) -> QuestionnaireView:
    """This version, or the newest. Raises `QuestionnaireNotFound`."""
    if key in BUILT_IN and version in (None, BUILT_IN_VERSION):
        return _view_built_in(key)
    row = await repository.find(session, key, version)
    if row is None:
        which = f" in version {version}" if version is not None else ""
        raise QuestionnaireNotFound(f"there is no questionnaire '{key}'{which}; PUT makes it")
    return view_of(row)


async def put_questionnaire(
    session: AsyncSession, key: str, content: Content, if_match: str | None, actor: str
) -> QuestionnaireView:
    """Write the draft; behind a published version a new draft begins.

    Raises:
        BuiltIn, UnsoundQuestionnaire, LostUpdate, PreconditionRequired
    """
    if key in BUILT_IN:
        raise BuiltIn(f"'{key}' is built in; put yours under a key of its own")
    rules.require_sound(content)
    await repository.lock_key(session, key)
    newest = await repository.find(session, key)
    if newest is not None:
        check_version(if_match, newest.edit)
    values = {
        "content": content.model_dump(mode="json"),
        "digest": rules.digest_of(content),
        "updated_at": clock.now(),
        "updated_by": actor,
    }
    if newest is not None and newest.state == "draft":
        changed = {**values, "edit": newest.edit + 1}
        return view_of(await repository.update_version(session, key, newest.version, changed))
    version, edit = (1, 1) if newest is None else (newest.version + 1, newest.edit + 1)
    first = {**values, "key": key, "version": version, "edit": edit, "state": "draft"}
    return view_of(await repository.insert_version(session, first))


async def publish_questionnaire(session: AsyncSession, key: str, if_match: str | None, actor: str) -> QuestionnaireView:
    """From now on campaigns may ask it, and it stays as it is.

    Raises:
        BuiltIn, QuestionnaireNotFound, LostUpdate, AlreadyPublished
    """
    if key in BUILT_IN:
        raise BuiltIn(f"'{key}' is built in, and published since the first day")
    await repository.lock_key(session, key)
    newest = await repository.find(session, key)
    if newest is None:
        raise QuestionnaireNotFound(f"there is no questionnaire '{key}'; PUT makes it")
    if if_match is not None:
        check_version(if_match, newest.edit)
    if newest.state == "published":
        raise AlreadyPublished(f"version {newest.version} of '{key}' is published; PUT begins the next one")
    now = clock.now()
    values = {"state": "published", "edit": newest.edit + 1, "published_at": now, "published_by": actor}
    return view_of(await repository.update_version(session, key, newest.version, values))


async def find_asked(session: AsyncSession, key: str, version: int | None = None) -> Asked:
    """The published version that a campaign asks: this one, or the newest.

    Raises:
        QuestionnaireNotFound: it does not exist or was never published.
    """
    if key in BUILT_IN and version in (None, BUILT_IN_VERSION):
        return Asked(key, BUILT_IN_VERSION, BUILT_IN[key], rules.digest_of(BUILT_IN[key]))
    row = await (repository.find_published(session, key) if version is None else repository.find(session, key, version))
    if row is None or row.state != "published":
        raise QuestionnaireNotFound(f"there is no published questionnaire '{key}'; publish it first")
    return Asked(row.key, row.version, Content.model_validate(row.content), row.digest)


def view_of(row: Row[Any]) -> QuestionnaireView:
    """From a row of the table."""
    content = Content.model_validate(row.content)
    return QuestionnaireView(
        key=row.key,
        version=row.version,
        state=row.state,
        built_in=False,
        title=dict(content.title),
        items=len(content.items),
        updated_at=row.updated_at,
        updated_by=row.updated_by,
        content=content,
        digest=row.digest,
        edit=row.edit,
        published_at=row.published_at,
        published_by=row.published_by,
    )


def _view_built_in(key: str) -> QuestionnaireView:
    content = BUILT_IN[key]
    return QuestionnaireView(
        key=key,
        version=BUILT_IN_VERSION,
        state="published",
        built_in=True,
        title=dict(content.title),
        items=len(content.items),
        updated_at=None,
        updated_by=None,
        content=content,
        digest=rules.digest_of(content),
        edit=1,
        published_at=None,
        published_by=None,
    )

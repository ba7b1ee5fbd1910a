"""Use cases of links: link once, remove with a reason, find from the other side."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements.service import get_improvement
from services.improvement.links import repository, rules
from services.improvement.links.models import Link
from services.improvement.links.rules import LinkKind
from services.improvement.links.schemas import LinkBody
from shared.ids import new_id
from shared.problems import IllegalTransition, NotFound, Problem


class LinkNotFound(NotFound):
    pass


class AlreadyLinked(Problem):
    """A record is linked to a thing once."""

    status = 409


async def add_link(session: AsyncSession, improvement_id: UUID, body: LinkBody, actor: str, now: datetime) -> Link:
    """Link the record to something (R8, R21, R101, R125).

    Raises:
        ImprovementNotFound, AlreadyLinked
        UnsoundReference: not how things of this kind are referred to, the record itself, or a record that is not there.
    """
    await get_improvement(session, improvement_id)
    reference = rules.normalise_reference(body.kind, body.reference)
    if body.kind == "improvement":
        if reference == str(improvement_id):
            raise rules.UnsoundReference("reference: a record is not linked to itself; name another one")
        if not await repository.exists_improvement(session, UUID(reference)):
            raise rules.UnsoundReference(f"reference: there is no improvement {reference}; name one that is there")
    link = await attach(session, improvement_id, body.kind, reference, actor, now, title=body.title, url=body.url)
    if link is None:
        raise AlreadyLinked(f"the record is linked to {body.kind} {reference} already")
    return link


async def attach(
    session: AsyncSession,
    improvement_id: UUID,
    kind: LinkKind,
    reference: str,
    actor: str,
    now: datetime,
    *,
    title: str | None = None,
    url: str | None = None,
) -> Link | None:
    """For code that knows both ends: link them; None where they were linked before."""
    return await repository.insert_unless_linked(
        session,
        {
            "id": new_id(),
            "improvement_id": improvement_id,
            "kind": kind,
            "reference": reference,
            "title": title,
            "url": url,
            "linked_by": actor,
            "linked_at": now,
        },
    )


async def find_link(session: AsyncSession, improvement_id: UUID, link_id: UUID) -> Link:
    """Raises `LinkNotFound`."""
    link = await repository.find(session, improvement_id, link_id)
    if link is None:
        raise LinkNotFound(f"improvement {improvement_id} has no link {link_id}")
    return link


async def remove_link(
    session: AsyncSession, improvement_id: UUID, link_id: UUID, reason: str, actor: str, now: datetime
) -> Link:
    """The link stands no more; its row stays.

    Raises:
        LinkNotFound, IllegalTransition
    """
    link = await repository.lock(session, improvement_id, link_id)
    if link is None:
        raise LinkNotFound(f"improvement {improvement_id} has no link {link_id}")
    if link.removed_at is not None:
        raise IllegalTransition("remove", "removed", ["link it again"])
    link.removed_by, link.removed_at, link.removal_reason = actor, now, reason
    return link

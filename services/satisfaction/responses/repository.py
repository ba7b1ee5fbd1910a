"""Every SQL statement of responses."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns.models import campaigns
from services.satisfaction.invitations.models import invitations
from services.satisfaction.populations.models import members
from services.satisfaction.responses.models import responses, unmixed

_i, _c = invitations.c, campaigns.c


async def find_invitations(session: AsyncSession, hashes: Sequence[bytes]) -> Sequence[Row[Any]]:
    """The invitations of these tokens, with what never changes of them."""
    query = (
        select(_i.id, _i.token_hash, _i.campaign_id, members.c.stratum)
        .join(members, members.c.id == _i.member_id)
        .where(_i.token_hash.in_(hashes))
    )
    return cast("Sequence[Row[Any]]", (await session.execute(query)).all())


async def hold_campaigns(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """These campaigns, without their content; none closes before the transaction ends."""
    query = select(_c.id, _c.state, _c.closes_at, _c.anonymous, _c.digest)
    query = query.where(_c.id.in_(ids)).order_by(_c.id).with_for_update(read=True)
    return cast("Sequence[Row[Any]]", (await session.execute(query)).all())


async def load_content(session: AsyncSession, campaign_id: UUID) -> Any:
    return (await session.execute(select(_c.content).where(_c.id == campaign_id))).scalar_one()


async def lock_open(session: AsyncSession, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these invitations that are open, held until the transaction ends."""
    query = select(_i.id).where(_i.id.in_(ids), _i.state == "open").order_by(_i.id).with_for_update()
    return set((await session.execute(query)).scalars())


_ANSWERED = text("""
    UPDATE survey_invitations
    SET state = 'answered', draft = NULL, sealed_draft = NULL, next_mail_at = NULL, unmixed = given.anonymous
    FROM unnest(CAST(:ids AS uuid[]), CAST(:anonymous AS boolean[])) AS given (id, anonymous)
    WHERE survey_invitations.id = given.id
""")


async def mark_answered(session: AsyncSession, ids: Sequence[UUID], anonymous: Sequence[bool]) -> None:
    """Their links are used up, and nobody is reminded."""
    await session.execute(_ANSWERED, {"ids": ids, "anonymous": anonymous})


async def add_responses(session: AsyncSession, values: Sequence[dict[str, Any]]) -> None:
    await session.execute(insert(responses), values)


async def add_unmixed(session: AsyncSession, values: Sequence[dict[str, Any]]) -> None:
    await session.execute(insert(unmixed), values)


_READY = text("""
    SELECT waiting.campaign_id
    FROM (SELECT campaign_id, count(*) AS answers FROM survey_responses_unmixed GROUP BY campaign_id) AS waiting
    JOIN campaigns ON campaigns.id = waiting.campaign_id
    WHERE waiting.answers >= :least OR campaigns.state <> 'launched'
""")


async def list_ready(session: AsyncSession, least: int) -> Sequence[UUID]:
    """Campaigns of which enough anonymous answers wait, or that run no more."""
    return (await session.execute(_READY, {"least": least})).scalars().all()


_MIX = text("""
    WITH moved AS (
        DELETE FROM survey_responses_unmixed WHERE campaign_id = :campaign_id
        RETURNING campaign_id, stratum, language, answers
    ), touched AS (
        UPDATE survey_invitations SET unmixed = false WHERE campaign_id = :campaign_id AND unmixed
    )
    INSERT INTO survey_responses (id, campaign_id, stratum, language, answers)
    SELECT gen_random_uuid(), campaign_id, stratum, language, answers FROM moved ORDER BY random()
""")


async def mix(session: AsyncSession, campaign_id: UUID) -> int:
    """Move what waits, in random order, and write the invitations that brought it in the same transaction: neither
    place nor time of a row tells them apart. Returns how many."""
    return (await session.execute(_MIX, {"campaign_id": campaign_id})).rowcount  # type: ignore[attr-defined, no-any-return]


async def save_draft(session: AsyncSession, invitation_id: UUID, draft: Any, sealed: bytes | None) -> None:
    values = {"draft": draft, "sealed_draft": sealed}
    await session.execute(invitations.update().where(_i.id == invitation_id).values(values))

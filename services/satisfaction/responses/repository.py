"""Every SQL statement of responses."""

from collections.abc import Collection, Sequence
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import Row, delete, func, insert, select, text, update
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
    SET state = 'answered', draft = NULL, sealed_draft = NULL, next_mail_at = NULL
    WHERE id = ANY(CAST(:ids AS uuid[]))
""")


async def mark_answered(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Their links are used up, and nobody is reminded."""
    await session.execute(_ANSWERED, {"ids": ids})


async def add_responses(session: AsyncSession, values: Sequence[dict[str, Any]]) -> None:
    await session.execute(insert(responses), values)


async def add_unmixed(session: AsyncSession, values: Sequence[dict[str, Any]]) -> None:
    await session.execute(insert(unmixed), values)


async def hold_over(session: AsyncSession) -> UUID | None:
    """A campaign that runs no more and whose anonymous answers still wait, held until the transaction ends; those that
    others hold are left out."""
    waiting = select(unmixed.c.id).where(unmixed.c.campaign_id == _c.id).exists()
    query = select(_c.id).where(_c.state != "launched", waiting).limit(1).with_for_update(skip_locked=True)
    return (await session.execute(query)).scalar_one_or_none()


async def count_waiting(session: AsyncSession, campaign_id: UUID) -> dict[str, int]:
    """Answers that wait, by stratum."""
    of = unmixed.c
    query = select(of.stratum, func.count().label("n")).where(of.campaign_id == campaign_id).group_by(of.stratum)
    return {row.stratum: row.n for row in await session.execute(query)}


async def merge_strata(session: AsyncSession, campaign_id: UUID, strata: Collection[str], name: str) -> None:
    """From now on these strata of the campaign are one."""
    for table in (unmixed, members):
        of = table.c
        one = update(table).where(of.campaign_id == campaign_id, of.stratum.in_(strata))
        await session.execute(one.values(stratum=name))


async def drop_waiting(session: AsyncSession, campaign_id: UUID) -> int:
    """Delete what waits, unopened; returns how many."""
    gone = await session.execute(delete(unmixed).where(unmixed.c.campaign_id == campaign_id))
    return gone.rowcount  # type: ignore[attr-defined, no-any-return]


_TAKE = text("""
    DELETE FROM survey_responses_unmixed WHERE id IN (
        SELECT id FROM survey_responses_unmixed WHERE campaign_id = :campaign_id AND stratum = :stratum
        ORDER BY random() LIMIT :most
    ) RETURNING sealed
""")


async def take_waiting(session: AsyncSession, campaign_id: UUID, stratum: str, most: int) -> list[str]:
    """So many of a stratum's sealed answers, chosen at random, which wait no more."""
    values = {"campaign_id": campaign_id, "stratum": stratum, "most": most}
    return list(await session.scalars(_TAKE, values))


async def copy_opened(
    session: AsyncSession, campaign_id: UUID, stratum: str, language: str, answers: Sequence[str]
) -> None:
    """Anonymous answers, each as JSON, in this order and under random ids, by COPY in the session's transaction."""
    records = ((uuid4(), campaign_id, stratum, language, one) for one in answers)
    connection = await (await session.connection()).get_raw_connection()
    driver: Any = connection.driver_connection
    columns = ["id", "campaign_id", "stratum", "language", "answers"]
    await driver.copy_records_to_table(responses.name, schema_name=responses.schema, records=records, columns=columns)


async def save_draft(session: AsyncSession, invitation_id: UUID, draft: Any, sealed: bytes | None) -> None:
    values = {"draft": draft, "sealed_draft": sealed}
    await session.execute(update(invitations).where(_i.id == invitation_id).values(values))

"""Every SQL statement on populations."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, LargeBinary, Row, Text, bindparam, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.invitations.models import declined, invitations
from services.satisfaction.populations.models import members
from services.satisfaction.populations.rules import Person
from shared.fields import EARLIEST, LATEST

_m = members.c
_COPIED = (
    "campaign_id",
    "reference",
    "name",
    "email",
    "language",
    "stratum",
    "customer",
    "department",
    "segment",
    "contact_hash",
)
_PORTION = 20_000

_FIND_KNOWN = text(
    """
    SELECT new.place, known.reference = new.reference AS same_reference
    FROM unnest(:places, :names, :hashes) AS new(place, reference, contact_hash)
    JOIN LATERAL (
        (SELECT reference FROM survey_members WHERE campaign_id = :campaign_id AND reference = new.reference)
        UNION ALL
        (SELECT reference FROM survey_members
         WHERE campaign_id = :campaign_id AND contact_hash = new.contact_hash LIMIT 1)
        LIMIT 1
    ) AS known ON true
    """
).bindparams(
    bindparam("places", type_=ARRAY(Integer)),
    bindparam("names", type_=ARRAY(Text)),
    bindparam("hashes", type_=ARRAY(LargeBinary)),
)

# Who is known from callbacks may never have been registered.
_INSERT_CUSTOMERS = """
    INSERT INTO survey_members (campaign_id, reference, name, stratum, customer, segment, contact_hash)
    SELECT :campaign_id, found.customer, found.name, found.stratum, found.customer, found.segment,
           sha256(convert_to(found.customer, 'UTF8'))
    FROM ({source}) AS found
    WHERE (CAST(:strata AS text[]) IS NULL OR found.stratum = ANY(:strata))
      AND (CAST(:customer AS text) IS NULL OR found.customer = :customer)
    ORDER BY found.customer
    ON CONFLICT (campaign_id, reference) DO NOTHING
"""
_OF_CATALOGUE = """
    SELECT customer, name, segment, {stratum} AS stratum FROM callback_customers AS known
    WHERE registered_version > 0 AND (CAST(:segments AS text[]) IS NULL OR segment = ANY(:segments))
"""
_OF_CALLBACKS = """
    SELECT asked.customer, known.name, known.segment, {stratum} AS stratum
    FROM (
        SELECT DISTINCT customer FROM callbacks
        WHERE customer IS NOT NULL AND resolved_at >= :resolved_from AND resolved_at < :resolved_to
    ) AS asked
    LEFT JOIN callback_customers AS known ON known.customer = asked.customer
    WHERE (CAST(:segments AS text[]) IS NULL OR known.segment = ANY(:segments))
"""
_OF_SERVICE = """
    SELECT served.customer, known.name, known.segment, {stratum} AS stratum
    FROM (
        SELECT customer FROM callbacks WHERE customer IS NOT NULL AND service = :service
            AND resolved_at >= :resolved_from AND resolved_at < :resolved_to
        UNION
        SELECT customer FROM promised_clauses WHERE NOT ended AND :service = ANY(services)
    ) AS served
    LEFT JOIN callback_customers AS known ON known.customer = served.customer
    WHERE (CAST(:segments AS text[]) IS NULL OR known.segment = ANY(:segments))
"""
_STRATUM = {
    "segment": "coalesce(known.segment, 'other')",
    "desk": "coalesce(known.desk, 'other')",
    "nothing": "CAST(:whole AS text)",
}

# Of each stratum those come first whose MD5 of seed and reference does: anybody can draw so again. Only the hashes
# below the cut are sorted, which are a few more than are planned.
_DRAW = text(
    """
    UPDATE survey_members AS m SET drawn = true
    FROM (
        SELECT likely.id, wanted.planned, row_number() OVER (
            PARTITION BY likely.stratum
            ORDER BY md5(:seed || likely.reference) COLLATE "C", likely.reference COLLATE "C"
        ) AS place
        FROM survey_members AS likely
        JOIN unnest(:strata, :planned, :cuts) AS wanted(stratum, planned, cut) ON wanted.stratum = likely.stratum
        WHERE likely.campaign_id = :campaign_id AND NOT likely.resting
          AND md5(:seed || likely.reference) COLLATE "C" < wanted.cut
    ) AS placed
    WHERE placed.place <= placed.planned AND m.id = placed.id AND NOT m.drawn
    RETURNING m.stratum
    """
).bindparams(
    bindparam("strata", type_=ARRAY(Text)),
    bindparam("planned", type_=ARRAY(Integer)),
    bindparam("cuts", type_=ARRAY(Text)),
)


async def count_by_stratum(session: AsyncSession, campaign_id: UUID) -> Sequence[Row[Any]]:
    """`stratum`, `members` and how many of them are `resting`, in order of stratum."""
    query = (
        select(_m.stratum, func.count().label("members"), func.count().filter(_m.resting).label("resting"))
        .where(_m.campaign_id == campaign_id)
        .group_by(_m.stratum)
        .order_by(_m.stratum)
    )
    return (await session.execute(query)).all()


async def list_members(
    session: AsyncSession, campaign_id: UUID, equal: Mapping[str, Any], after: int, limit: int
) -> Sequence[Row[Any]]:
    """Those behind `after`, in the order in which they came."""
    query = select(members).where(_m.campaign_id == campaign_id, _m.id > after)
    query = query.where(*(_m[name] == value for name, value in equal.items()))
    return (await session.execute(query.order_by(_m.id).limit(limit))).all()


async def find_known(session: AsyncSession, campaign_id: UUID, people: Sequence[Person]) -> dict[int, bool]:
    """Which of these are in the population already, by their place here, and whether by the same reference."""
    known: dict[int, bool] = {}
    for first in range(0, len(people), _PORTION):
        portion = people[first : first + _PORTION]
        found = await session.execute(
            _FIND_KNOWN,
            {
                "campaign_id": campaign_id,
                "places": list(range(first, first + len(portion))),
                "names": [person.reference for person in portion],
                "hashes": [person.contact_hash for person in portion],
            },
        )
        known.update((row.place, row.same_reference) for row in found)
    return known


async def copy_people(session: AsyncSession, campaign_id: UUID, people: Sequence[Person]) -> None:
    """Into the campaign's population, by COPY in the session's transaction."""
    fields = _COPIED[1:]
    records = ((campaign_id, *(getattr(person, field) for field in fields)) for person in people)
    connection = await (await session.connection()).get_raw_connection()
    driver: Any = connection.driver_connection
    await driver.copy_records_to_table(members.name, schema_name=members.schema, records=records, columns=list(_COPIED))


async def insert_customers(
    session: AsyncSession,
    campaign_id: UUID,
    *,
    stratify_by: str,
    whole: str,
    segments: Sequence[str] | None,
    strata: Sequence[str] | None,
    resolved: tuple[datetime, datetime] | None,
    service: str | None,
    customer: str | None,
) -> int:
    """Known customers who are not in the population yet; returns how many. `resolved`: only those with a callback of a
    resolution in this time. `service`: those with a callback of it (in this time), or an agreement about it."""
    everybody = _OF_CATALOGUE if resolved is None else _OF_CALLBACKS
    source = (everybody if service is None else _OF_SERVICE).format(stratum=_STRATUM[stratify_by])
    statement = text(_INSERT_CUSTOMERS.format(source=source)).bindparams(
        bindparam("strata", type_=ARRAY(Text)), bindparam("segments", type_=ARRAY(Text))
    )
    values: dict[str, Any] = {
        "campaign_id": campaign_id,
        "segments": None if segments is None else list(segments),
        "strata": None if strata is None else list(strata),
        "customer": customer,
    }
    if stratify_by == "nothing":
        values["whole"] = whole
    if service is not None:
        values["service"] = service
    if resolved is not None or service is not None:
        first, last = resolved or (EARLIEST, LATEST)
        values |= {"resolved_from": first, "resolved_to": last}
    inserted: Any = await session.execute(statement, values)
    return int(inserted.rowcount)


_COPY_OTHERS = text("""
    INSERT INTO survey_members (campaign_id, reference, name, email, language, stratum, customer, department, segment,
                                contact_hash)
    SELECT :campaign_id, other.reference, other.name, other.email, other.language, other.stratum, other.customer,
           other.department, other.segment, other.contact_hash
    FROM survey_members AS other
    WHERE other.campaign_id = :other_id
      AND (CAST(:customer AS text) IS NULL OR other.customer = :customer)
      AND (CAST(:strata AS text[]) IS NULL OR other.stratum = ANY(:strata))
      AND NOT EXISTS (SELECT FROM survey_members AS there
                      WHERE there.campaign_id = :campaign_id AND there.contact_hash = other.contact_hash)
    ORDER BY other.id
    ON CONFLICT (campaign_id, reference) DO NOTHING
""").bindparams(bindparam("strata", type_=ARRAY(Text)))


async def copy_others(
    session: AsyncSession, campaign_id: UUID, other_id: UUID, customer: str | None, strata: Sequence[str] | None
) -> int:
    """The people of another campaign who are not in this one yet; returns how many."""
    values = {"campaign_id": campaign_id, "other_id": other_id, "customer": customer, "strata": strata}
    return (await session.execute(_COPY_OTHERS, values)).rowcount  # type: ignore[attr-defined, no-any-return]


async def delete_all(session: AsyncSession, campaign_id: UUID) -> None:
    """Empty the campaign's population."""
    await session.execute(delete(members).where(_m.campaign_id == campaign_id))


async def mark_resting(session: AsyncSession, campaign_id: UUID, since: datetime | None) -> None:
    """Forget the last draw, and note who is not asked: invited by another campaign after `since` (None: does not
    count), or wants no surveys."""
    of_campaign = update(members).where(_m.campaign_id == campaign_id)
    left_alone = _m.contact_hash.in_(_list_left_alone(campaign_id, since))
    await session.execute(of_campaign.where(_m.drawn).values(drawn=False))
    await session.execute(of_campaign.where(_m.resting, ~left_alone).values(resting=False))
    await session.execute(of_campaign.where(~_m.resting, left_alone).values(resting=True))


async def draw(
    session: AsyncSession, campaign_id: UUID, planned: Mapping[str, int], cuts: Mapping[str, str], seed: str
) -> dict[str, int]:
    """Draw so many of each stratum, who do not rest and whose hash is below the stratum's cut; returns how many of each
    were not drawn before."""
    values = {
        "campaign_id": campaign_id,
        "strata": list(planned),
        "planned": list(planned.values()),
        "cuts": [cuts[stratum] for stratum in planned],
        "seed": seed,
    }
    drawn = dict.fromkeys(planned, 0)
    for stratum in await session.scalars(_DRAW, values):
        drawn[stratum] += 1
    return drawn


async def count_left_alone(session: AsyncSession, campaign_id: UUID, since: datetime | None) -> int:
    """How many of those drawn were invited by another campaign after `since` (None: does not count), or want no
    surveys."""
    query = select(func.count()).where(
        _m.campaign_id == campaign_id, _m.drawn, _m.contact_hash.in_(_list_left_alone(campaign_id, since))
    )
    return (await session.execute(query)).scalar_one()


def _list_left_alone(campaign_id: UUID, since: datetime | None) -> Any:
    """The contacts whom nobody asks now."""
    unwilling = select(declined.c.contact_hash)
    return unwilling if since is None else unwilling.union(_list_asked(campaign_id, since))


def _list_asked(campaign_id: UUID, since: datetime) -> Any:
    of = invitations.c
    return select(of.contact_hash).where(of.campaign_id != campaign_id, of.invited_at > since)

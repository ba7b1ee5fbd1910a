"""Use case of webhooks: those that arrive together are kept, quarantined and applied by one transaction."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.connections.service import Opened, Sources
from services.metrics.inbound import repository, rules
from services.metrics.inbound.rules import Understanding
from services.metrics.inbound.schemas import Received
from services.metrics.inbound.service import Delivery, WrongSignature, payload_values, quarantine_all
from services.metrics.tickets import service as tickets
from shared import clock
from shared.database import Database
from shared.http import acting
from shared.problems import Problem
from shared.ticketing.sources import NotProven

_DELIVERY_HEADERS = ("x-zammad-delivery", "webhook-id", "x-atlassian-webhook-identifier")


async def receive_together(
    database: Database, sources: Sources, deliveries: Sequence[Delivery]
) -> list[Received | Problem]:
    """Take what ticketing systems posted, in this order for each of them: keep it, quarantine what is not understood,
    apply the rest. What cannot be taken answers with its own problem: `ConnectionNotFound`, `WrongSignature`,
    `SecretUnreadable`.
    """
    answers: dict[int, Received | Problem] = {}
    by_connection: dict[str, list[int]] = {}
    for index, delivery in enumerate(deliveries):
        by_connection.setdefault(delivery.connection, []).append(index)
    async with database.transaction() as session:
        for key, indexes in sorted(by_connection.items()):
            try:
                opened = await sources.open(session, key)
            except Problem as problem:
                answers |= dict.fromkeys(indexes, problem)
                continue
            async with acting(f"connection:{key}"):
                answers |= await _receive_of(session, opened, {index: deliveries[index] for index in indexes})
    return [answers[index] for index in range(len(deliveries))]


async def _receive_of(
    session: AsyncSession, opened: Opened, deliveries: dict[int, Delivery]
) -> dict[int, Received | Problem]:
    answers: dict[int, Received | Problem] = {}
    understood: dict[int, Understanding] = {}
    payloads = {}
    for index, delivery in deliveries.items():
        try:
            opened.source.verify(delivery.headers, delivery.query, delivery.body)
        except NotProven as error:
            answers[index] = WrongSignature(str(error))
            continue
        understood[index] = rules.read_body(delivery.body, opened.source.read, clock.now())
        told = (delivery.headers.get(name) for name in _DELIVERY_HEADERS)
        payloads[index] = payload_values(
            opened.key,
            "webhook",
            delivery.headers.get("content-type", ""),
            delivery.body,
            understood[index],
            delivery=next((told_id for told_id in told if told_id), None),
        )
    await repository.keep_payloads(session, list(payloads.values()))
    kept = await quarantine_all(
        session,
        f"webhook {opened.key}",
        opened.key,
        opened.system,
        [(payloads[index]["id"], item) for index, read in understood.items() for item in read.unread],
    )
    ingested = await tickets.ingest(session, [facts for read in understood.values() for facts in read.facts])
    moved = iter(ingested.moved)
    for index, read in understood.items():
        changed = sum(next(moved) for _ in read.facts)
        answers[index] = Received(
            accepted=len(read.facts),
            changed=changed,
            quarantined=kept.get(payloads[index]["id"], []),
            ignored=read.ignored,
        )
    return answers

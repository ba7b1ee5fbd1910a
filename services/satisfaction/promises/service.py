"""What surveys hear of agreements: the clauses that a customer has to be asked about (R84)."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.promises import repository
from shared.events.agreements import AgreementSigned, AgreementTerminated
from shared.events.envelope import Event


async def note_signed(session: AsyncSession, events: Sequence[Event[AgreementSigned]]) -> None:
    """The clauses that were signed, however late and in whatever order they are told."""
    for event in sorted(events, key=lambda event: (event.data.agreement_id.bytes, event.data.signed_at)):
        fact = event.data
        rows = [
            {
                "agreement_id": fact.agreement_id,
                "clause": clause.key,
                "number": fact.number,
                "title": clause.title,
                "customer": fact.customer,
                "project": fact.project,
                "services": list(fact.services),
            }
            for clause in fact.clauses
        ]
        await repository.note_signed(session, fact.agreement_id, rows, fact.signed_at)


async def note_terminated(session: AsyncSession, events: Sequence[Event[AgreementTerminated]]) -> None:
    """They bind nobody any more, whether the agreement ended by its date, by both parties or by its successor."""
    for event in sorted(events, key=lambda event: event.data.agreement_id.bytes):
        fact = event.data
        await repository.note_ended(
            session,
            {
                "agreement_id": fact.agreement_id,
                "number": fact.number,
                "title": fact.title,
                "customer": fact.customer,
                "project": fact.project,
                "told_at": event.time,
            },
        )

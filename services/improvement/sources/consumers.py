"""What opens records beside gaps: audits, reviews, risks, complaints, surveys, low scores, opinions, agreements."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.sources import reading
from services.improvement.sources.rules import Told
from services.improvement.sources.service import Heard, take
from shared.events import agreements, audit, callbacks, complaints, notifier, surveys
from shared.events.envelope import Event
from shared.inbox import Handler

_Handle = Callable[[AsyncSession, Sequence[Event[Any]]], Awaitable[None]]


def _taking(read: Callable[[Event[Any]], Told]) -> _Handle:
    async def handle(session: AsyncSession, events: Sequence[Event[Any]]) -> None:
        await take(session, [Heard.of(event, read(event)) for event in events])

    return handle


async def _take_surveys(session: AsyncSession, events: Sequence[Event[surveys.SurveyAnalysed]]) -> None:
    await take(session, [Heard.of(event, told) for event in events for told in reading.read_survey(event)])


_COMPLAINT = _taking(reading.read_complaint)

handlers = (
    Handler("improvement.sources.nonconformity", audit.NonconformityRaised, _taking(reading.read_nonconformity)),
    Handler("improvement.sources.decision", audit.DecisionRecorded, _taking(reading.read_decision)),
    Handler("improvement.sources.risk", audit.RiskRaised, _taking(reading.read_risk)),
    Handler("improvement.sources.complaint", complaints.ComplaintReceived, _COMPLAINT),
    Handler("improvement.sources.complaint_escalated", complaints.ComplaintEscalated, _COMPLAINT),
    Handler("improvement.sources.survey", surveys.SurveyAnalysed, _take_surveys),
    Handler(
        "improvement.sources.dissatisfaction",
        callbacks.DissatisfactionRecorded,
        _taking(reading.read_dissatisfaction),
    ),
    Handler("improvement.sources.opinion", notifier.ReportOpinionMarked, _taking(reading.read_opinion)),
    Handler(
        "improvement.sources.renegotiation", agreements.RenegotiationRequested, _taking(reading.read_renegotiation)
    ),
)

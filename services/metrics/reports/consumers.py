"""What metrics hears of surveys."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.reports.surveys import report_survey
from shared.events.envelope import Event
from shared.events.surveys import SurveyAnalysed
from shared.inbox import Handler


async def note_surveys(session: AsyncSession, events: Sequence[Event[SurveyAnalysed]]) -> None:
    """R186: what surveys found becomes the value of measures that ask for it."""
    for event in events:
        await report_survey(session, event.data)


handlers = (Handler("metrics.reports.note_surveys", SurveyAnalysed, note_surveys),)

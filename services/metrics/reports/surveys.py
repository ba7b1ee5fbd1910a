"""What surveys hand in: a measure that is reported and called `survey_index` (or csat, nps, ces, expectation) takes the
figure of every survey that is analysed, as a report of its owner's would be (R30, R186)."""

import re
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.measures import repository as measures
from services.metrics.measures.formulas import REPORTED
from services.metrics.measures.periods import name_of, period_of
from services.metrics.reports import repository
from services.metrics.reports.schemas import ReportBody
from services.metrics.reports.service import report
from shared.events.surveys import SurveyAnalysed, SurveyFigure
from shared.problems import Problem

_log = structlog.get_logger(__name__)
FIGURES = ("csat", "nps", "ces", "index", "expectation")
_NOTE = re.compile(r"survey ([0-9a-f-]{36}), revision (\d+)")


async def report_survey(session: AsyncSession, fact: SurveyAnalysed) -> None:
    """Each headline figure, as the value of the period in which the survey closed, about the service, customer and
    project that it was about; of one that was about a department only, nothing. What a measure does not take is
    logged: the survey itself keeps its figures."""
    parts = {name: getattr(fact, name) for name in ("service", "customer", "project")}
    scope = ",".join(f"{name}={value}" for name, value in parts.items() if value) or "all"
    if scope == "all" and fact.department:
        return
    for figure in fact.figures:
        if figure.key in FIGURES:
            await _report(session, fact, figure, scope)


async def _report(session: AsyncSession, fact: SurveyAnalysed, figure: SurveyFigure, scope: str) -> None:
    key = f"survey_{figure.key}"
    measure = await measures.lock_measure(session, key)
    if measure is None or measure.formula != REPORTED:
        return
    period = period_of(measure.frequency, fact.period_to - timedelta(days=1))
    newest = await repository.find_newest(session, key, scope, period)
    told = _NOTE.match(newest.note or "") if newest is not None else None
    if told is not None and told[1] == str(fact.campaign_id) and int(told[2]) >= fact.revision:
        return
    told_by = f"survey {fact.campaign_id}, revision {fact.revision}"
    try:
        body = ReportBody(
            scope=scope,
            period=f"{period:%Y-%m}",
            value=figure.value,
            n=figure.n,
            note=f"{told_by}: {fact.title}",
            reason=told_by,
        )
        await report(session, key, body)
    except (Problem, ValueError) as refusal:
        period_name = name_of(measure.frequency, period)
        _log.warning("survey_not_reported", measure=key, scope=scope, period=period_name, reason=str(refusal))

"""Use cases of the analysis: gather what a closed campaign brought, keep what came of it, and tell it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.analysis import repository, rules
from services.satisfaction.analysis.problems import CampaignNotClosed, NotAnalysed
from services.satisfaction.analysis.questions import AnalyseCampaign, StratumCount
from services.satisfaction.analysis.schemas import CampaignAnalysis, Comment, Facts, Figure, GroupResult, Previous
from services.satisfaction.campaigns import repository as campaigns
from services.satisfaction.campaigns.schemas import format_number
from services.satisfaction.campaigns.service import get_campaign, lock_campaign
from services.satisfaction.questionnaires.schemas import Content, PairItem, RatingItem, TextItem, wording_of
from services.satisfaction.settings import SatisfactionSettings
from shared import clock
from shared.auth import Role
from shared.database import wake_after_commit
from shared.events.surveys import SamplingRiskFound, SurveyAnalysed, SurveyFigure, SurveyGap
from shared.outbox import record

JOB = "surveys.analyse"
ANALYSTS = frozenset({Role.QUALITY_MANAGER, Role.SERVICE_DESK, Role.PROJECT_MANAGER})
"""Who has answers one by one, and has them analysed again."""


async def get_analysis(session: AsyncSession, campaign_id: UUID) -> CampaignAnalysis:
    """As it was frozen.

    Raises:
        CampaignNotFound, NotAnalysed
    """
    campaign = await get_campaign(session, campaign_id)
    return read_analysis(campaign)


def read_analysis(campaign: Row[Any]) -> CampaignAnalysis:
    """Raises `NotAnalysed`."""
    if campaign.analysis is None:
        soon = "its analysis runs now" if campaign.state == "closed" else f"it is {campaign.state}; close it first"
        raise NotAnalysed(f"campaign {format_number(campaign.number)} is not analysed yet: {soon}")
    return CampaignAnalysis.model_validate(campaign.analysis)


async def ask_for_analysis(session: AsyncSession, campaign_id: UUID) -> Row[Any]:
    """Analyse a closed campaign again: the next revision of what is frozen.

    Raises:
        CampaignNotFound, CampaignNotClosed
    """
    campaign = await lock_campaign(session, campaign_id)
    if campaign.state != "closed":
        raise CampaignNotClosed(
            f"campaign {format_number(campaign.number)} is {campaign.state}: only what is closed is analysed"
        )
    await repository.set_due(session, campaign_id, clock.now())
    wake_after_commit(session, JOB)
    return campaign


async def gather(
    session: AsyncSession, campaign: Row[Any], path: str, settings: SatisfactionSettings
) -> AnalyseCampaign:
    """The question for the worker; the answers are those that lie at `path`."""
    counts = {row.stratum: row for row in await repository.count_strata(session, campaign.id)}
    answered = await repository.count_answers(session, campaign.id)
    strata = [
        StratumCount(
            stratum=row.stratum, population=row.population, drawn=row.drawn, invited=row.invited, sheets=row.sheets
        )
        for row in counts.values()
    ]
    strata += [  # nobody's answer is lost because its stratum is gone from the population
        StratumCount(stratum=name, population=n, drawn=0, invited=0, sheets=0)
        for name, n in answered.items()
        if name not in counts
    ]
    previous = await repository.find_previous(session, campaign)
    return AnalyseCampaign(
        facts=_facts(campaign, settings),
        content=Content.model_validate(campaign.content),
        strata=tuple(strata),
        margin=campaign.margin,
        confidence=campaign.confidence,
        previous=None if previous is None else _previous(previous),
        path=path,
    )


def _facts(campaign: Row[Any], settings: SatisfactionSettings) -> Facts:
    zone = ZoneInfo(settings.time_zone)
    opened: date = campaign.opens_on or (campaign.launched_at or campaign.created_at).astimezone(zone).date()
    return Facts(
        **{
            name: getattr(campaign, name)
            for name in (
                "title", "kind", "level", "customer", "service", "project", "department", "anonymous", "digest",
            )
        },
        campaign_id=campaign.id,
        number=format_number(campaign.number),
        questionnaire=campaign.questionnaire_key,
        questionnaire_version=campaign.questionnaire_version,
        revision=campaign.analysis_revision + 1,
        period_from=opened,
        period_to=campaign.closed_at.astimezone(zone).date() + timedelta(days=1),
        analysed_by="service:satisfaction",
        analysed_at=clock.now(),
    )  # fmt: skip


def _previous(row: Row[Any]) -> Previous | None:
    """None where what was frozen cannot be read any more."""
    try:
        frozen = CampaignAnalysis.model_validate(row.analysis)
    except ValidationError:
        return None
    return Previous(
        id=row.id,
        number=format_number(row.number),
        title=row.title,
        closed_at=row.closed_at,
        confidence=frozen.method.confidence,
        digest=frozen.digest,
        stratified=sum(stratum.answered > 0 for stratum in frozen.strata) > 1,
        figures=frozen.figures,
        groups=frozen.groups,
    )


async def keep_analysis(session: AsyncSession, analysis: CampaignAnalysis, settings: SatisfactionSettings) -> None:
    """Freeze it, and tell it; one that another replica kept meanwhile stays."""
    campaign = await campaigns.lock(session, analysis.campaign_id)
    if campaign is None or campaign.analysis_revision >= analysis.revision:
        return
    facts = [_analysed(analysis, campaign, settings), *_risk(analysis, campaign, settings)]
    values = {
        "analysis": analysis.model_dump(mode="json"),
        "analysis_revision": analysis.revision,
        "analysed_at": analysis.analysed_at,
        "analysis_due_at": None,
        "sequence": campaign.sequence + len(facts),
        "updated_at": clock.now(),
    }
    await campaigns.write(session, campaign.id, values)
    for place, fact in enumerate(facts, 1):
        await record(session, fact, subject=campaign.id, sequence=campaign.sequence + place, correlation_id=campaign.id)


def url_of(campaign_id: UUID, settings: SatisfactionSettings) -> str | None:
    """Where the analysis is shown, where the installation knows its own address."""
    return f"{settings.public_url}/satisfaction/campaigns/{campaign_id}/analysis" if settings.public_url else None


def _analysed(analysis: CampaignAnalysis, campaign: Row[Any], settings: SatisfactionSettings) -> SurveyAnalysed:
    low, high = _scale(Content.model_validate(campaign.content))
    return SurveyAnalysed(
        **{
            name: getattr(analysis, name)
            for name in (
                "campaign_id", "title", "kind", "questionnaire", "revision", "period_from", "period_to", "customer",
                "service", "project", "department", "population", "invited", "answered", "response_rate", "uncovered",
                "analysed_by", "analysed_at",
            )
        },
        sampling_risk=analysis.sampling_risk.half_width,
        scale_from=low,
        scale_to=high,
        figures=tuple(
            _figure(figure, analysis.population) for figure in analysis.figures if figure.value is not None
        ),
        gaps=tuple(gap for group in analysis.groups for gap in _gap(group, analysis.method.significance_level)),
        url=url_of(campaign.id, settings),
    )  # fmt: skip


def _figure(figure: Figure, population: int) -> SurveyFigure:
    assert figure.value is not None
    return SurveyFigure(
        key=figure.key,
        name=wording_of(figure.name, "en"),
        value=figure.value,
        low=figure.low,
        high=figure.high,
        n=figure.n,
        population=population,
    )


def _gap(group: GroupResult, significance_level: float) -> Sequence[SurveyGap]:
    """Nothing where too few answered for an interval."""
    if group.expectation is None or group.perception is None or group.gap is None:
        return ()
    if group.low is None or group.high is None:
        return ()
    return (
        SurveyGap(
            aspect=group.aspect,
            key=group.key,
            name=group.key,
            expectation=group.expectation,
            perception=group.perception,
            gap=group.gap,
            low=group.low,
            high=group.high,
            significance_level=significance_level,
            significant=group.significant,
            n=group.n,
            cronbach_alpha=group.alpha_gap.raw,
        ),
    )


def _scale(content: Content) -> tuple[float, float]:
    """That of the SERVQUAL statements, else of the first rating."""
    for kind in (PairItem, RatingItem):
        for item in content.items:
            if isinstance(item, kind):
                return item.low, item.high
    return 1, 7


def _risk(
    analysis: CampaignAnalysis, campaign: Row[Any], settings: SatisfactionSettings
) -> Sequence[SamplingRiskFound]:
    """R85: told where the sample says less than was wanted."""
    risk = analysis.sampling_risk
    if risk.level == "low":
        return ()
    return (
        SamplingRiskFound(
            **{
                name: getattr(analysis, name)
                for name in (
                    "campaign_id", "number", "title", "revision", "customer", "service", "project", "department",
                    "uncovered",
                )
            },
            owner=campaign.owner,
            level=risk.level,
            figure=risk.figure,
            sampling_risk=risk.value,
            margin=risk.margin,
            uncovered_share=risk.uncovered_share,
            non_response=risk.non_response,
            answers_missing=sum(lowering.answers for lowering in risk.lowered_by),
            found_at=analysis.analysed_at,
            url=url_of(campaign.id, settings),
        ),
    )  # fmt: skip


async def find_withheld(session: AsyncSession, campaign: Row[Any]) -> set[str]:
    """The strata whose answers are not shown one by one."""
    if not campaign.anonymous:
        return set()
    return rules.find_withheld(await repository.count_answers(session, campaign.id))


def list_text_items(campaign: Row[Any]) -> list[str]:
    """The items in which people write."""
    content = Content.model_validate(campaign.content)
    return [item.key for item in content.items if isinstance(item, TextItem)]


def require_closed(campaign: Row[Any]) -> None:
    """What is shown one by one is shown when nothing comes any more. Raises `CampaignNotClosed`."""
    if campaign.state != "closed" or campaign.content is None:
        raise CampaignNotClosed(
            f"campaign {format_number(campaign.number)} is {campaign.state}: answers are shown once it is closed"
        )


def wait_until(now: datetime) -> datetime:
    """How long a claim to analyse a campaign holds: the worker's time, and that of those before it in line."""
    return now + timedelta(minutes=10)


async def list_comments(
    session: AsyncSession, campaign_id: UUID, stratum: str | None, after: UUID | None, limit: int
) -> list[Comment]:
    """What people wrote, once the campaign is closed.

    Raises:
        CampaignNotFound, CampaignNotClosed
    """
    campaign = await get_campaign(session, campaign_id)
    require_closed(campaign)
    items = list_text_items(campaign)
    if not items:
        return []
    withheld = sorted(await find_withheld(session, campaign))
    rows = await repository.list_comments(session, campaign_id, items, stratum, withheld, after, limit)
    return [
        Comment(
            response_id=row.id,
            stratum=row.stratum,
            language=row.language,
            texts={item: row.answers[item] for item in items if item in row.answers},
        )
        for row in rows
    ]

"""Pages of a campaign's analysis and of what people wrote. They work without JavaScript."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import Request
from markupsafe import Markup
from sqlalchemy import Row

from services.satisfaction.analysis import repository, service
from services.satisfaction.analysis.routes import Analyst
from services.satisfaction.analysis.schemas import CampaignAnalysis, Figure, GroupResult
from services.satisfaction.campaigns.schemas import format_number
from services.satisfaction.campaigns.service import get_campaign
from services.satisfaction.questionnaires.schemas import Content, wording_of
from services.satisfaction.questionnaires.words import name_group
from shared.auth import Staff
from shared.http import Reading, Writing
from shared.pages import N_, HTMLResponse, language_of, page_router, render, see_other, translate
from shared.pages.formats import format_month
from shared.pages.interval_charts import Row as Bar
from shared.pages.interval_charts import interval_chart
from shared.pagination import Cursor, decode_cursor, encode_cursor

pages = page_router()

_ON_A_PAGE = 50
_CAMPAIGNS = 12
LEVELS = {"low": (N_("low"), "good"), "raised": (N_("raised"), "warn"), "high": (N_("high"), "bad")}
ASPECTS = {"figure": N_("Figure"), "dimension": N_("Dimension"), "process": N_("Process")}
TESTS = {"fisher": N_("Fisher's exact test"), "welch": N_("Welch's test")}
ALONE = {
    "only_now": N_("was not asked last time"),
    "only_before": N_("was only asked last time"),
    "other_items": N_("is made of other questions"),
    "other_scale": N_("has another scale"),
    "too_few_answers": N_("too few answered"),
}
UNDEFINED = {
    "one_item": N_("has a single question"),
    "too_few_answers": N_("fewer than two answered all of its questions"),
    "no_variance": N_("its answers do not vary"),
}
METHOD = (
    (
        N_("Weights"),
        N_(
            "Strata weigh by their population, in every figure those in which somebody answered. Cronbach's α counts "
            "every respondent the same."
        ),
    ),
    (
        N_("Intervals"),
        N_(
            "Shares: Wilson; means and gaps: Student with Satterthwaite's degrees of freedom; both with "
            "finite-population correction by stratum. Whether a gap is significant is tested without the correction, "
            "corrected for the number of groups by Holm."
        ),
    ),
    (
        N_("Missing answers"),
        N_(
            "A question counts those who answered it, its gap those who answered both halves; a dimension is the mean "
            "of its questions. α takes those who answered all questions of the dimension."
        ),
    ),
    (
        N_("Comparison"),
        N_(
            "Shares of unstratified samples by Fisher's exact test, all else by Welch's, corrected by Holm. The "
            "samples are taken to be independent; only what has the same questions on the same scales is compared."
        ),
    ),
)


@pages.get("/campaigns/{campaign_id}/analysis")
async def show_analysis(request: Request, campaign_id: UUID, session: Reading, caller: Staff) -> HTMLResponse:
    """R85: the sampling risk first, then what was said by how many, beside what was said before."""
    campaign = await get_campaign(session, campaign_id)
    analysis = service.read_analysis(campaign)
    language = language_of(request)
    names = {figure.key: wording_of(figure.name, language) for figure in analysis.figures}
    before = await repository.list_series(session, campaign, _CAMPAIGNS)
    return render(
        request,
        "analysis/show.html",
        analysis=analysis,
        campaign=campaign,
        names=names,
        name_group=lambda key: name_group(request, key),
        units={None: {"unit": ""}, **{figure.key: figure for figure in analysis.figures}},
        wordings={one.item: wording_of(one.name, language) for one in analysis.items},
        choices=[(wording_of(one.name, language), one) for one in analysis.choices],
        wording_of=lambda name: wording_of(name, language),
        charts=await _draw(request, analysis, names, before),
        levels=LEVELS,
        aspects=ASPECTS,
        tests=TESTS,
        alone=ALONE,
        undefined=UNDEFINED,
        method=METHOD,
        may_analyse=bool(caller.roles & service.ANALYSTS),
    )


@pages.post("/campaigns/{campaign_id}/analyse")
async def take_again(request: Request, campaign_id: UUID, session: Writing, _caller: Analyst) -> Any:
    """The button that analyses it again."""
    await service.ask_for_analysis(session, campaign_id)
    return see_other(request, f"/campaigns/{campaign_id}")


@pages.get("/campaigns/{campaign_id}/comments")
async def show_comments(
    request: Request, campaign_id: UUID, session: Reading, _caller: Staff, cursor: Cursor = None
) -> HTMLResponse:
    """What people wrote, in no order; in an anonymous campaign not of strata with fewer than five answers."""
    campaign = await get_campaign(session, campaign_id)
    language = language_of(request)
    after: UUID | None = decode_cursor(cursor, UUID)[0] if cursor else None
    found = await service.list_comments(session, campaign_id, None, after, _ON_A_PAGE + 1)
    shown = found[:_ON_A_PAGE]
    next_path = None
    if len(found) > _ON_A_PAGE:
        next_path = f"/campaigns/{campaign_id}/comments?cursor={encode_cursor(str(shown[-1].response_id))}"
    content = Content.model_validate(campaign.content)
    return render(
        request,
        "analysis/comments.html",
        campaign=campaign,
        number=format_number(campaign.number),
        comments=shown,
        questions={item.key: wording_of(dict(item.wording), language) for item in content.items},
        next_path=next_path,
    )


async def _draw(
    request: Request, analysis: CampaignAnalysis, names: Mapping[str, str], before: Sequence[Row[Any]]
) -> dict[str, Markup]:
    language = language_of(request)
    drawn = {
        "strata": await interval_chart(
            translate(request, N_("Response by stratum")),
            [Bar(one.stratum, one.response_rate, None, None, one.answered) for one in analysis.strata],
            unit="share",
            language=language,
            span=(0, 1),
        )
    }
    for aspect, title in (("dimension", N_("Gap by dimension")), ("process", N_("Gap by process"))):
        groups = [group for group in analysis.groups if group.aspect == aspect and group.gap is not None]
        if groups:
            bars = [_bar_of(group, name_group(request, group.key)) for group in groups]
            drawn[aspect] = await interval_chart(translate(request, title), bars, unit="", language=language, zero=True)
    trend = [bar for row in before if (bar := _trend_of(row, analysis, language)) is not None]
    main = next((one for one in analysis.figures if one.key == analysis.main), None)
    if len(trend) > 1 and main is not None:
        title = translate(request, N_("%(figure)s over the campaigns")) % {"figure": names[main.key]}
        unit = "share" if main.unit == "share" else ""
        drawn["trend"] = await interval_chart(title, trend, unit=unit, language=language, upright=True)
    return drawn


def _bar_of(group: GroupResult, name: str) -> Bar:
    return Bar(name, group.gap, group.low, group.high, group.n)


def _trend_of(row: Row[Any], analysis: CampaignAnalysis, language: str) -> Bar | None:
    """The main figure of one campaign; None where it has none."""
    found = next((one for one in row.figures if one["key"] == analysis.main), None)
    if found is None:
        return None
    figure = Figure.model_validate(found)
    label = f"{format_number(row.number)} · {format_month(row.closed_at, language)}"
    return Bar(label, figure.value, figure.low, figure.high, figure.n)

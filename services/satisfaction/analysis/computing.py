"""A campaign's answers become its analysis. Runs in the worker: no service imports it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from services.satisfaction.analysis import rules
from services.satisfaction.analysis.comparing import compare_campaigns
from services.satisfaction.analysis.estimates import weigh_means
from services.satisfaction.analysis.matrices import Answers, expect_all, follow, hide_rare, read_answers
from services.satisfaction.analysis.proportions import Counted, share_of, weigh_strata
from services.satisfaction.analysis.questions import AnalyseCampaign
from services.satisfaction.analysis.schemas import (
    FEWEST_ANSWERS,
    CampaignAnalysis,
    ChoiceResult,
    Figure,
    Lowering,
    Method,
    OptionShare,
    PartResult,
    SamplingRisk,
    StratumFigure,
    StratumResult,
)
from services.satisfaction.analysis.scores import Column, mean_of
from services.satisfaction.analysis.scoring import Scored, list_scores
from services.satisfaction.analysis.statements import analyse_statements
from services.satisfaction.analysis.strata import Strata
from services.satisfaction.questionnaires.schemas import ChoiceItem

MOST_PARTS = 500
METHOD = {
    "weights": "Strata weigh by their population, in every figure those in which somebody answered; strata without "
    "answers weigh nothing. Alpha counts every respondent the same.",
    "interval": "Shares: Wilson, means and gaps: Student with Satterthwaite's degrees of freedom; both with "
    "finite-population correction by stratum. The test of a gap is without the correction, since it asks about the "
    "service and not about these people alone; where all say the same it is the sign test.",
    "missing_answers": "An item counts those who answered it, its gap those who answered both halves; a dimension is "
    "the mean of its items, the whole the weighted mean of its dimensions, with the interval of all who answered any "
    "of them. Alpha takes those who answered all items of the dimension.",
    "cronbach_alpha": "Raw by covariances and standardised by the mean correlation, of expectation, perception and "
    "gap; the event carries the raw one of the gap. It has none of a single item, of fewer than two respondents, and "
    "where nothing varies.",
    "comparison": "Shares of unstratified samples by Fisher's exact test, all else by Welch's; p-values are corrected "
    "by Holm. The difference of shares has Newcombe's interval. The samples are taken to be independent: who answered "
    "both campaigns is not matched. Only what has the same items on the same scales is compared.",
}


def analyse_file(asked: AnalyseCampaign) -> CampaignAnalysis:
    """The analysis of the answers that lie at `path`."""
    with Path(asked.path).open("rb") as file:
        return analyse(asked, read_answers(follow(file), asked.content))


def analyse(asked: AnalyseCampaign, answers: Answers) -> CampaignAnalysis:
    """Every figure of one campaign."""
    content = asked.content
    people = {counted.stratum: counted.population for counted in asked.strata}
    split = Strata(answers.strata, people)
    answered = dict(zip(people, split.sizes.tolist(), strict=True))
    population = sum(people.values())
    if asked.facts.kind == "expectation":
        content, answers = expect_all(content, answers)
    if asked.facts.anonymous:
        answers = hide_rare(answers, FEWEST_ANSWERS)
    scored = list_scores(content, answers)
    figures = tuple(_figure(one, split, asked.confidence) for one in scored)
    strata = _tell_strata(asked, answers, scored, split, answered)
    main = rules.choose_main([figure.key for figure in figures])
    invited = sum(counted.invited for counted in asked.strata)
    servqual = analyse_statements(content, answers, split, asked.confidence)
    stratified = sum(n > 0 for n in answered.values()) > 1
    parts, left_out = _tell_parts(answers, scored, asked.confidence)
    return CampaignAnalysis(
        **dict(asked.facts),
        population=population,
        drawn=sum(counted.drawn for counted in asked.strata),
        invited=invited,
        answered=answers.n,
        sheets=sum(counted.sheets for counted in asked.strata),
        response_rate=rules.find_share(answers.n, invited),
        coverage=rules.find_share(answers.n, population),
        uncovered=tuple(stratum.stratum for stratum in strata if not stratum.covered),
        main=main,
        sampling_risk=_tell_risk(asked, next((one for one in figures if one.key == main), None), strata, answers.n),
        strata=strata,
        figures=figures,
        choices=tuple(
            _choice(item, answers, people, asked.confidence) for item in content.items if isinstance(item, ChoiceItem)
        ),
        comments=_count_comments(answers),
        items=servqual.items,
        groups=servqual.groups,
        whole=servqual.whole,
        comparison=compare_campaigns(
            figures, servqual.groups, asked.facts.digest, stratified, asked.confidence, asked.previous
        ),
        parts=parts,
        parts_left_out=left_out,
        method=Method(
            confidence=asked.confidence,
            significance_level=round(1 - asked.confidence, 12),
            fewest_answers=FEWEST_ANSWERS,
            **METHOD,
        ),
    )


def _figure(one: Scored, split: Strata, confidence: float) -> Figure:
    parts = list(zip(split.populations.astype(int).tolist(), split.split(one.column), strict=True))
    told = weigh_means(parts, confidence)
    low, high = told.low, told.high
    if one.is_share:
        share = weigh_strata([_count(population, column) for population, column in parts], confidence)
        low, high = share.low, share.high
    known = one.raw[~np.isnan(one.raw)]
    mean = mean_of(one.raw, confidence=confidence)
    return Figure(
        key=one.key,
        name=one.name,
        kind=one.kind,
        unit=one.unit,
        least=one.least,
        most=one.most,
        value=told.value,
        low=None if low is None else max(one.least, low),
        high=None if high is None else min(one.most, high),
        error=told.error,
        freedom=told.freedom,
        n=told.n,
        said_so=int(np.nansum(one.column)) if one.is_share else None,
        mean=mean.value,
        deviation=mean.deviation,
        answers=one.count_answers(known),
        parts=one.count_parts(known),
        design_effect=told.design_effect,
        basis=one.basis,
    )


def _count(population: int, column: Column) -> Counted:
    known = column[~np.isnan(column)]
    return Counted(population, int(known.size), int(known.sum()))


def _tell_strata(
    asked: AnalyseCampaign, answers: Answers, scored: Sequence[Scored], split: Strata, answered: Mapping[str, int]
) -> tuple[StratumResult, ...]:
    withheld = rules.find_withheld(answered) if asked.facts.anonymous else set()
    headline = [one for one in scored if one.key in rules.MAIN]
    columns = {one.key: dict(zip(split.names, split.split(one.column), strict=True)) for one in headline}
    hidden = {key: _find_hidden(parts) | withheld for key, parts in columns.items()} if asked.facts.anonymous else {}
    heard = sum(counted.population for counted in asked.strata if answered[counted.stratum])
    comments: dict[str, int] = {}
    for (_, stratum), n in answers.comments.items():
        comments[stratum] = comments.get(stratum, 0) + n
    told = []
    for counted in asked.strata:
        name, n = counted.stratum, answered[counted.stratum]
        required, missing = rules.count_missing(counted.population, n, asked.margin, asked.confidence)
        shown = [one for one in headline if name not in hidden.get(one.key, ())]
        told.append(
            StratumResult(
                **counted.model_dump(),
                answered=n,
                response_rate=rules.find_share(n, counted.invited),
                coverage=rules.find_share(n, counted.population),
                weight=counted.population / heard if n else 0.0,
                required=required,
                missing=missing,
                invitations_needed=rules.count_invitations(missing, n, counted.invited, counted.population),
                covered=rules.is_covered(n, counted.population),
                withheld=name in withheld,
                comments=0 if name in withheld else comments.get(name, 0),
                figures=tuple(
                    _tell_part(one, columns[one.key][name], counted.population, asked.confidence) for one in shown
                ),
            )
        )
    return tuple(told)


def _find_hidden(parts: Mapping[str, Column]) -> set[str]:
    """The strata in which too few answered this figure."""
    return rules.find_withheld({name: int((~np.isnan(column)).sum()) for name, column in parts.items()})


def _tell_part(one: Scored, column: Column, population: int | None, confidence: float) -> StratumFigure:
    if one.is_share:
        counted = _count(population or 0, column)
        share = share_of(counted.said_so, counted.answered, population, confidence)
        return StratumFigure(key=one.key, value=share.value, low=share.low, high=share.high, n=share.n)
    mean = mean_of(column, population, confidence)
    ends = [None if end is None else max(one.least, min(one.most, end)) for end in (mean.low, mean.high)]
    return StratumFigure(key=one.key, value=mean.value, low=ends[0], high=ends[1], n=mean.n)


def _tell_risk(
    asked: AnalyseCampaign, main: Figure | None, strata: Sequence[StratumResult], answered: int
) -> SamplingRisk:
    population = sum(stratum.population for stratum in strata)
    invited = sum(stratum.invited for stratum in strata)
    uncovered = sum(stratum.population for stratum in strata if not stratum.covered)
    half = value = None
    if main is not None and main.low is not None and main.high is not None:
        half = (main.high - main.low) / 2
        value = half / (main.most - main.least)
    share = uncovered / population if population else 0.0
    rate = rules.find_share(answered, invited)
    return SamplingRisk(
        figure=None if main is None else main.key,
        half_width=half,
        value=value,
        margin=asked.margin,
        confidence=asked.confidence,
        level=rules.judge_risk(value, asked.margin, share),
        uncovered_share=share,
        non_response=None if rate is None else 1 - rate,
        lowered_by=tuple(
            Lowering(stratum=stratum.stratum, answers=stratum.missing, invitations=stratum.invitations_needed)
            for stratum in sorted(strata, key=lambda one: (one.covered, -one.missing))
            if stratum.missing
        ),
    )


def _choice(item: ChoiceItem, answers: Answers, people: Mapping[str, int], confidence: float) -> ChoiceResult:
    options = []
    for option, name in item.options.items():
        counted = [
            Counted(population, answers.answered[item.key, stratum], answers.chosen[item.key, stratum, option])
            for stratum, population in people.items()
        ]
        share = weigh_strata(counted, confidence)
        n = sum(one.said_so for one in counted)
        options.append(
            OptionShare(option=option, name=dict(name), n=n, share=share.value, low=share.low, high=share.high)
        )
    answered = sum(answers.answered[item.key, stratum] for stratum in people)
    return ChoiceResult(item=item.key, name=dict(item.wording), answered=answered, options=tuple(options))


def _count_comments(answers: Answers) -> dict[str, int]:
    counted: dict[str, int] = {}
    for (item, _), n in answers.comments.items():
        counted[item] = counted.get(item, 0) + n
    return counted


def _tell_parts(answers: Answers, scored: Sequence[Scored], confidence: float) -> tuple[tuple[PartResult, ...], int]:
    """R204: by segment, customer and department, the largest first."""
    by_key = {one.key: one for one in scored if one.key in ("index", "csat")}
    told: list[PartResult] = []
    left_out = 0
    for by, words in (
        ("segment", answers.segments),
        ("customer", answers.customers),
        ("department", answers.departments),
    ):
        places: dict[str, list[int]] = {}
        for place, word in enumerate(words):
            if word is not None:
                places.setdefault(word, []).append(place)
        largest = sorted(places.items(), key=lambda pair: (-len(pair[1]), pair[0]))
        left_out += max(len(largest) - MOST_PARTS, 0)
        for value, rows in largest[:MOST_PARTS]:
            shown = {key: _tell_part(one, one.column[rows], None, confidence) for key, one in by_key.items()}
            told.append(
                PartResult(
                    by=by,
                    value=value,
                    n=len(rows),
                    index=shown.get("index"),
                    csat=shown.get("csat"),
                )
            )
    return tuple(told), left_out

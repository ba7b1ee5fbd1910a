"""Each event that can open a record, in the record's words. Pure: an event's data in, what it says out."""

import re
from collections.abc import Sequence
from datetime import date

from services.improvement.sources.rules import Told
from shared.events.agreements import RenegotiationRequested
from shared.events.audit import DecisionRecorded, NonconformityRaised, RiskRaised
from shared.events.callbacks import DissatisfactionRecorded
from shared.events.complaints import ComplaintClass, ComplaintEscalated, ComplaintReceived
from shared.events.envelope import Event
from shared.events.metrics import Severity
from shared.events.notifier import ReportOpinionMarked
from shared.events.surveys import SurveyAnalysed, SurveyGap
from shared.pages.formats import format_date, format_number

_KEY = re.compile(r"[a-z][a-z0-9_.-]{0,99}")
_SCOPE = re.compile(r"all|(service|customer|project|group|priority|category|cause)=[^\x00\r\n]{1,200}")
_COMPLAINTS: dict[ComplaintClass, Severity] = {"simple": "low", "general": "medium", "major": "high"}
_SEVERE_GAP, _CLEAR_GAP = 0.3, 0.15
"""Of the questionnaire's scale."""


def read_nonconformity(event: Event[NonconformityRaised]) -> Told:
    """R6, R101: what does not conform is corrected. One that names an earlier one attaches to its record."""
    fact = event.data
    key, scope = _measure(fact.measure_key, fact.scope)
    where = f" in {fact.found_in}" if fact.found_in else ""
    parts = [
        f"{fact.number}, a {fact.grade} nonconformity, was raised by {fact.raised_by} on {_day(fact.raised_at)}: found "
        f"by {fact.found_by.replace('_', ' ')}{where}.",
        f"Not met: {fact.criterion}." if fact.criterion else "",
        fact.description,
        f"Evidence: {fact.evidence}." if fact.evidence else "",
        f"To be corrected by {_day(fact.due_on)}." if fact.due_on else "",
        "It was found before." if fact.repeats else "",
    ]
    before = (f"nonconformity:{fact.repeats}",) if fact.repeats else ()
    return Told(
        kind="nonconformity",
        reference=str(fact.nonconformity_id),
        label=fact.number,
        keys=(f"nonconformity:{fact.nonconformity_id}", *before),
        title=_title(f"{fact.number}: {fact.title}"),
        problem=_join(parts, fact.url),
        told_by=fact.raised_by,
        told_at=fact.raised_at,
        severity="high" if fact.grade == "major" else "medium",
        department=fact.department,
        service=fact.service,
        customer=fact.customer,
        project=fact.project,
        measure_key=key,
        scope=scope,
        owner=fact.responsible,
        link=fact.url,
        facts={"grade": fact.grade, "criterion": fact.criterion, "due_on": _iso(fact.due_on)},
    )


def read_decision(event: Event[DecisionRecorded]) -> Told:
    """R6, R66, R107: what a management review decides is tracked."""
    fact = event.data
    key, scope = _measure(fact.measure_key, fact.scope)
    led = f", on its input '{fact.input}'" if fact.input else ""
    parts = [
        f"{fact.review} decided ({fact.number}, recorded by {fact.recorded_by} on {_day(fact.recorded_at)}{led}): "
        f"{fact.decision}",
        f"Responsible: {fact.responsible}." if fact.responsible else "",
        f"Due by {_day(fact.due_on)}." if fact.due_on else "",
    ]
    return Told(
        kind="decision",
        reference=str(fact.decision_id),
        label=fact.number,
        keys=(f"decision:{fact.decision_id}",),
        title=_title(f"{fact.number}: {fact.title}"),
        problem=_join(parts, fact.url),
        told_by=fact.recorded_by,
        told_at=fact.recorded_at,
        severity=fact.severity,
        department=fact.department,
        service=fact.service,
        customer=fact.customer,
        project=fact.project,
        measure_key=key,
        scope=scope,
        owner=fact.responsible,
        link=fact.url,
        asks=fact.opens_improvement,
        facts={"review_id": str(fact.review_id), "due_on": _iso(fact.due_on)},
    )


def read_risk(event: Event[RiskRaised]) -> Told:
    """R150: a risk at its level is treated before it happens."""
    fact = event.data
    key, scope = _measure(fact.measure_key, fact.scope)
    rose = f", up from {fact.previous_level}," if fact.previous_level else ""
    assessors = "one assessor" if fact.assessors == 1 else f"{fact.assessors} assessors"
    parts = [
        f"{fact.number}, a {fact.category} risk, is {fact.level}{rose} since {_day(fact.raised_at)}: index "
        f"{_figure(fact.risk_index)} = probability {_figure(fact.probability)} × impact {_figure(fact.impact)}"
        + (f" × {fact.potential_loss} {fact.currency or ''}".rstrip() if fact.potential_loss else "")
        + f", by {assessors}; raised by {fact.raised_by}.",
        fact.description,
        f"{fact.measure_key} is {_figure(fact.observed)} against a threshold of {_figure(fact.threshold)}."
        if fact.observed is not None and fact.threshold is not None
        else "",
        f"Treatment: {fact.treatment}." if fact.treatment else "",
    ]
    return Told(
        kind="risk",
        reference=str(fact.risk_id),
        label=fact.number,
        keys=(f"risk:{fact.risk_id}",),
        title=_title(f"{fact.number} ({fact.level}): {fact.title}"),
        problem=_join(parts, fact.url),
        told_by=fact.raised_by,
        told_at=fact.raised_at,
        severity=fact.level,
        department=fact.department,
        service=fact.service,
        customer=fact.customer,
        project=fact.project,
        measure_key=key,
        scope=scope,
        owner=fact.owner,
        link=fact.url,
        facts={"level": fact.level, "risk_index": fact.risk_index, "potential_loss": fact.potential_loss},
    )


def read_complaint(event: Event[ComplaintReceived] | Event[ComplaintEscalated]) -> Told:
    """R8, R51: a major complaint is analysed. Escalated, it is the same complaint in its new class."""
    fact = event.data
    key, scope = _measure(fact.measure_key, fact.scope)
    who = "An anonymous caller" if fact.anonymous else (fact.complainant or fact.customer or "A customer")
    about = f" about incident {fact.external_id}" if fact.external_id else ""
    parts = [
        f"{who} complained by {fact.channel} on {_day(fact.received_at)}{about} ({fact.number}, "
        f"{fact.complaint_class}, received by {fact.received_by}).",
        fact.description,
    ]
    told_at = fact.received_at
    if isinstance(fact, ComplaintEscalated):
        told_at = fact.escalated_at
        to = f" to {fact.escalated_to}" if fact.escalated_to else ""
        parts.append(
            f"{fact.escalated_by} escalated it{to} on {_day(fact.escalated_at)} ({fact.previous_class} before): "
            f"{fact.reason}"
        )
    about_whom = f"complaint:customer={fact.customer}:service={fact.service}"
    return Told(
        kind="complaint",
        reference=str(fact.complaint_id),
        label=fact.number,
        keys=(f"complaint:{fact.complaint_id}",),
        subject=about_whom if fact.customer and fact.service else None,
        title=_title(f"{fact.number}: {fact.title}"),
        problem=_join(parts, fact.url),
        told_by=fact.received_by,
        told_at=told_at,
        severity=_COMPLAINTS[fact.complaint_class],
        department=fact.department,
        service=fact.service,
        customer=fact.customer,
        project=fact.project,
        measure_key=key,
        scope=scope,
        link=fact.url,
        facts={"complaint_class": fact.complaint_class, "channel": fact.channel, "external_id": fact.external_id},
    )


def read_survey(event: Event[SurveyAnalysed]) -> list[Told]:
    """R10, R54, R175: each dimension or process whose perception is significantly below what was expected."""
    fact = event.data
    return [_read_gap(event, gap) for gap in fact.gaps if gap.significant and gap.gap < 0 and gap.high < 0]


def _read_gap(event: Event[SurveyAnalysed], gap: SurveyGap) -> Told:
    fact = event.data
    key, scope = _measure(gap.measure_key, gap.scope)
    share = abs(gap.gap) / max(fact.scale_to - fact.scale_from, 1e-9)
    cronbach = f", Cronbach's α {_figure(gap.cronbach_alpha)}" if gap.cronbach_alpha is not None else ""
    risk = f"; sampling risk ± {_figure(fact.sampling_risk)}" if fact.sampling_risk is not None else ""
    uncovered = f"; not covered: {', '.join(fact.uncovered)}" if fact.uncovered else ""
    parts = [
        f"{fact.title} ({format_date(fact.period_from, 'en')} up to {format_date(fact.period_to, 'en')}): in the "
        f"{gap.aspect} {gap.name} customers expected {_figure(gap.expectation)} and perceived "
        f"{_figure(gap.perception)} on a scale from {_figure(fact.scale_from)} to {_figure(fact.scale_to)}: a gap of "
        f"{_figure(gap.gap)}, interval {_figure(gap.low)} to {_figure(gap.high)} at "
        f"{_figure((1 - gap.significance_level) * 100)}%, n = {gap.n}{cronbach}.",
        f"{fact.answered} of {fact.invited} who were asked answered{risk}{uncovered}.",
    ]
    place = ":".join(part or "" for part in (fact.service, fact.customer, fact.project, fact.department))
    return Told(
        kind="survey",
        reference=f"{fact.campaign_id}:{gap.aspect}:{gap.key}",
        label=fact.title,
        keys=(f"survey:{fact.campaign_id}:{gap.aspect}:{gap.key}",),
        subject=f"survey:{fact.questionnaire}:{place}:{gap.aspect}:{gap.key}",
        title=_title(f"{gap.name}: perceived {_figure(gap.perception)}, expected {_figure(gap.expectation)}"),
        problem=_join(parts, fact.url),
        told_by=fact.analysed_by,
        told_at=fact.analysed_at,
        severity="high" if share >= _SEVERE_GAP else "medium" if share >= _CLEAR_GAP else "low",
        department=fact.department,
        service=fact.service,
        customer=fact.customer,
        project=fact.project,
        measure_key=key,
        scope=scope,
        link=fact.url,
        facts=gap.model_dump(mode="json", exclude={"measure_key", "scope"}),
    )


_SOLVED = {None: None, "yes": "solved", "partly": "partly solved", "no": "not solved"}
_OF_A_SCORE = {
    "score", "group", "customer", "external_id", "ticket_id", "title", "resolver", "solved", "channel", "conduct",
}  # fmt: skip


def read_dissatisfaction(event: Event[DissatisfactionRecorded]) -> Told:
    """R82, R54: one low score. Those of one service, else of one group, are one matter."""
    fact = event.data
    where = f"service={fact.service}" if fact.service else f"group={fact.group}" if fact.group else "all"
    customer = f"{fact.customer}: " if fact.customer else ""
    resolved = f", resolved by {fact.resolver}" if fact.resolver else ""
    answers = "".join(f", {part}" for part in (_SOLVED[fact.solved], fact.channel and f"by {fact.channel}") if part)
    conduct = "".join(f", {item} {points}" for item, points in fact.conduct.items())
    said = f', "{fact.comment}"' if fact.comment else ""
    about = f"incident {fact.external_id}" + (f" ({fact.title})" if fact.title else "") + resolved
    return Told(
        kind="dissatisfaction",
        reference=str(fact.callback_id),
        label=fact.external_id,
        keys=(f"dissatisfaction:{where}",),
        title=_title(f"Dissatisfied customers of {where.partition('=')[2] or 'the service'}"),
        problem=f"{customer}score {fact.score} of 5 on {about}, {_day(fact.recorded_at)}{answers}{conduct}{said}",
        told_by=f"service:{event.source}",
        told_at=fact.recorded_at,
        severity="high" if fact.score == 1 else "medium",
        service=fact.service,
        facts=fact.model_dump(mode="json", include=_OF_A_SCORE),
    )


def read_opinion(event: Event[ReportOpinionMarked]) -> Told:
    """R9, R14: what the supervisor marks on a report."""
    return tell_opinion(event.data)


def tell_opinion(fact: ReportOpinionMarked) -> Told:
    """An opinion, told by event or marked here by hand."""
    key, scope = _measure(fact.measure_key, fact.scope)
    place = ", ".join(part for part in (fact.section, fact.figure) if part)
    period = ""
    if fact.period_from and fact.period_to:
        period = f" ({format_date(fact.period_from, 'en')} up to {format_date(fact.period_to, 'en')})"
    parts = [
        f"{fact.marked_by} on {_day(fact.marked_at)}, of {fact.report_title}{period}"
        + (f", {place}" if place else "")
        + f": {fact.opinion}"
    ]
    return Told(
        kind="report",
        reference=str(fact.opinion_id),
        label=fact.report_title,
        keys=(f"report:{fact.opinion_id}",),
        title=_title(f"{fact.report_title}: {fact.opinion}"),
        problem=_join(parts, fact.url),
        told_by=fact.marked_by,
        told_at=fact.marked_at,
        severity=fact.severity,
        department=fact.department,
        service=fact.service,
        customer=fact.customer,
        project=fact.project,
        measure_key=key,
        scope=scope,
        link=fact.url,
        asks=fact.opens_improvement,
        facts={"report_id": str(fact.report_id), "kind": fact.kind, "section": fact.section, "figure": fact.figure},
    )


def read_renegotiation(event: Event[RenegotiationRequested]) -> Told:
    """R158: a quality problem that sends an agreement back to negotiation. All its revisions are one matter."""
    fact = event.data
    return Told(
        kind="renegotiation",
        reference=str(fact.successor_id),
        label=fact.number,
        keys=(f"renegotiation:{fact.number}",),
        title=_title(f"{fact.number} with {fact.customer} goes back to negotiation"),
        problem=_join(
            [
                f"{fact.requested_by} sends {fact.title} ({fact.number}, revision {fact.revision}, with {fact.customer}"
                f", services: {', '.join(fact.services)}) back to negotiation: {fact.reason}"
            ],
            f"/metrics/agreements/{fact.agreement_id}",
        ),
        told_by=fact.requested_by,
        told_at=event.time,
        severity="high",
        service=fact.services[0] if len(fact.services) == 1 else None,
        customer=fact.customer,
        project=fact.project,
        link=f"/metrics/agreements/{fact.agreement_id}",
        facts={"revision": fact.revision, "negotiation_id": str(fact.negotiation_id) if fact.negotiation_id else None},
    )


def _measure(key: str | None, scope: str | None) -> tuple[str | None, str | None]:
    """Nothing where they are not written as measures and scopes are: the record then has no measure yet."""
    if key is None or not _KEY.fullmatch(key) or not _SCOPE.fullmatch(scope or "all"):
        return None, None
    return key, scope or "all"


def _join(parts: Sequence[str], link: str | None) -> str:
    told = "\n\n".join(part for part in parts if part)
    return f"{told}\n\n{link}" if link else told


def _title(text: str) -> str:
    """One line of at most 200 characters."""
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:199] + "…"


def _day(value: date) -> str:
    return format_date(value, "en")


def _figure(value: float) -> str:
    return format_number(value, "en")


def _iso(value: date | None) -> str | None:
    return value.isoformat() if value else None

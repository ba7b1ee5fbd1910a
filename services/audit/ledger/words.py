"""What each event says in plain words, and how much it matters. Names in `%(…)s` are of the event's data."""

from dataclasses import dataclass

from shared.pages import N_


@dataclass(frozen=True, slots=True)
class Telling:
    """A headline for a type of event. `tone` is a badge's: neutral, good, warn, bad, accent."""

    headline: str
    tone: str = "neutral"


TELLINGS: dict[str, Telling] = {
    "ratchet.incident.opened.v1": Telling(N_("Incident %(external_id)s was opened")),
    "ratchet.incident.responded.v1": Telling(N_("Somebody took up incident %(external_id)s")),
    "ratchet.incident.resolved.v1": Telling(N_("Incident %(external_id)s was resolved"), "good"),
    "ratchet.incident.reopened.v1": Telling(N_("Incident %(external_id)s was reopened"), "warn"),
    "ratchet.incident.closed.v1": Telling(N_("Incident %(external_id)s was closed")),
    "ratchet.measure.defined.v1": Telling(N_("Measure %(key)s is defined, version %(version)s")),
    "ratchet.measure.review_due.v1": Telling(N_("The definition of %(key)s is due for review by %(owner)s"), "warn"),
    "ratchet.collection.overdue.v1": Telling(
        N_("Data are overdue: measure %(measure_key)s (%(scope)s), connection %(connection)s, due %(due_at)s"), "warn"
    ),
    "ratchet.reopen.failed.v1": Telling(
        N_("Incident %(external_id)s could not be reopened in %(source)s: %(reason)s"), "bad"
    ),
    "ratchet.service.cataloged.v1": Telling(N_("Service %(name)s is in the catalogue, version %(version)s")),
    "ratchet.customer.registered.v1": Telling(N_("Customer %(name)s is registered, version %(version)s")),
    "ratchet.project.completed.v1": Telling(N_("Project %(name)s was completed"), "good"),
    "ratchet.agreement.signed.v1": Telling(N_("Agreement %(number)s with %(customer)s was signed"), "accent"),
    "ratchet.agreement.evaluated.v1": Telling(
        N_("Agreement %(agreement_number)s, period from %(period)s: %(kept)s promises kept, %(missed)s missed")
    ),
    "ratchet.agreement.expiring.v1": Telling(N_("Agreement %(number)s ends in %(days_left)s days"), "warn"),
    "ratchet.agreement.terminated.v1": Telling(N_("Agreement %(number)s ended on %(ended_on)s")),
    "ratchet.renegotiation.requested.v1": Telling(
        N_("Agreement %(number)s is to be negotiated again: %(reason)s"), "warn"
    ),
    "ratchet.clause.at_risk.v1": Telling(
        N_("Clause %(clause_key)s of %(agreement_number)s is at risk by %(external_id)s, due %(due_at)s"), "warn"
    ),
    "ratchet.clause.breached.v1": Telling(
        N_("Clause %(clause_key)s of %(agreement_number)s is broken by %(external_id)s, due %(due_at)s"), "bad"
    ),
    "ratchet.exclusion.agreed.v1": Telling(
        N_("%(decided_by)s agreed to exclude time of agreement %(agreement_number)s: %(reason)s"), "accent"
    ),
    "ratchet.settlement.issued.v1": Telling(
        N_("The settlement of %(agreement_number)s from %(period)s: %(total_due)s %(currency)s due"), "accent"
    ),
    "ratchet.target.set.v1": Telling(
        N_("%(measure_key)s (%(scope)s): the target is %(value)s from %(effective_from)s on"), "accent"
    ),
    "ratchet.baseline.set.v1": Telling(
        N_("%(measure_key)s (%(scope)s): the baseline is %(value)s from %(effective_from)s on"), "good"
    ),
    "ratchet.observation.recorded.v1": Telling(
        N_("%(measure_key)s (%(scope)s): %(value)s over %(n)s cases in the period from %(period)s")
    ),
    "ratchet.gap.detected.v1": Telling(
        N_("A gap: %(measure_key)s (%(scope)s) was %(actual)s where %(expected)s was expected, from %(period)s"), "bad"
    ),
    "ratchet.gap.recurred.v1": Telling(
        N_(
            "The gap again: %(measure_key)s (%(scope)s) was %(actual)s where %(expected)s was expected, from %(period)s"
        ),
        "warn",
    ),
    "ratchet.gap.dismissed.v1": Telling(N_("The gap was dismissed: %(reason)s")),
    "ratchet.gap.closed.v1": Telling(N_("The gap is closed: %(reason)s"), "good"),
    "ratchet.effect.assessed.v1": Telling(
        N_("The effect was assessed as %(verdict)s: %(before_value)s before, %(after_value)s after"), "accent"
    ),
    "ratchet.improvement.opened.v1": Telling(N_("Improvement %(number)s opened: %(title)s"), "accent"),
    "ratchet.improvement.submitted.v1": Telling(N_("Improvement %(number)s was submitted for approval")),
    "ratchet.improvement.approved.v1": Telling(N_("%(approved_by)s approved improvement %(number)s"), "good"),
    "ratchet.improvement.rejected.v1": Telling(
        N_("%(rejected_by)s rejected improvement %(number)s: %(reason)s"), "warn"
    ),
    "ratchet.improvement.revised.v1": Telling(N_("Improvement %(number)s was revised: %(reason)s")),
    "ratchet.improvement.held.v1": Telling(N_("Improvement %(number)s is on hold: %(reason)s"), "warn"),
    "ratchet.improvement.resumed.v1": Telling(N_("Improvement %(number)s goes on")),
    "ratchet.improvement.withdrawn.v1": Telling(N_("Improvement %(number)s was withdrawn: %(reason)s"), "warn"),
    "ratchet.improvement.verified.v1": Telling(N_("%(signed_by)s signed the effect: %(verdict)s"), "good"),
    "ratchet.improvement.closed.v1": Telling(N_("Improvement %(number)s is closed: %(verdict)s"), "good"),
    "ratchet.meeting.held.v1": Telling(N_("Meeting %(number)s was held: %(title)s"), "accent"),
    "ratchet.lesson.recorded.v1": Telling(N_("Lesson %(number)s of improvement %(improvement_number)s: %(title)s")),
    "ratchet.approval.given.v1": Telling(
        N_("%(given_by)s approved improvement %(number)s as %(role)s, step %(step)s of %(steps)s")
    ),
    "ratchet.improvement.approval_expired.v1": Telling(
        N_("The approval of improvement %(number)s ran out after %(valid_days)s working days; it asks again"), "warn"
    ),
    "ratchet.task.overdue.v1": Telling(
        N_("Task %(task_number)s of improvement %(number)s is overdue since %(due)s: %(task_title)s"), "warn"
    ),
    "ratchet.improvement.inspected.v1": Telling(N_("%(inspected_by)s inspected improvement %(number)s: %(finding)s")),
    "ratchet.improvement.regressed.v1": Telling(
        N_("The effect of improvement %(number)s did not last %(day)s days; improvement %(successor_number)s goes on"),
        "bad",
    ),
    "ratchet.change.raised.v1": Telling(N_("Change request %(external_id)s was raised in %(system)s"), "accent"),
    "ratchet.change.accepted.v1": Telling(N_("Change request %(external_id)s was accepted")),
    "ratchet.change.implemented.v1": Telling(
        N_("Change request %(external_id)s was carried out on %(implemented_at)s"), "good"
    ),
    "ratchet.change.failed.v1": Telling(N_("The change failed: %(reason)s"), "bad"),
    "ratchet.effect.requested.v1": Telling(N_("The effect of the change is to be assessed")),
    "ratchet.baseline_reset.requested.v1": Telling(
        N_("%(measure_key)s (%(scope)s): the new level %(value)s is to be held from %(effective_from)s on"), "accent"
    ),
    "ratchet.callback.scheduled.v1": Telling(N_("A callback for incident %(external_id)s is due on %(due_at)s")),
    "ratchet.callback.attempted.v1": Telling(
        N_("%(attempted_by)s tried to reach the customer of incident %(external_id)s")
    ),
    "ratchet.callback.completed.v1": Telling(
        N_("The customer of incident %(external_id)s answered: solved %(solved)s, score %(score)s of 5"), "good"
    ),
    "ratchet.callback.unreachable.v1": Telling(
        N_("The customer of incident %(external_id)s could not be reached in %(attempts)s attempts"), "warn"
    ),
    "ratchet.callback.overdue.v1": Telling(N_("The callback for incident %(external_id)s is overdue"), "bad"),
    "ratchet.callback.escalated.v1": Telling(
        N_("The callback for incident %(external_id)s was escalated to level %(level)s (%(told_to)s)"), "warn"
    ),
    "ratchet.callback.link_issued.v1": Telling(
        N_("%(issued_by)s made a link by which the customer of incident %(external_id)s may answer")
    ),
    "ratchet.callback.cancelled.v1": Telling(N_("The callback for incident %(external_id)s was cancelled")),
    "ratchet.resolution.disputed.v1": Telling(
        N_("The customer disputes that incident %(external_id)s is solved"), "bad"
    ),
    "ratchet.dissatisfaction.recorded.v1": Telling(
        N_("The customer of incident %(external_id)s is dissatisfied: score %(score)s of 5"), "bad"
    ),
    "ratchet.complaint.received.v1": Telling(N_("Complaint %(number)s was received: %(title)s"), "warn"),
    "ratchet.complaint.escalated.v1": Telling(N_("Complaint %(number)s was escalated: %(reason)s"), "bad"),
    "ratchet.complaint.passed_on.v1": Telling(
        N_("Complaint %(number)s, passed on to %(passed_to)s: %(outcome)s"), "warn"
    ),
    "ratchet.complaint.answered.v1": Telling(N_("%(answered_by)s answered complaint %(number)s"), "accent"),
    "ratchet.complaint.accepted.v1": Telling(N_("The customer accepts the answer to complaint %(number)s"), "good"),
    "ratchet.complaint.rejected.v1": Telling(
        N_("The customer rejects the answer to complaint %(number)s: %(reason)s"), "bad"
    ),
    "ratchet.complaint.overdue.v1": Telling(
        N_("Complaint %(number)s is overdue: %(deadline)s was due %(deadline_at)s"), "bad"
    ),
    "ratchet.complaint.closed.v1": Telling(N_("Complaint %(number)s was closed by %(closed_by)s"), "good"),
    "ratchet.complaint.disputed.v1": Telling(
        N_("A dispute about complaint %(number)s was opened: %(dispute_subject)s"), "warn"
    ),
    "ratchet.complaint.dispute_settled.v1": Telling(
        N_("The dispute about complaint %(number)s was settled: %(outcome)s"), "good"
    ),
    "ratchet.suggestion.overdue.v1": Telling(N_("Suggestion %(number)s was not answered in time"), "bad"),
    "ratchet.follow_up.completed.v1": Telling(
        N_("The customer of the completed project %(name)s was followed up: %(outcome)s"), "good"
    ),
    "ratchet.follow_up.overdue.v1": Telling(
        N_("The customer of the completed project %(name)s was not asked in time"), "bad"
    ),
    "ratchet.suggestion.received.v1": Telling(N_("Suggestion %(number)s was received: %(title)s"), "accent"),
    "ratchet.suggestion.answered.v1": Telling(N_("Suggestion %(number)s was answered: %(outcome)s"), "good"),
    "ratchet.survey.opened.v1": Telling(
        N_("Survey %(number)s was opened by itself after %(occasion)s, with %(people)s people"), "accent"
    ),
    "ratchet.survey.overdue.v1": Telling(
        N_("The survey of the company's customers is overdue: it was due %(due_at)s"), "bad"
    ),
    "ratchet.survey.launched.v1": Telling(
        N_("Survey %(number)s was launched: %(invited)s of %(population)s people are asked"), "accent"
    ),
    "ratchet.survey.sheets_taken.v1": Telling(
        N_("Survey %(number)s: %(taken)s answer sheets were handed in by %(taken_by)s"), "accent"
    ),
    "ratchet.survey.closed.v1": Telling(
        N_("Survey %(number)s was closed: %(answered)s answers of %(invited)s invitations"), "good"
    ),
    "ratchet.survey.analysed.v1": Telling(
        N_("Survey %(title)s was analysed: %(answered)s answers of %(invited)s invitations"), "accent"
    ),
    "ratchet.sampling_risk.found.v1": Telling(
        N_("Survey %(title)s says less than was wanted: sampling risk %(sampling_risk)s, asked for %(margin)s"), "warn"
    ),
    "ratchet.survey.result_assigned.v1": Telling(
        N_("%(department)s must answer a result of survey %(campaign_title)s by %(due_on)s: %(question)s"), "accent"
    ),
    "ratchet.survey.result_answered.v1": Telling(
        N_("%(answered_by)s answered a result of survey %(campaign_title)s: %(answer)s"), "good"
    ),
    "ratchet.survey.result_overdue.v1": Telling(
        N_("%(department)s did not answer a result of survey %(campaign_title)s by %(due_on)s"), "bad"
    ),
    "ratchet.nonconformity.raised.v1": Telling(N_("Nonconformity %(number)s was raised: %(title)s"), "bad"),
    "ratchet.decision.recorded.v1": Telling(N_("Decision %(number)s was recorded: %(title)s"), "accent"),
    "ratchet.risk.raised.v1": Telling(N_("Risk %(number)s is %(level)s: %(title)s"), "warn"),
    "ratchet.report.opinion_marked.v1": Telling(
        N_("%(marked_by)s marked an opinion on %(report_title)s: %(opinion)s"), "accent"
    ),
    "ratchet.endpoint.failing.v1": Telling(N_("Deliveries to %(url)s began to fail: %(last_answer)s"), "warn"),
    "ratchet.endpoint.disabled.v1": Telling(N_("The endpoint %(url)s was disabled: %(last_answer)s"), "bad"),
    "ratchet.endpoint.recovered.v1": Telling(N_("The endpoint %(url)s answers again"), "good"),
    "ratchet.delivery.exhausted.v1": Telling(
        N_("A delivery of %(event_type)s was given up after %(attempts)s attempts: %(last_answer)s"), "bad"
    ),
}

VALUES: dict[str, dict[str, str]] = {
    "scope": {"all": N_("all")},
    "verdict": {
        "effective": N_("effective"),
        "ineffective": N_("ineffective"),
        "inconclusive": N_("inconclusive"),
        "regressed": N_("regressed"),
    },
    "level": {"low": N_("low"), "medium": N_("medium"), "high": N_("high"), "critical": N_("critical")},
    "solved": {"yes": N_("yes"), "partly": N_("partly"), "no": N_("no")},
    "outcome": {
        "offered": N_("offered"),
        "accepted": N_("accepted"),
        "declined": N_("declined"),
        "returned": N_("came back"),
        "adopted": N_("adopted"),
        "answered": N_("answered"),
        "unreachable": N_("unreachable"),
    },
    "deadline": {
        "acknowledge": N_("acknowledgement"),
        "plan": N_("plan"),
        "answer": N_("answer"),
        "follow_up": N_("follow-up call"),
        "progress": N_("progress report"),
        "settlement": N_("settlement of the dispute"),
    },
}
"""Fields whose values are words of ours."""

QUANTITIES = {"value", "actual", "expected", "before_value", "after_value"}
"""Fields in the measure's unit."""

RECORDS = {
    "complaint_id": "/satisfaction/complaints/{}",
    "suggestion_id": "/satisfaction/suggestions/{}",
    "follow_up_id": "/satisfaction/follow-ups/{}",
    "campaign_id": "/satisfaction/campaigns/{}",
    "callback_id": "/satisfaction/callbacks/{}",
    "endpoint_id": "/notifier/endpoints",
    "meeting_id": "/improvement/meetings/{}",
    "lesson_id": "/improvement/lessons/{}",
    "improvement_id": "/improvement/improvements/{}",
    "agreement_id": "/metrics/agreements/{}",
    "measure_key": "/metrics/measures/{}",
}
"""The page where an event's record is shown, by the first of these fields that it has."""

KEYED_RECORDS = {
    "ratchet.measure.": "/metrics/measures/{}",
    "ratchet.service.": "/metrics/catalogue",
    "ratchet.customer.": "/metrics/catalogue",
    "ratchet.project.": "/metrics/catalogue",
}
"""The same for what is known by its `key`, by the beginning of the event's type."""

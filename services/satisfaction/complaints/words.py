"""What pages call the classes, states, channels, steps and fields of complaints."""

from collections.abc import Mapping
from typing import Any

from services.satisfaction.complaints import rules
from services.satisfaction.complaints.disputes.rules import DisputeRuns, NoDispute
from services.satisfaction.complaints.ratings.service import SelfRating
from services.satisfaction.forms import given
from shared.pages import N_
from shared.problems import Forbidden, Problem

STATES = {
    "open": (N_("In hand"), "accent"),
    "answered": (N_("Answered"), "warn"),
    "accepted": (N_("Accepted"), "good"),
    "closed": (N_("Closed"), "neutral"),
}
CLASSES = {"simple": N_("Simple"), "general": N_("General"), "major": N_("Major")}
CHANNELS = {
    "hotline": N_("Hotline"),
    "opinion_box": N_("Opinion box"),
    "web": N_("Web"),
    "email": N_("E-mail"),
    "visit": N_("Visit"),
    "callback": N_("Callback"),
    "chat": N_("Chat"),
    "letter": N_("Letter"),
    "interview": N_("Interview"),
    "supervisor": N_("Supervisor"),
    "other": N_("Another way"),
}
DEADLINES = {
    "acknowledge": N_("Acknowledgement"),
    "plan": N_("Plan"),
    "answer": N_("Answer"),
    "follow_up": N_("Follow-up call"),
    "progress": N_("Progress report"),
    "settlement": N_("Settlement of the dispute"),
}
ENTRIES = {
    "received": N_("Received"),
    "edited": N_("Mended"),
    "taken_over": N_("Taken over"),
    "offered": N_("Passed on"),
    "declined": N_("Declined"),
    "returned": N_("Came back: nobody accepted it"),
    "escalated": N_("Escalated"),
    "acknowledged": N_("Acknowledged"),
    "planned": N_("Planned"),
    "cause_analysed": N_("Cause analysed"),
    "answered": N_("Answered"),
    "accepted": N_("Accepted"),
    "rejected": N_("Rejected"),
    "followed_up": N_("Follow-up call"),
    "supervised": N_("Supervised"),
    "progress": N_("Progress report"),
    "noted": N_("Note"),
    "overdue": N_("Overdue"),
    "dispute_opened": N_("Dispute opened"),
    "position": N_("Position"),
    "dispute_settled": N_("Dispute settled"),
    "closed": N_("Closed"),
}
CAUSES = {
    "deadline": N_("a deadline comes near or has passed"),
    "rejections": N_("the answers were rejected too often"),
    "pass_ons": N_("it was passed on often"),
    "owner": N_("it is about whoever owned it"),
}
SIDES = {"customer": N_("The customer"), "provider": N_("We"), "third_party": N_("A third party")}
SATISFIED = {"yes": N_("Yes"), "no": N_("No")}
MISSING = (
    N_("acknowledgement"),
    N_("plan"),
    N_("cause analysis"),
    N_("follow-up call"),
    N_("report to the supervisor"),
    N_("settlement of the dispute"),
)
FIELDS = {
    "title": N_("Title"),
    "description": N_("What happened?"),
    "channel": N_("Channel"),
    "complaint_class": N_("Class"),
    "anonymous": N_("Without a name"),
    "complainant": N_("Who complains?"),
    "contact": N_("How to reach them"),
    "customer": N_("Customer"),
    "service": N_("Service"),
    "external_id": N_("Incident"),
    "department": N_("Department"),
    "complained_about": N_("Which member of staff is it about?"),
    "state": N_("State"),
    "owner": N_("Owner"),
    "to": N_("To whom?"),
    "reason": N_("Reason"),
    "note": N_("Note"),
    "answer": N_("Answer"),
    "comment": N_("In the customer's words"),
    "score": N_("Score, 1 to 5"),
    "satisfied": N_("Is the customer content?"),
    "supervised_by": N_("Who supervises it?"),
    "progress_due_at": N_("Progress is due at"),
    "next_due_at": N_("Next report at"),
    "subject": N_("What is it about?"),
    "due_at": N_("Until"),
    "side": N_("Whose position?"),
    "position": N_("Position"),
    "outcome": N_("What was agreed?"),
}
MENDED = (
    "title", "description", "complainant", "contact", "customer", "service", "department", "external_id",
    "complained_about",
)  # fmt: skip
STEPS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "take-over": ("take over", N_("Take it over"), ()),
    "decline": ("decline", N_("Decline it"), ("reason",)),
    "acknowledge": ("acknowledge", N_("Acknowledge it"), ("note",)),
    "plan": ("plan", N_("Write the plan"), ("note",)),
    "cause-analysis": ("analyse the cause", N_("Write the cause analysis"), ("note",)),
    "answer": ("answer", N_("Answer"), ("answer",)),
    "accept": ("accept", N_("The customer accepts"), ("score", "comment")),
    "reject": ("reject", N_("The customer rejects"), ("reason",)),
    "follow-up": ("follow up", N_("Record the follow-up call"), ("satisfied", "note", "score")),
    "pass-on": ("pass on", N_("Pass it on"), ("to", "reason")),
    "escalate": ("escalate", N_("Escalate it"), ("complaint_class", "to", "reason")),
    "supervise": ("supervise", N_("Have it supervised"), ("supervised_by", "progress_due_at")),
    "progress": ("report progress", N_("Report progress"), ("note", "next_due_at")),
    "notes": ("note", N_("Add a note"), ("note",)),
    "edit": ("edit", N_("Mend what was written down"), MENDED),
    "dispute": ("open a dispute", N_("Open a dispute"), ("subject", "due_at")),
    "dispute-position": ("add a position", N_("Add a position"), ("side", "position")),
    "dispute-settle": ("settle the dispute", N_("Settle the dispute"), ("outcome",)),
    "close": ("close", N_("Close it"), ("note",)),
}
"""By the form's name: what the rules call it, what the button says, and its fields."""
DUE_STEPS = {
    "acknowledge": "acknowledge",
    "plan": "plan",
    "answer": "answer",
    "follow_up": "follow-up",
    "progress": "progress",
    "settlement": "dispute-settle",
}
"""The step that meets each deadline."""
LONG = ("note", "answer", "reason", "comment", "subject", "position", "outcome", "description")
OPTIONAL = ("score", "comment", "next_due_at")
PROBLEMS: dict[type[Problem], str] = {
    rules.Nameless: N_("Without a name nobody is named: leave out who complains, how to reach them, and the customer."),
    rules.TimeInFuture: N_("This time lies in the future."),
    rules.DueInPast: N_("This time is past."),
    rules.NotTheOwner: N_("Somebody else owns this complaint, or nobody does yet."),
    rules.NotOffered: N_("This complaint is not offered to you, or they own it already."),
    rules.AlreadyOffered: N_("It is offered to somebody now; wait for their answer."),
    rules.PassedOnTooOften: N_("It was passed on too often: answer it, escalate it, or ask a manager."),
    rules.NotHigher: N_("An escalation goes up: to a higher class, to somebody, or both."),
    rules.AnsweredYourself: N_("You answered this complaint: somebody else makes the call."),
    rules.ComplainedAbout: N_("The complaint is about this person: somebody else handles it. They may add a note."),
    rules.AlreadyAcknowledged: N_("Whoever complained was told so already."),
    Forbidden: N_("The service centre makes the follow-up call."),
    rules.StillSilent: N_("The customer has not said whether the answer is accepted; ask, or wait."),
    rules.LegalHold: N_("A dispute runs: the original data stay as they are."),
    DisputeRuns: N_("A dispute about this complaint runs already."),
    NoDispute: N_("No dispute about this complaint runs."),
    SelfRating: N_("Nobody notes down a score of themselves."),
}


def with_score(typed: Mapping[str, str], *names: str) -> dict[str, Any]:
    """What was typed into these fields, and the score as a number."""
    score = typed.get("score", "").strip()
    return {**given(typed, *names), **({"score": int(score) if score in "12345" else score} if score else {})}

"""What pages call the kinds, states and fields of meetings."""

from services.improvement.meetings import rules
from shared.pages import N_
from shared.problems import Problem

KINDS = {
    "weekly": N_("Weekly department meeting"),
    "monthly_quality_analysis": N_("Monthly quality analysis"),
    "improvement_review": N_("Review of improvements"),
    "department": N_("Department meeting"),
    "workshop": N_("Skill workshop"),
}
STATES = {
    "planned": (N_("Planned"), "accent"),
    "held": (N_("Took place"), "warn"),
    "closed": (N_("Signed off"), "good"),
    "cancelled": (N_("Cancelled"), "neutral"),
}
PRESENCES = {
    "expected": N_("Expected"),
    "present": N_("Present"),
    "absent": N_("Absent"),
    "delegate": N_("Sent a delegate"),
}
ITEM_KINDS = {"agenda": N_("Point of the agenda"), "plan": N_("Item of the plan"), "action": N_("Action")}
ITEM_STATES = {
    "open": (N_("Open"), "neutral"),
    "done": (N_("Done"), "good"),
    "not_done": (N_("Not done"), "bad"),
    "dropped": (N_("Dropped"), "neutral"),
    "improvement": (N_("Became an improvement"), "accent"),
}
TOLD = {"done": N_("Done"), "not_done": N_("Not done"), "dropped": N_("Dropped")}
FIELDS = {
    "kind": N_("Kind"),
    "department": N_("Department"),
    "title": N_("Title"),
    "planned_at": N_("Planned for (UTC)"),
    "held_at": N_("Took place at (UTC; empty: as planned)"),
    "place": N_("Place"),
    "chair": N_("Chair"),
    "attendees": N_("Attendees"),
    "person": N_("Person"),
    "presence": N_("Presence"),
    "delegate": N_("Delegate"),
    "agenda": N_("Agenda"),
    "items": N_("Items"),
    "detail": N_("In detail"),
    "owner": N_("Owner"),
    "due": N_("Due"),
    "body": N_("Minutes"),
    "state": N_("State"),
    "reason": N_("Reason"),
}
MISSING = (
    N_("minutes (what was said and decided)"),
    N_("attendees (at least one who was present or sent a delegate)"),
    N_("attendees (of everyone who was expected: present, absent, or the delegate)"),
)
"""As the rules say it."""

PROBLEMS: dict[type[Problem], str] = {
    rules.NotTheChair: N_("Only the chair signs the minutes off."),
    rules.NotAskedFor: N_("A point of the agenda is neither done nor not done."),
}

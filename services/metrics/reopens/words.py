"""What pages call the states of a reopening, what the customer said, and what came of an attempt."""

from shared.pages import N_
from shared.problems import IllegalTransition, Problem

STATES = {
    "failed": (N_("Not reopened"), "bad"),
    "not_configured": (N_("Reopening not configured"), "warn"),
    "due": (N_("Being reopened"), "accent"),
    "reopened": (N_("Reopened"), "good"),
    "already_open": (N_("Open already"), "neutral"),
}
"""Those that wait for a person come first."""

ATTEMPTS = {
    "reopened": (N_("Reopened"), "good"),
    "already_open": (N_("Open already"), "neutral"),
    "failed": (N_("Failed"), "bad"),
    "lost": (N_("Broken off"), "warn"),
}
SOLVED = {"no": N_("not solved"), "partly": N_("solved only in part")}
PROBLEMS: dict[type[Problem], str] = {
    IllegalTransition: N_("It is being reopened, or is open: there is nothing to try again.")
}

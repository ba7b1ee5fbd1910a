"""The words of the callbacks' pages, and what a form holds as a request body has it."""

import re
from collections.abc import Iterable
from typing import Any

from fastapi import Request

from services.satisfaction.callbacks import rules
from services.satisfaction.callbacks.worklist.rules import HeldByAnother, InQuietHours, NobodyToCall, NothingHeld
from services.satisfaction.forms import read_moment
from shared.pages import N_, forms, translate
from shared.pages.forms import Refused
from shared.problems import IllegalTransition, Missing, Problem

STATES = {
    "due": (N_("Due"), "accent"),
    "completed": (N_("Completed"), "good"),
    "unreachable": (N_("Unreachable"), "warn"),
    "cancelled": (N_("Cancelled"), "neutral"),
}
SOLVED = {"yes": N_("Yes"), "partly": N_("Partly"), "no": N_("No")}
SCORES = {
    "5": N_("5 – very satisfied"),
    "4": N_("4 – satisfied"),
    "3": N_("3 – neither"),
    "2": N_("2 – dissatisfied"),
    "1": N_("1 – very dissatisfied"),
}
AGREEMENT = {
    "5": N_("5 – fully"),
    "4": N_("4 – mostly"),
    "3": N_("3 – partly"),
    "2": N_("2 – hardly"),
    "1": N_("1 – not at all"),
}
CHANNELS = {
    "phone": N_("Phone"),
    "email": N_("E-mail"),
    "chat": N_("Chat"),
    "visit": N_("Visit"),
    "link": N_("Link"),
}
OUTCOMES = {
    "no_answer": N_("No answer"),
    "busy": N_("Busy"),
    "wrong_number": N_("Wrong number"),
    "refused": N_("Did not want to answer"),
    "reached": N_("Reached"),
}
OBSTACLES = {
    "quiet_hours": N_("Quiet hours until after the deadline"),
    "agreed_time": N_("Agreed for after the deadline"),
}
LABELS = {
    "states": STATES,
    "solved": SOLVED,
    "scores": SCORES,
    "agreement": AGREEMENT,
    "channels": CHANNELS,
    "outcomes": OUTCOMES,
    "obstacles": OBSTACLES,
}
DONE = {
    "attempt": N_("The attempt is recorded."),
    "completion": N_("The answers are recorded."),
    "unreachable": N_("Recorded: the customer could not be reached."),
    "claimed": N_("You are calling this customer: nobody else will meanwhile."),
    "released": N_("The customer can be called by others again."),
}
FIELDS = {
    "solved": N_("Is it really solved?"),
    "score": N_("How satisfied with the result?"),
    "comment": N_("In the customer's words"),
    "channel": N_("Channel"),
    "completed_at": N_("Asked at (empty: now)"),
    "attempted_at": N_("Tried at (empty: now)"),
    "next_attempt_at": N_("Agreed: try again at"),
    "outcome": N_("What came of it?"),
    "note": N_("Note"),
    "reason": N_("Why give up?"),
    "conduct": N_("The engineer's conduct"),
}
REFUSALS: dict[type[Problem], str] = {
    rules.CallerIsResolver: N_("You resolved this incident yourself: somebody else has to ask the customer."),
    rules.TimeInFuture: N_("This time lies in the future."),
    rules.TimeBeforeResolution: N_("This time lies before the resolution."),
    rules.NextAttemptNotLater: N_("The next attempt has to come after this one."),
    IllegalTransition: N_("This callback is settled: nothing more can be recorded."),
    Missing: N_("More attempts have to fail before you can give up."),
    HeldByAnother: N_("Somebody else is calling this customer."),
    InQuietHours: N_("The customer's quiet hours run now."),
    NobodyToCall: N_("Nobody is to be called at this moment."),
    NothingHeld: N_("Nobody is calling this customer."),
}
CONDUCT_PREFIX = "conduct."
_NUMBER = re.compile(r"\+?[0-9](?:[ ()/.-]{0,2}[0-9]){4,19}")


def read_form(typed: dict[str, str], zone: str) -> dict[str, Any]:
    """What a form holds, as a request body has it: nothing for what was left empty, times by this zone's clock, scores
    as numbers, and what begins with `conduct.` as one map."""
    given: dict[str, Any] = {}
    conduct: dict[str, Any] = {}
    for field, value in typed.items():
        if not value.strip():
            continue
        if field.endswith("_at"):
            given[field] = read_moment(value.strip(), zone)
        elif field.startswith(CONDUCT_PREFIX):
            conduct[field.removeprefix(CONDUCT_PREFIX)] = _read_score(value)
        else:
            given[field] = _read_score(value) if field == "score" else value
    return {**given, "conduct": conduct} if conduct else given


def find_number(contact: str | None) -> str | None:
    """The telephone number in these words, as a phone dials it."""
    found = _NUMBER.search(contact or "")
    return None if found is None else re.sub(r"[^+0-9]", "", found[0])


def pick_conduct(form: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """The scores of conduct in a form; whichever items are asked."""
    return {
        name[:100]: value[:100] for name, value in form if name.startswith(CONDUCT_PREFIX) and isinstance(value, str)
    }


def put_in_words(request: Request, refusal: Refused | None) -> str | None:
    """What was wrong, in the reader's language; None where nothing was."""
    if isinstance(refusal, Missing):
        return translate(request, REFUSALS[Missing])
    return forms.put_in_words(request, refusal, FIELDS, REFUSALS)


def _read_score(value: str) -> int | str:
    return int(value) if value in SCORES else value

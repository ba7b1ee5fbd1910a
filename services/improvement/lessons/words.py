"""What pages call the fields of lessons; verdicts are called as on the improvement's page."""

from services.improvement.improvements.words import VERDICTS
from services.improvement.lessons import rules, service
from shared.pages import N_
from shared.problems import Problem

__all__ = ["FIELDS", "PROBLEMS", "VERDICTS"]

FIELDS = {
    "improvement_id": N_("Improvement"),
    "improvement": N_("Number of the improvement"),
    "title": N_("Title"),
    "worked": N_("What worked"),
    "did_not_work": N_("What did not"),
    "context": N_("Where that was so"),
    "reuse": N_("How to use it again"),
    "tags": N_("Tags"),
    "service": N_("Service"),
    "note": N_("Note"),
}
PROBLEMS: dict[type[Problem], str] = {
    rules.NothingLearned: N_("A lesson is recorded when the effect of its improvement has been signed."),
    rules.UsedByItself: N_("The lesson is of this very improvement: name another one."),
    service.AlreadyUsed: N_("That improvement uses this lesson already."),
    service.UnknownImprovement: N_("There is no such improvement."),
}

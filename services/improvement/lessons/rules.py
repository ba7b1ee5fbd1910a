"""When there is a lesson to record, and what makes a marked one new; pure."""

from collections.abc import Iterable

from shared.auth import Role
from shared.problems import Problem

RECORDERS = (
    Role.PROCESS_OWNER,
    Role.IMPROVEMENT_SUPERVISOR,
    Role.OPERATIONS_MANAGER,
    Role.QUALITY_MANAGER,
    Role.PROJECT_MANAGER,
    Role.ENGINEER,
)
MARKERS = (Role.IMPROVEMENT_SUPERVISOR,)
_WHAT_IT_SAYS = ("title", "worked", "did_not_work", "context", "reuse")


class NothingLearned(Problem):
    """Before the effect is signed nobody knows what worked."""

    status = 409


class UsedByItself(Problem):
    """An improvement does not use its own lesson again."""

    status = 422


def require_signed(state: str, verdict: str | None) -> str:
    """R176: a lesson is of a verified or closed improvement; answers the verdict that was signed.

    Raises:
        NothingLearned
    """
    if state not in ("verified", "closed") or verdict is None:
        raise NothingLearned(
            f"the improvement is {state}; a lesson is recorded when its effect has been signed: verified or closed"
        )
    return verdict


def keeps_mark(changed: Iterable[str]) -> bool:
    """What a supervisor marked reusable are the words that they read: other words are to be read again."""
    return not set(changed) & set(_WHAT_IT_SAYS)


def normalise_tags(tags: Iterable[str]) -> list[str]:
    """Lower case, each once, in order."""
    return sorted({tag.lower() for tag in tags})

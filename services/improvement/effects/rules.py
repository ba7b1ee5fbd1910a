"""From the change to the signature: what a change's course does to the record, and what a signature needs."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.events.metrics import EffectAssessed, Verdict
from shared.problems import Missing, Problem


class VerifierIsImplementer(Problem):
    """Nobody signs the effect of their own work (R24)."""

    status = 409


class ReasonNeeded(Problem):
    """Whoever overrules the evidence says why; both verdicts are kept."""

    status = 409


@dataclass(frozen=True, slots=True)
class Course:
    """Where a record stands: `state`, and `held_from` while it is on hold."""

    state: str
    held_from: str | None = None

    @property
    def phase(self) -> str:
        """The state that it is in, or goes back to."""
        return self.held_from or self.state

    def moved_to(self, phase: str) -> "Course":
        """The same record in another phase; what is on hold stays on hold."""
        return Course(self.state, phase) if self.held_from else Course(phase)


def after_change_raised(course: Course) -> Course | None:
    """R12: change management has the request; None when the record is past that already."""
    return course.moved_to("implementing") if course.phase == "approved" else None


def after_change_implemented(course: Course) -> Course | None:
    """R119: from now on the effect is watched; None when it is being watched already, or the record has ended."""
    return course.moved_to("monitoring") if course.phase in ("approved", "implementing") else None


def is_newer_evidence(assessment: EffectAssessed, kept: EffectAssessed | None) -> bool:
    """Metrics may assess one request again as data come in; the order of arrival says nothing, `assessed_at` does."""
    return kept is None or kept.request_id != assessment.request_id or assessment.assessed_at > kept.assessed_at


def require_other_verifier(names: Sequence[str], implementers: Sequence[str | None]) -> None:
    """R24: whoever signs is not the owner and carried out no task. `names` are the signer's subject and name.

    Raises:
        VerifierIsImplementer
    """
    own = {name.strip().casefold() for name in names}
    if own & {person.strip().casefold() for person in implementers if person}:
        raise VerifierIsImplementer(f"'{names[0]}' carried this improvement out; somebody else must sign its effect")


def judge_signature(
    verdict: Verdict, reason: str | None, assessment: EffectAssessed | None, plan_hash: str | None
) -> EffectAssessed:
    """R38: the evidence under a signature. The statistics propose, the person signs, and overrules only with a reason.

    Raises:
        Missing: no assessment of the frozen plan, or an effective verdict without a value to hold from now on.
        ReasonNeeded: the verdict differs from the computed one and nobody says why.
    """
    if assessment is None or assessment.plan_hash != plan_hash:
        raise Missing("verify", ["an assessment of the frozen verification plan"])
    if verdict != assessment.verdict and not reason:
        raise ReasonNeeded(
            f"the evidence says '{assessment.verdict}' ({assessment.reason}); to sign '{verdict}' give a reason",
            computed_verdict=assessment.verdict,
        )
    if verdict == "effective" and assessment.after.value is None:
        raise Missing("sign 'effective'", ["a value measured after the change, for the new baseline to hold"])
    return assessment

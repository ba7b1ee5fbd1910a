"""From the change to the signature: what a change's course does to the record, and what a signature needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.events.metrics import Direction, EffectAssessed, Sample, Verdict
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


def is_evidence(told: EffectAssessed, phase: str, request_id: UUID | None, kept: EffectAssessed | None) -> bool:
    """Whether this answer becomes the record's evidence: it is watched, this is its latest request, and nothing newer
    is there. What a sustain check asked never does."""
    if phase != "monitoring" or told.purpose != "verification" or told.request_id != request_id:
        return False
    return is_newer_evidence(told, kept)


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


class InspectorIsInvolved(Problem):
    """Whoever has a part in an improvement does not inspect it (R48)."""

    status = 409


def require_independent(names: Sequence[str], involved: Sequence[str | None]) -> None:
    """R48: the inspector asked for nothing here, approves nothing, carries nothing out. `names` are the inspector's
    subject and name.

    Raises:
        InspectorIsInvolved
    """
    own = {name.strip().casefold() for name in names}
    if own & {person.strip().casefold() for person in involved if person}:
        raise InspectorIsInvolved(
            f"'{names[0]}' has a part in this improvement; an auditor or quality manager without one must inspect it"
        )


@dataclass(frozen=True, slots=True)
class Cycle:
    """One turn of the loop. `before` and `after` are its assessment's samples, None while there is none."""

    improvement_id: UUID
    number: str
    cycle: int
    state: str
    verdict: Verdict | None
    before: Sample | None
    after: Sample | None


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of the last of these cycles, against its own baseline and against the original one."""

    measure_key: str | None
    scope: str | None
    direction: Direction | None
    original: Sample | None
    before: Sample | None
    after: Sample | None
    change: float | None
    change_from_original: float | None
    share_of_original: float | None
    better: bool | None
    cycles: Sequence[Cycle]


def tell_effect(
    cycles: Sequence[Cycle], measure_key: str | None, scope: str | None, direction: Direction | None
) -> Effect:
    """R27, R36: always also against the level before the first cycle; a series of small losses shows there."""
    original = next((cycle.before for cycle in cycles if cycle.before and cycle.before.value is not None), None)
    last = cycles[-1]
    before, after = (sample.value if sample else None for sample in (last.before, last.after))
    first = original.value if original else None
    from_original = None if after is None or first is None else after - first
    better = None
    if from_original is not None and direction is not None:
        better = from_original > 0 if direction == "higher_is_better" else from_original < 0
    return Effect(
        measure_key=measure_key,
        scope=scope,
        direction=direction,
        original=original,
        before=last.before,
        after=last.after,
        change=None if after is None or before is None else after - before,
        change_from_original=from_original,
        share_of_original=from_original / abs(first) if from_original is not None and first else None,
        better=better,
        cycles=cycles,
    )

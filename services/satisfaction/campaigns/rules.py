"""What may become of a campaign, by whom, and what it has to ask. Values in, verdict out."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from services.satisfaction.campaigns.schemas import ClauseCheck, Kind, LaunchCheck, Level, State, Waiver
from services.satisfaction.questionnaires.schemas import Content, Item, PairItem, RatingItem
from shared.auth import Role
from shared.problems import Forbidden, IllegalTransition, Problem

CONDUCTORS: dict[Level, tuple[Role, ...]] = {
    "company": (Role.QUALITY_MANAGER,),
    "project": (Role.SERVICE_DESK, Role.PROJECT_MANAGER),
}
"""R47, R79: the quality department asks for the company, desk and project managers for projects."""
ALLOWED: dict[State, tuple[str, ...]] = {
    "draft": ("edit", "change the population", "draw", "waive", "launch", "cancel"),
    "launched": ("edit", "close"),
    "closed": (),
    "cancelled": (),
}
LIVE_FIELDS = {"title", "owner", "closes_at", "reminder_every_days", "reminders_at_most"}
"""What is edited once it is launched."""
RHYTHM_FIELDS = {"closes_at", "reminder_every_days", "reminders_at_most"}
"""What reminders depend on."""
SAMPLE_FIELDS = {"strata", "margin", "confidence", "expected_response_rate", "minimum_per_stratum", "rest_days"}
"""What the draw depends on."""
_EXPECTATION = {
    "en": "For each statement say how it should be. 1: not at all, the highest: entirely.",
    "zh-CN": "请对每项陈述回答应当如何。1：完全不同意，最高分：完全同意。",
}


class ProjectMissing(Problem):
    """A project survey is about a project."""

    status = 422


class Launched(Problem):
    """What people were asked stays as it was launched."""

    status = 409


@dataclass(frozen=True, slots=True)
class Promised:
    """A clause of an agreement: `reference` is `SLA-2026-0001/response`."""

    reference: str
    title: str
    customer: str
    project: str | None


def require_allowed(state: State, action: str) -> None:
    """Raises `IllegalTransition`."""
    if action not in ALLOWED[state]:
        raise IllegalTransition(action, state, list(ALLOWED[state]))


def require_conductor(level: Level, roles: Collection[Role], who: str) -> None:
    """R47, R79. Raises `Forbidden`: names the roles that would do."""
    needed = sorted(CONDUCTORS[level])
    if not set(roles) & set(needed):
        raise Forbidden(
            f"'{who}' needs one of these roles for a survey of level {level}: {', '.join(needed)}", needed=needed
        )


def require_editable(state: State, changed: Collection[str]) -> None:
    """Raises `IllegalTransition`, `Launched`."""
    require_allowed(state, "edit")
    frozen = sorted(set(changed) - LIVE_FIELDS)
    if state == "launched" and frozen:
        raise Launched(
            f"{', '.join(frozen)}: people are being asked already; only {', '.join(sorted(LIVE_FIELDS))} change now"
        )


def require_project(kind: Kind, project: str | None) -> None:
    """Raises `ProjectMissing`."""
    if kind == "project" and project is None:
        raise ProjectMissing("project: a project survey names its project; name another one instead")


def check_clauses(clauses: Iterable[Promised], content: Content, waivers: Sequence[Waiver]) -> list[ClauseCheck]:
    """R84: which items ask about each clause, or why none has to; the last waiver that names a clause counts."""
    asking: dict[str, list[str]] = {}
    for item in content.items:
        for clause in item.clauses:
            asking.setdefault(clause, []).append(item.key)
    by_clause = {waiver.clause: waiver for waiver in waivers}
    checks = {}
    for promised in clauses:
        reference = promised.reference
        waiver = by_clause.get(reference) or by_clause.get(f"{reference.partition('/')[0]}/*")
        items = tuple(asking.get(reference, ()))
        checks[reference] = ClauseCheck(
            clause=reference,
            title=promised.title,
            customer=promised.customer,
            project=promised.project,
            items=items,
            waiver=waiver,
            covered=bool(items) or waiver is not None,
        )
    return [checks[reference] for reference in sorted(checks)]


@dataclass(frozen=True, slots=True)
class Step:
    """What has to be done before a launch, in its order: `done`, `next`, or `later` as another comes before it."""

    name: Literal["people", "draw", "questions", "launch"]
    standing: Literal["done", "next", "later"]


def list_steps(has_people: bool, is_drawn: bool, check: LaunchCheck) -> list[Step]:
    """What somebody who makes a survey does next. All clauses need a question or a waiver; whatever else is missing
    stands between the draw and the launch."""
    done = {"people": has_people, "draw": is_drawn, "questions": not check.uncovered, "launch": False}
    steps: list[Step] = []
    for name, is_done in done.items():
        is_next = not is_done and all(step.standing == "done" for step in steps)
        steps.append(Step(name, "done" if is_done else "next" if is_next else "later"))  # type: ignore[arg-type]
    return steps


def list_expectations(content: Content) -> Content | None:
    """R161: what is asked at design, before there is anything to perceive: of each statement only how it should be.

    Scores of an experience fall away, and what was asked only of those who gave one. None where nothing is left that
    asks for an expectation.
    """
    left: dict[str, Item] = {}
    for item in content.items:
        if isinstance(item, RatingItem) or (item.show_if is not None and item.show_if.item not in left):
            continue
        left[item.key] = _expect(item) if isinstance(item, PairItem) else item
    if not any(isinstance(item, RatingItem) for item in left.values()):
        return None
    dimensions = {item.dimension for item in left.values() if item.dimension}
    weights = content.weights if content.weights.keys() == dimensions else {}
    changed = {"items": tuple(left.values()), "weights": weights, "introduction": _EXPECTATION}
    return Content.model_validate(content.model_copy(update=changed).model_dump(mode="json"))


def _expect(item: PairItem) -> RatingItem:
    fields = ("key", "wording", "required", "dimension", "process", "show_if", "clauses", "low", "high")
    return RatingItem(**{name: getattr(item, name) for name in fields})

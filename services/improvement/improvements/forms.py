"""From what a form holds to a request body, and back to what a form shows."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.improvement.improvements.models import Improvement
from services.improvement.tasks.schemas import TaskView

_PLAIN = (
    "title",
    "problem",
    "root_cause",
    "measure_key",
    "scope",
    "target",
    "measure_type",
    "action_kind",
    "plan",
    "owner",
    "resources",
    "budget",
    "expected_benefit",
    "impact_assessment",
    "planned_start",
    "planned_end",
)
_PLAN = (
    "direction",
    "baseline_from",
    "baseline_to",
    "minimum_effect",
    "settle_days",
    "minimum_points",
    "minimum_n",
    "alpha",
)


def read_edit(typed: Mapping[str, str]) -> dict[str, Any]:
    """The body of an edit: a field left empty empties the record's; a plan without a window is no plan.

    Tasks are lines of `title | owner | due`, the last two as needed.
    """
    body: dict[str, Any] = {name: typed[name].strip() or None for name in _PLAIN if name in typed}
    if "tasks" in typed:
        body["tasks"] = [_read_task(line) for line in typed["tasks"].splitlines() if line.strip()]
    if "baseline_from" in typed:
        plan: dict[str, Any] = {name: typed[name].strip() for name in _PLAN if typed.get(name, "").strip()}
        guards = typed.get("guard_measures", "").replace(",", " ").split()
        has_window = "baseline_from" in plan or "baseline_to" in plan
        body["verification_plan"] = {**plan, "guard_measures": guards} if has_window else None
    return body


def show_edit(record: Improvement, tasks: Iterable[TaskView]) -> dict[str, str]:
    """What the edit form holds before anybody types."""
    plan = record.verification_plan or {}
    shown = {name: _text(getattr(record, name)) for name in _PLAIN}
    shown |= {name: _text(plan.get(name)) for name in _PLAN}
    shown["guard_measures"] = " ".join(plan.get("guard_measures", ()))
    shown["tasks"] = "\n".join(_show_task(task) for task in tasks)
    return shown


def _read_task(line: str) -> dict[str, str]:
    parts = [part.strip() for part in line.split("|")]
    names = ("title", "owner", "due", *(f"more_{place}" for place in range(4, len(parts) + 1)))
    return {name: part for name, part in zip(names, parts, strict=False) if part}


def _show_task(task: TaskView) -> str:
    parts = [task.title, task.owner or "", _text(task.due)]
    return " | ".join(parts).rstrip(" |")


def _text(value: object) -> str:
    return "" if value is None else str(value)

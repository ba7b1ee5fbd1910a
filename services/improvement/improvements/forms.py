"""From what a form holds to a request body, and back to what a form shows."""

from collections.abc import Mapping
from typing import Any

from services.improvement.improvements.models import Improvement

_PLAIN = (
    "title",
    "problem",
    "department",
    "service",
    "customer",
    "project",
    "severity",
    "impact",
    "effort",
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
FIELDS = (*_PLAIN, *_PLAN, "guard_measures", "change_reason")
"""Every field of the form of the plan."""


def read_edit(typed: Mapping[str, str]) -> dict[str, Any]:
    """The body of an edit: a field left empty empties the record's; a plan without a window is no plan."""
    body: dict[str, Any] = {name: typed[name].strip() or None for name in _PLAIN if name in typed}
    if typed.get("change_reason", "").strip():
        body["change_reason"] = typed["change_reason"].strip()
    if "baseline_from" in typed:
        plan: dict[str, Any] = {name: typed[name].strip() for name in _PLAN if typed.get(name, "").strip()}
        guards = typed.get("guard_measures", "").replace(",", " ").split()
        has_window = "baseline_from" in plan or "baseline_to" in plan
        body["verification_plan"] = {**plan, "guard_measures": guards} if has_window else None
    return body


def show_edit(record: Improvement) -> dict[str, str]:
    """What the edit form holds before anybody types."""
    plan = record.verification_plan or {}
    shown = {name: _text(getattr(record, name)) for name in _PLAIN}
    shown |= {name: _text(plan.get(name)) for name in _PLAN}
    return {**shown, "guard_measures": " ".join(plan.get("guard_measures", ())), "change_reason": ""}


def _text(value: object) -> str:
    return "" if value is None else str(value)

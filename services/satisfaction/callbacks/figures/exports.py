"""Callbacks as a table for spreadsheets: a row a resolution. What somebody wrote stays text there."""

from typing import Any

from sqlalchemy import Row

from services.satisfaction.callbacks.rules import is_on_time

COLUMNS = (
    "source",
    "external_id",
    "resolution_number",
    "title",
    "service",
    "customer",
    "segment",
    "project",
    "group",
    "desk",
    "resolver",
    "resolved_at",
    "due_at",
    "state",
    "history",
    "attempt_count",
    "completed_at",
    "on_time",
    "channel",
    "solved",
    "score",
    "comment",
    "conduct",
    "unreachable_at",
    "unreachable_reason",
    "cancelled_at",
)
"""The header; `conduct` is every item with its score, as `courtesy=5; explained=2`."""


def make_cells(row: Row[Any]) -> list[str | int | None]:
    """One callback in the order of `COLUMNS`; times are UTC, what is missing is empty."""
    told = {
        **row._mapping,
        "on_time": None if row.completed_at is None else is_on_time(row.completed_at, row.due_at),
        "conduct": "; ".join(f"{item}={score}" for item, score in (row.conduct or {}).items()) or None,
    }
    return [_write(told[column]) for column in COLUMNS]


def _write(value: Any) -> str | int | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if value is None or isinstance(value, (int, str)) else value.isoformat().replace("+00:00", "Z")

"""From what a meeting's forms hold to request bodies."""

from collections.abc import Mapping
from typing import Any

from shared.pages.forms import given

MOST_PEOPLE = 200


def read_moment(typed: Mapping[str, str], name: str) -> dict[str, str]:
    """A `datetime-local` field, which is in UTC here."""
    value = typed.get(name, "").strip()
    return {name: f"{value}Z"} if value else {}


def read_lines(text: str) -> list[str]:
    """One thing a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def read_meeting(typed: Mapping[str, str]) -> dict[str, Any]:
    """The body of a new meeting: people and points of the agenda are lines."""
    return {
        **given(typed, "kind", "department", "title", "place", "chair"),
        **read_moment(typed, "planned_at"),
        "attendees": read_lines(typed.get("attendees", "")),
        "items": [{"kind": "agenda", "title": line} for line in read_lines(typed.get("agenda", ""))],
    }


def read_attendees(typed: Mapping[str, str]) -> dict[str, Any]:
    """Rows `person.N`, `presence.N`, `delegate.N`, and more people as lines. A row without a person is taken away."""
    people: list[dict[str, str]] = []
    for place in range(MOST_PEOPLE):
        row = given(typed, f"person.{place}", f"presence.{place}", f"delegate.{place}")
        named = {name.partition(".")[0]: value for name, value in row.items()}
        if "person" in named:
            people.append(named)
    people += [{"person": person} for person in read_lines(typed.get("more", ""))]
    return {"attendees": people}

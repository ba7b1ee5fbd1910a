"""What was typed into the forms of complaints and feedback, whose times are UTC."""

from collections.abc import Mapping

from shared.pages import forms


def given(typed: Mapping[str, str], *names: str) -> dict[str, str]:
    """Of these fields, those in which something was typed; times (`…_at`) are UTC."""
    found = forms.given(typed, *names)
    return {name: f"{value}Z" if name.endswith("_at") else value for name, value in found.items()}

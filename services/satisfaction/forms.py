"""What the pages of complaints and feedback share: reading forms, and saying why one was refused."""

from collections.abc import Mapping

from fastapi import Request
from pydantic import ValidationError

from shared.pages import N_, translate
from shared.problems import IllegalTransition, LostUpdate, Missing, Problem

Refused = ValidationError | Problem

_KNOWN: dict[type[Problem], str] = {
    IllegalTransition: N_("This has moved on meanwhile: it cannot be done now."),
    LostUpdate: N_("Somebody else has changed this meanwhile. It is shown as it is now; repeat your change."),
    Missing: N_("Something is missing:"),
}


async def read_form(request: Request) -> dict[str, str]:
    """What was typed, field by field; a field left empty is an empty string."""
    async with request.form(max_files=0, max_fields=500) as form:
        return {name: value.replace("\x00", "") for name, value in form.items() if isinstance(value, str)}


def given(typed: Mapping[str, str], *names: str) -> dict[str, str]:
    """Of these fields, those in which something was typed; times (`…_at`) are UTC."""
    found = {name: typed[name].strip() for name in names if typed.get(name, "").strip()}
    return {name: f"{value}Z" if name.endswith("_at") else value for name, value in found.items()}


def status_of(refusal: Refused | None) -> int:
    """The page's status."""
    if refusal is None:
        return 200
    return refusal.status if isinstance(refusal, Problem) else 422


def put_in_words(
    request: Request, refusal: Refused | None, fields: Mapping[str, str], problems: Mapping[type[Problem], str]
) -> str | None:
    """Why it was refused, in the reader's language as far as that is known beforehand; None where it was not."""
    if refusal is None:
        return None
    if isinstance(refusal, ValidationError):
        named = dict.fromkeys(str(part) for error in refusal.errors() for part in error["loc"] if part in fields)
        labels = ", ".join(translate(request, fields[name]) for name in named)
        return f"{translate(request, N_('Please fill in or mend:'))} {labels}".strip()
    said = {**_KNOWN, **problems}
    known = next((text for kind, text in said.items() if isinstance(refusal, kind)), None)
    if known is None:
        return refusal.detail
    missing = "; ".join(translate(request, name) for name in refusal.extra.get("missing", ()))
    return f"{translate(request, known)} {missing}".strip()

"""What a page says where a form was refused; for nouns that have pages of their own."""

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


def status_of(refusal: Refused | None) -> int:
    """The page's status."""
    if refusal is None:
        return 200
    return refusal.status if isinstance(refusal, Problem) else 422


def put_in_words(
    request: Request, refusal: Refused, fields: Mapping[str, str], problems: Mapping[type[Problem], str]
) -> str:
    """Why it was refused, in the reader's language as far as that is known beforehand. `fields` are the labels of the
    form's fields, `problems` what else may be said."""
    if isinstance(refusal, ValidationError):
        named = dict.fromkeys(str(part) for error in refusal.errors() for part in error["loc"] if part in fields)
        details = "; ".join(dict.fromkeys(error["msg"] for error in refusal.errors()))
        labels = ", ".join(translate(request, fields[name]) for name in named)
        told = f"{labels} ({details})" if labels else details
        return f"{translate(request, N_('Please fill in or mend:'))} {told}"
    said = {**_KNOWN, **problems}
    known = next((text for kind, text in said.items() if isinstance(refusal, kind)), None)
    if known is None:
        return refusal.detail
    missing = "; ".join(translate(request, name) for name in refusal.extra.get("missing", ()))
    return f"{translate(request, known)} {missing}".strip()

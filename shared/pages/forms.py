"""Forms: what was typed, the doing of it in a transaction of its own, and the page again where it was refused."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Database
from shared.pages import see_other
from shared.pages.languages import N_
from shared.pages.rendering import translate
from shared.problems import IllegalTransition, LostUpdate, Missing, Problem

Refused = ValidationError | Problem
Labels = Mapping[str, str]
"""What a page calls the fields of its forms; `""` stands for the form as a whole."""
Said = Mapping[type[Problem], str]
"""What a page says of problems that it knows beforehand."""
Done = TypeVar("Done")

_KNOWN: dict[type[Problem], str] = {
    IllegalTransition: N_("This has moved on meanwhile: it cannot be done now."),
    LostUpdate: N_("Somebody else has changed this meanwhile. It is shown as it is now; repeat your change."),
    Missing: N_("Something is missing:"),
}
_NUMBER, _DAY, _MOMENT = N_("a number"), N_("a day, as 2026-03-31"), N_("a time, as 2026-03-31T09:00Z")
_RIGHT: dict[str, str] = {
    "missing": N_("needed"),
    "string_too_short": N_("needed"),
    "string_too_long": N_("at most %(max_length)s characters"),
    "string_pattern_mismatch": N_("not written like that"),
    "literal_error": N_("one of %(expected)s"),
    "int_parsing": _NUMBER,
    "decimal_parsing": _NUMBER,
    "float_parsing": _NUMBER,
    "int_from_float": N_("a whole number"),
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "timezone_aware": _MOMENT,
    "greater_than_equal": N_("at least %(ge)s"),
    "greater_than": N_("more than %(gt)s"),
    "less_than_equal": N_("at most %(le)s"),
    "less_than": N_("less than %(lt)s"),
    "too_short": N_("at least %(min_length)s"),
    "too_long": N_("at most %(max_length)s"),
}
"""What would be right, by pydantic's name for what is wrong."""


async def read_form(request: Request) -> dict[str, str]:
    """What was typed, field by field; a field left empty is an empty string."""
    async with request.form(max_files=0) as form:
        return {name: value.replace("\x00", "") for name, value in form.items() if isinstance(value, str)}


def given(typed: Mapping[str, str], *names: str) -> dict[str, str]:
    """Of these fields, those in which something was typed."""
    return {name: typed[name].strip() for name in names if typed.get(name, "").strip()}


async def take_form(
    request: Request,
    act: Callable[[AsyncSession], Awaitable[Done]],
    onward: Callable[[Done], str],
    again: Callable[[AsyncSession, Refused], Awaitable[HTMLResponse]],
) -> Response:
    """Do it in a transaction of its own and go on to the path of what was done. A refusal rolls back all of it, and
    `again` shows the page with what was typed; what the page itself cannot find is raised."""
    database: Database = request.app.state.database
    try:
        async with database.transaction() as session:
            done = await act(session)
            path = onward(done)
    except (ValidationError, Problem) as refusal:
        async with database.reading() as session:
            return await again(session, refusal)
    return see_other(request, path)


def status_of(refusal: Refused | None) -> int:
    """The page's status."""
    if refusal is None:
        return 200
    return refusal.status if isinstance(refusal, Problem) else 422


def put_in_words(
    request: Request,
    refusal: Refused | None,
    fields: Labels,
    problems: Said,
    detailed: tuple[type[Problem], ...] = (),
) -> str | None:
    """Why it was refused, in the reader's language as far as that is known beforehand; None where it was not. What
    problems of the kinds `detailed` say in detail is shown as well."""
    if refusal is None:
        return None
    if isinstance(refusal, ValidationError):
        faults = dict.fromkeys(_name_fault(request, error, fields) for error in refusal.errors())
        told = translate(request, N_("; ")).join(faults)
        return translate(request, N_("Please fill in or mend: %(faults)s")) % {"faults": told}
    said = (*problems.items(), *_KNOWN.items())
    known = next((text for kind, text in said if isinstance(refusal, kind)), None)
    if known is None:
        return refusal.detail
    missing = "; ".join(translate(request, name) for name in refusal.extra.get("missing", ()))
    more = refusal.detail if isinstance(refusal, detailed) else missing
    return f"{translate(request, known)} {more}".strip()


def _name_fault(request: Request, error: Any, fields: Labels) -> str:
    """The field's label, and what would be right."""
    right = _RIGHT.get(error["type"])
    why: str = error["msg"].removeprefix("Value error, ")
    if right:
        why = translate(request, right) % error.get("ctx", {})
    label = next((fields[part] for part in reversed(error["loc"]) if part in fields), fields.get(""))
    if label is None:
        return why
    return translate(request, N_("%(label)s (%(right)s)")) % {"label": translate(request, label), "right": why}

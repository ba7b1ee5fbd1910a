"""What every change mapper needs: the request as text, what a state means, and templates of further fields."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from html import escape, unescape
from string import Template
from typing import Annotated, Any, NamedTuple, get_args

import orjson
from pydantic import AfterValidator, Field, StringConstraints

from shared.ticketing.changes import ChangeOutcome, ChangeRequest, ChangeState, find_mark, mark
from shared.ticketing.facts import Unmappable
from shared.ticketing.mapping import moment, text

OWN_WORDS: dict[str, ChangeState] = {state: state for state in get_args(ChangeState)}
LONGEST_REASON = 2000
_MORE = " […]"


def check_json(value: Any) -> Any:
    """Raises `ValueError` for what cannot be kept as JSON, or is too long."""
    try:
        raw = orjson.dumps(value)
    except TypeError as error:
        raise ValueError(f"cannot be written as JSON: {error}") from error
    if len(raw) > 20_000 or b"\\u0000" in raw:
        raise ValueError("must be at most 20,000 bytes of JSON without NUL characters")
    return value


FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.:-]{0,99}$")]
Fields = Annotated[dict[FieldName, Any], Field(max_length=50), AfterValidator(check_json)]
"""Further fields of the remote record, by its own names; `${title}`, `${owner}` … in their strings are filled in."""


class Told(NamedTuple):
    """What a record says of its state, before it is judged: words from the most to the least telling, when it was
    done, and why not."""

    words: tuple[str | None, ...]
    implemented_at: datetime | None = None
    reason: str | None = None


def fill(body: Any, request: ChangeRequest) -> Any:
    """The body for this request: placeholders in strings filled in, everything else as it is."""
    fields = request.model_dump(mode="json")
    if body is None:
        return fields
    return fill_in(body, {name: "" if value is None else str(value) for name, value in fields.items()})


def fill_in(part: Any, fields: Mapping[str, str]) -> Any:
    """JSON with the placeholders in its strings filled in; one that names no field stays as it is."""
    if isinstance(part, str):
        return Template(part).safe_substitute(fields)
    if isinstance(part, list):
        return [fill_in(item, fields) for item in part]
    if isinstance(part, dict):
        return {key: fill_in(value, fields) for key, value in part.items()}
    return part


def headline(request: ChangeRequest, longest: int, *, ending: str = "") -> str:
    """`IMP-000001: title` on one line, cut so that it and its ending fit."""
    line = " ".join(f"{request.number}: {request.title}".split())
    return line[: longest - len(ending)].rstrip() + ending


def paragraphs(request: ChangeRequest, longest: int | None = None) -> list[tuple[str, str]]:
    """What change management needs to know, as headings and texts; what is not known is left out, and a text is cut
    behind `longest` characters: a system that cuts a description itself would cut the mark off."""
    known = [
        ("Problem", request.problem),
        ("Root cause", request.root_cause),
        ("Plan", request.plan),
        ("Impact", request.impact),
        ("Owner", request.owner),
        ("Approved by", request.approved_by),
        ("Planned start", request.planned_start and request.planned_start.isoformat()),
        ("Planned end", request.planned_end and request.planned_end.isoformat()),
    ]
    return [(heading, _cut(told, longest)) for heading, told in known if told]


def _cut(told: str, longest: int | None) -> str:
    return told if longest is None or len(told) <= longest else told[:longest].rstrip() + _MORE


def describe(request: ChangeRequest, longest: int | None = None) -> str:
    """The request as plain text, with the mark in its last line."""
    told = [f"{heading}: {content}" for heading, content in paragraphs(request, longest)]
    return "\n\n".join([request.number, *told, mark(request.correlation_id)])


def describe_html(request: ChangeRequest, longest: int | None = None) -> str:
    """The request as HTML, with the mark in its last paragraph."""
    told = [f"<p><b>{heading}</b></p><p>{html_lines(content)}</p>" for heading, content in paragraphs(request, longest)]
    number, ending = html_lines(request.number), html_lines(mark(request.correlation_id))
    return "".join([f"<p>{number}</p>", *told, f"<p>{ending}</p>"])


def html_lines(content: str) -> str:
    """Plain text as HTML."""
    return "<br/>".join(escape(line, quote=False) for line in content.splitlines())


def find_html_mark(*texts: Any) -> str | None:
    """As `find_mark`, in HTML that may have been escaped once more."""
    return find_mark(*(unescape(unescape(content)) for content in texts if isinstance(content, str)))


def judge(told: Told, states: Mapping[str, ChangeState], defaults: Mapping[str, ChangeState]) -> ChangeOutcome | None:
    """The outcome that these words mean, or None where none is known. The connection's own map comes first; case is
    ignored. The time goes with `implemented`, the reason with `failed`."""
    asked = [word.strip().lower() for word in told.words if word and word.strip()]
    own = {word.strip().lower(): state for word, state in states.items()}
    state = next((known[word] for known in (own, defaults) for word in asked if word in known), None)
    if state is None:
        return None
    return ChangeOutcome(
        state,
        told.implemented_at if state == "implemented" else None,
        _reason(told) if state == "failed" else None,
    )


def _reason(told: Told) -> str:
    return (told.reason or "").strip()[:LONGEST_REASON] or f"the ticketing system says '{first_word(told.words)}'"


def first_word(words: Iterable[str | None]) -> str:
    """The most telling word that is there, as the system writes it."""
    return next((word.strip() for word in words if word and word.strip()), "")


def time_of(name: str, value: Any, zone: tzinfo = UTC) -> datetime | None:
    """As `mapping.moment`, in UTC. Raises `Unmappable`."""
    at = moment(name, value, zone)
    return at.astimezone(UTC) if at else None


def require_id(value: Any, where: str) -> str:
    """An id as text. Raises `Unmappable`, naming where it was looked for."""
    found = text(value)
    if found is None:
        raise Unmappable(f"the answer holds no id at {where}")
    return found

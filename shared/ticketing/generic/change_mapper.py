"""What any system's answers say of a change, found by JSON pointers (RFC 6901)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from string import Template
from typing import Any
from urllib.parse import quote

from shared.ticketing.change_mapping import OWN_WORDS
from shared.ticketing.changes import ChangeOutcome, ChangeState, RaisedChange, ToldOutcome, find_mark
from shared.ticketing.facts import Unmappable
from shared.ticketing.mapping import require_object

_MISSING = object()
_LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class Pointers:
    """Where in an answer each thing stands."""

    external_id: str = "/id"
    url: str = "/url"
    state: str = "/state"
    implemented_at: str = "/implemented_at"
    reason: str = "/reason"


def read_record(answer: Any, pointers: Pointers) -> RaisedChange | None:
    """The record; None where there is no id."""
    external_id = as_text(point(answer, pointers.external_id))
    if not external_id:
        return None
    return RaisedChange(external_id[:200], (as_text(point(answer, pointers.url)) or "")[:2000] or None)


def read_outcome(answer: Any, pointers: Pointers, states: Mapping[str, ChangeState]) -> ChangeOutcome | None:
    """How far the record is; None for a word that nobody mapped.

    Raises:
        Unmappable: there is no state at its pointer, or a time that is none.
    """
    word = as_text(point(answer, pointers.state))
    if word is None:
        raise Unmappable(f"tells no state at {pointers.state}")
    state = states.get(word) or OWN_WORDS.get(word)
    if state is None:
        return None
    reason = as_text(point(answer, pointers.reason)) if state == "failed" else None
    return ChangeOutcome(state, _read_moment(answer, pointers), (reason or "").strip()[:_LONGEST_REASON] or None)


def read_told(payload: Any, pointers: Pointers, states: Mapping[str, ChangeState]) -> ToldOutcome:
    """A webhook's body: our own format (`correlation_id`, `external_id`, `state` …), or the record as it is answered.

    Raises:
        Unmappable: names what is missing.
    """
    body = require_object(payload)
    correlation_id = as_text(body.get("correlation_id")) or find_mark(*_texts(body))
    external_id = as_text(body.get("external_id")) or as_text(point(body, pointers.external_id))
    if not correlation_id and not external_id:
        raise Unmappable("correlation_id or external_id: one of them must name the change")
    word = as_text(point(body, pointers.state))
    if not word:
        raise Unmappable(f"state: there is none at {pointers.state}")
    return ToldOutcome(correlation_id, external_id, word, read_outcome(body, pointers, states))


def _texts(body: Mapping[str, Any]) -> list[str]:
    return [value for value in body.values() if isinstance(value, str)]


def _read_moment(answer: Any, pointers: Pointers) -> datetime | None:
    told = as_text(point(answer, pointers.implemented_at))
    try:
        moment = datetime.fromisoformat(told) if told else None
    except ValueError as error:
        raise Unmappable(f"'{told}' at {pointers.implemented_at} is no ISO 8601 time") from error
    if moment is not None and moment.tzinfo is None:
        raise Unmappable(f"'{told}' at {pointers.implemented_at} has no zone")
    return moment.astimezone(UTC) if moment else None


def fill_url(url: str, fields: Mapping[str, str]) -> str:
    """Placeholders filled in, each value quoted so that it stays within its place."""
    return Template(url).safe_substitute({name: quote(value, safe="") for name, value in fields.items()})


def point(document: Any, pointer: str) -> Any:
    """What a JSON pointer points to; what `as_text` takes for nothing where that is not there."""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and key in document:
            document = document[key]
        elif isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        else:
            return _MISSING
    return document


def as_text(value: Any) -> str | None:
    """A string or a number as text; anything else is nothing."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

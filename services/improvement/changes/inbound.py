"""What a webhook says of a change: our own format, or the system's genuine one. Pure: bytes in, what was told out."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from services.improvement.changes.schemas import InboundOutcome
from shared.problems import Malformed
from shared.ticketing.changes import ChangeOutcome, ChangeSink, ChangeState, ToldOutcome
from shared.ticketing.facts import Unmappable
from shared.ticketing.options import tell_faults

_OWN_WORDS: dict[str, ChangeState] = {"accepted": "accepted", "implemented": "implemented", "failed": "failed"}


class Heard(NamedTuple):
    """`told` is None where it tells of no change; `is_own`: whoever sends it speaks our format, and can mend it."""

    told: ToldOutcome | None
    is_own: bool


def read_webhook(raw: bytes, sink: ChangeSink, *, speaks_ours: bool, states: Mapping[str, ChangeState]) -> Heard:
    """`speaks_ours`: the system has no format of its own, so ours is looked for first.

    Raises:
        Malformed: it cannot be understood: says where and what would be right.
    """
    try:
        payload = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"body: is not JSON: {error}") from error
    if speaks_ours:
        told = None if _looks_like_ours(payload) else _read_genuine(payload, sink)
        is_known = told is not None and told.outcome is not None
        return Heard(told if is_known else _read_own(payload, states), is_own=True)
    try:
        told = sink.read_outcome(payload)
    except Unmappable as error:
        if not _looks_like_ours(payload):
            raise Malformed(str(error)) from error
        told = None
    if told is None and _looks_like_ours(payload):
        return Heard(_read_own(payload, states), is_own=True)
    return Heard(told, is_own=False)


def _read_genuine(payload: Any, sink: ChangeSink) -> ToldOutcome | None:
    try:
        return sink.read_outcome(payload)
    except Unmappable:
        return None


def _looks_like_ours(payload: Any) -> bool:
    return isinstance(payload, dict) and "state" in payload and bool({"correlation_id", "external_id"} & set(payload))


def _read_own(payload: Any, states: Mapping[str, ChangeState]) -> ToldOutcome:
    try:
        told = InboundOutcome.model_validate_json(orjson.dumps(payload))
    except ValidationError as error:
        raise Malformed(tell_faults(error, "")) from error
    words = {**_OWN_WORDS, **states}
    if told.state not in words:
        raise Malformed(f"state: '{told.state}' is none of {', '.join(sorted(words))}")
    outcome = ChangeOutcome(words[told.state], told.implemented_at, told.reason)
    return ToldOutcome(told.correlation_id, told.external_id, told.state, outcome)

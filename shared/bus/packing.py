"""Many events in one message: the CloudEvents JSON Batch format, with every event's bytes kept as they are.

Ours hold one event a line, and the content type says so: compact JSON has no raw newline, so the lines can be split
again without parsing.
"""

from collections.abc import Iterator, Sequence

import orjson

from shared.bus.port import Outgoing

SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
LINES = f"{BATCH}; framing=lines"
MOST_EVENTS = 64
MOST_BYTES = 256 * 1024


class Packed(tuple[str, str, bytes]):
    """`(type, content type, body)` of one message."""

    __slots__ = ()


def pack(events: Sequence[Outgoing], most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> Iterator[Packed]:
    """Group events of one type into messages, keeping the order within a type."""
    by_type: dict[str, list[bytes]] = {}
    for event in events:
        by_type.setdefault(event.type, []).append(event.body)
    for type_, bodies in by_type.items():
        lines: list[bytes] = []
        size = 0
        for body in bodies:
            if lines and (len(lines) == most_events or size + len(body) > most_bytes):
                yield _message(type_, lines)
                lines, size = [], 0
            lines.append(body)
            size += len(body)
        yield _message(type_, lines)


def unpack(content_type: str | None, body: bytes) -> list[bytes]:
    """The events' bytes in a message; one that is not a batch is one event, whatever it says."""
    if content_type == LINES:
        return body[2:-2].split(b",\n")
    if (content_type or "").partition(";")[0].strip().lower() != BATCH:
        return [body]
    try:
        return [orjson.dumps(event) for event in orjson.loads(body)]
    except (orjson.JSONDecodeError, TypeError):
        return [body]


def _message(type_: str, lines: list[bytes]) -> Packed:
    if len(lines) == 1:
        return Packed((type_, SINGLE, lines[0]))
    return Packed((type_, LINES, b"[\n" + b",\n".join(lines) + b"\n]"))

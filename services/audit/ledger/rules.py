"""The hash chain: every entry's hash covers its event's bytes and, through the entry before, all that came earlier."""

import hashlib
from collections.abc import Iterable, Iterator

GENESIS = bytes(32)


def chain_hash(previous: bytes, body: bytes) -> bytes:
    """SHA-256 over the previous entry's hash and the SHA-256 of this event's bytes; 32 bytes."""
    return hashlib.sha256(previous + hashlib.sha256(body).digest()).digest()


def extend_chain(head: bytes, bodies: Iterable[bytes]) -> Iterator[bytes]:
    """The hashes of entries appended behind `head`, in order."""
    for body in bodies:
        head = chain_hash(head, body)
        yield head


def find_break(head: bytes, entries: Iterable[tuple[int, bytes, bytes]], expected_position: int) -> int | None:
    """The first position at which the chain does not hold, or None.

    `entries` are `(position, body, hash)` in order; a missing position is a break as much as a changed byte.
    """
    for position, body, stored in entries:
        head = chain_hash(head, body)
        if position != expected_position or head != stored:
            return expected_position
        expected_position += 1
    return None

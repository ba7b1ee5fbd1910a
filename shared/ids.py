"""Identifiers that sort by the time of their making."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): unique, and later ids sort after earlier ones."""
    return uuid7()

"""The secrets in the links that customers get: what is kept of them, how a survey's are made, who may try them."""

import base64
import hashlib
import hmac
import math
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from services.satisfaction.callbacks.links.rules import LinkUnusable, Misses, TooManyMisses
from shared.settings import Settings

__all__ = [
    "LinkKey",
    "LinkUnusable",
    "TooManyMisses",
    "derive_key",
    "derive_token",
    "find_address",
    "hash_token",
    "note_miss",
    "require_patience",
]


def derive_key(settings: Settings) -> bytes:
    """The key of the survey links, made from the installation's: it never leaves the process."""
    return hmac.digest(settings.keys.seal.encode(), b"survey links", "sha256")


def derive_token(key: bytes, invitation_id: UUID) -> str:
    """The token of an invitation, 43 characters: the same each time, so that a reminder can carry it, and nothing that
    anybody guesses who has not the key."""
    return base64.urlsafe_b64encode(hmac.digest(key, invitation_id.bytes, "sha256")).rstrip(b"=").decode()


def hash_token(token: str) -> bytes:
    """What is kept of a token: its SHA-256. What cannot be a token is hashed as well, so that looking it up takes as
    long."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _link_key(request: Request) -> bytes:
    settings: Settings = request.app.state.settings
    return derive_key(settings)


LinkKey = Annotated[bytes, Depends(_link_key)]
"""The key of the survey links, in a route."""


def find_address(request: Request) -> str:
    """Whom a miss is counted against: what the gateway says, else who is connected."""
    said = request.headers.get("x-forwarded-for", "").rsplit(",", 1)[-1].strip()
    return said[:100] or (request.client.host if request.client else "")


def require_patience(request: Request, now: datetime) -> None:
    """Before the link is looked up, so that waiting tells nothing of it.

    Raises:
        TooManyMisses
    """
    misses: Misses = request.app.state.link_misses
    wait = misses.find_wait(find_address(request), now)
    if wait is not None:
        raise TooManyMisses(f"too many links that do not exist; wait {math.ceil(wait.total_seconds())} s")


def note_miss(request: Request, now: datetime) -> None:
    """This address tried a link that cannot be used."""
    misses: Misses = request.app.state.link_misses
    misses.note(find_address(request), now)

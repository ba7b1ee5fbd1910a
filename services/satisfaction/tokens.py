"""The secrets in the links that customers get: what is kept of them, how a survey's are made, who may try them."""

import base64
import hashlib
import hmac
import math
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from shared.problems import Problem
from shared.settings import Settings

_MINUTE = timedelta(minutes=1)
_MOST_ADDRESSES = 10_000


class LinkUnusable(Problem):
    """Used, expired, withdrawn, cut short or never made: the answer does not say which."""

    status = 404


class TooManyMisses(Problem):
    """Somebody tries links that do not exist."""

    status = 429


class Misses:
    """How often each address tried a link that does not exist, in the last minute of this process. It keeps the
    addresses that were seen last, up to a bound."""

    def __init__(self, most_per_minute: int) -> None:
        self._most = most_per_minute
        self._of: OrderedDict[str, deque[datetime]] = OrderedDict()

    def find_wait(self, address: str, now: datetime) -> timedelta | None:
        """How long this address has to wait; None when it may try."""
        misses = self._of.get(address)
        while misses and now - misses[0] >= _MINUTE:
            misses.popleft()
        return misses[0] + _MINUTE - now if misses and len(misses) >= self._most else None

    def note(self, address: str, now: datetime) -> None:
        """This address has tried one."""
        misses = self._of.setdefault(address, deque(maxlen=self._most))
        misses.append(now)
        self._of.move_to_end(address)
        while len(self._of) > _MOST_ADDRESSES:
            self._of.popitem(last=False)


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
    """Whom a miss is counted against: who is connected, or whom a gateway that the server trusts (uvicorn's
    `FORWARDED_ALLOW_IPS`) names. Of IPv6 the network of 64 bits: whoever has one address there has them all."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host[:100]
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or IPv6Network((address, 64), strict=False))


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

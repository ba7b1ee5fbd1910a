"""The link by which a customer answers: a secret for one answer, and for a while. Values in, verdict out."""

import hashlib
import re
from collections import OrderedDict, deque
from datetime import datetime, timedelta

from shared.problems import Problem

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_MINUTE = timedelta(minutes=1)
_MOST_ADDRESSES = 10_000


class LinkUnusable(Problem):
    """Used, expired, withdrawn, cut short or never made: the answer does not say which."""

    status = 404


class AnsweredMeanwhile(Problem):
    """The callback was settled while the customer was answering."""

    status = 409


class TooManyMisses(Problem):
    """Somebody tries links that do not exist."""

    status = 429


def hash_token(token: str) -> bytes | None:
    """What is kept of a token: its SHA-256; None for what cannot be one."""
    return hashlib.sha256(token.encode()).digest() if _TOKEN.fullmatch(token) else None


def is_usable(expires_at: datetime, used_at: datetime | None, withdrawn_at: datetime | None, now: datetime) -> bool:
    """A link answers once, until it expires or another one takes its place."""
    return used_at is None and withdrawn_at is None and now < expires_at


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

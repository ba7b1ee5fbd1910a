"""Use cases of those who reach us without signing in: complain, and see the answer by their secret (R182)."""

from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Row

from services.satisfaction.complaints import repository, rules
from services.satisfaction.complaints.service import Work, lock

PATH = "/satisfaction/complaint-answer"


def write_path(token: str) -> str:
    """The secret is in the query: addresses are written to logs without it."""
    return f"{PATH}?{urlencode({'token': token})}"


def write_url(base: str, token: str) -> str:
    """The link as whoever complained gets it."""
    return base.rstrip("/") + write_path(token)


async def open_by_secret(work: Work, token: str, number: str = "") -> Row[Any]:
    """The complaint with this secret, held until the transaction ends; where a number is given it must be its number.

    Raises:
        ComplaintUnknown: it does not say which of the two is wrong.
    """
    hashed = rules.hash_secret(token)
    row = None if hashed is None else await repository.find_by_secret(work.session, hashed)
    if row is None or (number.strip() and rules.read_number(number) != row.number):
        raise rules.ComplaintUnknown("there is no complaint with this secret; write it as it was given to you")
    return await lock(work.session, row.id)

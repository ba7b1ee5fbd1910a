"""Use cases of those who reach us without signing in: complain, and see the answer by number and secret (R182)."""

from typing import Any

from sqlalchemy import Row

from services.satisfaction.complaints import repository, rules
from services.satisfaction.complaints.service import Work, lock


async def open_by_secret(work: Work, number: str, token: str) -> Row[Any]:
    """The complaint with this number and secret, held until the transaction ends.

    Raises:
        ComplaintUnknown: it does not say which of the two is wrong.
    """
    read, hashed = rules.read_number(number), rules.hash_token(token)
    row = None if read is None or hashed is None else await repository.find_by_secret(work.session, read, hashed)
    if row is None:
        raise rules.ComplaintUnknown("there is no complaint with this number and this secret")
    return await lock(work.session, row.id)

"""`ratchet dead-letters`: parked events over REST."""

import sys
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

from rich.console import Console
from rich.table import Table

from services.failures import Failure
from services.rest import Refused, Rest

_WIDE = 400


class Letter(NamedTuple):
    """A dead letter as its service tells it."""

    service: str
    id: UUID
    told: dict[str, Any]


class NotSettled(Failure):
    """Some dead letters stay as they are; the others are settled."""


def find(rest: Rest, services: Collection[str], state: str) -> Iterator[Letter]:
    """All of these services in this state, oldest first within each."""
    for service in services:
        for told in rest.ask_pages(f"/{service}/v1/dead-letters", state=state):
            yield Letter(service, UUID(told["id"]), told)


def show(letters: Sequence[Letter], state: str) -> None:
    """A table on the screen; whole lines where another program reads them."""
    columns = ("type", "subject", "handler", "parked_at", "error")
    table = Table("service", "id", *columns)
    for letter in letters:
        table.add_row(letter.service, str(letter.id), *(str(letter.told[column]) for column in columns))
    console = Console(width=None if sys.stdout.isatty() else _WIDE)
    console.print(table if letters else f"no {state} dead letters", markup=False)


def settle(
    rest: Rest, action: Literal["replay", "discard"], services: Collection[str], ids: Collection[UUID] | None
) -> int:
    """Settle these, or all that are parked; returns how many. One that fails does not keep the others back.

    Raises:
        NotSettled: says of each that failed why.
    """
    chosen = [letter for letter in find(rest, services, "parked") if not ids or letter.id in ids]
    unknown = set(ids or ()) - {letter.id for letter in chosen}
    failures = [f"{letter_id}: no such dead letter is parked" for letter_id in sorted(unknown)]
    settled = 0
    for letter in chosen:
        try:
            rest.ask("POST", f"/{letter.service}/v1/dead-letters/{letter.id}/{action}")
            settled += 1
        except Refused as refused:
            failures.append(f"{letter.id} of {letter.service}: {refused}")
    if failures:
        raise NotSettled("\n".join([f"{settled} settled, {len(failures)} not:", *failures]))
    return settled

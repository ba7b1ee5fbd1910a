"""A ticket whose source keeps a history: one fact for each state that it was in, oldest first, so that resolved,
reopened and resolved again are two resolutions however late they are heard of."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.ticketing.facts import State, TicketFacts
from shared.ticketing.mapping import make_facts


class StateChange(NamedTuple):
    """One entry of the history; `number` orders those of one second, `actor` made it."""

    number: int
    at: datetime
    before: State
    after: State
    actor: str | None


def tell_history(
    values: Mapping[str, Any], changes: Sequence[StateChange], *, updated_at: datetime, update_number: int
) -> tuple[TicketFacts, ...]:
    """Facts of the opening, of each change, and of the last update where that was none of them.

    `values` describe the ticket as it is now, with its `opened_at` and `state`. Who resolved it is who made the change.
    What the record says of itself may be older than its history, for the two are asked for one after the other: a
    state that the history tells is never undone by it. Raises `Unmappable`.
    """
    ordered = sorted(changes, key=lambda change: (change.at, change.number))
    state: State = ordered[0].before if ordered else values["state"]
    told = [_facts(values, state, values["opened_at"], 0, values.get("resolver"), None)]
    resolved_at: datetime | None = None
    resolver = values.get("resolver")
    for change in ordered:
        state = change.after
        if _is_done(state):
            if not _is_done(change.before):
                resolved_at, resolver = change.at, change.actor or resolver
        else:
            resolved_at, resolver = None, values.get("resolver")
        told.append(_facts(values, state, change.at, change.number, resolver, resolved_at))
    last = ordered[-1] if ordered else None
    if update_number > (last.number if last else 0) or updated_at > told[-1].updated_at:
        at = max(updated_at, told[-1].updated_at)
        number = max(update_number, last.number if last else 0)
        told.append(_facts(values, state, at, number, resolver, resolved_at))
    return tuple(told)


def _is_done(state: State) -> bool:
    return state in ("resolved", "closed")


def _facts(
    values: Mapping[str, Any],
    state: State,
    at: datetime,
    number: int,
    resolver: str | None,
    resolved_at: datetime | None,
) -> TicketFacts:
    changed: dict[str, Any] = {"state": state, "updated_at": at, "update_number": number, "resolver": resolver}
    if _is_done(state):
        changed["resolved_at"] = resolved_at
    return make_facts({**values, **changed})

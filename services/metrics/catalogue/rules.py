"""Who sees what of the catalogue, and what may become of an entry; pure."""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal

from services.metrics.catalogue.problems import CostWithoutCurrency, DepartmentCycle, UnsoundPeriod
from shared.auth import Principal, Role
from shared.events.catalogue import ServiceState
from shared.problems import IllegalTransition

EDITORS = (Role.ADMINISTRATOR, Role.PROCESS_OWNER, Role.QUALITY_MANAGER, Role.OPERATIONS_MANAGER)

_TRANSITIONS: Mapping[str, Mapping[ServiceState, ServiceState]] = {
    "publish": {"draft": "published", "retired": "published"},
    "retire": {"published": "retired"},
    "delete": {"draft": "draft"},
}


def is_editor(caller: Principal) -> bool:
    return not caller.roles.isdisjoint(EDITORS)


def may_see(caller: Principal, state: ServiceState, visible_to: Collection[str]) -> bool:
    """R116: who edits sees all; others a published service that is visible to one of their roles."""
    return is_editor(caller) or (state == "published" and not caller.roles.isdisjoint(visible_to))


def next_state(action: str, state: ServiceState) -> ServiceState:
    """Raises `IllegalTransition`, with what is allowed from here."""
    following = _TRANSITIONS[action].get(state)
    if following is None:
        raise IllegalTransition(action, state, [name for name, moves in _TRANSITIONS.items() if state in moves])
    return following


def check_cost(cost: Decimal | None, currency: str | None) -> None:
    """Raises `CostWithoutCurrency`."""
    if cost is not None and currency is None:
        raise CostWithoutCurrency(f"cost: {cost} of what? give the currency too, for example CNY")
    if cost is None and currency is not None:
        raise CostWithoutCurrency(f"currency: {currency} without a cost; give the cost, or leave both out")


def check_period(starts_on: date, ends_on: date | None) -> None:
    """Raises `UnsoundPeriod`."""
    if ends_on is not None and ends_on < starts_on:
        raise UnsoundPeriod(f"ends_on ({ends_on}) lies before starts_on ({starts_on}); right is {starts_on} or later")


def check_parent(key: str, parent: str | None, parents: Mapping[str, str | None]) -> None:
    """A department belongs to no part of itself.

    Raises:
        DepartmentCycle: with the way round.
    """
    way = [key]
    while parent is not None and parent not in way:
        way.append(parent)
        parent = parents.get(parent)
    if parent is not None:
        raise DepartmentCycle(
            f"parent: {' → '.join([*way, parent])} leads back to itself; choose a parent outside {key!r}"
        )

"""Who may do what in the notifier, and what its routes work with."""

from typing import Annotated

from fastapi import Depends, Request

from services.notifier.targets import Guard
from shared.auth import STAFF, Principal, Role, require
from shared.sealing import Sealer

Reader = Annotated[Principal, Depends(require(*STAFF, Role.INTEGRATION))]
Writer = Annotated[Principal, Depends(require(Role.ADMINISTRATOR, Role.INTEGRATION, Role.OPERATIONS_MANAGER))]
Administrator = Annotated[Principal, Depends(require(Role.ADMINISTRATOR))]


def _sealer(request: Request) -> Sealer:
    sealer: Sealer = request.app.state.sealer
    return sealer


def guard_of(request: Request) -> Guard:
    """The service's SSRF guard."""
    guard: Guard = request.app.state.guard
    return guard


Seal = Annotated[Sealer, Depends(_sealer)]

"""Who may do what in the notifier, and what its routes work with."""

from typing import Annotated

from fastapi import Depends, Request

from services.notifier.targets import Guard
from shared.auth import STAFF, Principal, Role, require
from shared.sealing import Sealer

CHECK_SECONDS = 5.0
"""How long the resolving of a new endpoint's host may take."""

Reader = Annotated[Principal, Depends(require(*STAFF, Role.INTEGRATION))]
WRITERS = (Role.ADMINISTRATOR, Role.INTEGRATION, Role.OPERATIONS_MANAGER)
Writer = Annotated[Principal, Depends(require(*WRITERS))]
Administrator = Annotated[Principal, Depends(require(Role.ADMINISTRATOR))]


def _sealer(request: Request) -> Sealer:
    sealer: Sealer = request.app.state.sealer
    return sealer


def guard_of(request: Request) -> Guard:
    """The service's SSRF guard."""
    guard: Guard = request.app.state.guard
    return guard


Seal = Annotated[Sealer, Depends(_sealer)]

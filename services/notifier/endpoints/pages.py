"""The page of the webhooks: who hears what, how each fares, and what was sent last. Works without JavaScript."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Form, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.access import CHECK_SECONDS, WRITERS, Reader, Seal, Writer, guard_of
from services.notifier.deliveries import service as deliveries
from services.notifier.deliveries.repository import list_deliveries
from services.notifier.endpoints import repository, service
from services.notifier.endpoints.schemas import NewEndpoint
from services.notifier.targets import PrivateTarget, parse_target
from shared import clock
from shared.auth import Principal
from shared.events.registry import CONTRACTS
from shared.http import Reading, Writing
from shared.pages import N_, HTMLResponse, page_router, render, see_other, translate
from shared.problems import Problem

pages = page_router()

MOST_ENDPOINTS = 200
MOST_DELIVERIES = 25

STATES = {
    "pending": (N_("Waiting"), "accent"),
    "delivering": (N_("Under way"), "accent"),
    "succeeded": (N_("Delivered"), "good"),
    "failed": (N_("Gone"), "bad"),
    "exhausted": (N_("Given up"), "bad"),
    "cancelled": (N_("Cancelled"), "neutral"),
}
DONE = {
    "tested": N_("An example is on its way; below you see how it goes."),
    "enabled": N_("The endpoint is enabled: what waited is sent now."),
    "disabled": N_("The endpoint is disabled: nothing more is sent to it."),
    "replayed": N_("The delivery is sent again."),
}
EMPTY_FORM = {"url": "", "event_types": "*", "description": "", "thin": ""}

Line = Annotated[str, Form(max_length=2000)]
Words = Annotated[str, Form(max_length=20_000)]


class _Draft:
    """The form as it was typed, and the endpoint that it asks for or why it cannot be."""

    def __init__(self, typed: dict[str, str], asked: NewEndpoint | ValidationError | Problem) -> None:
        self.typed = typed
        self.asked = asked


async def _read_form(
    request: Request,
    _caller: Writer,
    url: Line = "",
    event_types: Words = "",
    description: Words = "",
    thin: Line = "",
) -> _Draft:
    """Resolves the host before the transaction begins."""
    typed = {"url": url, "event_types": event_types, "description": description, "thin": thin}
    try:
        asked = NewEndpoint(
            url=url,
            event_types=event_types.replace(",", " ").split() or ["*"],
            description=description.strip() or None,
            thin=bool(thin),
        )
        await guard_of(request).check(parse_target(asked.url), CHECK_SECONDS)
    except (ValidationError, PrivateTarget) as refusal:
        return _Draft(typed, refusal)
    return _Draft(typed, asked)


@pages.get("/endpoints")
async def show_endpoints(
    request: Request, session: Reading, caller: Reader, done: Annotated[str, Query(max_length=20)] = ""
) -> HTMLResponse:
    """Every endpoint with its health, the last deliveries, and the form for a new one."""
    return await _show(request, session, caller, notice=DONE.get(done))


@pages.post("/endpoints")
async def add_endpoint(
    request: Request, draft: Annotated[_Draft, Depends(_read_form)], session: Writing, sealer: Seal, caller: Writer
) -> HTMLResponse:
    """The form of a new endpoint; the answer shows its secret, this once."""
    if not isinstance(draft.asked, NewEndpoint):
        return await _show(request, session, caller, typed=draft.typed, refusal=draft.asked)
    try:
        _, secret = await service.create_endpoint(session, draft.asked, sealer, caller.subject, clock.now())
    except Problem as refusal:
        return await _show(request, session, caller, typed=draft.typed, refusal=refusal)
    return await _show(request, session, caller, secret=secret)


@pages.post("/endpoints/{endpoint_id}/test")
async def test(request: Request, endpoint_id: UUID, session: Writing, _caller: Writer) -> RedirectResponse:
    """The button that sends an example."""
    endpoint = await service.require_endpoint(session, endpoint_id)
    await deliveries.send_test(session, endpoint, None, clock.now())
    return see_other(request, "/endpoints?done=tested")


@pages.post("/endpoints/{endpoint_id}/enable")
async def enable(request: Request, endpoint_id: UUID, session: Writing, caller: Writer) -> RedirectResponse:
    """The button that enables."""
    endpoint = await service.require_endpoint(session, endpoint_id, lock=True)
    await service.enable_endpoint(session, endpoint, caller.subject, clock.now())
    return see_other(request, "/endpoints?done=enabled")


@pages.post("/endpoints/{endpoint_id}/disable")
async def disable(request: Request, endpoint_id: UUID, session: Writing, caller: Writer) -> RedirectResponse:
    """The button that disables."""
    endpoint = await service.require_endpoint(session, endpoint_id, lock=True)
    await service.disable_endpoint(session, endpoint, caller.subject, clock.now())
    return see_other(request, "/endpoints?done=disabled")


@pages.post("/deliveries/{delivery_id}/replay")
async def replay(request: Request, delivery_id: UUID, session: Writing, _caller: Writer) -> RedirectResponse:
    """The button that sends a delivery again."""
    await deliveries.replay_delivery(session, delivery_id, clock.now())
    return see_other(request, "/endpoints?done=replayed")


async def _show(
    request: Request,
    session: AsyncSession,
    caller: Principal,
    *,
    notice: str | None = None,
    secret: str | None = None,
    typed: dict[str, str] | None = None,
    refusal: ValidationError | Problem | None = None,
) -> HTMLResponse:
    endpoints = await repository.list_endpoints(session, None, MOST_ENDPOINTS)
    status = 200 if refusal is None else refusal.status if isinstance(refusal, Problem) else 422
    return render(
        request,
        "endpoints/list.html",
        201 if secret else status,
        endpoints=endpoints,
        last=await repository.last_attempts(session, [endpoint.id for endpoint in endpoints]),
        urls={endpoint.id: endpoint.url for endpoint in endpoints},
        deliveries=await list_deliveries(session, {}, None, MOST_DELIVERIES),
        states=STATES,
        types=sorted(CONTRACTS),
        may_write=not caller.roles.isdisjoint(WRITERS),
        notice=notice,
        secret=secret,
        typed={**EMPTY_FORM, **(typed or {})},
        complaint=None if refusal is None else _put_in_words(request, refusal),
        now=clock.now(),
    )


def _put_in_words(request: Request, refusal: ValidationError | Problem) -> str:
    if isinstance(refusal, Problem):
        return refusal.detail
    first = refusal.errors()[0]
    said = f"{first['loc'][0]}: {first['msg']}".encode(errors="replace").decode()
    return f"{translate(request, N_('Please mend:'))} {said}"

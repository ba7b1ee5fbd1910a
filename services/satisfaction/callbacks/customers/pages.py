"""How one customer is called, in a browser. Works without JavaScript."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks.customers import repository, rules, service
from services.satisfaction.callbacks.customers.routes import KEEPERS, Keeper, Reader
from services.satisfaction.callbacks.customers.schemas import CustomerBody
from services.satisfaction.settings import SatisfactionSettings, Thresholds
from shared import clock
from shared.auth import Principal
from shared.http import Reading, etag
from shared.pages import N_, HTMLResponse, page_router, render
from shared.pages.forms import Refused, given, put_in_words, read_form, status_of, take_form
from shared.problems import Problem

pages = page_router()

FIELDS = {
    "zone": N_("Time zone"),
    "quiet_hours": N_("Quiet hours"),
    "desk": N_("Desk that calls"),
    "contact": N_("Whom to ask for, and the number"),
}
_REFUSALS: dict[type[Problem], str] = {
    rules.UnknownZone: N_("There is no such time zone; write it as Asia/Shanghai or Europe/Berlin."),
}
CustomerName = Annotated[str, Query(alias="name", min_length=1, max_length=300)]


@pages.get("/callback-customer")
async def show_customer(
    request: Request,
    session: Reading,
    caller: Reader,
    thresholds: Thresholds,
    customer: CustomerName,
    done: Annotated[str, Query(max_length=10)] = "",
) -> HTMLResponse:
    """What a call needs to know of this customer, and the form to say it."""
    return await _show(request, session, caller, thresholds, customer, done=done == "yes")


@pages.post("/callback-customer")
async def take_customer(request: Request, caller: Keeper, thresholds: Thresholds, customer: CustomerName) -> Response:
    """The form."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> None:
        body = CustomerBody.model_validate(given(typed, *FIELDS))
        await service.set_customer(session, customer, body, caller.subject, clock.now(), typed.get("version"))

    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show(request, session, caller, thresholds, customer, typed, refusal)

    onward = "/callback-customer?" + urlencode({"name": customer, "done": "yes"})
    return await take_form(request, act, lambda _: onward, again)


async def _show(
    request: Request,
    session: AsyncSession,
    caller: Principal,
    thresholds: SatisfactionSettings,
    customer: str,
    typed: dict[str, str] | None = None,
    refusal: Refused | None = None,
    done: bool = False,
) -> HTMLResponse:
    row = await repository.get(session, customer)
    known = {name: getattr(row, name, None) or "" for name in FIELDS}
    return render(
        request,
        "callbacks/customer.html",
        status_of(refusal),
        customer=customer,
        known=row,
        version=etag(row.version if row is not None else 0),
        typed={**known, **(typed or {})},
        fields=FIELDS,
        zone=thresholds.time_zone,
        quiet_hours=thresholds.quiet_hours,
        may_keep=not caller.roles.isdisjoint(KEEPERS),
        complaint=put_in_words(request, refusal, FIELDS, _REFUSALS),
        done=done,
    )

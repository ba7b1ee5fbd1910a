"""Use cases of the catalogue. Every change is a new version; services, customers and completed projects are told of."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.calendars import service as calendars
from services.metrics.calendars.problems import CalendarNotFound
from services.metrics.catalogue import repository, rules
from services.metrics.catalogue.problems import EntryInUse, EntryNotFound, UnknownReference, UnsoundPeriod
from services.metrics.catalogue.schemas import (
    Completion,
    CustomerBody,
    CustomerView,
    DepartmentBody,
    DepartmentView,
    Kind,
    ProjectBody,
    ProjectView,
    ServiceBody,
    ServiceView,
)
from services.metrics.measures.periods import local_day
from services.metrics.settings import settings
from shared import clock, problems
from shared.auth import Principal, is_staff
from shared.events.catalogue import CustomerRegistered, ProjectCompleted, ServiceCataloged
from shared.http import check_version
from shared.outbox import record

_VIEWS: Mapping[Kind, type[BaseModel]] = {
    "service": ServiceView,
    "customer": CustomerView,
    "project": ProjectView,
    "department": DepartmentView,
}


async def find_entry(session: AsyncSession, kind: Kind, key: str) -> Row[Any]:
    """Raises `EntryNotFound`."""
    row = await repository.get_entry(session, kind, key)
    if row is None:
        raise EntryNotFound(f"there is no {kind} '{key}' in the catalogue; PUT /v1/{kind}s/{{key}} adds one")
    return row


async def find_visible_service(session: AsyncSession, key: str, caller: Principal) -> Row[Any]:
    """R116: one service, where the caller may see it; else it is as if there were none.

    Raises:
        EntryNotFound.
    """
    row = await repository.get_entry(session, "service", key)
    if row is None or not rules.may_see(caller, row.state, row.visible_to):
        raise EntryNotFound(f"there is no service '{key}' in the part of the catalogue that '{caller.subject}' may see")
    return row


async def find_visible_customer(session: AsyncSession, key: str, caller: Principal) -> Row[Any]:
    """A customer sees itself and no other.

    Raises:
        EntryNotFound.
    """
    if not is_staff(caller) and key != caller.customer:
        raise EntryNotFound(f"there is no customer '{key}' that '{caller.subject}' may see")
    return await find_entry(session, "customer", key)


async def put_service(session: AsyncSession, key: str, body: ServiceBody, if_match: str | None, actor: str) -> Row[Any]:
    """R109, R116: add a service as a draft, or give it a new version; one that is published stays so.

    Raises:
        CostWithoutCurrency, UnknownReference, PreconditionRequired, LostUpdate.
    """
    rules.check_cost(body.cost, body.currency)
    await _check_department(session, body.department)
    await _check_calendar(session, body.calendar)
    values = {**body.model_dump(), "visible_to": sorted({str(role) for role in body.visible_to})}
    saved = await _save(session, "service", key, values, if_match, actor, first={"state": "draft"})
    await _tell_service(session, saved)
    return saved


async def publish_service(session: AsyncSession, key: str, if_match: str | None, actor: str) -> Row[Any]:
    """Show it to the roles that it is visible to.

    Raises:
        EntryNotFound, LostUpdate, IllegalTransition.
    """
    known = await _lock(session, "service", key, if_match)
    state = rules.next_state("publish", known.state)
    published_on = known.published_on or local_day(clock.now(), settings().zone)
    saved = await _change(session, "service", known, {"state": state, "published_on": published_on}, actor)
    await _tell_service(session, saved)
    return saved


async def retire_service(session: AsyncSession, key: str, if_match: str | None, actor: str) -> Row[Any]:
    """Offer it no more; its versions stay.

    Raises:
        EntryNotFound, LostUpdate, IllegalTransition.
    """
    known = await _lock(session, "service", key, if_match)
    saved = await _change(session, "service", known, {"state": rules.next_state("retire", known.state)}, actor)
    await _tell_service(session, saved)
    return saved


async def put_customer(
    session: AsyncSession, key: str, body: CustomerBody, if_match: str | None, actor: str
) -> Row[Any]:
    """R177, R204: register a customer, or give it a new version.

    Raises:
        PreconditionRequired, LostUpdate.
    """
    saved = await _save(session, "customer", key, body.model_dump(), if_match, actor)
    told = CustomerRegistered.model_validate(saved, from_attributes=True)
    await record(session, told, subject=key, sequence=saved.version)
    return saved


async def put_project(session: AsyncSession, key: str, body: ProjectBody, if_match: str | None, actor: str) -> Row[Any]:
    """Add a project, or give it a new version.

    Raises:
        UnsoundPeriod, UnknownReference, PreconditionRequired, LostUpdate.
    """
    rules.check_period(body.starts_on, body.ends_on)
    await _check_department(session, body.department)
    await _customer_name(session, body.customer)
    return await _save(session, "project", key, body.model_dump(), if_match, actor)


async def complete_project(
    session: AsyncSession, key: str, body: Completion, if_match: str | None, actor: str
) -> Row[Any]:
    """R88: the project is done; whoever follows up with the customer hears of it.

    Raises:
        EntryNotFound, LostUpdate, IllegalTransition, UnsoundPeriod.
    """
    known = await _lock(session, "project", key, if_match)
    if known.completed_on is not None:
        raise problems.IllegalTransition("complete", "completed", [])
    today = local_day(clock.now(), settings().zone)
    completed_on = body.completed_on or today
    if not known.starts_on <= completed_on <= today:
        raise UnsoundPeriod(
            f"completed_on: {completed_on} does not lie between the project's first day ({known.starts_on}) and today"
            f" ({today})"
        )
    saved = await _change(session, "project", known, {"completed_on": completed_on}, actor)
    told = ProjectCompleted(
        **{name: value for name, value in saved._mapping.items() if name in ProjectCompleted.model_fields},
        customer_name=await _customer_name(session, saved.customer),
    )
    await record(session, told, subject=key, sequence=saved.version)
    return saved


async def put_department(
    session: AsyncSession, key: str, body: DepartmentBody, if_match: str | None, actor: str
) -> Row[Any]:
    """Add a department, or give it a new version.

    Raises:
        UnknownReference, DepartmentCycle, PreconditionRequired, LostUpdate.
    """
    if body.parent is not None:
        parents = await repository.department_parents(session)
        if body.parent != key:
            await _check_department(session, body.parent, "parent")
        rules.check_parent(key, body.parent, parents)
    return await _save(session, "department", key, body.model_dump(), if_match, actor)


async def delete_entry(session: AsyncSession, kind: Kind, key: str, if_match: str | None) -> None:
    """R116: take an entry away that nothing names; its versions stay. A service that was published is retired instead.

    Raises:
        EntryNotFound, PreconditionRequired, LostUpdate, IllegalTransition, EntryInUse.
    """
    known = await repository.lock_entry(session, kind, key)
    if known is None:
        raise EntryNotFound(f"there is no {kind} '{key}' in the catalogue")
    check_version(if_match, known.version)
    if kind == "service":
        rules.next_state("delete", known.state)
    users = await repository.list_users(session, kind, key, 10)
    if users:
        raise EntryInUse(f"{', '.join(users)} name the {kind} '{key}'; change them first", users=list(users))
    await repository.delete_entry(session, kind, key)


async def _lock(session: AsyncSession, kind: Kind, key: str, if_match: str | None) -> Row[Any]:
    known = await repository.lock_entry(session, kind, key)
    if known is None:
        raise EntryNotFound(f"there is no {kind} '{key}' in the catalogue; PUT /v1/{kind}s/{{key}} adds one")
    if if_match is not None:
        check_version(if_match, known.version)
    return known


async def _save(
    session: AsyncSession,
    kind: Kind,
    key: str,
    values: Mapping[str, Any],
    if_match: str | None,
    actor: str,
    first: Mapping[str, Any] | None = None,
) -> Row[Any]:
    """Add the entry, with what it has at `first`, or change it, which takes `If-Match`."""
    known = await repository.lock_entry(session, kind, key)
    if known is not None:
        check_version(if_match, known.version)
        return await _change(session, kind, known, values, actor)
    version = await repository.last_version(session, kind, key) + 1
    stamp = {"version": version, "edited_by": actor, "edited_at": clock.now()}
    if not await repository.insert_entry(session, kind, {"key": key, **values, **(first or {}), **stamp}):
        raise problems.LostUpdate(f"somebody else added the {kind} '{key}' just now; read it and repeat your change")
    return await _keep_version(session, kind, key)


async def _change(
    session: AsyncSession, kind: Kind, known: Row[Any], values: Mapping[str, Any], actor: str
) -> Row[Any]:
    stamp = {"version": known.version + 1, "edited_by": actor, "edited_at": clock.now()}
    await repository.update_entry(session, kind, known.key, {**values, **stamp})
    return await _keep_version(session, kind, known.key)


async def _keep_version(session: AsyncSession, kind: Kind, key: str) -> Row[Any]:
    saved = await find_entry(session, kind, key)
    stamp = {"version": saved.version, "edited_by": saved.edited_by, "edited_at": saved.edited_at}
    entry = _VIEWS[kind].model_validate(saved).model_dump(mode="json", exclude={"key", *stamp})
    await repository.insert_version(session, {"kind": kind, "key": key, "entry": entry, **stamp})
    return saved


async def _tell_service(session: AsyncSession, saved: Row[Any]) -> None:
    told = ServiceCataloged.model_validate(saved, from_attributes=True)
    await record(session, told, subject=saved.key, sequence=saved.version)


async def _check_department(session: AsyncSession, key: str | None, where: str = "department") -> None:
    if key is not None and await repository.get_entry(session, "department", key) is None:
        raise UnknownReference(f"{where}: there is no department '{key}'; add it by PUT /v1/departments/{key} first")


async def _check_calendar(session: AsyncSession, key: str) -> None:
    try:
        await calendars.find_calendar(session, key)
    except CalendarNotFound as problem:
        raise UnknownReference(f"calendar: {problem.detail}") from problem


async def _customer_name(session: AsyncSession, key: str) -> str:
    row = await repository.get_entry(session, "customer", key)
    if row is None:
        raise UnknownReference(f"customer: there is no customer '{key}'; add it by PUT /v1/customers/{{key}} first")
    name: str = row.name
    return name

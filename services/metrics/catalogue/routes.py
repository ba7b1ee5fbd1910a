"""REST of the catalogue."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.catalogue import repository, rules, service
from services.metrics.catalogue.schemas import (
    Completion,
    CustomerBody,
    CustomerView,
    DepartmentBody,
    DepartmentView,
    EntryKey,
    Kind,
    OfferedService,
    ProjectBody,
    ProjectView,
    ServiceBody,
    ServiceView,
    Unknowns,
    UnknownView,
    VersionView,
)
from services.metrics.expectations.repository import list_of_scope
from services.metrics.expectations.schemas import TargetView
from shared import clock
from shared.auth import STAFF, Principal, Role, Staff, is_staff, require
from shared.events.catalogue import Criticality, ServiceClass, ServiceState
from shared.fields import Key
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page
from shared.problems import Forbidden

routes = router("catalogue")

Named = Annotated[EntryKey, Path(description="The value that tickets carry; a slash in it is part of it.")]
DepartmentKey = Annotated[Key, Path(description="The department's key.")]
Editor = Annotated[Principal, Depends(require(*rules.EDITORS))]
Reader = Annotated[Principal, Depends(require(*STAFF, Role.CUSTOMER))]
Filter = Annotated[str | None, Query(min_length=1, max_length=200)]

_UNKNOWN_DAYS = 90
_UNKNOWN_TICKETS = 50_000
_UNKNOWN_ITEMS = 200


@routes.get("/services")
async def list_services(
    session: Reading,
    caller: Reader,
    state: Annotated[ServiceState | None, Query()] = None,
    service_class: Annotated[ServiceClass | None, Query()] = None,
    criticality: Annotated[Criticality | None, Query()] = None,
    department: Filter = None,
    owner: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ServiceView | OfferedService]:
    """By key: who edits the catalogue sees all, others what is published and visible to one of their roles (R116)."""
    filters: dict[str, str | None] = {"state": state, "service_class": service_class}
    if is_staff(caller):
        filters.update({"criticality": criticality, "department": department, "owner": owner})
    elif criticality or department or owner:
        raise Forbidden("criticality, department and owner are told to staff only; leave these filters out")
    visible_to = None if rules.is_editor(caller) else caller.roles
    rows = await repository.list_services(session, _given(filters), visible_to, _after(cursor), limit + 1)
    return page([_service_view(caller, row) for row in rows], limit, lambda view: encode_cursor(view.key))


@routes.get("/services/{key:path}/versions")
async def list_service_versions(
    key: Named, session: Reading, _caller: Staff, limit: Limit = 50, cursor: Cursor = None
) -> Page[VersionView]:
    """All that the entry ever was, newest first; of a deleted one too."""
    return await _versions(session, "service", key, limit, cursor)


@routes.get("/services/{key:path}")
async def get_service(key: Named, session: Reading, caller: Reader, response: Response) -> ServiceView | OfferedService:
    """One service, where the caller may see it."""
    row = await service.find_visible_service(session, key, caller)
    response.headers["ETag"] = etag(row.version)
    return _service_view(caller, row)


@routes.put("/services/{key:path}")
async def put_service(
    key: Named, body: ServiceBody, session: Writing, caller: Editor, response: Response, if_match: IfMatch = None
) -> ServiceView:
    """Add a service as a draft, or change it (then with If-Match)."""
    row = await service.put_service(session, key, body, if_match, caller.subject)
    response.headers["ETag"] = etag(row.version)
    return ServiceView.model_validate(row)


@routes.post("/services/{key:path}/publish")
async def publish_service(
    key: Named, session: Writing, caller: Editor, response: Response, if_match: IfMatch = None
) -> ServiceView:
    """Show it to the roles that it is visible to."""
    row = await service.publish_service(session, key, if_match, caller.subject)
    response.headers["ETag"] = etag(row.version)
    return ServiceView.model_validate(row)


@routes.post("/services/{key:path}/retire")
async def retire_service(
    key: Named, session: Writing, caller: Editor, response: Response, if_match: IfMatch = None
) -> ServiceView:
    """Offer it no more."""
    row = await service.retire_service(session, key, if_match, caller.subject)
    response.headers["ETag"] = etag(row.version)
    return ServiceView.model_validate(row)


@routes.delete("/services/{key:path}", status_code=204)
async def delete_service(key: Named, session: Writing, _caller: Editor, if_match: IfMatch = None) -> None:
    """Take a draft away; what was published is retired instead."""
    await service.delete_entry(session, "service", key, if_match)


@routes.get("/customers")
async def list_customers(
    session: Reading, caller: Reader, segment: Filter = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[CustomerView]:
    """By key; a customer sees itself."""
    filters = _given({"segment": segment})
    if not is_staff(caller):
        filters["key"] = caller.customer or ""
    rows = await repository.list_entries(session, "customer", filters, _after(cursor), limit + 1)
    return page([CustomerView.model_validate(row) for row in rows], limit, lambda view: encode_cursor(view.key))


@routes.get("/customers/{key:path}/versions")
async def list_customer_versions(
    key: Named, session: Reading, _caller: Staff, limit: Limit = 50, cursor: Cursor = None
) -> Page[VersionView]:
    """All that was known of the customer, newest first."""
    return await _versions(session, "customer", key, limit, cursor)


@routes.get("/customers/{key:path}/targets")
async def list_customer_targets(key: Named, session: Reading, _caller: Staff) -> list[TargetView]:
    """R177: what is expected for this customer by itself, in the order in which it takes effect."""
    await service.find_entry(session, "customer", key)
    targets, _ = await list_of_scope(session, f"customer={key}")
    return [TargetView.model_validate(row) for row in targets]


@routes.get("/customers/{key:path}")
async def get_customer(key: Named, session: Reading, caller: Reader, response: Response) -> CustomerView:
    """One customer; a customer sees itself."""
    row = await service.find_visible_customer(session, key, caller)
    response.headers["ETag"] = etag(row.version)
    return CustomerView.model_validate(row)


@routes.put("/customers/{key:path}")
async def put_customer(
    key: Named, body: CustomerBody, session: Writing, caller: Editor, response: Response, if_match: IfMatch = None
) -> CustomerView:
    """Register a customer, or change what is known of it (then with If-Match)."""
    row = await service.put_customer(session, key, body, if_match, caller.subject)
    response.headers["ETag"] = etag(row.version)
    return CustomerView.model_validate(row)


@routes.delete("/customers/{key:path}", status_code=204)
async def delete_customer(key: Named, session: Writing, _caller: Editor, if_match: IfMatch = None) -> None:
    """Take a customer away that no project and no agreement names."""
    await service.delete_entry(session, "customer", key, if_match)


@routes.get("/projects")
async def list_projects(
    session: Reading,
    _caller: Staff,
    customer: Filter = None,
    manager: Filter = None,
    department: Filter = None,
    completed: Annotated[bool | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ProjectView]:
    """By key."""
    filters = _given({"customer": customer, "manager": manager, "department": department})
    rows = await repository.list_projects(session, filters, completed, _after(cursor), limit + 1)
    return page([ProjectView.model_validate(row) for row in rows], limit, lambda view: encode_cursor(view.key))


@routes.get("/projects/{key:path}/versions")
async def list_project_versions(
    key: Named, session: Reading, _caller: Staff, limit: Limit = 50, cursor: Cursor = None
) -> Page[VersionView]:
    """All that the project ever was, newest first."""
    return await _versions(session, "project", key, limit, cursor)


@routes.get("/projects/{key:path}")
async def get_project(key: Named, session: Reading, _caller: Staff, response: Response) -> ProjectView:
    """One project."""
    row = await service.find_entry(session, "project", key)
    response.headers["ETag"] = etag(row.version)
    return ProjectView.model_validate(row)


@routes.put("/projects/{key:path}")
async def put_project(
    key: Named, body: ProjectBody, session: Writing, caller: Editor, response: Response, if_match: IfMatch = None
) -> ProjectView:
    """Add a project, or change it (then with If-Match)."""
    row = await service.put_project(session, key, body, if_match, caller.subject)
    response.headers["ETag"] = etag(row.version)
    return ProjectView.model_validate(row)


@routes.post("/projects/{key:path}/complete")
async def complete_project(
    key: Named,
    session: Writing,
    caller: Editor,
    response: Response,
    body: Completion | None = None,
    if_match: IfMatch = None,
) -> ProjectView:
    """The project is done: its customer is followed up (R88)."""
    row = await service.complete_project(session, key, body or Completion(), if_match, caller.subject)
    response.headers["ETag"] = etag(row.version)
    return ProjectView.model_validate(row)


@routes.delete("/projects/{key:path}", status_code=204)
async def delete_project(key: Named, session: Writing, _caller: Editor, if_match: IfMatch = None) -> None:
    """Take a project away that no agreement names."""
    await service.delete_entry(session, "project", key, if_match)


@routes.get("/departments")
async def list_departments(
    session: Reading, _caller: Staff, parent: Filter = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[DepartmentView]:
    """By key."""
    rows = await repository.list_entries(session, "department", _given({"parent": parent}), _after(cursor), limit + 1)
    return page([DepartmentView.model_validate(row) for row in rows], limit, lambda view: encode_cursor(view.key))


@routes.get("/departments/{key}")
async def get_department(key: DepartmentKey, session: Reading, _caller: Staff, response: Response) -> DepartmentView:
    """One department."""
    row = await service.find_entry(session, "department", key)
    response.headers["ETag"] = etag(row.version)
    return DepartmentView.model_validate(row)


@routes.get("/departments/{key}/versions")
async def list_department_versions(
    key: DepartmentKey, session: Reading, _caller: Staff, limit: Limit = 50, cursor: Cursor = None
) -> Page[VersionView]:
    """All that the department ever was, newest first."""
    return await _versions(session, "department", key, limit, cursor)


@routes.put("/departments/{key}")
async def put_department(
    key: DepartmentKey,
    body: DepartmentBody,
    session: Writing,
    caller: Editor,
    response: Response,
    if_match: IfMatch = None,
) -> DepartmentView:
    """Add a department, or change it (then with If-Match)."""
    row = await service.put_department(session, key, body, if_match, caller.subject)
    response.headers["ETag"] = etag(row.version)
    return DepartmentView.model_validate(row)


@routes.delete("/departments/{key}", status_code=204)
async def delete_department(key: DepartmentKey, session: Writing, _caller: Editor, if_match: IfMatch = None) -> None:
    """Take a department away that nothing belongs to."""
    await service.delete_entry(session, "department", key, if_match)


@routes.get("/catalogue/unknown")
async def list_unknown(session: Reading, _caller: Staff) -> Unknowns:
    """What tickets of the last 90 days are about and the catalogue does not hold; the newest 50,000 are looked at."""
    since = clock.now() - timedelta(days=_UNKNOWN_DAYS)
    looked_at, rows = await repository.list_unknown(session, since, _UNKNOWN_TICKETS, _UNKNOWN_ITEMS)
    return Unknowns(since=since, looked_at=looked_at, items=[UnknownView.model_validate(row) for row in rows])


def _service_view(caller: Principal, row: Row[Any]) -> ServiceView | OfferedService:
    """Cost, risk and who answers for it are not a customer's to know."""
    return (ServiceView if is_staff(caller) else OfferedService).model_validate(row)


async def _versions(session: AsyncSession, kind: Kind, key: str, limit: int, cursor: str | None) -> Page[VersionView]:
    before = decode_cursor(cursor, int)[0] if cursor else None
    rows = await repository.list_versions(session, kind, key, before, limit + 1)
    views = [VersionView.model_validate(row) for row in rows]
    return page(views, limit, lambda view: encode_cursor(view.version))


def _given(filters: dict[str, Any]) -> dict[str, Any]:
    return {column: value for column, value in filters.items() if value is not None}


def _after(cursor: str | None) -> str | None:
    return decode_cursor(cursor, str)[0] if cursor else None

"""Expected failures: each a named class with a status, told as `application/problem+json` (RFC 9457)."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
_PREFIX = "urn:ratchet:problem:"
DOCUMENT: dict[str, Any] = {
    "title": "Problem",
    "description": "What is wrong, where, and what would be right (RFC 9457). Some problems have members beside these.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "description": "Stable: what a program goes by."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The path that was asked for."},
    },
}
"""The JSON schema of every failure's body."""

REFUSED: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "Refused; the problem says why.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
"""How every operation's failures are documented; `install` adds the schema."""

_log = structlog.get_logger(__name__)


class Problem(Exception):
    """A failure that is part of the contract.

    `title` and `type` come from the class's name, which therefore is part of the contract; `detail` says what is
    wrong, where, and what would be right; `extra` holds machine-readable members beside it.
    """

    status: ClassVar[int] = 400

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra

    @classmethod
    def title(cls) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", " ", cls.__name__).capitalize()


class NotFound(Problem):
    status = 404


class Unauthenticated(Problem):
    status = 401


class Forbidden(Problem):
    status = 403


class BodyTooLarge(Problem):
    status = 413


class Malformed(Problem):
    status = 422


class LostUpdate(Problem):
    """The record changed since the version named in `If-Match`."""

    status = 412


class PreconditionRequired(Problem):
    """A record that people edit is changed only with `If-Match`."""

    status = 428


class IllegalTransition(Problem):
    """A state machine refuses: names the state and what is allowed from it."""

    status = 409

    def __init__(self, action: str, state: str, allowed: list[str]) -> None:
        choices = ", ".join(allowed) if allowed else "nothing more"
        super().__init__(f"cannot {action} from state '{state}'; allowed now: {choices}", state=state, allowed=allowed)


class Missing(Problem):
    """A guard found something missing: names each thing."""

    status = 409

    def __init__(self, action: str, missing: list[str]) -> None:
        super().__init__(f"cannot {action}: missing {'; '.join(missing)}", missing=missing)


def response(status: int, title: str, detail: str, instance: str, extra: Mapping[str, Any]) -> JSONResponse:
    """A problem document; `instance` is the path that was asked for, and `type` the title as a slug."""
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    body = {"type": _PREFIX + slug, "title": title, "status": status, "detail": detail, "instance": instance, **extra}
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse(jsonable_encoder(body), status, media_type=MEDIA_TYPE, headers=headers)


async def _on_problem(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, Problem)
    return response(exc.status, exc.title(), exc.detail, request.url.path, exc.extra)


async def _on_malformed(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, RequestValidationError)
    errors = [{"where": _where(e["loc"]), "what": e["msg"].removeprefix("Value error, ")} for e in exc.errors()]
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    detail = f"{first['where']}: {first['what']}{more}"
    return response(422, Malformed.title(), detail, request.url.path, {"errors": errors})


async def _on_http_exception(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, HTTPException)
    if isinstance(exc.__cause__, Problem):  # FastAPI wraps what was raised while it read the body
        return await _on_problem(request, exc.__cause__)
    if exc.status_code == 400 and exc.__cause__ is not None:
        return await _on_problem(request, Malformed(f"the body cannot be read: {exc.__cause__}"[:500]))
    answer = response(exc.status_code, str(exc.detail), str(exc.detail), request.url.path, {})
    answer.headers.update(exc.headers or {})
    return answer


async def _on_crash(request: Request, exc: Exception) -> JSONResponse:
    route = request.scope.get("route")  # its pattern: the address itself may hold a secret
    path = getattr(route, "path", None) or request.url.path
    _log.error("request_crashed", path=path, exc_info=exc)
    detail = "Ratchet failed here; the log holds the trace under this request's correlation id."
    return response(500, "Internal error", detail, request.url.path, {})


def _where(loc: tuple[int | str, ...]) -> str:
    """A lone surrogate in a field's name could not be answered."""
    return ".".join(str(part) for part in loc).encode(errors="replace").decode()


def install(app: FastAPI) -> None:
    """Every failure of this application answers as a problem document, and is documented as one."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_malformed)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_crash)
    describe = app.openapi

    def describe_with_problems() -> dict[str, Any]:
        description = describe()
        description.setdefault("components", {}).setdefault("schemas", {})["Problem"] = DOCUMENT
        return description

    app.openapi = describe_with_problems  # type: ignore[method-assign]

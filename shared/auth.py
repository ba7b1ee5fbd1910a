"""Who calls, and what roles they have: bearer JWTs from any OIDC provider, or from the local key."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import jwt
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared import clock
from shared.events.envelope import current_origin
from shared.problems import Forbidden, Problem, Unauthenticated
from shared.settings import Settings

SESSION_COOKIE = "ratchet_session"
_ISSUER = "ratchet"
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_bearer = HTTPBearer(auto_error=False, description="A JWT; `ratchet token --role ROLE` prints one.")


class Role(StrEnum):
    """The roles of the source documents (domain.md)."""

    IMPROVEMENT_SUPERVISOR = "improvement_supervisor"
    OPERATIONS_MANAGER = "operations_manager"
    PROCESS_OWNER = "process_owner"
    SERVICE_DESK = "service_desk"
    ENGINEER = "engineer"
    PROJECT_MANAGER = "project_manager"
    DEPARTMENT_HEAD = "department_head"
    QUALITY_MANAGER = "quality_manager"
    AUDITOR = "auditor"
    MANAGEMENT_REPRESENTATIVE = "management_representative"
    TOP_MANAGEMENT = "top_management"
    CUSTOMER = "customer"
    INTEGRATION = "integration"
    ADMINISTRATOR = "administrator"


STAFF = tuple(role for role in Role if role not in (Role.CUSTOMER, Role.INTEGRATION))


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller. `customer` is set for the role of that name: what it may see."""

    subject: str
    name: str
    roles: frozenset[Role]
    departments: tuple[str, ...] = ()
    customer: str | None = None


def is_staff(caller: Principal) -> bool:
    """Whether the caller works here: neither a customer nor a machine."""
    return not caller.roles.isdisjoint(STAFF)


def customer_of(caller: Principal) -> str | None:
    """The one customer whose records this caller may see; None for staff, who see all.

    Raises:
        Forbidden: a customer's token that does not say which customer.
    """
    if is_staff(caller):
        return None
    if caller.customer is None:
        raise Forbidden(f"'{caller.subject}' is a customer's token without the claim 'customer', which says whose")
    return caller.customer


class TokenVerifier:
    """Verifies bearer tokens against the local key or a JWKS URL."""

    def __init__(self, settings: Settings) -> None:
        self._key = settings.keys.jwt
        self._audience = settings.jwt_audience
        self._jwks = jwt.PyJWKClient(settings.jwks_url, timeout=5) if settings.jwks_url else None

    async def verify(self, token: str) -> Principal:
        """Raises `Unauthenticated`, saying why the token is not good."""
        try:
            claims = await self._claims(token)
            known = [Role(role) for role in claims.get("roles", []) if role in set(Role)]
            return Principal(
                subject=str(claims["sub"])[:200],
                name=str(claims.get("name") or claims["sub"])[:200],
                roles=frozenset(known),
                departments=tuple(str(department) for department in claims.get("departments") or ()),
                customer=str(claims["customer"]) if claims.get("customer") else None,
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("the token has expired; get a new one") from error
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
            raise Unauthenticated(f"the token is not valid: {error}") from error

    async def _claims(self, token: str) -> dict[str, Any]:
        if self._jwks is None:
            return jwt.decode(token, self._key, ["HS256"], options={"require": ["exp", "sub"], "verify_aud": False})
        if jwt.get_unverified_header(token).get("alg") == "HS256":
            raise jwt.InvalidAlgorithmError("tokens come from the identity provider here")
        key = await asyncio.to_thread(self._jwks.get_signing_key_from_jwt, token)
        return jwt.decode(
            token,
            key,
            ["RS256", "ES256", "EdDSA"],
            audience=self._audience,
            options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
        )


def mint(settings: Settings, subject: str, roles: list[Role], lifetime: timedelta, **claims: object) -> str:
    """A token signed with the local key. `claims` may hold `name`, `departments`, `customer`."""
    now = clock.now()
    extra = {key: value for key, value in claims.items() if value}
    payload = {
        "iss": _ISSUER,
        "sub": subject,
        "roles": list(roles),
        "iat": now,
        "exp": now + lifetime,
        **extra,
    }
    return jwt.encode(payload, settings.keys.jwt, "HS256")


async def identify(request: Request) -> Principal | Problem:
    """The caller, from the bearer token or the console's cookie; or why it is not known. Sets the origin's actor.

    A route without roles (an inbound webhook that is signed in its own way) may go on without a caller.
    """
    verifier: TokenVerifier = request.app.state.verifier
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    cookie = request.cookies.get(SESSION_COOKIE)
    try:
        if scheme.lower() == "bearer" and token:
            principal = await verifier.verify(token.strip())
        elif cookie:
            principal = await verifier.verify(cookie)
            if request.method not in _SAFE_METHODS and not is_same_origin(request):
                return Forbidden("this write did not come from Ratchet's own pages")
        else:
            return Unauthenticated("send 'Authorization: Bearer TOKEN'; 'ratchet token --role ROLE' prints one")
    except Unauthenticated as problem:
        return problem
    request.state.principal = principal
    current_origin.set(replace(current_origin.get(), actor=principal.subject))
    return principal


Identity = Annotated[Principal | Problem, Depends(identify)]


async def authenticate(
    identity: Identity, _documented: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> Principal:
    """The caller.

    Raises:
        Unauthenticated: no token, or not a good one.
        Forbidden: a page of another site tried to write with the console's cookie.
    """
    if isinstance(identity, Problem):
        raise identity
    return identity


def is_same_origin(request: Request) -> bool:
    """Whether a browser sent this from one of our own pages; what sends neither header is no browser of today."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is not None and origin.split("://")[-1] == request.headers.get("host")


Caller = Annotated[Principal, Depends(authenticate)]


def require(*roles: Role) -> Callable[[Principal], Coroutine[Any, Any, Principal]]:
    """A dependency that lets only these roles in; none named means any member of staff.

    Raises:
        Forbidden: names the roles that would do.
    """
    allowed = frozenset(roles or STAFF)

    async def check(caller: Caller) -> Principal:
        if not caller.roles & allowed:
            needed = ", ".join(sorted(allowed)) if roles else "any staff role"
            raise Forbidden(f"'{caller.subject}' needs one of these roles: {needed}", needed=sorted(allowed))
        return caller

    return check


Staff = Annotated[Principal, Depends(require())]

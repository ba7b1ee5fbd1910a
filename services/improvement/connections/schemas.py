"""What an administrator says about a connection, and what is answered: never a secret."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import orjson
from pydantic import AfterValidator, BaseModel, Field, SecretStr, StringConstraints, model_validator

from services.improvement.connections.models import Connection
from shared.fields import Body
from shared.ticketing.changes import ChangeState

System = Literal["memory", "generic"]
_HEADER = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")
_OURS = frozenset({"content-type", "content-length", "host", "accept", "idempotency-key", "transfer-encoding"})


def _check_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address that begins with http:// or https://")
    return value


def _check_secret(value: SecretStr) -> SecretStr:
    secret = value.get_secret_value()
    try:
        size = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    except binascii.Error:
        size = 0
    if not secret.startswith("whsec_") or not 24 <= size <= 64:
        raise ValueError("must be 'whsec_' and 24 to 64 bytes in base64 (echo whsec_$(openssl rand -base64 32))")
    return value


def _check_headers(value: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
    for name, content in value.items():
        if not _HEADER.match(name) or name.lower() in _OURS or name.lower().startswith("webhook-"):
            raise ValueError("a header's name is malformed, or is one that Ratchet sets itself")
        if not re.fullmatch(r"[\x20-\x7e]{1,2000}", content.get_secret_value()):
            raise ValueError("a header's value must be 1 to 2,000 printable ASCII characters")
    return value


def _check_template(value: Any) -> Any:
    try:
        raw = orjson.dumps(value)
    except TypeError as error:
        raise ValueError(f"cannot be written as JSON: {error}") from error
    if len(raw) > 20_000 or b"\\u0000" in raw:
        raise ValueError("must be at most 20,000 bytes of JSON without NUL characters")
    return value


Url = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=8, max_length=2000, pattern=r"^[\x21-\x7e]+$"),
    AfterValidator(_check_url),
]
Secret = Annotated[SecretStr, Field(max_length=200), AfterValidator(_check_secret)]
Pointer = Annotated[str, StringConstraints(max_length=200, pattern=r"^(/[^\x00/]{0,100}){0,10}$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


class ConnectionBody(Body):
    """How to reach a system.

    `secret` signs what is sent (Standard Webhooks) and is what inbound outcomes are signed with, or carry as a bearer
    token; left out, the stored one stays. `body_template` is JSON whose strings hold `${title}`, `${problem}`,
    `${plan}`, `${correlation_id}`, `${number}` …; `find_url` holds `${correlation_id}`, `outcome_url`
    `${external_id}`; pointers are JSON pointers into the answers; `states` maps the system's words to ours.
    """

    system: System
    default: bool = True
    secret: Secret | None = None
    url: Url | None = None
    headers: Annotated[dict[str, SecretStr], Field(max_length=20), AfterValidator(_check_headers)] = Field(default={})
    body_template: Annotated[Any, AfterValidator(_check_template)] = None
    find_url: Url | None = None
    id_pointer: Pointer = "/id"
    url_pointer: Pointer = "/url"
    outcome_url: Url | None = None
    state_pointer: Pointer = "/state"
    implemented_at_pointer: Pointer = "/implemented_at"
    states: Annotated[dict[Word, ChangeState], Field(max_length=50)] = Field(default={})

    @model_validator(mode="after")
    def _names_what_it_needs(self) -> "ConnectionBody":
        if self.system == "generic" and self.url is None:
            raise ValueError("url: a generic connection needs the address that takes change requests")
        return self


class ConnectionView(BaseModel):
    """A connection without its secrets: `headers` are names only."""

    key: str
    version: int
    system: System
    default: bool
    has_secret: bool
    url: str | None
    headers: list[str]
    body_template: Any
    find_url: str | None
    id_pointer: str
    url_pointer: str
    outcome_url: str | None
    state_pointer: str
    implemented_at_pointer: str
    states: dict[str, ChangeState]
    updated_at: datetime
    updated_by: str

    @classmethod
    def of(cls, connection: Connection, secrets: Mapping[str, Any]) -> "ConnectionView":
        return cls(
            **connection.options,
            key=connection.key,
            version=connection.version,
            system=connection.system,
            default=connection.is_default,
            has_secret=secrets["secret"] is not None,
            headers=sorted(secrets["headers"]),
            updated_at=connection.updated_at,
            updated_by=connection.updated_by,
        )

"""What an administrator says about a connection, and what is answered: never a secret."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, JsonValue, SecretStr, StringConstraints

from services.improvement.connections.models import Connection
from shared.fields import Body
from shared.ticketing.access import RemoteAuthentication
from shared.ticketing.changes import ChangeState
from shared.ticketing.sources import Authentication

System = Literal["memory", "generic", "servicenow", "jira", "itop", "glpi", "zammad", "request_tracker", "redmine"]
FLAT = (
    "url",
    "headers",
    "body_template",
    "find_url",
    "id_pointer",
    "url_pointer",
    "outcome_url",
    "state_pointer",
    "implemented_at_pointer",
)
"""Options of `generic` that may also stand beside `options`, as they did before there were others."""

Secret = Annotated[SecretStr, Field(min_length=1, max_length=500)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=8, max_length=500)]
Option = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]*$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


class ConnectionBody(Body):
    """How to reach a system that takes change requests.

    `secret` is what we sign in with at `base_url` (`user:password` for `basic`); `authentication` is the system's usual
    one when left out. `webhook_secret` proves who sends outcomes, by `webhook_authentication`; without it outcomes are
    asked for, or told by hand. A secret that is left out stays, as long as it goes to the same address. `states` maps
    the system's words for a state to ours, before its usual ones. `options` are the system's own; each has its table
    in docs/ticketing.md.

    A `generic` connection has `url`, `headers`, `body_template`, `find_url`, `outcome_url` and pointers, here or in
    `options`; its one `secret` (`whsec_…`) signs what is sent (Standard Webhooks) and what comes back.
    """

    system: System
    default: bool = True
    base_url: Address | None = None
    authentication: RemoteAuthentication | None = None
    secret: Secret | None = None
    webhook_authentication: Authentication | None = None
    webhook_secret: Secret | None = None
    time_zone: Annotated[str, StringConstraints(max_length=60, pattern=r"^[A-Za-z0-9_+/-]+$")] = "UTC"
    states: Annotated[dict[Word, ChangeState], Field(max_length=100)] = Field(default={})
    options: Annotated[dict[Option, JsonValue], Field(max_length=60)] = Field(default={})
    url: str | None = None
    headers: Annotated[dict[str, SecretStr], Field(max_length=20)] | None = None
    body_template: Any = None
    find_url: str | None = None
    id_pointer: str | None = None
    url_pointer: str | None = None
    outcome_url: str | None = None
    state_pointer: str | None = None
    implemented_at_pointer: str | None = None


class ConnectionView(BaseModel):
    """A connection without its secrets: `secret_options` are the names of options that are kept as secrets, `headers`
    the names of headers. `secrets_readable` is false where they were sealed with another RATCHET_SEAL_KEY: put the
    connection again with its secrets. From `url` on it is what a generic connection says."""

    key: str
    version: int
    system: System
    default: bool
    base_url: str | None
    authentication: RemoteAuthentication | None
    has_secret: bool
    webhook_authentication: Authentication
    has_webhook_secret: bool
    secrets_readable: bool
    time_zone: str
    states: dict[str, ChangeState]
    options: dict[str, Any]
    secret_options: list[str]
    headers: list[str]
    updated_at: datetime
    updated_by: str
    url: str | None = None
    body_template: Any = None
    find_url: str | None = None
    id_pointer: str | None = None
    url_pointer: str | None = None
    outcome_url: str | None = None
    state_pointer: str | None = None
    implemented_at_pointer: str | None = None

    @classmethod
    def of(cls, connection: Connection, secrets: Mapping[str, Any] | None) -> "ConnectionView":
        """`secrets` are None where they cannot be read."""
        held = secrets or {}
        names = [name for name in cls.model_fields if hasattr(connection, name)]
        flat = {name: connection.options.get(name) for name in FLAT if name != "headers"}
        return cls(
            **{name: getattr(connection, name) for name in names},
            **(flat if connection.system == "generic" else {}),
            default=connection.is_default,
            has_secret=held.get("secret") is not None,
            has_webhook_secret=held.get("webhook_secret") is not None,
            secrets_readable=secrets is not None,
            secret_options=sorted(held.get("options", {})),
            headers=sorted(held.get("options", {}).get("headers") or {}),
        )

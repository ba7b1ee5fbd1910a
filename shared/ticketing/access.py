"""Where a ticketing system is, and as whom we speak to it."""

from dataclasses import dataclass
from typing import Literal

RemoteAuthentication = Literal["bearer", "basic", "token", "api_key", "user_token", "zammad_token"]
"""How we prove ourselves: `token` is Request Tracker's, `api_key` Redmine's header, `user_token` GLPI's, and
`zammad_token` Zammad's `Token token=…`."""


@dataclass(frozen=True, slots=True)
class Access:
    """`secret` is `user:password` for basic."""

    base_url: str
    authentication: RemoteAuthentication
    secret: str

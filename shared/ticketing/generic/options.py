"""What a generic connection says: addresses, the body's template, and where the answers hold what."""

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
from pydantic import AfterValidator, Field, StringConstraints

from shared.fields import Body
from shared.ticketing.change_mapping import check_json

_HEADER = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")
_OURS = frozenset({"content-type", "content-length", "host", "accept", "idempotency-key", "transfer-encoding"})


def check_url(value: str) -> str:
    """Raises `ValueError`."""
    try:
        parts, read = urlsplit(value), httpx.URL(value)
        usable = parts.scheme in ("http", "https") and bool(read.host) and parts.port != 0
    except (ValueError, httpx.InvalidURL):
        usable = False
    if not usable:
        raise ValueError("must be an address that begins with http:// or https:// and names a host")
    return value


def check_headers(value: Mapping[str, str]) -> Mapping[str, str]:
    """Raises `ValueError`."""
    for name, content in value.items():
        if not _HEADER.match(name) or name.lower() in _OURS or name.lower().startswith("webhook-"):
            raise ValueError("a header's name is malformed, or is one that Ratchet sets itself")
        if not re.fullmatch(r"[\x20-\x7e]{1,2000}", content):
            raise ValueError("a header's value must be 1 to 2,000 printable ASCII characters")
    return value


Url = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=8, max_length=2000, pattern=r"^[\x21-\x7e]+$"),
    AfterValidator(check_url),
]
Headers = Annotated[dict[str, str], Field(max_length=20), AfterValidator(check_headers)]
Template = Annotated[Any, AfterValidator(check_json)]
Pointer = Annotated[str, StringConstraints(max_length=200, pattern=r"^(/[^\x00/]{0,100}){0,10}$")]


class GenericOptions(Body):
    """`body_template` is JSON whose strings hold `${title}`, `${problem}`, `${plan}`, `${correlation_id}`, `${number}`
    … (default: all of them, by these names); `find_url` holds `${correlation_id}` and answers the record, or a list
    whose first it is; `outcome_url` holds `${external_id}`; pointers are JSON pointers (RFC 6901) into the answers."""

    url: Url
    headers: Headers = Field(default={})
    body_template: Template = None
    find_url: Url | None = None
    id_pointer: Pointer = "/id"
    url_pointer: Pointer = "/url"
    outcome_url: Url | None = None
    state_pointer: Pointer = "/state"
    implemented_at_pointer: Pointer = "/implemented_at"
    reason_pointer: Pointer = "/reason"

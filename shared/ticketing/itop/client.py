"""iTop's one address, `webservices/rest.php`: an operation goes in as a form, and a failure comes inside HTTP 200."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from shared.ticketing.access import Access
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.mapping import member, text
from shared.ticketing.remote import Asking

VERSION = "1.3"
PATH = "/webservices/rest.php"
_MEANINGS = {
    1: "this user or token is not known, or may not do that; it needs the profile REST Services User",
    5: "it needs a user; check authentication and secret",
    6: "it needs a password; check authentication and secret",
    10: f"it does not know version {VERSION} of this interface",
    11: "it does not know this operation",
}
_LASTING = frozenset({1, 2, 3, 4, 5, 6, 10, 11, 12, 13})
_SHOWN = 300


class Found(NamedTuple):
    """One object: its class, its key and the fields that were asked for."""

    name: str
    key: str
    fields: Mapping[str, Any]


def headers_of(access: Access | None) -> dict[str, str]:
    """A token goes by a header of iTop's own."""
    return {"auth-token": access.secret} if access and access.authentication == "bearer" else {}


async def operate(remote: Asking, operation: str, **parameters: Any) -> list[Found]:
    """The objects that it answers.

    Raises:
        RemoteFailed: with iTop's own words.
        Unmappable: the answer is none of iTop's.
    """
    asked = {"operation": operation, **parameters}
    form = {"version": VERSION, "json_data": orjson.dumps(asked).decode()}
    answer = await remote.send("POST", PATH, data=form)
    code = member(answer, "code")
    if not isinstance(code, int) or isinstance(code, bool):
        raise Unmappable("the answer has no 'code'; base_url must lead to iTop's own directory")
    if code != 0:
        told = (text(member(answer, "message"), _SHOWN) or "without a message").replace("\n", " ")
        meaning = f" ({_MEANINGS[code]})" if code in _MEANINGS else ""
        raise RemoteFailed(f"iTop refused {operation} with code {code}{meaning}: {told}", is_lasting=code in _LASTING)
    objects = member(answer, "objects")
    return [_read(found) for found in objects.values()] if isinstance(objects, Mapping) else []


def _read(found: Any) -> Found:
    fields, code = member(found, "fields"), member(found, "code")
    name, key = text(member(found, "class")), text(member(found, "key"))
    if code not in (0, None):
        raise RemoteFailed(f"iTop refused it: {text(member(found, 'message'), _SHOWN)}")
    if name is None or key is None:
        raise Unmappable("an object in the answer has no class or key")
    return Found(name, key, fields if isinstance(fields, Mapping) else {})


def quoted(value: str) -> str:
    """As text within a query of iTop's."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"

"""GLPI's REST interface of version 1, `apirest.php`, which GLPI 10 and 11 have: a session is opened, used and closed.

GLPI 11 calls it the legacy API; it is switched on under Setup, General, API.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any

from pydantic import AfterValidator

from shared.ticketing.access import Access
from shared.ticketing.exchange import speaking
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.mapping import member, text
from shared.ticketing.option_fields import matching
from shared.ticketing.remote import Asking

AppToken = Annotated[
    str, AfterValidator(matching(r"[\x21-\x7e]{1,200}", "the application token (App-Token) of GLPI's API client"))
]
_API = "/apirest.php"
_CLOSING_SECONDS = 5.0


class Session:
    """An open session: its token goes with every request."""

    def __init__(self, remote: Asking, headers: dict[str, str]) -> None:
        self._remote = remote
        self._headers = headers

    async def get(self, path: str, **params: str | int) -> Any:
        """The parsed answer, of a list also where there is more of it (206). Raises `RemoteFailed`."""
        return await self._remote.send("GET", f"{_API}/{path}", params=params, headers=self._headers)

    async def send(self, method: str, path: str, fields: dict[str, Any]) -> Any:
        """What GLPI answers to `input`. Raises `RemoteFailed`."""
        return await self._remote.send(method, f"{_API}/{path}", json={"input": fields}, headers=self._headers)


@asynccontextmanager
async def opening(access: Access | None, app_token: str | None, timeout_seconds: float) -> AsyncIterator[Session]:
    """Raises `RemoteFailed`; a session that cannot be closed ends by itself."""
    headers = {"content-type": "application/json", **({"app-token": app_token} if app_token else {})}
    async with speaking(access, timeout_seconds, headers) as remote:
        token = text(member(await remote.get(f"{_API}/initSession"), "session_token"))
        if token is None:
            raise RemoteFailed(f"initSession answered without session_token; check that base_url leads to {_API}")
        inside = {"session-token": token}
        try:
            yield Session(remote, inside)
        finally:
            with suppress(RemoteFailed):
                async with speaking(access, min(timeout_seconds, _CLOSING_SECONDS), headers) as closing:
                    await closing.send("GET", f"{_API}/killSession", headers=inside)


def require_number(external_id: str) -> str:
    """An id of GLPI's. Raises `RemoteFailed`."""
    if not external_id.isascii() or not external_id.isdecimal():
        raise RemoteFailed(f"'{external_id}' is no id of GLPI's: these are whole numbers", is_lasting=True)
    return external_id


def see_done(answer: Any, number: str) -> None:
    """An update is answered as `[{"15": true, "message": ""}]`.

    Raises:
        RemoteFailed: GLPI did not do it.
        Unmappable: the answer is none of that kind.
    """
    first = answer[0] if isinstance(answer, list) and answer else answer
    done = member(first, number)
    if done is None:
        raise Unmappable(f"the answer does not say whether {number} was updated")
    if done is not True:
        raise RemoteFailed(f"GLPI did not update {number}: {text(member(first, 'message')) or 'no reason given'}")

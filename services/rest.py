"""The command's way to a running Ratchet: its REST, with a token, and its refusals in words."""

import getpass
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import httpx
import stamina

from services.failures import Failure
from services.place import find_address
from shared.auth import Role, mint
from shared.settings import Settings

_BUSY = frozenset({429, 502, 503, 504})
_PATIENCE_SECONDS = 60.0


class Unreachable(Failure):
    """Nobody answers."""


class Refused(Failure):
    """An answer that is not what was asked for; `problem` is its problem document, empty where it had none."""

    def __init__(self, status: int, problem: Mapping[str, Any], text: str) -> None:
        super().__init__(text)
        self.status = status
        self.problem = problem


class _Busy(Exception):
    """Worth asking again."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(str(refused))
        self.refused = refused


class Rest:
    """Speaks to one Ratchet as one principal."""

    def __init__(self, settings: Settings, url: str | None, token: str | None, role: Role) -> None:
        self.url = (url or find_address(settings.data_dir)).rstrip("/")
        token = token or mint(settings, _actor(), [role], timedelta(hours=12))
        self._client = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=httpx.Timeout(120, connect=10)
        )

    def __enter__(self) -> "Rest":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, method: str, path: str, **request: Any) -> Any:
        """The answer's JSON, None where it has no body.

        Raises:
            Unreachable: nobody listens there, or the connection broke.
            Refused: any status but 2xx.
        """
        try:
            return self._ask(method, path, request)
        except _Busy as busy:
            raise busy.refused from busy
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def ask_pages(self, path: str, **parameters: str) -> Iterator[Any]:
        """Every item of a list, page after page."""
        cursor: str | None = None
        while True:
            page = self.ask("GET", path, params={**parameters, "limit": 200, **({"cursor": cursor} if cursor else {})})
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def ask_patiently(self, method: str, path: str, **request: Any) -> Any:
        """`ask`, again and again for a minute while nobody answers or the server is busy: for what may be repeated."""
        try:
            for attempt in stamina.retry_context(
                on=(httpx.TransportError, _Busy), attempts=None, timeout=_PATIENCE_SECONDS, wait_initial=0.2, wait_max=5
            ):
                with attempt:
                    return self._ask(method, path, request)
        except _Busy as busy:
            raise busy.refused from busy
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        raise AssertionError("stamina gave neither an answer nor an error")

    def _ask(self, method: str, path: str, request: Mapping[str, Any]) -> Any:
        response = self._client.request(method, path, **request)
        if response.is_success:
            return response.json() if response.content else None
        refused = _read_refusal(response)
        raise _Busy(refused) if response.status_code in _BUSY else refused

    def _unreachable(self, error: httpx.HTTPError) -> Unreachable:
        if isinstance(error, httpx.ConnectError):
            return Unreachable(f"no Ratchet answers at {self.url}; start it with 'ratchet serve', or say --url")
        if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
            return Unreachable(f"'{self.url}' is not an address like http://127.0.0.1:8000")
        return Unreachable(f"the connection to {self.url} was lost ({type(error).__name__})")


def _read_refusal(response: httpx.Response) -> Refused:
    try:
        problem = response.json()
        detail = str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        problem, detail = {}, f"{response.status_code} {response.reason_phrase}, and no Ratchet's answer"
    if response.status_code == 401:
        detail = (
            f"the server does not know this token ({detail}); run the command in the folder of the server's data, "
            "with its RATCHET_DATA_DIR or RATCHET_JWT_KEY, or set RATCHET_TOKEN"
        )
    return Refused(response.status_code, problem, detail)


def _actor() -> str:
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"

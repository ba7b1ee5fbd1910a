"""What the sinks and reopeners that speak with one system over REST have in common: how they open an exchange."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

from shared.ticketing.access import Access
from shared.ticketing.changes import SinkConfig
from shared.ticketing.exchange import TIMEOUT_SECONDS, speaking
from shared.ticketing.remote import Asking
from shared.ticketing.senders import verify_sender
from shared.ticketing.sources import SourceConfig

Options = TypeVar("Options")


class RemoteSink(Generic[Options]):
    """`Options` is the type of the system's own options."""

    def __init__(self, config: SinkConfig, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._config = config
        self._options: Options = config.options
        self._timeout_seconds = timeout_seconds

    def verify(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> None:
        """Raises `NotProven`."""
        verify_sender(self._config.authentication, self._config.secret, headers, query, body)

    def _speaking(self) -> AbstractAsyncContextManager[Asking]:
        return speaking(self._config.access, self._timeout_seconds)


class RemoteReopener(Generic[Options]):
    """`Options` is the type of what the connection says of reopening."""

    def __init__(
        self, access: Access, config: SourceConfig, options: Options, *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._access = access
        self._config = config
        self._options = options
        self._timeout_seconds = timeout_seconds

    def _speaking(self, headers: Mapping[str, str] | None = None) -> AbstractAsyncContextManager[Asking]:
        return speaking(self._access, self._timeout_seconds, headers)

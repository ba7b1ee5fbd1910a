"""Trying out a connection: each trial is a finding, whatever it meets."""

from collections.abc import Awaitable, Callable
from typing import Any

from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding


class Trials:
    """Collects findings. After the first failure that makes the rest pointless, the caller stops."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    async def attempt(self, what: str, asking: Awaitable[Any], seen: Callable[[Any], str | None]) -> Any:
        """Await it and note what was seen. `seen` says it in words, or raises `Unmappable` with what would be right.

        Returns what it answered, None where it failed.
        """
        try:
            answer = await asking
            detail = seen(answer)
        except (RemoteFailed, Unmappable) as error:
            self.findings.append(Finding(what, False, str(error)))
            return None
        self.findings.append(Finding(what, True, detail or ""))
        return answer

    def untried(self, what: str, why: str) -> None:
        """Say what cannot be tried without changing something there."""
        self.findings.append(Finding(what, True, f"not tried: {why}"))

"""Trying out a connection: each trial is a finding, whatever it meets."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding
from shared.ticketing.remote import Asking


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
        except (RemoteFailed, Unmappable) as error:
            self.findings.append(Finding(what, False, str(error)))
            return None
        return answer if self.look(what, answer, seen) else None

    def look(self, what: str, answer: Any, seen: Callable[[Any], str | None]) -> bool:
        """Note what `seen` sees in an answer that is there already."""
        try:
            detail = seen(answer)
        except (RemoteFailed, Unmappable) as error:
            self.findings.append(Finding(what, False, str(error)))
            return False
        self.findings.append(Finding(what, True, detail or ""))
        return True

    def untried(self, what: str, why: str) -> None:
        """Say what cannot be tried without changing something there."""
        self.findings.append(Finding(what, True, f"not tried: {why}"))


async def check_within(
    exchange: AbstractAsyncContextManager[Asking], checking: Callable[[Asking, Trials], Awaitable[None]]
) -> Sequence[Finding]:
    """All trials in one exchange; where it fails as a whole, that is a finding too."""
    trials = Trials()
    try:
        async with exchange as remote:
            await checking(remote, trials)
    except RemoteFailed as error:
        trials.findings.append(Finding("reach it", False, str(error)))
    return trials.findings

"""A ticketing system in this process: the default where none is connected, and the twin for tests."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from shared.ticketing.changes import ChangeOutcome, ChangeRequest, RaisedChange, SinkConfig, ToldOutcome
from shared.ticketing.findings import Finding
from shared.ticketing.generic.change_mapper import Pointers, read_told
from shared.ticketing.senders import verify_sender


class MemoryChangeSink:
    """Keeps change requests until the process ends; its outcomes are told by hand or by `settle`. It also reopens
    incidents: any is resolved until it is reopened, and again after `resolve`."""

    def __init__(self, config: SinkConfig | None = None) -> None:
        self._config = config or SinkConfig(None, None)
        self.requests: dict[str, ChangeRequest] = {}
        self.notes: defaultdict[str, list[str]] = defaultdict(list)
        self._raised: dict[str, RaisedChange] = {}
        self._outcomes: dict[str, ChangeOutcome] = {}
        self._open: set[str] = set()
        self._numbers = count(1)

    async def find(self, correlation_id: str) -> RaisedChange | None:
        return self._raised.get(correlation_id)

    async def raise_change(self, request: ChangeRequest) -> RaisedChange:
        raised = RaisedChange(f"MEM-{next(self._numbers)}-{request.correlation_id[-14:]}")
        self.requests[raised.external_id] = request
        self._raised[request.correlation_id] = raised
        return raised

    async def outcome(self, external_id: str) -> ChangeOutcome | None:
        return self._outcomes.get(external_id)

    async def check(self) -> Sequence[Finding]:
        return [Finding("memory", True, "changes are kept in this process, until it ends; outcomes are told by hand")]

    def verify(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> None:
        verify_sender(self._config.authentication, self._config.secret, headers, query, body)

    def read_outcome(self, payload: Any) -> ToldOutcome | None:
        """Our own format."""
        return read_told(payload, Pointers("/external_id"), self._config.states)

    async def reopen(self, external_id: str, note: str) -> bool:
        if external_id in self._open:
            return False
        self._open.add(external_id)
        self.notes[external_id].append(note)
        return True

    def settle(self, external_id: str, outcome: ChangeOutcome) -> None:
        """Let the record have this outcome when it is asked for."""
        self._outcomes[external_id] = outcome

    def resolve(self, external_id: str) -> None:
        """Let this incident be resolved, so that it can be reopened."""
        self._open.discard(external_id)

"""A ticketing system in this process: the default where none is connected, and the twin for tests."""

from itertools import count

from shared.ticketing.changes import ChangeOutcome, ChangeRequest, RaisedChange


class MemoryChangeSink:
    """Keeps change requests until the process ends; its outcomes are told by hand or by `settle`."""

    def __init__(self) -> None:
        self.requests: dict[str, ChangeRequest] = {}
        self._raised: dict[str, RaisedChange] = {}
        self._outcomes: dict[str, ChangeOutcome] = {}
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

    def settle(self, external_id: str, outcome: ChangeOutcome) -> None:
        """Let the record have this outcome when it is asked for."""
        self._outcomes[external_id] = outcome

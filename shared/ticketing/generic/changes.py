"""Change requests for any system that takes JSON over HTTP: a templated body, signed by Standard Webhooks."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from shared.ids import new_id
from shared.ticketing.change_mapping import fill
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, RaisedChange, SinkConfig, ToldOutcome
from shared.ticketing.checking import Trials
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding
from shared.ticketing.generic.change_mapper import Pointers, fill_url, read_outcome, read_record, read_told
from shared.ticketing.generic.options import GenericOptions
from shared.ticketing.generic.signing import SignedClient, show
from shared.ticketing.senders import verify_sender

TIMEOUT_SECONDS = 10.0


class GenericChangeSink:
    """Every request is signed; redirects are not followed, answers are cut, and nothing lasts longer than the timeout.

    The connection's secret signs what is sent, and proves who sends outcomes. A change's correlation id also goes as
    `Idempotency-Key` and as `webhook-id`, so that a system without a search can recognise a repeat.
    """

    def __init__(self, config: SinkConfig, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        options: GenericOptions = config.options
        self._options = options
        self._secret = config.secret
        self._states = config.states
        self._client = SignedClient(config.secret, options.headers, timeout_seconds)
        self._pointers = Pointers(
            options.id_pointer,
            options.url_pointer,
            options.state_pointer,
            options.implemented_at_pointer,
            options.reason_pointer,
        )

    async def find(self, correlation_id: str) -> RaisedChange | None:
        if self._options.find_url is None:
            return None
        status, answer = await self._ask(fill_url(self._options.find_url, {"correlation_id": correlation_id}))
        if status == 404:
            return None
        record = (answer[0] if answer else None) if isinstance(answer, list) else answer
        return read_record(record, self._pointers)

    async def raise_change(self, request: ChangeRequest) -> RaisedChange:
        body = orjson.dumps(fill(self._options.body_template, request))
        once = {"idempotency-key": request.correlation_id}
        _, answer = await self._client.call("POST", self._options.url, request.correlation_id, body, once)
        raised = read_record(answer, self._pointers)
        if raised is None:
            raise RemoteFailed(f"the answer holds no id at {self._options.id_pointer}: {show(orjson.dumps(answer))}")
        return raised

    async def outcome(self, external_id: str) -> ChangeOutcome | None:
        if self._options.outcome_url is None:
            return None
        url = fill_url(self._options.outcome_url, {"external_id": external_id})
        status, answer = await self._ask(url)
        if status == 404:
            raise RemoteFailed(f"{url} answers 404: there is no change '{external_id}'", is_lasting=True)
        try:
            return read_outcome(answer, self._pointers, self._states)
        except Unmappable as error:
            raise RemoteFailed(f"{url}: {error}") from error

    async def check(self) -> Sequence[Finding]:
        """Searches for a change that cannot be there; the address that creates is not called."""
        trials = Trials()
        if self._options.find_url is None:
            trials.untried("find", "no find_url is configured; a change may be raised twice after a lost answer")
        else:
            await trials.attempt(
                "find", self.find(f"check-{new_id()}"), lambda _: f"{self._options.find_url} answers as it should"
            )
        if self._options.outcome_url is None:
            trials.untried("outcome", "no outcome_url is configured; outcomes come by webhook or by hand")
        else:
            trials.untried("outcome", "that needs a change that is there")
        trials.untried("raise", f"POST {self._options.url} would create a change")
        return trials.findings

    def verify(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> None:
        """A bearer token where there is one, else the signature of Standard Webhooks."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            told = {"authorization": f"Bearer {token.strip()}"}
            verify_sender("bearer", self._secret, told, query, body)
        else:
            verify_sender("standard_webhooks", self._secret, headers, query, body)

    def read_outcome(self, payload: Any) -> ToldOutcome | None:
        return read_told(payload, self._pointers, self._states)

    async def _ask(self, url: str) -> tuple[int, Any]:
        return await self._client.call("GET", url, str(new_id()), b"", {})

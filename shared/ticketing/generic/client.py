"""Change requests for any system that takes JSON over HTTP: a templated body, signed by Standard Webhooks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.ids import new_id
from shared.ticketing.change_mapping import fill
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, ChangeState, RaisedChange, SinkConfig, ToldOutcome
from shared.ticketing.checking import Trials
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding
from shared.ticketing.generic.change_mapper import Pointers, fill_url, read_outcome, read_record, read_told
from shared.ticketing.generic.options import GenericOptions
from shared.ticketing.generic.signing import SignedClient, show
from shared.ticketing.senders import verify_sender

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class GenericConfig:
    """How to talk to one system.

    `body` is any JSON; `${title}`, `${correlation_id}` … in its strings are filled in (default: all fields as they
    are). `find_url` holds `${correlation_id}` and answers the record, or a list whose first it is; 404 or an empty list
    say that there is none. `outcome_url` holds `${external_id}`. Pointers are RFC 6901. `states` maps the system's
    words for a state to ours.
    """

    url: str
    secret: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    find_url: str | None = None
    id_pointer: str = "/id"
    url_pointer: str = "/url"
    outcome_url: str | None = None
    state_pointer: str = "/state"
    implemented_at_pointer: str = "/implemented_at"
    reason_pointer: str = "/reason"
    states: Mapping[str, ChangeState] = field(default_factory=dict)


def open_generic_changes(config: SinkConfig, *, timeout_seconds: float = TIMEOUT_SECONDS) -> "GenericChangeSink":
    """The sink of a connection; its secret signs what is sent, and proves who sends outcomes."""
    options: GenericOptions = config.options
    given = options.model_dump(exclude={"body_template"})
    secret = config.secret or ""
    opened = GenericConfig(**given, body=options.body_template, secret=secret, states=config.states)
    return GenericChangeSink(opened, timeout_seconds=timeout_seconds)


class GenericChangeSink:
    """Every request is signed; redirects are not followed, answers are cut, and nothing lasts longer than the timeout.

    A change's correlation id also goes as `Idempotency-Key` and as `webhook-id`, so that a system without a search
    can recognise a repeat.
    """

    def __init__(self, config: GenericConfig, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._config = config
        self._client = SignedClient(config.secret, config.headers, timeout_seconds)
        self._pointers = Pointers(
            config.id_pointer,
            config.url_pointer,
            config.state_pointer,
            config.implemented_at_pointer,
            config.reason_pointer,
        )

    async def find(self, correlation_id: str) -> RaisedChange | None:
        if self._config.find_url is None:
            return None
        status, answer = await self._ask(fill_url(self._config.find_url, {"correlation_id": correlation_id}))
        if status == 404:
            return None
        record = (answer[0] if answer else None) if isinstance(answer, list) else answer
        return read_record(record, self._pointers)

    async def raise_change(self, request: ChangeRequest) -> RaisedChange:
        body = orjson.dumps(fill(self._config.body, request))
        once = {"idempotency-key": request.correlation_id}
        _, answer = await self._client.call("POST", self._config.url, request.correlation_id, body, once)
        raised = read_record(answer, self._pointers)
        if raised is None:
            raise RemoteFailed(f"the answer holds no id at {self._config.id_pointer}: {show(orjson.dumps(answer))}")
        return raised

    async def outcome(self, external_id: str) -> ChangeOutcome | None:
        if self._config.outcome_url is None:
            return None
        url = fill_url(self._config.outcome_url, {"external_id": external_id})
        status, answer = await self._ask(url)
        if status == 404:
            raise RemoteFailed(f"{url} tells no state at {self._config.state_pointer}: it answers 404", is_lasting=True)
        try:
            return read_outcome(answer, self._pointers, self._config.states)
        except Unmappable as error:
            raise RemoteFailed(f"{url}: {error}") from error

    async def check(self) -> Sequence[Finding]:
        """Searches for a change that cannot be there; the address that creates is not called."""
        trials = Trials()
        if self._config.find_url is None:
            trials.untried("find", "no find_url is configured; a change may be raised twice after a lost answer")
        else:
            await trials.attempt(
                "find", self.find(f"check-{new_id()}"), lambda _: f"{self._config.find_url} answers as it should"
            )
        if self._config.outcome_url is None:
            trials.untried("outcome", "no outcome_url is configured; outcomes come by webhook or by hand")
        else:
            trials.untried("outcome", "that needs a change that is there")
        trials.untried("raise", f"POST {self._config.url} would create a change")
        return trials.findings

    def verify(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> None:
        """A bearer token where there is one, else the signature of Standard Webhooks."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            told = {"authorization": f"Bearer {token.strip()}"}
            verify_sender("bearer", self._config.secret or None, told, query, body)
        else:
            verify_sender("standard_webhooks", self._config.secret or None, headers, query, body)

    def read_outcome(self, payload: Any) -> ToldOutcome | None:
        return read_told(payload, self._pointers, self._config.states)

    async def _ask(self, url: str) -> tuple[int, Any]:
        return await self._client.call("GET", url, str(new_id()), b"", {})

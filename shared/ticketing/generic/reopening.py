"""Reopening an incident in any system that takes JSON: one request, as the connection says."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field

from shared.fields import Body, Name
from shared.ids import new_id
from shared.ticketing.access import Access
from shared.ticketing.change_mapping import fill_in
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.generic.change_mapper import as_text, fill_url, point
from shared.ticketing.generic.options import Headers, Pointer, Template, Url
from shared.ticketing.generic.signing import SignedClient
from shared.ticketing.sources import SourceConfig

TIMEOUT_SECONDS = 10.0


class ReopeningOptions(Body):
    """`url` and the strings of `body` hold `${external_id}`, the body `${note}` too. Where `state_url` answers the
    incident's state at `state_pointer`, only one whose word is among `resolved` is reopened; without it, any is."""

    url: Url
    method: Literal["POST", "PUT", "PATCH"] = "POST"
    headers: Headers = Field(default={})
    body: Template = Field(default={"external_id": "${external_id}", "note": "${note}"})
    state_url: Url | None = None
    state_pointer: Pointer = "/state"
    resolved: Annotated[list[Name], Field(max_length=20)] = Field(default=["resolved", "closed"])


class GenericReopener:
    """Requests are signed where the connection's own webhooks are."""

    def __init__(self, secret: str | None, options: ReopeningOptions, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._options = options
        self._client = SignedClient(secret, options.headers, timeout_seconds)

    async def reopen(self, external_id: str, note: str) -> bool:
        place = {"external_id": external_id}
        if self._options.state_url is not None and not await self._is_resolved(external_id):
            return False
        body = orjson.dumps(fill_in(self._options.body, {**place, "note": note}))
        await self._client.call(self._options.method, fill_url(self._options.url, place), str(new_id()), body, {})
        return True

    async def _is_resolved(self, external_id: str) -> bool:
        url = fill_url(self._options.state_url or "", {"external_id": external_id})
        status, answer = await self._client.call("GET", url, str(new_id()), b"", {})
        word = as_text(point(answer, self._options.state_pointer))
        if status == 404:
            raise RemoteFailed(f"{url} answers 404: there is no incident '{external_id}'", is_lasting=True)
        if word is None:
            raise RemoteFailed(f"{url} tells no state at {self._options.state_pointer}")
        return word in self._options.resolved


def open_generic_reopener(access: Access, config: SourceConfig, options: Mapping[str, Any]) -> GenericReopener:
    """How it signs in stands in the options' headers. Raises `ValueError` for options that are none."""
    secret = config.secret if config.authentication == "standard_webhooks" else None
    return GenericReopener(secret, ReopeningOptions.model_validate(options))

"""Reopening a ticket in Zammad: its state and an article, in one request."""

from collections.abc import Mapping
from typing import Any

from shared.fields import Body, Name
from shared.ticketing.access import Access
from shared.ticketing.facts import DONE
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.mapping import find_state, member, text
from shared.ticketing.remote_sink import RemoteReopener
from shared.ticketing.sources import SourceConfig
from shared.ticketing.zammad.mapper import STATES
from shared.ticketing.zammad.searching import TICKETS, search


class ReopeningOptions(Body):
    """`state` is what a reopened ticket gets, by its name; `internal` hides the article from the customer."""

    state: Name = "open"
    internal: bool = True


class ZammadReopener(RemoteReopener[ReopeningOptions]):
    """A ticket is named by its number."""

    async def reopen(self, external_id: str, note: str) -> bool:
        async with self._speaking() as remote:
            ticket = await search(
                remote, "number", external_id, lambda found: text(member(found, "number")) == external_id
            )
            number = text(member(ticket, "id"))
            if number is None or not number.isdecimal():
                raise RemoteFailed(f"Zammad has no ticket '{external_id}' that this user may see", is_lasting=True)
            path = f"{TICKETS}/{number}"
            state = text(member(await remote.get(path, {"expand": "true"}), "state"))
            if find_state((state,), self._config.states, STATES) not in DONE:
                return False
            article = {
                "subject": "Reopened",
                "body": note,
                "content_type": "text/plain",
                "type": "note",
                "internal": self._options.internal,
            }
            await remote.send("PUT", path, json={"state": self._options.state, "article": article})
        return True


def open_zammad_reopener(access: Access, config: SourceConfig, options: Mapping[str, Any]) -> ZammadReopener:
    """Raises `ValueError` for options that are none."""
    return ZammadReopener(access, config, ReopeningOptions.model_validate(options))

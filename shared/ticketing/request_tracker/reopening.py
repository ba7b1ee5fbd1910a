"""Reopening a ticket in Request Tracker 5: its status, and a comment that says why. The user needs CommentOnTicket and
ModifyTicket in the queue."""

from collections.abc import Mapping
from typing import Any

from shared.fields import Body, Name
from shared.ticketing.access import Access
from shared.ticketing.change_mapping import require_id
from shared.ticketing.facts import DONE
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.mapping import find_state, member, text
from shared.ticketing.remote_sink import RemoteReopener
from shared.ticketing.request_tracker.changes import REST, find_by_number
from shared.ticketing.request_tracker.mapper import STATES
from shared.ticketing.sources import SourceConfig

_SHOWN = 300


class ReopeningOptions(Body):
    """`status` is what a reopened ticket gets."""

    status: Name = "open"


class RequestTrackerReopener(RemoteReopener[ReopeningOptions]):
    """A ticket is named by its number."""

    async def reopen(self, external_id: str, note: str) -> bool:
        async with self._speaking() as remote:
            ticket = await find_by_number(remote, external_id)
            if not self._is_done(ticket):
                return False
            path = f"{REST}/ticket/{require_id(member(ticket, 'id'), 'id')}"
            comment = {"Content": note, "ContentType": "text/plain", "Status": self._options.status}
            told = await remote.send("POST", f"{path}/comment", json=comment)
            now = await remote.get(path)
        if self._is_done(now):
            raise RemoteFailed(
                f"ticket {external_id} stays '{text(member(now, 'Status'))}': {_words(told)}; the user needs "
                f"ModifyTicket, and its lifecycle must lead to '{self._options.status}'",
                is_lasting=True,
            )
        return True

    def _is_done(self, ticket: Any) -> bool:
        return find_state((text(member(ticket, "Status")),), self._config.states, STATES) in DONE


def open_request_tracker_reopener(
    access: Access, config: SourceConfig, options: Mapping[str, Any]
) -> RequestTrackerReopener:
    """Raises `ValueError` for options that are none."""
    return RequestTrackerReopener(access, config, ReopeningOptions.model_validate(options))


def _words(told: Any) -> str:
    """What RT says that it did, and what it did not: it answers 201 all the same."""
    return " · ".join(str(line) for line in told)[:_SHOWN] if isinstance(told, list) and told else "it does not say why"

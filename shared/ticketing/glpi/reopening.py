"""Reopening a ticket in GLPI: a followup with the note, and its status."""

from collections.abc import Mapping
from html import escape, unescape
from typing import Annotated, Any

from pydantic import Field

from shared.fields import Body
from shared.ticketing.access import Access
from shared.ticketing.facts import Unmappable
from shared.ticketing.glpi.client import AppToken, opening, require_number, see_done
from shared.ticketing.mapping import member, text
from shared.ticketing.remote_sink import RemoteReopener
from shared.ticketing.sources import SourceConfig

_DONE = frozenset({"5", "6"})


class ReopeningOptions(Body):
    """`status` is what a reopened ticket gets (2 is assigned, 1 new); `private` hides the followup from the customer;
    `app_token` is that of the API client, where GLPI asks for one."""

    status: Annotated[int, Field(ge=1, le=4)] = 2
    private: bool = True
    app_token: AppToken | None = None


class GlpiReopener(RemoteReopener[ReopeningOptions]):
    """A ticket is named by its number."""

    async def reopen(self, external_id: str, note: str) -> bool:
        """The followup comes before the status, which makes the ticket open: what fails between is done again, and a
        followup that is there is not written twice."""
        number = require_number(external_id)
        async with opening(self._access, self._options.app_token, self._timeout_seconds) as session:
            status = text(member(await session.get(f"Ticket/{number}"), "status"))
            if status is None:
                raise Unmappable("the ticket has no 'status'")
            if status not in _DONE:
                return False
            content = f"<p>{escape(note, quote=False)}</p>"
            if not _is_there(await session.get(f"Ticket/{number}/ITILFollowup", range="0-199"), content):
                followup = {"itemtype": "Ticket", "items_id": int(number), "content": content}
                await session.send("POST", "ITILFollowup", {**followup, "is_private": int(self._options.private)})
            answer = await session.send("PUT", f"Ticket/{number}", {"id": int(number), "status": self._options.status})
            see_done(answer, number)
        return True


def _is_there(followups: Any, content: str) -> bool:
    told = [member(followup, "content") for followup in followups] if isinstance(followups, list) else []
    plain = unescape(unescape(content))
    return any(isinstance(one, str) and unescape(unescape(one)) == plain for one in told)


def open_glpi_reopener(access: Access, config: SourceConfig, options: Mapping[str, Any]) -> GlpiReopener:
    """Raises `ValueError` for options that are none."""
    return GlpiReopener(access, config, ReopeningOptions.model_validate(options))

"""Reopening a ticket in iTop: the stimulus that leads back, with an entry in its log."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from shared.fields import Body
from shared.ticketing.access import Access
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.itop.changes import COMMENT
from shared.ticketing.itop.client import headers_of, operate, quoted
from shared.ticketing.mapping import text
from shared.ticketing.option_fields import matching
from shared.ticketing.remote_sink import RemoteReopener
from shared.ticketing.sources import SourceConfig

_DONE = frozenset({"resolved", "closed"})


class ReopeningOptions(Body):
    """`ticket_class` is Incident or UserRequest; in iTop's own life cycles a resolved ticket takes `ev_reopen`, a
    closed one does not."""

    ticket_class: Annotated[
        str, AfterValidator(matching(r"[A-Z][A-Za-z0-9_]{0,99}", "a class of iTop's: Incident or UserRequest"))
    ] = "Incident"
    stimulus: Annotated[str, AfterValidator(matching(r"ev_[a-z0-9_]{1,80}", "a stimulus of iTop's, as ev_reopen"))] = (
        "ev_reopen"
    )
    log: Literal["private_log", "public_log"] = "private_log"


class ItopReopener(RemoteReopener[ReopeningOptions]):
    """A ticket is named by its `ref`, as I-000123."""

    async def reopen(self, external_id: str, note: str) -> bool:
        name = self._options.ticket_class
        key = f"SELECT {name} WHERE ref = {quoted(external_id)}"
        async with self._speaking(headers_of(self._access)) as remote:
            asked = {"class": name, "key": key, "output_fields": "id,ref,status"}
            found = await operate(remote, "core/get", **asked)
            if not found:
                raise RemoteFailed(f"iTop has no {name} '{external_id}'", is_lasting=True)
            status = text(found[0].fields.get("status"))
            if status is None:
                raise Unmappable(f"{name} has no 'status'")
            if status not in _DONE:
                return False
            entry = {"add_item": {"message": note, "format": "text"}}
            changes = {"stimulus": self._options.stimulus, "fields": {self._options.log: entry}, "comment": COMMENT}
            await operate(remote, "core/apply_stimulus", **asked, **changes)
        return True


def open_itop_reopener(access: Access, config: SourceConfig, options: Mapping[str, Any]) -> ItopReopener:
    """Raises `ValueError` for options that are none."""
    return ItopReopener(access, config, ReopeningOptions.model_validate(options))

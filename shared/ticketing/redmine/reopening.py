"""Reopening an issue in Redmine: its status, and a note that says why. The user needs a role whose workflow leads back
from there. Where it does not, Redmine answers as if it had done it, so it is asked before and read again after."""

from collections.abc import Mapping
from typing import Any

from shared.fields import Body
from shared.ticketing.access import Access
from shared.ticketing.facts import DONE, State, Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.mapping import find_state, member, text
from shared.ticketing.redmine.change_mapper import find_id, listed, names_of
from shared.ticketing.redmine.changes import Called, find_by_number
from shared.ticketing.redmine.mapper import STATES
from shared.ticketing.remote import Asking
from shared.ticketing.remote_sink import RemoteReopener
from shared.ticketing.sources import SourceConfig


class ReopeningOptions(Body):
    """`status` is what a reopened issue gets, by name or number: left out, the first that means in progress."""

    status: Called | None = None


class RedmineReopener(RemoteReopener[ReopeningOptions]):
    """An issue is named by its number."""

    async def reopen(self, external_id: str, note: str) -> bool:
        async with self._speaking() as remote:
            issue = await find_by_number(remote, external_id, "allowed_statuses")
            if self._state(member(issue, "status")) not in DONE:
                return False
            status_id = await self._choose_status(remote, issue)
            change = {"issue": {"status_id": status_id, "notes": note}}
            await remote.send("PUT", f"/issues/{external_id}.json", json=change)
            now = await find_by_number(remote, external_id, "allowed_statuses")
            if self._state(member(now, "status")) in DONE:
                raise _refused(now)
        return True

    async def _choose_status(self, remote: Asking, issue: Any) -> int:
        """Raises `RemoteFailed`, naming the statuses that there are."""
        allowed = member(issue, "allowed_statuses")
        known = member(await remote.get("/issue_statuses.json"), "issue_statuses")
        wanted = self._options.status
        choices = allowed if isinstance(allowed, list) else known  # before Redmine 5 it does not say what it allows
        if wanted is None:
            number = self._first_in_progress(choices)
        elif find_id(known, wanted) is None:
            raise RemoteFailed(f"there is no status '{wanted}'; there are {names_of(known)}", is_lasting=True)
        else:
            number = find_id(choices, wanted)
        if number is None:
            raise _refused(issue)
        return number

    def _first_in_progress(self, statuses: Any) -> int | None:
        for status in listed(statuses):
            try:
                state = self._state(status)
            except Unmappable:
                continue
            if state == "in_progress":
                return find_id([status], str(member(status, "id")))
        return None

    def _state(self, status: Any) -> State:
        words = (text(member(status, "name")), text(member(status, "id")))
        return find_state(words, self._config.states, STATES)


def open_redmine_reopener(access: Access, config: SourceConfig, options: Mapping[str, Any]) -> RedmineReopener:
    """Raises `ValueError` for options that are none."""
    return RedmineReopener(access, config, ReopeningOptions.model_validate(options))


def _refused(issue: Any) -> RemoteFailed:
    status, tracker = member(issue, "status", "name"), member(issue, "tracker", "name")
    allowed = names_of(member(issue, "allowed_statuses"))
    return RemoteFailed(
        f"issue {member(issue, 'id')} stays '{status}': the workflow of tracker '{tracker}' leads this user's roles "
        f"from there to {allowed}; let it lead to the status that reopened issues get",
        is_lasting=True,
    )

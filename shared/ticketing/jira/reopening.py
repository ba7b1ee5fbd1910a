"""Reopening an issue in Jira: the transition that the connection names, and a comment. REST 2 does it everywhere."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from shared.fields import Body, Name
from shared.ticketing.access import Access
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.mapping import member, text
from shared.ticketing.remote import Asking
from shared.ticketing.remote_sink import RemoteReopener
from shared.ticketing.sources import SourceConfig


class ReopeningOptions(Body):
    """`transition` is the name that Jira shows on its button, or of the status that it leads to."""

    transition: Name = "Reopen"


class JiraReopener(RemoteReopener[ReopeningOptions]):
    """An issue is named by its key."""

    async def reopen(self, external_id: str, note: str) -> bool:
        """The comment comes before the transition, which makes the issue open: what fails between is done again, and
        a comment that is there is not written twice."""
        path = f"/rest/api/2/issue/{quote(external_id, safe='')}"
        async with self._speaking() as remote:
            issue = await remote.find(path, {"fields": "status,resolution,comment"})
            if issue is None:
                raise RemoteFailed(f"Jira has no issue '{external_id}' that this user may see", is_lasting=True)
            if not _is_done(issue):
                return False
            transition = await self._find_transition(remote, path)
            if not _has_comment(issue, note):
                await remote.send("POST", f"{path}/comment", json={"body": note})
            await remote.send("POST", f"{path}/transitions", json={"transition": {"id": transition}})
        return True

    async def _find_transition(self, remote: Asking, path: str) -> str:
        answer = member(await remote.get(f"{path}/transitions"), "transitions")
        offered = answer if isinstance(answer, list) else []
        wanted = self._options.transition.lower()
        for names in (("name",), ("to", "name")):
            for transition in offered:
                if (text(member(transition, *names)) or "").lower() == wanted:
                    return text(member(transition, "id")) or ""
        choices = ", ".join(text(member(transition, "name")) or "?" for transition in offered) or "none"
        raise RemoteFailed(
            f"{path}: there is no transition '{self._options.transition}' for this user; offered are: {choices}",
            is_lasting=True,
        )


def _is_done(issue: Any) -> bool:
    """Raises `Unmappable` where it does not say."""
    if member(issue, "fields", "status", "name") is None:
        raise Unmappable("fields.status: is missing; check base_url")
    category = member(issue, "fields", "status", "statusCategory", "key")
    return category == "done" or member(issue, "fields", "resolution") is not None


def _has_comment(issue: Any, note: str) -> bool:
    comments = member(issue, "fields", "comment", "comments")
    return any(member(comment, "body") == note for comment in comments) if isinstance(comments, list) else False


def open_jira_reopener(access: Access, config: SourceConfig, options: Mapping[str, Any]) -> JiraReopener:
    """Raises `ValueError` for options that are none."""
    return JiraReopener(access, config, ReopeningOptions.model_validate(options))

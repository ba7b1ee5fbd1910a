"""Change requests in Jira: issues of a project and type that the connection names, Cloud by REST 3, Server by REST 2.

Jira Cloud's search is a little behind what was created; the waits between attempts are longer than that.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from shared.fields import Body, Name
from shared.ids import new_id
from shared.ticketing.change_mapping import Fields, fill, require_id
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, RaisedChange, ToldOutcome
from shared.ticketing.checking import Trials
from shared.ticketing.exchange import link
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding
from shared.ticketing.jira.change_mapper import (
    find_correlation_id,
    label_of,
    make_fields,
    read_outcome,
    read_told,
)
from shared.ticketing.mapping import member, text
from shared.ticketing.option_fields import matching, require_named
from shared.ticketing.remote import Asking
from shared.ticketing.remote_sink import RemoteSink

_OUTCOME_FIELDS = "status,resolution,resolutiondate,statuscategorychangedate"
_MOST = 20


class JiraOptions(Body):
    """`api` 3 for Jira Cloud, 2 for Server and Data Center; `project` is its key, `issue_type` the type's name as Jira
    shows it; `fields` are further fields of the issue, as `{"priority": {"name": "High"}}`."""

    api: Literal["3", "2"] = "3"
    project: Annotated[
        str,
        StringConstraints(strip_whitespace=True, to_upper=True),
        AfterValidator(matching(r"[A-Z][A-Z0-9_]{1,49}", "a project's key, as OPS: letters, digits and underscores")),
    ]
    issue_type: Name = "Change"
    fields: Fields = Field(default={})

    @model_validator(mode="before")
    @classmethod
    def _names_its_project(cls, given: Any) -> Any:
        return require_named(given, {"project": 'name the key of the project of changes, as {"project": "OPS"}'})


class JiraChangeSink(RemoteSink[JiraOptions]):
    """A label carries our id, and is searched by JQL."""

    @property
    def _base(self) -> str:
        return f"/rest/api/{self._options.api}"

    async def find(self, correlation_id: str) -> RaisedChange | None:
        async with self._speaking() as remote:
            issues = await self._search(remote, correlation_id)
            found = [issue for issue in issues if _carries(issue, correlation_id)]
            return self._raised(found[0]) if found else None

    async def raise_change(self, request: ChangeRequest) -> RaisedChange:
        further = fill(self._options.fields, request)
        is_document = self._options.api == "3"
        fields = make_fields(request, self._options.project, self._options.issue_type, further, is_document=is_document)
        async with self._speaking() as remote:
            return self._raised(await remote.send("POST", f"{self._base}/issue", json={"fields": fields}))

    async def outcome(self, external_id: str) -> ChangeOutcome | None:
        path = f"{self._base}/issue/{quote(external_id, safe='')}"
        async with self._speaking() as remote:
            issue = await remote.find(path, {"fields": _OUTCOME_FIELDS})
            if issue is None:
                raise RemoteFailed(f"Jira has no issue '{external_id}' that this user may see", is_lasting=True)
            return read_outcome(issue, self._config.states, self._config.zone)

    async def check(self) -> Sequence[Finding]:
        trials = Trials()
        me = await trials.attempt("sign in", self._get("/myself"), _signed_in)
        if me is None:
            return trials.findings
        project = self._options.project
        await trials.attempt("project and issue type", self._find_project(), self._see_project)
        asked = {"projectKey": project, "permissions": "CREATE_ISSUES,BROWSE_PROJECTS"}
        await trials.attempt("right to create", self._get("/mypermissions", asked), _see_permissions)
        await trials.attempt("search", self.find(f"check-{new_id()}"), lambda _: "issues are searched by label")
        trials.untried("create", "that would create an issue; the label's field must be on the create screen")
        return trials.findings

    def read_outcome(self, payload: Any) -> ToldOutcome | None:
        return read_told(payload, self._config.states, self._config.zone)

    async def _get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        async with self._speaking() as remote:
            return await remote.get(self._base + path, params)

    async def _find_project(self) -> Any:
        async with self._speaking() as remote:
            return await remote.find(f"{self._base}/project/{self._options.project}")

    async def _search(self, remote: Asking, correlation_id: str) -> list[Any]:
        """Cloud has moved its search to an address of its own."""
        path = f"{self._base}/search/jql" if self._options.api == "3" else f"{self._base}/search"
        jql = f'labels = "{label_of(correlation_id)}" ORDER BY created ASC'
        answer = await remote.get(path, {"jql": jql, "fields": "labels", "maxResults": _MOST})
        issues = member(answer, "issues")
        if not isinstance(issues, list):
            raise Unmappable("the search's answer has no list 'issues'; check base_url and api")
        return issues

    def _see_project(self, project: Any) -> str:
        if project is None:
            raise Unmappable(f"project: '{self._options.project}' is none that this user sees; give the project's key")
        types = member(project, "issueTypes")
        names = [text(member(kind, "name")) or "" for kind in types] if isinstance(types, list) else []
        if names and self._options.issue_type not in names:
            raise Unmappable(f"issue_type: '{self._options.issue_type}' is none of {', '.join(sorted(names))}")
        return f"project {self._options.project} has the issue type {self._options.issue_type}"

    def _raised(self, issue: Any) -> RaisedChange:
        key = require_id(member(issue, "key"), "key")
        return RaisedChange(key, link(self._config.access, f"/browse/{quote(key, safe='-')}"))


def _carries(issue: Any, correlation_id: str) -> bool:
    fields = member(issue, "fields")
    return isinstance(fields, Mapping) and find_correlation_id(fields) == correlation_id


def _signed_in(user: Any) -> str:
    return f"as {text(member(user, 'displayName')) or text(member(user, 'name')) or 'an unnamed user'}"


def _see_permissions(answer: Any) -> str:
    for name, right in (("CREATE_ISSUES", "create"), ("BROWSE_PROJECTS", "see")):
        if member(answer, "permissions", name, "havePermission") is False:
            raise Unmappable(f"this user may not {right} issues of the project; give it {name}")
    return "issues may be created and seen"

"""Change requests in Redmine, as issues of a project's change tracker. The user needs a role there that may view and
add issues. Redmine sends no webhooks: outcomes are asked for."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from shared.fields import Body, Name
from shared.ids import new_id
from shared.ticketing.change_mapping import Fields, fill, require_id
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, RaisedChange, ToldOutcome, mark
from shared.ticketing.checking import Trials, check_within
from shared.ticketing.exchange import link
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding
from shared.ticketing.mapping import member, text
from shared.ticketing.redmine.change_mapper import (
    find_id,
    find_issue,
    is_implemented,
    listed,
    make_issue,
    names_of,
    read_outcome,
)
from shared.ticketing.remote import Asking
from shared.ticketing.remote_sink import RemoteSink

_ME = "/users/current.json"
_STATUSES = "/issue_statuses.json"
_PRIORITIES = "/enumerations/issue_priorities.json"
_Value = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]


def _check_number(value: str) -> str:
    if not (value.isascii() and value.isdigit() and 0 < int(value) < 10**9):
        raise ValueError('a custom field is named by its number, which stands in its address, as {"7": "low"}')
    return value


_FieldNumber = Annotated[str, StringConstraints(max_length=9), AfterValidator(_check_number)]


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Called = Annotated[Name, BeforeValidator(_as_text)]
"""By its name, or by its number."""


class RedmineOptions(Body):
    """Where change requests go: `project` by its identifier or number, `tracker` and `priority` by name or number.
    `custom_fields` are by number, `fields` further ones of the issue, as `{"assigned_to_id": 5}`; `${title}`,
    `${owner}` … in their values are filled in."""

    project: Called
    tracker: Called
    priority: Called | None = None
    fields: Fields = Field(default={})
    custom_fields: Annotated[dict[_FieldNumber, _Value | list[_Value]], Field(max_length=50)] = Field(default={})

    @model_validator(mode="before")
    @classmethod
    def _names_where_it_goes(cls, given: Any) -> Any:
        for name, example in (("project", "changes"), ("tracker", "Change")):
            if isinstance(given, Mapping) and given.get(name) in (None, ""):
                raise ValueError(
                    f'{name}: is missing; name the {name} of change requests, as {{"{name}": "{example}"}}'
                )
        return given


class RedmineChangeSink(RemoteSink[RedmineOptions]):
    """Finds by the mark in the subject, in whatever project the issue is by now."""

    async def find(self, correlation_id: str) -> RaisedChange | None:
        async with self._speaking() as remote:
            await remote.get(_ME)  # a wrong key is taken for nobody, who finds nothing
            number = find_issue(await _search(remote, correlation_id), correlation_id)
        return self._raised(number) if number else None

    async def raise_change(self, request: ChangeRequest) -> RaisedChange:
        options = self._options
        fields, custom_fields = fill(dict(options.fields), request), fill(dict(options.custom_fields), request)
        async with self._speaking() as remote:
            project = await _find_project(remote, options.project)
            tracker_id = find_tracker(project, options.tracker)  # Redmine takes another one instead of saying no
            priority_id = await _find_priority(remote, options.priority)
            issue = make_issue(request, options.project, tracker_id, priority_id, fields, custom_fields)
            answer = await remote.send("POST", "/issues.json", json={"issue": issue})
            return self._raised(require_id(member(answer, "issue", "id"), "issue.id"))

    async def outcome(self, external_id: str) -> ChangeOutcome | None:
        async with self._speaking() as remote:
            issue = await find_by_number(remote, external_id, "journals")
            words = (text(member(issue, "status", "name")), text(member(issue, "status", "id")))
            is_done = is_implemented(words, self._config.states)
            statuses = member(await remote.get(_STATUSES), "issue_statuses") if is_done else []
            return read_outcome(issue, statuses, self._config.states)

    async def check(self) -> Sequence[Finding]:
        return await check_within(self._speaking(), self._check)

    async def _check(self, remote: Asking, trials: Trials) -> None:
        options = self._options
        user = await trials.attempt("sign in", remote.get(_ME, {"include": "memberships"}), _see_user)
        if user is None:
            return
        project = await trials.attempt("project", _find_project(remote, options.project), _see_project)
        if project is None:
            return
        trials.look("tracker", project, lambda found: f"number {find_tracker(found, options.tracker)}")
        if options.priority is not None:
            await trials.attempt("priority", _find_priority(remote, options.priority), lambda found: f"number {found}")
        if options.custom_fields:
            trials.look("custom fields", project, self._see_custom_fields)
        await trials.attempt("search", _search(remote, f"check-{new_id()}"), _see_nothing)
        await _check_rights(remote, trials, member(user, "user"), project)

    def read_outcome(self, payload: Any) -> ToldOutcome | None:
        raise Unmappable("Redmine sends no webhooks: its outcomes are asked for")

    def _raised(self, number: str) -> RaisedChange:
        return RaisedChange(number, link(self._config.access, f"/issues/{number}"))

    def _see_custom_fields(self, project: Any) -> str:
        fields = member(project, "issue_custom_fields")
        unknown = [number for number in self._options.custom_fields if find_id(fields, number) is None]
        if unknown:
            known = ", ".join(f"{member(field, 'id')} ({member(field, 'name')})" for field in listed(fields))
            raise Unmappable(
                f"Redmine would drop {', '.join(unknown)} without a word: the project has no such custom field; it has "
                f"{known or 'none'}"
            )
        return "all of them are there"


async def find_by_number(remote: Asking, number: str, include: str) -> Any:
    """The issue. Raises `RemoteFailed`, also where there is none."""
    answer = None
    if number.isascii() and number.isdigit():
        answer = await remote.find(f"/issues/{number}.json", {"include": include})
    issue = member(answer, "issue")
    if issue is None:
        raise RemoteFailed(f"Redmine has no issue '{number}' that this user may see", is_lasting=True)
    return issue


def find_tracker(project: Any, wanted: str) -> int:
    """The number of the project's tracker. Raises `RemoteFailed`."""
    trackers = member(project, "trackers")
    number = find_id(trackers, wanted)
    if number is None:
        name = member(project, "name")
        raise RemoteFailed(
            f"project '{name}' has no tracker '{wanted}'; mend the option tracker: it has {names_of(trackers)}",
            is_lasting=True,
        )
    return number


async def _search(remote: Asking, correlation_id: str) -> Any:
    params: dict[str, str | int] = {"subject": f"~{mark(correlation_id)}", "status_id": "*", "sort": "id", "limit": 20}
    return await remote.get("/issues.json", params)


async def _find_project(remote: Asking, wanted: str) -> Any:
    include = {"include": "trackers,enabled_modules,issue_custom_fields"}
    project = member(await remote.find(f"/projects/{quote(wanted, safe='')}.json", include), "project")
    if project is None:
        seen = member(await remote.get("/projects.json", {"limit": 100}), "projects")
        known = [f"'{member(item, 'identifier')}'" for item in listed(seen)]
        raise RemoteFailed(
            f"this user sees no project '{wanted}'; mend the option project (its identifier), or make the user a "
            f"member: it sees {', '.join(known) or 'none'}",
            is_lasting=True,
        )
    return project


async def _find_priority(remote: Asking, wanted: str | None) -> int | None:
    if wanted is None:
        return None
    known = member(await remote.get(_PRIORITIES), "issue_priorities")
    number = find_id(known, wanted)
    if number is None:
        raise RemoteFailed(
            f"there is no priority '{wanted}'; mend the option priority: there are {names_of(known)}", is_lasting=True
        )
    return number


def _see_user(answer: Any) -> str:
    login = text(member(answer, "user", "login"))
    if login is None:
        raise Unmappable("this is not Redmine's REST interface; base_url is Redmine's own address")
    return f"as '{login}'"


def _see_project(project: Any) -> str:
    if member(project, "status") not in (None, 1):
        raise Unmappable(f"project '{member(project, 'name')}' is closed or archived")
    modules = member(project, "enabled_modules")
    if isinstance(modules, list) and "issue_tracking" not in [member(module, "name") for module in modules]:
        raise Unmappable(f"project '{member(project, 'name')}' has no issues: switch its module issue tracking on")
    return f"'{member(project, 'name')}' is there"


def _see_nothing(answer: Any) -> str:
    if member(answer, "issues") != []:
        raise Unmappable("Redmine does not search by subject here: a change could not be found again")
    return "issues can be searched by subject"


async def _check_rights(remote: Asking, trials: Trials, user: Any, project: Any) -> None:
    """What the user's roles in the project permit."""
    what = "view and add issues"
    if member(user, "admin") is True:
        trials.findings.append(Finding(what, True, "an administrator may"))
        return
    roles = [
        role
        for membership in listed(member(user, "memberships"))
        if member(membership, "project", "id") == member(project, "id")
        for role in listed(member(membership, "roles"))
    ]
    if not roles:
        trials.untried(what, "the user is no member of the project; what others may do there cannot be asked")
        return
    await trials.attempt(what, _permissions(remote, roles), lambda found: _see_permissions(found, roles))


async def _permissions(remote: Asking, roles: Sequence[Any]) -> set[str]:
    told: set[str] = set()
    for role in roles:
        answer = await remote.get(f"/roles/{require_id(member(role, 'id'), 'role.id')}.json")
        told |= {str(name) for name in listed(member(answer, "role", "permissions"))}
    return told


def _see_permissions(found: set[str], roles: Sequence[Any]) -> str:
    missing = sorted({"view_issues", "add_issues"} - found)
    if missing:
        raise Unmappable(f"the user's roles ({names_of(list(roles))}) lack {', '.join(missing)} in this project")
    return f"the user's roles permit it: {names_of(list(roles))}"

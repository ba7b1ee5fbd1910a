"""`ratchet connect`: a ticketing system made known to a running Ratchet by REST, tried out, and told in plain words."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, get_args

import orjson
import typer

from services.failures import Failure
from services.rest import Refused, Rest
from shared.ticketing.changes import ChangeState
from shared.ticketing.facts import State
from shared.ticketing.findings import Finding
from shared.ticketing.sinks import SINKS
from shared.ticketing.systems import SYSTEMS, SystemName

INCIDENT_STATES = get_args(State)
CHANGE_STATES = get_args(ChangeState)
_UNTRIED = ("not tried", "not configured", "none is configured", "it is not polled", "none was tried")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command was asked for. `incidents` and `changes` are the connections' keys; texts of options are read
    as JSON where they look like an object, a list or a truth value."""

    system: SystemName
    url: str | None
    secret: str | None
    webhook_secret: str | None = None
    incidents: str | None = None
    changes: str | None = None
    authentication: str | None = None
    webhook_authentication: str | None = None
    time_zone: str = "UTC"
    states: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    reopening: Mapping[str, Any] | None = field(default_factory=dict)
    poll_filter: str | None = None
    every_seconds: int | None = None
    since: str | None = None
    is_default: bool = True


class Part(NamedTuple):
    """What was found about one connection."""

    title: str
    findings: Sequence[Finding]

    @property
    def works(self) -> bool:
        return all(finding.ok for finding in self.findings)


def read_pairs(given: Sequence[str], what: str) -> dict[str, str]:
    """`NAME=VALUE` each.

    Raises:
        Failure: one has no name or no `=`.
    """
    pairs: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise Failure(f"--{what} {text!r}: write NAME=VALUE")
        pairs[name.strip()] = value.strip()
    return pairs


def read_options(given: Sequence[str], what: str) -> dict[str, Any]:
    """As `read_pairs`; a value that begins as a JSON object or list is read as such, so are true, false and null."""
    options: dict[str, Any] = {}
    for name, value in read_pairs(given, what).items():
        if value[:1] in ("{", "[") or value in ("true", "false", "null"):
            try:
                options[name] = orjson.loads(value)
            except orjson.JSONDecodeError as error:
                raise Failure(f"--{what} {name}: is not sound JSON: {error}") from error
        else:
            options[name] = value
    return options


def read_secret(env: str | None, from_stdin: bool, prompt: str, *, needed: bool) -> str | None:
    """A secret from the environment, from standard input, or typed without being shown: never from the command line,
    where every user of the machine can read it.

    Raises:
        Failure: it is needed and nowhere.
    """
    if env is not None:
        value = os.environ.get(env, "")
        if not value:
            raise Failure(f"the environment has no {env}: export {env}=… first, or use --secret-stdin")
        return value
    if from_stdin:
        value = sys.stdin.readline().rstrip("\r\n")
        if not value:
            raise Failure("standard input holds no secret; pipe it in, as: pass show desk | ratchet connect …")
        return value
    if not needed:
        return None
    if sys.stdin.isatty():
        typed: str = typer.prompt(prompt, hide_input=True)
        return typed
    raise Failure("how shall Ratchet sign in? name the variable that holds the secret by --secret-env, or pipe it in")


def split_states(states: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Words for states of incidents, and of changes: ours have no word in common.

    Raises:
        Failure: a word means none of ours.
    """
    unknown = {word: state for word, state in states.items() if state not in (*INCIDENT_STATES, *CHANGE_STATES)}
    for word, state in unknown.items():
        raise Failure(
            f"--states {word}={state}: an incident is one of {', '.join(INCIDENT_STATES)}; a change is one of "
            f"{', '.join(CHANGE_STATES)}"
        )
    incidents = {word: state for word, state in states.items() if state in INCIDENT_STATES}
    return incidents, {word: state for word, state in states.items() if state in CHANGE_STATES}


def make_incidents(wish: Wish) -> dict[str, Any]:
    """The body of the connection that tickets come by."""
    system = SYSTEMS[wish.system]
    body: dict[str, Any] = {
        "system": wish.system,
        "time_zone": wish.time_zone,
        "states": split_states(wish.states)[0],
    }
    proof = wish.webhook_secret or (wish.secret if wish.system == "generic" else None)
    if proof is not None:
        body["secret"] = proof
        if wish.webhook_authentication:
            body["authentication"] = wish.webhook_authentication
    elif "none" in system.senders:
        body["authentication"] = "none"
    access = {"base_url": wish.url, "authentication": wish.authentication, "secret": wish.secret}
    access = {name: value for name, value in access.items() if value is not None}
    if system.polls:
        asked = {"filter": wish.poll_filter, "every_seconds": wish.every_seconds, "since": wish.since}
        body["poll"] = {**access, **{name: value for name, value in asked.items() if value is not None}}
    if wish.reopening is not None and system.reopener is not None:
        own = {} if system.polls or wish.system == "generic" else access
        if wish.system != "generic" or wish.reopening:
            body["reopening"] = {**own, "options": dict(wish.reopening)}
    return body


def make_changes(wish: Wish) -> dict[str, Any]:
    """The body of the connection that change requests go by."""
    body: dict[str, Any] = {
        "system": wish.system,
        "default": wish.is_default,
        "states": split_states(wish.states)[1],
        "time_zone": wish.time_zone,
        "options": dict(wish.options),
    }
    given = {"secret": wish.secret}
    if wish.system == "generic":
        if wish.url is not None and "url" not in wish.options:
            body["options"]["url"] = wish.url
    else:
        given |= {"base_url": wish.url, "authentication": wish.authentication}
        if wish.webhook_secret is not None and any(sender != "none" for sender in SINKS[wish.system].senders):
            given |= {
                "webhook_secret": wish.webhook_secret,
                "webhook_authentication": wish.webhook_authentication,
            }
    return {**body, **{name: value for name, value in given.items() if value is not None}}


def connect(rest: Rest, wish: Wish) -> list[Part]:
    """Write the connections that were asked for and try each; what fails with one does not keep back the other.

    Raises:
        Failure: neither was asked for.
        Unreachable: nobody answers.
    """
    if wish.incidents is None and wish.changes is None:
        raise Failure("say what to connect: --incidents KEY for its tickets, --changes KEY for changes, or both")
    parts = []
    if wish.incidents is not None:
        title = f"Tickets from {wish.system} by connection '{wish.incidents}'"
        path = f"/metrics/v1/connections/{wish.incidents}"
        inbound = f"{rest.url}/metrics/v1/tickets/inbound/{wish.incidents}"
        parts.append(Part(title, _write_and_try(rest, path, make_incidents(wish), inbound)))
    if wish.changes is not None:
        title = f"Change requests to {wish.system} by connection '{wish.changes}'"
        path = f"/improvement/v1/change-connections/{wish.changes}"
        inbound = f"{rest.url}/improvement/v1/changes/inbound/{wish.changes}"
        parts.append(Part(title, _write_and_try(rest, path, make_changes(wish), inbound)))
    return parts


def _write_and_try(rest: Rest, path: str, body: dict[str, Any], inbound: str) -> list[Finding]:
    try:
        kept = rest.ask("PUT", path, json=body)
    except Refused as refused:
        return [Finding("configure", False, str(refused))]
    found = [Finding("configure", True, "kept, its secrets sealed")]
    try:
        told = rest.ask("POST", f"{path}/test")
    except Refused as refused:
        return [*found, Finding("test", False, str(refused))]
    found += [Finding(item["what"], item["ok"], item["detail"]) for item in told["findings"]]
    proof = kept.get("webhook_authentication", kept.get("authentication", "none"))
    if proof != "none":
        found.append(Finding("webhook address", True, f"{inbound} (proven by {proof})"))
    return found


def tell(parts: Sequence[Part], encoding: str | None = None) -> str:
    """A readable list: ✓ what went, ✗ what did not and what would be right, – what was not tried."""
    marks = {"went": "✓", "failed": "✗", "untried": "–"}
    try:
        "".join(marks.values()).encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        marks = {"went": "+", "failed": "x", "untried": "-"}
    lines = []
    for part in parts:
        lines.append(part.title)
        width = max(len(finding.what) for finding in part.findings)
        for finding in part.findings:
            mark = marks["failed" if not finding.ok else "untried" if _is_untried(finding) else "went"]
            lines.append(f"  {mark} {finding.what.ljust(width)}  {finding.detail}".rstrip())
        lines.append("")
    failed = sum(not finding.ok for part in parts for finding in part.findings)
    if not failed:
        lines.append("Everything that was tried works.")
    else:
        lines.append(f"{failed} of it did not work: mend that, and run the same command again.")
    return "\n".join(lines)


def _is_untried(finding: Finding) -> bool:
    return finding.detail.startswith(_UNTRIED)

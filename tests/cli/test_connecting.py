"""What `ratchet connect` makes of its arguments, and how it tells what was found; without a server."""

import io
from typing import Any

import pytest

from services.connecting import (
    Part,
    Wish,
    connect,
    make_changes,
    make_incidents,
    read_options,
    read_pairs,
    read_secret,
    split_states,
    tell,
)
from services.failures import Failure
from services.rest import Refused
from shared.ticketing.findings import Finding

REDMINE = Wish(
    system="redmine",
    url="https://desk.invalid",
    secret="the-key",
    incidents="desk",
    changes="itsm",
    states={"Closed": "implemented", "Waiting": "pending"},
    options={"project": "ops"},
)


class StubRest:
    """Answers by method and path."""

    url = "http://ratchet.invalid"

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def ask(self, method: str, path: str, **_request: Any) -> Any:
        self.asked.append(f"{method} {path}")
        answer = self.answers[f"{method} {path}"]
        if isinstance(answer, Exception):
            raise answer
        return answer


class TestReadPairs:
    def test_reads_names_and_values(self) -> None:
        assert read_pairs(["a=b=c", " In Progress = accepted "], "states") == {"a": "b=c", "In Progress": "accepted"}

    @pytest.mark.parametrize("text", ["nothing", "=value", ""])
    def test_what_is_no_pair_is_told(self, text: str) -> None:
        with pytest.raises(Failure, match="NAME=VALUE"):
            read_pairs([text], "option")


class TestReadOptions:
    def test_json_where_it_looks_like_it(self) -> None:
        given = ["project=ops", "tracker=3", 'fields={"a": 1}', "list=[1]", "internal=true", "note="]
        assert read_options(given, "option") == {
            "project": "ops",
            "tracker": "3",
            "fields": {"a": 1},
            "list": [1],
            "internal": True,
            "note": "",
        }

    def test_unsound_json_is_told(self) -> None:
        with pytest.raises(Failure, match="fields"):
            read_options(["fields={a}"], "option")


class TestReadSecret:
    def test_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DESK_KEY", "hidden")
        assert read_secret("DESK_KEY", False, "", needed=True) == "hidden"
        with pytest.raises(Failure, match="NO_SUCH_KEY"):
            read_secret("NO_SUCH_KEY", False, "", needed=True)

    def test_from_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("hidden\nmore\n"))
        assert read_secret(None, True, "", needed=True) == "hidden"
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        with pytest.raises(Failure, match="standard input"):
            read_secret(None, True, "", needed=True)

    def test_without_a_terminal_nobody_is_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        assert read_secret(None, False, "", needed=False) is None
        with pytest.raises(Failure, match="--secret-env"):
            read_secret(None, False, "", needed=True)


class TestSplitStates:
    def test_incidents_and_changes_have_no_word_in_common(self) -> None:
        assert split_states(REDMINE.states) == ({"Waiting": "pending"}, {"Closed": "implemented"})

    def test_an_unknown_state_names_those_there_are(self) -> None:
        with pytest.raises(Failure, match=r"Done=finished.*resolved.*implemented"):
            split_states({"Done": "finished"})


class TestMakeIncidents:
    def test_a_polled_system_reopens_by_the_same_access(self) -> None:
        assert make_incidents(REDMINE) == {
            "system": "redmine",
            "time_zone": "UTC",
            "states": {"Waiting": "pending"},
            "authentication": "none",
            "poll": {"base_url": "https://desk.invalid", "secret": "the-key"},
            "reopening": {"options": {}},
        }

    def test_a_system_that_only_posts_reopens_by_an_access_of_its_own(self) -> None:
        wish = Wish("jira", "https://jira.invalid", "robot:key", "a-webhook-secret", reopening={"transition": "Reopen"})
        body = make_incidents(wish)
        assert ("poll" in body, body["secret"]) == (False, "a-webhook-secret")
        assert body["reopening"] == {
            "base_url": "https://jira.invalid",
            "secret": "robot:key",
            "options": {"transition": "Reopen"},
        }


class TestMakeChanges:
    def test_names_everything_that_was_said(self) -> None:
        assert make_changes(REDMINE) == {
            "system": "redmine",
            "default": True,
            "states": {"Closed": "implemented"},
            "time_zone": "UTC",
            "options": {"project": "ops"},
            "secret": "the-key",
            "base_url": "https://desk.invalid",
        }

    def test_generic_takes_its_address_as_an_option(self) -> None:
        body = make_changes(Wish("generic", "https://desk.invalid/changes", "whsec_x"))
        assert (body["options"], "base_url" in body) == ({"url": "https://desk.invalid/changes"}, False)


class TestConnect:
    def test_what_fails_with_one_does_not_keep_back_the_other(self) -> None:
        refused = Refused(422, {}, "poll.secret: the first time it is needed")
        test = {"findings": [{"what": "sign in", "ok": True, "detail": "as robot"}]}
        change = "/improvement/v1/change-connections/itsm"
        rest = StubRest(
            {
                "PUT /metrics/v1/connections/desk": refused,
                f"PUT {change}": {"webhook_authentication": "none"},
                f"POST {change}/test": test,
            }
        )
        incidents, changes = connect(rest, REDMINE)  # type: ignore[arg-type]
        assert (incidents.works, changes.works) == (False, True)
        assert incidents.findings == [Finding("configure", False, "poll.secret: the first time it is needed")]

    def test_nothing_asked_for_is_told(self) -> None:
        with pytest.raises(Failure, match="--incidents"):
            connect(StubRest({}), Wish("redmine", None, None))  # type: ignore[arg-type]


class TestTell:
    PARTS = (
        Part(
            "Change requests to redmine by connection 'itsm'",
            [
                Finding("sign in", True, "as robot"),
                Finding("raise", True, "not tried: that would create an issue"),
                Finding("tracker", False, "there is no 'Change'; there are Bug, Support"),
            ],
        ),
    )

    def test_says_what_went_what_did_not_and_what_was_not_tried(self) -> None:
        assert tell(self.PARTS).splitlines() == [
            "Change requests to redmine by connection 'itsm'",
            "  ✓ sign in  as robot",
            "  – raise    not tried: that would create an issue",
            "  ✗ tracker  there is no 'Change'; there are Bug, Support",
            "",
            "1 of it did not work: mend that, and run the same command again.",
        ]

    def test_a_screen_without_these_signs_gets_others(self) -> None:
        assert [line[2] for line in tell(self.PARTS, "ascii").splitlines()[1:4]] == ["+", "-", "x"]

"""`ratchet connect` as a person types it, against a Ratchet and a ticketing system that really listen."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from tests.cli.command import Running, ratchet

pytestmark = pytest.mark.slow
KEY = "an-api-key-that-nobody-may-see"


class Redmine(BaseHTTPRequestHandler):
    """As much of Redmine as a check and a poll ask for; another key than ours is refused."""

    answers: ClassVar[dict[str, object]] = {
        "/users/current.json": {"user": {"id": 5, "login": "robot"}},
        "/issues.json": {"issues": [], "total_count": 0, "offset": 0, "limit": 50},
        "/issue_statuses.json": {"issue_statuses": [{"id": 1, "name": "New"}, {"id": 3, "name": "Resolved"}]},
        "/trackers.json": {"trackers": [{"id": 7, "name": "Change"}]},
        "/enumerations/issue_priorities.json": {"issue_priorities": [{"id": 4, "name": "Normal"}]},
        "/projects/ops.json": {
            "project": {"id": 3, "identifier": "ops", "name": "Ops", "trackers": [{"id": 7, "name": "Change"}]}
        },
    }

    def do_GET(self) -> None:
        is_known = self.headers.get("X-Redmine-API-Key") == KEY
        body = self.answers.get(self.path.partition("?")[0])
        raw = json.dumps(body or {}).encode()
        self.send_response(401 if not is_known else 404 if body is None else 200)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Nothing on the test's screen."""


@contextmanager
def redmine() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Redmine)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


ARGUMENTS = ("--incidents", "desk", "--changes", "itsm", "--option", "project=ops", "--option", "tracker=Change")


class TestConnect:
    def test_configures_both_ways_and_says_what_works(self, served: Running) -> None:
        with redmine() as url:
            command = ("connect", "redmine", "--url", url, "--secret-env", "DESK_KEY", *ARGUMENTS)
            ended = ratchet(served.data_dir, *command, "--states", "Shipped=implemented", DESK_KEY=KEY)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "Tickets from redmine by connection 'desk'" in ended.stdout
        assert "✓ poll" in ended.stdout
        assert "– reopen" in ended.stdout
        assert "Change requests to redmine by connection 'itsm'" in ended.stdout
        assert "Everything that was tried works." in ended.stdout
        with served.client("administrator") as client:
            tickets = client.get("/metrics/v1/connections/desk").json()
            changes = client.get("/improvement/v1/change-connections/itsm").json()
        assert (tickets["poll"]["base_url"], tickets["reopening"]["options"]) == (url, {})
        assert (changes["base_url"], changes["options"]["project"]) == (url, "ops")
        assert (changes["states"], changes["default"]) == ({"Shipped": "implemented"}, True)
        assert KEY not in ended.stdout + ended.stderr + json.dumps([tickets, changes])

    def test_says_what_does_not_work_and_what_would_be_right(self, served: Running) -> None:
        with redmine() as url:
            command = ("connect", "redmine", "--url", url, "--secret-env", "DESK_KEY", *ARGUMENTS)
            ended = ratchet(served.data_dir, *command, DESK_KEY="a-wrong-key")
        assert ended.returncode == 1
        assert "✗ poll" in ended.stdout
        assert "check authentication and secret" in ended.stdout
        assert "run the same command again" in ended.stdout
        assert "Traceback" not in ended.stdout + ended.stderr

    def test_unsound_options_are_named(self, served: Running) -> None:
        command = ("connect", "redmine", "--url", "http://127.0.0.1:9", "--secret-env", "DESK_KEY", "--changes", "itsm")
        ended = ratchet(served.data_dir, *command, "--option", "colour=red", DESK_KEY=KEY)
        assert ended.returncode == 1
        assert "✗ configure" in ended.stdout
        assert "options.project" in ended.stdout

    def test_a_secret_that_is_nowhere_is_told_before_anything_is_done(self, served: Running) -> None:
        command = ("connect", "redmine", "--url", "http://127.0.0.1:9", *ARGUMENTS)
        ended = ratchet(served.data_dir, *command, "--secret-env", "NO_SUCH_VARIABLE")
        assert (ended.returncode, "NO_SUCH_VARIABLE" in ended.stderr) == (1, True)

    def test_no_server_is_told(self, served: Running) -> None:
        command = ("connect", "redmine", "--url", "http://127.0.0.1:9", "--secret-env", "DESK_KEY", *ARGUMENTS)
        ended = ratchet(served.data_dir, *command, "--server", "http://127.0.0.1:1", DESK_KEY=KEY)
        assert (ended.returncode, "no Ratchet answers" in ended.stderr) == (1, True)

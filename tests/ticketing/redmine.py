"""A Redmine 5 of the run's own: its database is made anew, its projects, people and robot with it."""

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

import httpx

from tests.support.rabbitmq import free_port
from tests.ticketing.desks import Json, Record, today
from tests.ticketing.programs import Program, require

_HOME = "/usr/share/redmine"
_PUMA = "puma"
_DATABASE = "production:\n  adapter: sqlite3\n  database: {folder}/redmine.sqlite\n  timeout: 30000\n  encoding: utf8\n"
_PEOPLE = """
Redmine::DefaultData::Loader.load('en')
Setting.rest_api_enabled = '1'
change = Tracker.create!(name: 'Change', default_status: IssueStatus.find_by!(name: 'New'))
WorkflowRule.copy(Tracker.find_by!(name: 'Bug'), nil, [change], Role.all.to_a)
helpdesk = Project.create!(name: 'Helpdesk', identifier: 'helpdesk', is_public: false,
                           trackers: [Tracker.find_by!(name: 'Bug')])
changes = Project.create!(name: 'Changes', identifier: 'changes', is_public: false, trackers: [change])
robot = User.new(firstname: 'Ratchet', lastname: 'Robot', mail: 'robot@desk.test')
robot.login = 'robot'
robot.password = SecureRandom.hex(16)
robot.save!
developer = Role.find_by!(name: 'Developer')
[helpdesk, changes].each { |project| Member.create!(project: project, user: robot, roles: [developer]) }
admin = User.find_by_login('admin')
admin.update_column(:must_change_passwd, false)
print [admin.api_key, robot.api_key].join(' ')
"""
_AGED = {
    ("issues", "id"): ("created_on", "updated_on", "closed_on", "start_date", "due_date"),
    ("journals", "journalized_type = 'Issue' AND journalized_id"): ("created_on",),
}
"""Columns of times and days, by the table and what chooses an issue in it."""


class Redmine:
    """Incidents are issues of the project Helpdesk, change requests those of Changes. The robot is a developer: its
    workflow leads back from Resolved, and not from Closed."""

    system: Literal["redmine"] = "redmine"

    def __init__(self) -> None:
        require("ruby", _PUMA, f"{_HOME}/config.ru")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.words = {"resolved": "Resolved", "open": "In Progress", "rejected": "Rejected", "closed": "Closed"}
        self.options: Json = {"project": "changes", "tracker": "Change", "priority": "High"}
        self.wrong: Json = {"project": "chnages", "tracker": "Change"}
        self._program = Program("redmine", {})
        # Debian's Redmine serves the instance of this name below its own folder: climbing from there leads to ours.
        instance = "../" * 8 + str(self._program.folder).lstrip("/")
        self._program.environment = {
            "RAILS_ENV": "production",
            "X_DEBIAN_SITEID": instance,
            "SCHEMA": str(self._program.folder / "schema.rb"),
        }
        self._statuses: dict[str, int] = {}
        try:
            self._key, self.robot = self._begin(port)
        except BaseException:
            self._program.stop()
            raise

    def _begin(self, port: int) -> tuple[str, str]:
        program = self._program
        program.write("config/database.yml", _DATABASE.format(folder=program.folder))
        program.write("config/secret_key.txt", secrets.token_hex(32))
        for name in ("tmp", "log", "files", "public"):
            (program.folder / name).mkdir()
        program.run("ruby", "bin/rake", "db:migrate", where=_HOME)
        keys = program.run("ruby", "bin/rails", "runner", str(program.write("people.rb", _PEOPLE)), where=_HOME)
        serve = (_PUMA, "-e", "production", "-b", f"tcp://127.0.0.1:{port}", "config.ru")
        program.start(*serve, url=f"{self.url}/users/current.json", where=_HOME)
        administrator, robot = keys.split()[-2:]
        return administrator, robot

    async def open_incident(self, title: str, *, late: bool = False) -> str:
        due = today() + timedelta(days=-2 if late else 2)
        days = {"start_date": f"{today() - timedelta(days=9):%Y-%m-%d}", "due_date": f"{due:%Y-%m-%d}"}
        issue = {"project_id": "helpdesk", "subject": title, "description": "It is down.", **days}
        return str((await self._ask("POST", "/issues.json", {"issue": issue}))["issue"]["id"])

    async def set_status(self, number: str, word: str, note: str = "") -> None:
        if not self._statuses:
            listed = (await self._ask("GET", "/issue_statuses.json"))["issue_statuses"]
            self._statuses.update({status["name"]: status["id"] for status in listed})
        change = {"status_id": self._statuses[word], "notes": note}
        await self._ask("PUT", f"/issues/{number}.json", {"issue": change})
        assert (await self.read(number)).status == word

    async def read(self, number: str) -> Record:
        issue = (await self._ask("GET", f"/issues/{number}.json"))["issue"]
        return Record(number, issue["subject"], issue["description"], issue["status"]["name"])

    async def notes(self, number: str) -> Sequence[str]:
        issue = (await self._ask("GET", f"/issues/{number}.json", params={"include": "journals"}))["issue"]
        return [journal["notes"] for journal in issue["journals"] if journal["notes"]]

    async def changes(self) -> Mapping[str, str]:
        query = {"project_id": "changes", "status_id": "*", "sort": "id", "limit": "100"}
        found = (await self._ask("GET", "/issues.json", params=query))["issues"]
        return {str(issue["id"]): issue["subject"] for issue in found}

    def age(self, numbers: Sequence[str], days: int) -> None:
        with sqlite3.connect(self._program.folder / "redmine.sqlite", timeout=30) as database:
            for (table, chosen), columns in _AGED.items():
                for column in columns:
                    function = "date" if column.endswith("_date") else "datetime"
                    aged = f"UPDATE {table} SET {column} = {function}({column}, '-{days} days')"
                    database.execute(f"{aged} WHERE {chosen} IN ({', '.join(numbers)})")
        database.close()

    def stop(self) -> None:
        self._program.stop()

    async def _ask(self, method: str, path: str, body: Json | None = None, params: dict[str, str] | None = None) -> Any:
        headers = {"X-Redmine-API-Key": self._key}
        async with httpx.AsyncClient(headers=headers, timeout=30) as client:
            answer = await client.request(method, f"{self.url}{path}", json=body, params=params)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

"""A Request Tracker 5 of the run's own: its database is made anew, its customer, agent and robot with it."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

import httpx

from tests.support.rabbitmq import free_port
from tests.ticketing.desks import Json, Record, today
from tests.ticketing.programs import Program, require

_SERVER = "/usr/share/request-tracker5/libexec/rt-server"
_SETUP = "/usr/sbin/rt-setup-database-5"
_PASSWORD = "password-of-root"
_CONFIGURATION = """
Set($rtname, 'desk.test');
Set($Organization, 'desk.test');
Set($Timezone, 'UTC');
Set($WebPath, '');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($WebBaseURL, 'http://127.0.0.1:{port}');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{folder}/rt.sqlite');
Set($DatabaseHost, '');
Set($DatabaseUser, '');
Set($DatabasePassword, '');
Set($MailCommand, 'testfile');
Set($BcryptCost, 4);  # every request signs in: at the usual cost that alone is most of the run
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'warning');
$RT::MasonDataDir = '{folder}/mason';
$RT::MasonSessionDir = '{folder}/sessions';
1;
"""
_PEOPLE = """
use lib '/usr/share/request-tracker5/lib';
use RT;
RT::LoadConfig();
RT::Init();
my $changes = RT::Queue->new(RT->SystemUser);
$changes->Create(Name => 'Changes', Description => 'Change requests') or die;
my $robot = RT::User->new(RT->SystemUser);
$robot->Create(Name => 'robot', EmailAddress => 'robot@desk.test', Privileged => 1) or die;
my %rights = (Changes => [qw(SeeQueue ShowTicket CreateTicket)],
              General => [qw(SeeQueue ShowTicket CommentOnTicket ModifyTicket)]);
for my $name (keys %rights) {
    my $queue = RT::Queue->new(RT->SystemUser);
    $queue->Load($name);
    $robot->PrincipalObj->GrantRight(Right => $_, Object => $queue) or die for @{$rights{$name}};
}
my ($done, $told, $token) = RT::AuthToken->new(RT->SystemUser)->Create(Owner => $robot->id, Description => 'Ratchet');
die $told unless $done;
print $token;
"""
_SCRIP = """
use lib '/usr/share/request-tracker5/lib';
use RT;
RT::LoadConfig();
RT::Init();
local $/;
open(my $code, '<', '{code}') or die;
my ($done, $told) = RT::Scrip->new(RT->SystemUser)->Create(
    Description => 'Tell Ratchet of {queue}', Queue => '{queue}', Template => 'Blank',
    ScripCondition => 'On Transaction', ScripAction => 'User Defined',
    CustomPrepareCode => 'return 1;', CustomCommitCode => <$code>,
);
die $told unless $done;
"""
_AGED = {
    ("Tickets", "id"): ("Created", "Started", "Resolved", "Due", "LastUpdated"),
    ("Transactions", "ObjectType = 'RT::Ticket' AND ObjectId"): ("Created",),
}
"""Columns of times, by the table and what chooses a ticket in it. 1970 is no time."""


class RequestTracker:
    """Incidents are tickets of the queue General, change requests those of Changes."""

    system: Literal["request_tracker"] = "request_tracker"

    def __init__(self) -> None:
        require("perl", _SERVER, _SETUP)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.words = {"resolved": "resolved", "open": "open", "rejected": "rejected", "closed": "resolved"}
        self.options: Json = {"queue": "Changes", "priority": 60}
        self.wrong: Json = {"queue": "Chnages"}
        self._program = Program("request-tracker", {})
        folder = self._program.folder
        self._program.environment = {
            "RT_SITE_CONFIG": str(folder / "RT_SiteConfig.pm"),
            "RT_SITE_CONFIG_DIR": str(folder / "nothing"),
        }
        try:
            self.robot = self._begin(port)
        except BaseException:
            self._program.stop()
            raise

    def _begin(self, port: int) -> str:
        program = self._program
        program.write("RT_SiteConfig.pm", _CONFIGURATION.format(port=port, folder=program.folder))
        for name in ("nothing", "mason", "sessions"):
            (program.folder / name).mkdir()
        password = program.write("password", _PASSWORD)
        program.run(_SETUP, "--action", "init", "--force", "--root-password-file", str(password))
        token = program.run("perl", str(program.write("people.pl", _PEOPLE)))
        serve = ("perl", "-I/usr/share/request-tracker5/lib", _SERVER, "--server", "HTTP::Server::PSGI")
        program.start(*serve, "--host", "127.0.0.1", "--port", str(port), url=f"{self.url}/REST/2.0/rt")
        return token

    async def open_incident(self, title: str, *, late: bool = False) -> str:
        due = today() + timedelta(hours=-1 if late else 24)
        ticket = {"Queue": "General", "Subject": title, "Requestor": "customer@acme.test", "Content": "It is down."}
        answer = await self._ask("POST", "/ticket", {**ticket, "Due": f"{due:%Y-%m-%d %H:%M:%S}"})
        return str(answer["id"])

    async def set_status(self, number: str, word: str, note: str = "") -> None:
        if note:
            await self._ask("POST", f"/ticket/{number}/comment", {"Content": note, "ContentType": "text/plain"})
        told = await self._ask("PUT", f"/ticket/{number}", {"Status": word})
        assert any("changed" in line for line in told), told

    async def read(self, number: str) -> Record:
        ticket = await self._ask("GET", f"/ticket/{number}")
        (first, *_) = await self._texts(number)
        return Record(number, ticket["Subject"], first, ticket["Status"])

    async def notes(self, number: str) -> Sequence[str]:
        return (await self._texts(number))[1:]

    async def changes(self) -> Mapping[str, str]:
        query = {"query": "Queue = 'Changes'", "fields": "Subject", "orderby": "id", "per_page": "100"}
        found = await self._ask("GET", "/tickets", params=query)
        return {item["id"]: item["Subject"] for item in found["items"]}

    def age(self, numbers: Sequence[str], days: int) -> None:
        with sqlite3.connect(self._program.folder / "rt.sqlite", timeout=30) as database:
            for (table, chosen), columns in _AGED.items():
                for column in columns:
                    aged = f"UPDATE {table} SET {column} = datetime({column}, '-{days} days')"
                    database.execute(f"{aged} WHERE {column} > '1980' AND {chosen} IN ({', '.join(numbers)})")
        database.close()

    def post_transactions(self, queue: str, code: str) -> None:
        """Let a scrip with this commit code run after each transaction of the queue's tickets."""
        path = self._program.write(f"scrip-{queue}.pl.txt", code)
        script = self._program.write(f"scrip-{queue}.pl", _SCRIP.format(code=path, queue=queue))
        self._program.run("perl", str(script))

    def stop_posting(self) -> None:
        """No such scrip runs any more."""
        with sqlite3.connect(self._program.folder / "rt.sqlite", timeout=30) as database:
            database.execute("UPDATE Scrips SET Disabled = 1 WHERE Description LIKE 'Tell Ratchet of %'")
        database.close()

    def stop(self) -> None:
        self._program.stop()

    async def _texts(self, number: str) -> list[str]:
        found = await self._ask("GET", f"/ticket/{number}/attachments", params={"fields": "Content"})
        return [item["Content"] for item in sorted(found["items"], key=lambda item: int(item["id"]))]

    async def _ask(self, method: str, path: str, body: Json | None = None, params: dict[str, str] | None = None) -> Any:
        async with httpx.AsyncClient(auth=("root", _PASSWORD), timeout=30) as client:
            answer = await client.request(method, f"{self.url}/REST/2.0{path}", json=body, params=params)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

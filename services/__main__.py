"""The `ratchet` command. Every command imports what it needs when it runs, so that each starts at once."""

import asyncio
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import typer
from pydantic import ValidationError

from services import __version__, place
from services.failures import Failure
from shared.auth import STAFF, Role, mint
from shared.settings import KeysMissing, Settings

Service = Literal["metrics", "improvement", "satisfaction", "audit", "notifier"]
State = Literal["parked", "replayed", "discarded"]
SERVICES: tuple[Service, ...] = ("metrics", "improvement", "satisfaction", "audit", "notifier")
_FIRST_PORT = 8001
_SIGN_IN = "/metrics/sign-in"
_SIGN_IN_HOURS = 12

app = typer.Typer(
    name="ratchet",
    help="Measure service, find the gap, improve, prove it, and never slip back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
imports = typer.Typer(no_args_is_help=True, help="Take the export of a ticketing system.")
dead_letters = typer.Typer(no_args_is_help=True, help="Events that a service could not take: list, replay, discard.")
database = typer.Typer(no_args_is_help=True, help="Prepare a Postgres server of your own.")
app.add_typer(imports, name="import")
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(database, name="database")

Url = Annotated[
    str | None,
    typer.Option(envvar="RATCHET_URL", help="Where Ratchet answers. [default: the one that runs in the data folder]"),
]
Token = Annotated[
    str | None, typer.Option(envvar="RATCHET_TOKEN", help="A bearer token. [default: made with the local key]")
]
OneService = Annotated[Service | None, typer.Option(help="Only this service. [default: all five]")]


def main() -> None:
    """Expected failures end with 1 and a sentence; Ctrl-C ends with 130."""
    try:
        app(prog_name="ratchet")
    except (Failure, KeysMissing) as failure:
        _end(str(failure))
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        _end("; ".join(f"setting {e['loc'][0]}: {e['msg']}" for e in error.errors()))
    except PermissionError as error:
        _end(f"{error.filename} may not be used by this user; set RATCHET_DATA_DIR to a folder of your own")
    except KeyboardInterrupt:
        sys.exit(130)


def _end(message: str) -> None:
    typer.echo(f"ratchet: {message}", err=True)
    sys.exit(1)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(f"ratchet {__version__}")
        raise typer.Exit


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes one that is free.")] = 8000,
    demo: Annotated[
        bool, typer.Option(envvar="RATCHET_DEMO", help="Load the demonstration organisation on the first start.")
    ] = True,
) -> None:
    """Run all five services and their pages in one process; nothing else is needed.

    Without DATABASE_URL it runs a Postgres of its own in the data folder (RATCHET_DATA_DIR).
    """
    from services.postgres import EmbeddedPostgres

    settings = Settings()
    _end_orderly_while_starting()
    with ExitStack() as stack:
        tenancy = stack.enter_context(place.occupy(settings.data_dir))
        bound = stack.enter_context(place.bind(host, port))
        address = place.address_of(bound)
        starting = stack.enter_context(ThreadPoolExecutor(1))
        postgres = None
        if settings.database_url:
            database_url = starting.submit(str, settings.database_url)
        else:
            is_new = not (settings.data_dir / "postgres").exists()
            postgres = EmbeddedPostgres(settings.data_dir)
            stack.callback(postgres.stop)
            typer.echo(f"Starting Ratchet {__version__} in {settings.data_dir.resolve()} …", err=True)
            database_url = starting.submit(postgres.start)  # while the services are imported

        from services.embedded import Demonstration, serve_all

        demonstration = None
        if postgres is not None:
            demonstration = Demonstration(settings.data_dir)
            demonstration.decide(is_new=is_new, wanted=demo)

        def on_ready() -> None:
            tenancy.announce(address)
            typer.echo(f"Ratchet answers at {address}")
            if settings.jwks_url is None:
                token = mint(settings, "demo", list(STAFF), timedelta(hours=_SIGN_IN_HOURS), name="Demo")
                typer.echo(f"Sign in ({_SIGN_IN_HOURS} h, every staff role): {address}{_SIGN_IN}?token={token}")
            typer.echo("Ctrl-C stops it; nothing is lost.")
            sys.stdout.flush()

        _configure_telemetry(settings, "embedded", quiet=True)
        serve_all(settings, database_url.result(), bound, on_ready, postgres=postgres, demonstration=demonstration)
    typer.echo("Ratchet has stopped.", err=True)


@app.command()
def run(
    service: Annotated[Service, typer.Argument(help="Which one.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="[default: 8001 to 8005 in the order of the services]")
    ] = None,
) -> None:
    """Run one service in a process of its own, on DATABASE_URL and AMQP_URL."""
    settings = Settings()
    missing = [
        name for name, value in (("DATABASE_URL", settings.database_url), ("AMQP_URL", settings.amqp_url)) if not value
    ]
    if not settings.database_url or not settings.amqp_url:
        raise Failure(
            f"'ratchet run' needs {' and '.join(missing)}: one service alone hears the others through RabbitMQ. "
            "'ratchet serve' runs all five without either."
        )
    settings.keys  # noqa: B018  a missing key is told before anything starts
    _end_orderly_while_starting()
    with place.bind(host, _FIRST_PORT + SERVICES.index(service) if port is None else port) as bound:
        from services.separate import serve_one

        _configure_telemetry(settings, service, quiet=False)
        ready = f"ratchet {service} answers at {place.address_of(bound)}/{service}"
        serve_one(
            settings, service, settings.database_url, settings.amqp_url, bound, lambda: typer.echo(ready, err=True)
        )


@app.command()
def token(
    role: Annotated[list[Role], typer.Option(help="What it may do; give it several times for several roles.")],
    subject: Annotated[str | None, typer.Option(help="Who it is. [default: the first role]")] = None,
    name: Annotated[str | None, typer.Option(help="The name that people read.")] = None,
    customer: Annotated[str | None, typer.Option(help="What the role 'customer' may see.")] = None,
    department: Annotated[list[str] | None, typer.Option(help="A department of the person; may be repeated.")] = None,
    hours: Annotated[float, typer.Option(min=0.01, max=24 * 366, help="How long it is good for.")] = 8.0,
) -> None:
    """Print a bearer token, signed with the local key."""
    settings = Settings()
    if settings.jwks_url is not None:
        raise Failure(f"tokens come from the identity provider here (RATCHET_JWKS_URL is {settings.jwks_url})")
    if (customer is None) == (Role.CUSTOMER in role):
        raise Failure("the role 'customer' and --customer NAME go together")
    claims = {"name": name, "customer": customer, "departments": department}
    typer.echo(mint(settings, subject or role[0].value, role, timedelta(hours=hours), **claims))


@app.command()
def connect(
    system: Annotated[
        Literal["generic", "servicenow", "jira", "itop", "glpi", "zammad", "request_tracker", "redmine"],
        typer.Argument(help="Which kind of system it is."),
    ],
    url: Annotated[str | None, typer.Option(help="Where the system answers, as https://desk.example.com.")] = None,
    incidents: Annotated[
        str | None, typer.Option(metavar="KEY", help="Take its tickets, by a connection of this name.")
    ] = None,
    changes: Annotated[
        str | None, typer.Option(metavar="KEY", help="Raise change requests in it, by a connection of this name.")
    ] = None,
    secret_env: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The variable that holds what to sign in with: a token, a key, or user:password.",
        ),
    ] = None,
    secret_stdin: Annotated[
        bool, typer.Option("--secret-stdin", help="Read that from the first line of standard input instead.")
    ] = False,
    authentication: Annotated[
        str | None, typer.Option(help="How to sign in: basic, bearer, token … [default: the system's usual way]")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="An option of change requests, as project=ops; may be repeated."),
    ] = None,
    reopen_option: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="An option of reopening disputed incidents, as status=Open; may be repeated."
        ),
    ] = None,
    reopen: Annotated[bool, typer.Option(help="Reopen incidents that their customers dispute.")] = True,
    states: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORD=STATE",
            help="What a word of the system's means: of a change (Closed=implemented) or a ticket (Waiting=pending).",
        ),
    ] = None,
    poll_filter: Annotated[
        str | None, typer.Option("--filter", help="Which tickets, in the system's own query language.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Tickets since this time (ISO 8601). [default: now]")] = None,
    every: Annotated[int | None, typer.Option(min=10, help="Ask for tickets every so many seconds.")] = None,
    webhook_secret_env: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The variable with the secret that proves its webhooks."),
    ] = None,
    webhook_authentication: Annotated[
        str | None, typer.Option(help="How its webhooks prove themselves. [default: the system's usual way]")
    ] = None,
    time_zone: Annotated[str, typer.Option(help="Of its times without zone.")] = "UTC",
    default: Annotated[bool, typer.Option(help="Raise changes by this connection from now on.")] = True,
    server: Annotated[
        str | None,
        typer.Option(envvar="RATCHET_URL", help="Where Ratchet answers. [default: the one of the data folder]"),
    ] = None,
    token: Token = None,
) -> None:
    """Connect a ticketing system, try it, and say what works and what does not.

    Secrets come from the environment, from standard input or from a prompt, never from the command line. Nothing is
    changed in the ticketing system. Ends with 1 when something does not work; the same command again is safe.

    Example: export KEY=…; ratchet connect redmine --url https://redmine.example.com --secret-env KEY --incidents desk
    --changes itsm --option project=ops --option tracker=Change
    """
    from services import connecting
    from services.rest import Rest

    is_needed = system != "generic" or changes is not None or webhook_secret_env is None
    wish = connecting.Wish(
        system=system,
        url=url,
        secret=connecting.read_secret(secret_env, secret_stdin, f"Secret for {system}", needed=is_needed),
        webhook_secret=connecting.read_secret(webhook_secret_env, False, "", needed=False),
        incidents=incidents,
        changes=changes,
        authentication=authentication,
        webhook_authentication=webhook_authentication,
        time_zone=time_zone,
        states=connecting.read_pairs(states or [], "states"),
        options=connecting.read_options(option or [], "option"),
        reopening=connecting.read_options(reopen_option or [], "reopen-option") if reopen else None,
        poll_filter=poll_filter,
        every_seconds=every,
        since=since,
        is_default=default,
    )
    with Rest(Settings(), server, token, Role.ADMINISTRATOR) as rest:
        parts = connecting.connect(rest, wish)
    typer.echo(connecting.tell(parts, sys.stdout.encoding))
    if not all(part.works for part in parts):
        raise typer.Exit(1)


@imports.command("servicenow-csv")
def import_servicenow_csv(
    file: Annotated[Path, typer.Argument(help="The export: CSV, or packed as .gz or .zip.")],
    connection: Annotated[str, typer.Option(help="The connection whose tickets these are.")] = "servicenow",
    encoding: Annotated[str, typer.Option(help="ServiceNow can also export cp1252.")] = "utf-8-sig",
    url: Url = None,
    token: Token = None,
) -> None:
    """Take an incident export with one line per update. The same file again goes on where it stopped."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from services import importing
    from services.rest import Refused, Rest, Unreachable

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Rest(Settings(), url, token, Role.INTEGRATION) as rest:
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task("Reading", total=None)
            export = importing.read_export(file, encoding)
            progress.update(task, description="Importing", total=export.rows)
            try:
                done = importing.upload(rest, export, connection, lambda rows: progress.update(task, completed=rows))
            except Unreachable as failure:
                raise Failure(f"{failure}; run the same command again: it goes on where it stopped") from failure
            except Refused as failure:
                raise Failure(f"the import was refused: {failure}") from failure
        typer.echo(
            f"{done['rows_done']:,} rows read: {done['accepted']:,} taken, {done['changed']:,} changes to tickets, "
            f"{done['quarantined']:,} quarantined"
        )
        if done["quarantined"]:
            typer.echo(f"What was quarantined, and why: GET {rest.url}/metrics/v1/quarantine")


@dead_letters.command("list")
def list_dead_letters(
    service: OneService = None,
    state: Annotated[State, typer.Option(help="Which ones.")] = "parked",
    url: Url = None,
    token: Token = None,
) -> None:
    """Show them with what went wrong."""
    from services import parked
    from services.rest import Rest

    with Rest(Settings(), url, token, Role.ADMINISTRATOR) as rest:
        parked.show(list(parked.find(rest, _chosen(service), state)), state)


@dead_letters.command("replay")
def replay_dead_letters(
    ids: Annotated[list[UUID] | None, typer.Argument(help="Which ones.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are parked.")] = False,
    service: OneService = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Give events to their handlers again."""
    from services import parked
    from services.rest import Rest

    if bool(ids) == every:
        raise Failure("name the dead letters' ids, or say --all")
    with Rest(Settings(), url, token, Role.ADMINISTRATOR) as rest:
        typer.echo(f"{parked.settle(rest, 'replay', _chosen(service), ids)} replayed")


@dead_letters.command("discard")
def discard_dead_letters(
    ids: Annotated[list[UUID], typer.Argument(help="Which ones.")],
    service: OneService = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Decide that events need no effect; they stay listed as discarded."""
    from services import parked
    from services.rest import Rest

    with Rest(Settings(), url, token, Role.ADMINISTRATOR) as rest:
        typer.echo(f"{parked.settle(rest, 'discard', _chosen(service), ids)} discarded")


@database.command("create")
def create_database() -> None:
    """Make the database of DATABASE_URL with five schemas and five roles; what is there stays.

    DATABASE_URL is an administrator's. A service's role may log in where METRICS_DB_PASSWORD, IMPROVEMENT_DB_PASSWORD …
    are set (12 to 128 letters, digits or _.~-).
    """
    from services.installation import create

    url = Settings().database_url
    if not url:
        raise Failure(
            "set DATABASE_URL to an administrator's, such as postgresql://postgres:password@host:5432/ratchet"
        )
    passwords: dict[str, str] = {
        name: os.environ[key] for name in SERVICES if (key := f"{name.upper()}_DB_PASSWORD") in os.environ
    }
    asyncio.run(create(url, SERVICES, passwords))
    for name in SERVICES:
        login = "may log in" if name in passwords else f"may not log in, {name.upper()}_DB_PASSWORD is not set"
        typer.echo(f"schema {name}: its role {login}")


@app.command()
def migration(
    service: Annotated[Service | None, typer.Argument(help="Whose models have changed.")] = None,
    message: Annotated[str | None, typer.Argument(help="What the migration does, in a few words.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only tell whether any service lacks a migration.")] = False,
) -> None:
    """For developers: write a service's next migration from its models."""
    from services.migration import find_unwritten, write_migration

    if check:
        unwritten = find_unwritten([service] if service else SERVICES)
        if unwritten:
            raise Failure("\n".join(f"{name} lacks a migration: {what}" for name, what in unwritten.items()))
        typer.echo("models and migrations agree")
    elif service is None or message is None:
        raise Failure("name the service and what the migration does, or say --check")
    else:
        write_migration(service, message)


def _chosen(service: Service | None) -> list[str]:
    return list(SERVICES) if service is None else [service]


def _configure_telemetry(settings: Settings, name: str, *, quiet: bool) -> None:
    from shared.telemetry import configure_logging, configure_tracing

    level = "WARNING" if quiet and "log_level" not in settings.model_fields_set else settings.log_level
    configure_logging(as_json=settings.environment == "production", level=level)
    configure_tracing(name)


def _end_orderly_while_starting() -> None:
    """Until the services take the signals themselves, SIGTERM and a closed terminal are a Ctrl-C: what was started is
    stopped again."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


if __name__ == "__main__":
    main()

"""What is deployed fits together: containers, gateway, image, secrets and the list of options."""

import ast
import importlib
import re
import runpy
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings
from sqlalchemy.engine import make_url

from services.fleet import DEFINE
from shared.provision import role_of
from shared.settings import Settings
from tests.support.rabbitmq import free_port

ROOT = Path(__file__).parents[2]
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
NGINX = (ROOT / "deploy" / "gateway" / "nginx.conf").read_text("utf-8")
EXAMPLE = (ROOT / ".env.example").read_text("utf-8")
EXAMPLE_LINES = EXAMPLE.splitlines()
SHOWN: dict[str, str] = dict(re.findall(r"^#([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
FIVE = set(DEFINE)
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
_PINNED = re.compile(r"^[a-z]+:\d+\.\d+(\.\d+)?(-[a-z0-9-]+)?$")


def new_secrets() -> dict[str, str]:
    printed = subprocess.run([ROOT / "deploy" / "secrets.sh"], capture_output=True, text=True, check=True).stdout
    return dict(line.split("=", 1) for line in printed.splitlines())


def environment_of(service: str, given: dict[str, str]) -> dict[str, str]:
    """What compose hands to this service, with these values in `.env`."""

    def fill(found: re.Match[str]) -> str:
        name, how, otherwise = found.groups()
        return given.get(name) or (otherwise if how == "-" else given[name])

    told: dict[str, Any] = SERVICES[service].get("environment", {})
    values = {
        name: given.get(name) if value is None else _VARIABLE.sub(fill, str(value)) for name, value in told.items()
    }
    return {name: value for name, value in values.items() if value is not None}


def settings_classes() -> Iterator[tuple[str | None, type[BaseSettings]]]:
    """The common settings and those of each service that has its own."""
    yield None, Settings
    for service in sorted(FIVE):
        if (ROOT / "services" / service / "settings.py").exists():
            module = importlib.import_module(f"services.{service}.settings")
            yield (
                service,
                next(
                    found
                    for found in vars(module).values()
                    if isinstance(found, type)
                    and issubclass(found, BaseSettings)
                    and found.__module__ == module.__name__
                ),
            )


def options_of(kind: type[BaseSettings]) -> dict[str, str]:
    """The options of this class's own: environment variable → field."""
    common = {} if kind is Settings else Settings.model_fields
    options = {}
    for name, field in kind.model_fields.items():
        if name not in common:
            alias = field.validation_alias
            variable = alias.choices[0] if alias is not None else f"{kind.model_config['env_prefix']}{name}".upper()  # type: ignore[union-attr]
            options[str(variable)] = name
    return options


ALL_OPTIONS = {
    variable: (service, kind, field)
    for service, kind in settings_classes()
    for variable, field in options_of(kind).items()
}


def options_of_the_command() -> set[str]:
    """The `envvar=` of the command line."""
    tree = ast.parse((ROOT / "services" / "__main__.py").read_text("utf-8"))
    keywords = [node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "envvar"]
    return {keyword.value.value for keyword in keywords if isinstance(keyword.value, ast.Constant)}


class TestCompose:
    def test_no_secret_has_a_default_and_all_are_made(self) -> None:
        required = {name for name, how, _ in _VARIABLE.findall(COMPOSE_TEXT) if how == "?"}
        otherwise = {name for name, how, _ in _VARIABLE.findall(COMPOSE_TEXT) if how != "?"}
        assert required == set(new_secrets())
        assert not [name for name in otherwise if re.search("PASSWORD|KEY|SECRET|TOKEN", name)]
        for name in ("POSTGRES_PASSWORD", "RABBITMQ_DEFAULT_PASS", "RATCHET_JWT_KEY", "RATCHET_SEAL_KEY"):
            for written in re.findall(rf"^ +{name}: (.*)$", COMPOSE_TEXT, re.MULTILINE):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", written)

    def test_images_are_pinned(self) -> None:
        for name, service in SERVICES.items():
            assert "build" in service or _PINNED.match(service["image"]), name
        assert _PINNED.match(re.findall(r"^FROM (\S+)$", DOCKERFILE, re.MULTILINE)[0])
        assert SERVICES["rabbitmq"]["image"].startswith("rabbitmq:4.")

    def test_everything_that_stays_is_watched_and_comes_back(self) -> None:
        for name, service in SERVICES.items():
            if name == "database":
                assert service["healthcheck"] == {"disable": True}
                assert service["restart"] == "no"
            else:
                assert service["healthcheck"]["test"][0] == "CMD", name
                assert service["restart"] == "unless-stopped", name

    def test_starts_in_order(self) -> None:
        wanted = {
            name: {on: how["condition"] for on, how in s.get("depends_on", {}).items()} for name, s in SERVICES.items()
        }
        assert wanted["database"] == {"postgres": "service_healthy"}
        for name in FIVE:
            assert wanted[name] == {"database": "service_completed_successfully", "rabbitmq": "service_healthy"}
        assert wanted["gateway"] == dict.fromkeys(FIVE, "service_healthy")

    def test_only_the_gateway_can_be_reached_and_only_from_this_machine(self) -> None:
        published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
        assert published == {"gateway": ["${RATCHET_LISTEN:-127.0.0.1:8000}:8080"]}
        assert COMPOSE["networks"]["inside"] == {"internal": True}
        for name in ("postgres", "rabbitmq", "database"):
            assert SERVICES[name]["networks"] == ["inside"]
        assert SERVICES["gateway"]["networks"] == ["outside"]

    def test_containers_of_ours_may_do_little(self) -> None:
        for name in (*FIVE, "database", "gateway"):
            assert SERVICES[name]["read_only"] is True
            assert SERVICES[name]["cap_drop"] == ["ALL"]
            assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]

    def test_named_volumes_hold_the_data(self) -> None:
        assert set(COMPOSE["volumes"]) == {"postgres", "rabbitmq"}
        assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]
        assert SERVICES["rabbitmq"]["volumes"] == ["rabbitmq:/var/lib/rabbitmq"]

    @pytest.mark.parametrize("service", sorted(FIVE))
    def test_each_service_gets_all_its_options_and_its_own_login(
        self, service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        given = new_secrets()
        environment = environment_of(service, given)
        told = set(SERVICES[service]["environment"])
        own = {variable for variable, (of, _, _) in ALL_OPTIONS.items() if of in (None, service)}
        assert own - told == {"RATCHET_DATA_DIR"}, "docker-compose.yml passes every option on"
        assert told - own == {"FORWARDED_ALLOW_IPS", "OTEL_EXPORTER_OTLP_ENDPOINT"}

        monkeypatch.chdir(tmp_path)
        for name in ALL_OPTIONS:
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings = Settings()
        assert settings.environment == "production"
        assert (settings.keys.jwt, settings.keys.seal) == (given["RATCHET_JWT_KEY"], given["RATCHET_SEAL_KEY"])
        assert make_url(str(settings.database_url)).username == role_of(service)
        assert make_url(str(settings.database_url)).password == given[f"{service.upper()}_DB_PASSWORD"]
        assert make_url(str(settings.amqp_url)).password == given["RABBITMQ_PASSWORD"]
        others = {
            value for name, value in given.items() if name.endswith("_DB_PASSWORD") and service.upper() not in name
        }
        assert not [value for value in others | {given["POSTGRES_PASSWORD"]} if value in str(environment)]
        assert list(tmp_path.iterdir()) == [], "nothing is written: the root is read-only"

    def test_the_administrators_login_makes_every_role(self) -> None:
        given = new_secrets()
        environment = environment_of("database", given)
        assert make_url(environment.pop("DATABASE_URL")).password == given["POSTGRES_PASSWORD"]
        assert environment == {f"{name.upper()}_DB_PASSWORD": given[f"{name.upper()}_DB_PASSWORD"] for name in FIVE}
        assert all(re.fullmatch(r"[A-Za-z0-9_.~-]{12,128}", password) for password in environment.values())

    @pytest.mark.skipif(
        shutil.which("docker") is None
        or subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0,
        reason="docker compose is not installed",
    )
    def test_docker_compose_reads_it(self, tmp_path: Path) -> None:
        (tmp_path / "secrets").write_text("".join(f"{name}={value}\n" for name, value in new_secrets().items()))
        command = ["docker", "compose", "--env-file", str(tmp_path / "secrets"), "config", "--quiet"]
        read = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert read.returncode == 0, read.stderr


class TestSecrets:
    def test_are_new_each_time(self) -> None:
        first, second = new_secrets(), new_secrets()
        assert not set(first.values()) & set(second.values())
        assert len(set(first.values())) == len(first)


class TestGateway:
    def test_leads_to_the_five_services_where_they_listen(self) -> None:
        for names in re.findall(r"\(\?<service>([a-z|]+)\)", NGINX):
            assert set(names.split("|")) == FIVE
        assert set(re.findall(r"proxy_pass (\S+);", NGINX)) == {"http://$service:8000"}
        for name in FIVE:
            assert SERVICES[name]["command"] == ["run", name, "--host", "0.0.0.0", "--port", "8000"]
        assert "listen 8080;" in NGINX

    def test_writes_no_token_into_its_log(self) -> None:
        (written,) = re.findall(r"log_format \w+ '([^']+)'", NGINX)
        assert not re.search(
            r"\$(request\b|request_uri|args|query_string|http_(referer|cookie|authorization))", written
        )


class TestDockerfile:
    def test_installs_by_the_very_steps_of_make_run(self) -> None:
        runs = re.findall(r"^RUN (.+)$", DOCKERFILE, re.MULTILINE)
        assert [line for line in runs if re.search(r"\bpip|\buv\b|venv", line)] == ["deploy/venv.sh requirements.txt"]
        assert "\tdeploy/venv.sh requirements.txt\n" in (ROOT / "Makefile").read_text("utf-8")
        assert "requirements-dev" not in DOCKERFILE

    def test_finds_in_its_context_what_it_copies(self) -> None:
        allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
        copied = {
            source for line in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE) for source in line.split()
        }
        assert copied == allowed
        assert all((ROOT / path).exists() for path in copied)
        assert ".env" not in copied

    def test_runs_as_nobody_in_particular(self) -> None:
        assert re.findall(r"^USER (\w+)$", DOCKERFILE, re.MULTILINE) == ["ratchet"]
        assert DOCKERFILE.index("USER ratchet") > DOCKERFILE.index("RUN deploy/venv.sh")


class TestHealthy:
    @contextmanager
    def _service(self, status: int) -> Iterator[int]:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                at_home = self.path == "/"
                self.send_response(307 if at_home else status if self.path == "/audit/readyz" else 404)
                self.send_header("Location", "/audit/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        with HTTPServer(("127.0.0.1", 0), Answer) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield server.server_port
            server.shutdown()
            thread.join()

    def test_is_what_readyz_says(self) -> None:
        is_ready = runpy.run_path(str(ROOT / "deploy" / "healthy.py"))["is_ready"]
        for status, ready in ((200, True), (503, False), (404, False)):
            with self._service(status) as port:
                assert is_ready(port) is ready
        assert is_ready(free_port()) is False


class TestEnvExample:
    def test_names_every_option_and_nothing_else(self) -> None:
        known = {*ALL_OPTIONS, *options_of_the_command(), "OTEL_EXPORTER_OTLP_ENDPOINT"}
        known |= {name for name, _, _ in _VARIABLE.findall(COMPOSE_TEXT)}
        assert set(SHOWN) == known

    def test_says_of_each_what_it_does(self) -> None:
        for number, line in enumerate(EXAMPLE_LINES):
            if re.match(r"#[A-Z_]+=", line):
                above = next(text for text in reversed(EXAMPLE_LINES[:number]) if not re.match(r"#[A-Z_]+=", text))
                assert above.startswith("# "), line

    @pytest.mark.parametrize("variable", sorted(ALL_OPTIONS))
    def test_shows_the_default(self, variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        _, kind, field = ALL_OPTIONS[variable]
        monkeypatch.chdir(tmp_path)
        for name in ALL_OPTIONS:
            monkeypatch.delenv(name, raising=False)
        if SHOWN[variable]:
            monkeypatch.setenv(variable, SHOWN[variable])
            shown = getattr(kind(), field)
            monkeypatch.delenv(variable)
        else:
            shown = None
        assert shown == (getattr(kind(), field) if getattr(kind(), field) != "" else None)

    def test_sets_nothing_by_itself(self) -> None:
        assert all(not line or line.startswith("#") for line in EXAMPLE_LINES)

from pathlib import Path

import jwt
import pytest

from shared.settings import Settings
from tests.cli.command import ratchet


class TestToken:
    def test_prints_nothing_but_the_token(self, data_dir: Path) -> None:
        command = ("token", "--role", "auditor", "--role", "engineer", "--subject", "anna", "--department", "IT")
        told = ratchet(data_dir, *command, "--hours", "1")
        key = Settings(data_dir=data_dir, _env_file=None).keys.jwt  # type: ignore[call-arg]
        claims = jwt.decode(told.stdout.strip(), key, ["HS256"])
        assert claims["sub"] == "anna"
        assert claims["roles"] == ["auditor", "engineer"]
        assert claims["departments"] == ["IT"]
        assert claims["exp"] - claims["iat"] == 3600
        assert told.stderr == ""

    @pytest.mark.parametrize("arguments", [("--role", "customer"), ("--role", "auditor", "--customer", "Acme")])
    def test_a_customer_goes_with_its_role(self, data_dir: Path, arguments: tuple[str, ...]) -> None:
        ended = ratchet(data_dir, "token", *arguments)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert "--customer" in ended.stderr

    def test_an_unknown_role_is_refused_with_the_names(self, data_dir: Path) -> None:
        ended = ratchet(data_dir, "token", "--role", "king")
        assert ended.returncode == 2
        assert "operations_manager" in ended.stderr

    def test_where_a_provider_signs_it_does_not(self, data_dir: Path) -> None:
        ended = ratchet(data_dir, "token", "--role", "auditor", RATCHET_JWKS_URL="https://id.example/jwks")
        assert ended.returncode == 1
        assert "identity provider" in ended.stderr

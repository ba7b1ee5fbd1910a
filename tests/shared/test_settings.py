import stat
import threading
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.settings import KeysMissing, Settings


def make(folder: Path, **values: Any) -> Settings:
    return Settings(data_dir=folder, _env_file=None, **values)  # type: ignore[call-arg]


def keys_of(folder: Path) -> tuple[str, str]:
    keys = make(folder).keys
    return keys.jwt, keys.seal


class TestKeys:
    @pytest.mark.parametrize(
        "given",
        [{}, {"jwt_key": "j" * 32}, {"seal_key": "s" * 32}, {"jwks_url": "https://id.test/keys"}],
    )
    def test_production_starts_with_none_of_its_own_making(self, tmp_path: Path, given: dict[str, str]) -> None:
        with pytest.raises(KeysMissing, match="RATCHET_SEAL_KEY"):
            _ = make(tmp_path / "data", environment="production", **given).keys
        assert not (tmp_path / "data").exists()

    def test_production_takes_those_that_are_given(self, tmp_path: Path) -> None:
        keys = make(tmp_path / "data", environment="production", jwt_key="j" * 32, seal_key="s" * 32).keys
        assert (keys.jwt, keys.seal) == ("j" * 32, "s" * 32)
        assert not (tmp_path / "data").exists()

    def test_production_with_an_identity_provider_needs_no_key_for_tokens(self, tmp_path: Path) -> None:
        settings = make(tmp_path, environment="production", jwks_url="https://id.test/keys", seal_key="s" * 32)
        assert settings.keys.seal == "s" * 32

    def test_development_makes_them_once_for_its_owner_only(self, tmp_path: Path) -> None:
        first = keys_of(tmp_path)
        assert keys_of(tmp_path) == first
        assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
        assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]
        assert len(set(first)) == 2
        assert all(len(key) == 64 for key in first)

    def test_two_folders_share_none(self, tmp_path: Path) -> None:
        assert not set(keys_of(tmp_path / "a")) & set(keys_of(tmp_path / "b"))

    def test_processes_that_start_at_once_agree(self, tmp_path: Path) -> None:
        with get_context("spawn").Pool(4) as pool:
            assert len(set(pool.map(keys_of, [tmp_path] * 8, 1))) == 1

    def test_threads_that_start_at_once_agree(self, tmp_path: Path) -> None:
        for attempt in range(20):
            together, found = threading.Barrier(4), []

            def start(folder: Path, together: threading.Barrier, found: list[tuple[str, str]]) -> None:
                together.wait()
                found.append(keys_of(folder))

            threads = [
                threading.Thread(target=start, args=(tmp_path / str(attempt), together, found)) for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(found) == 4
            assert len(set(found)) == 1


class TestSettings:
    @pytest.mark.parametrize(
        "given",
        [
            {"jwt_key": "short"},
            {"seal_key": "short"},
            {"pool_size": 1},
            {"body_limit_bytes": 10},
            {"amqp_namespace": "a b"},
            {"environment": "prod"},
            {"log_level": "LOUD"},
        ],
    )
    def test_a_value_that_cannot_be_meant_stops_the_start(self, tmp_path: Path, given: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            make(tmp_path, **given)

    def test_are_read_from_the_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DATABASE_URL", "postgresql://host/ratchet")
        monkeypatch.setenv("RATCHET_POOL_SIZE", "9")
        settings = make(tmp_path)
        assert (settings.database_url, settings.pool_size) == ("postgresql://host/ratchet", 9)

    def test_are_frozen(self, tmp_path: Path) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            make(tmp_path).pool_size = 9  # type: ignore[misc]

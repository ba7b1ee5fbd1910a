import socket
from pathlib import Path

import pytest

from services.place import DEFAULT_ADDRESS, AlreadyRunning, CannotListen, address_of, bind, find_address, occupy


class TestOccupy:
    def test_one_at_a_time(self, tmp_path: Path) -> None:
        with occupy(tmp_path), pytest.raises(AlreadyRunning, match="is just starting"), occupy(tmp_path):
            pass
        with occupy(tmp_path):
            pass

    def test_the_second_learns_the_address(self, tmp_path: Path) -> None:
        with occupy(tmp_path) as tenancy:
            tenancy.announce("http://127.0.0.1:8123")
            with pytest.raises(AlreadyRunning, match=r"at http://127\.0\.0\.1:8123"), occupy(tmp_path):
                pass


class TestFindAddress:
    def test_is_the_running_one_and_else_the_default(self, tmp_path: Path) -> None:
        assert find_address(tmp_path / "none") == DEFAULT_ADDRESS
        with occupy(tmp_path) as tenancy:
            tenancy.announce("http://127.0.0.1:8123")
            assert find_address(tmp_path) == "http://127.0.0.1:8123"
        assert find_address(tmp_path) == DEFAULT_ADDRESS


class TestBind:
    def test_a_port_in_use_is_refused(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(CannotListen, match=f"another program listens on 127.0.0.1:{port}"):
                bind("127.0.0.1", port)

    @pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7"])
    def test_an_address_of_another_machine_is_refused(self, host: str) -> None:
        with pytest.raises(CannotListen, match=host):
            bind(host, 0)


class TestAddressOf:
    @pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1")])
    def test_is_one_that_a_browser_can_open(self, host: str, shown: str) -> None:
        with bind(host, 0) as bound:
            assert address_of(bound) == f"http://{shown}:{bound.getsockname()[1]}"

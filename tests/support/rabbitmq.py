"""A real RabbitMQ for a test run: `AMQP_URL` where set, else a private node, installed by apt when root."""

import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

_BINARIES = "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"
_WAYS = (
    "the tests need a real RabbitMQ; any of these will do: (1) set AMQP_URL to one that is running, "
    "(2) install the package 'rabbitmq-server' (it need not run), (3) run the tests as root on Debian, "
    "and it is installed by apt"
)


class RabbitMQMissing(RuntimeError):
    def __init__(self, why: str = "") -> None:
        super().__init__(f"{_WAYS}{': ' + why if why else ''}")


def find_server() -> str:
    """The path of `rabbitmq-server`, installing it when root.

    Raises:
        RabbitMQMissing: names the three ways.
    """
    found = sorted(glob.glob(_BINARIES)) or [p for p in [shutil.which("rabbitmq-server")] if p]
    if found:
        return found[-1]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise RabbitMQMissing
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "rabbitmq-server"],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    found = sorted(glob.glob(_BINARIES))
    if not found:
        raise RabbitMQMissing(done.stderr[-500:])
    return found[-1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class PrivateRabbitMQ:
    """A node of its own, on free ports, in a folder of its own; it can be killed and started again."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ratchet-mq-", ignore_cleanup_errors=True)
        self.port = free_port()
        self._distribution_port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Launch; `wait` returns when it takes connections."""
        folder = Path(self._folder.name)
        plugins = folder / "enabled_plugins"
        plugins.write_text("[].\n")
        config = folder / "rabbitmq.conf"
        config.write_text("vm_memory_high_watermark.relative = 0.6\ndisk_free_limit.absolute = 50MB\n")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": f"ratchet{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_CONFIG_FILE": str(config),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none",
        }
        log = (folder / "console.log").open("ab")
        self._process = subprocess.Popen(
            [find_server()], env=environment, stdout=log, stderr=log, start_new_session=True
        )
        log.close()

    def wait(self, timeout_seconds: float = 60) -> None:
        """Until it speaks AMQP.

        Raises:
            TimeoutError: with the end of its log.
        """
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if self._speaks():
                return
            time.sleep(0.1)
        raise TimeoutError((Path(self._folder.name) / "console.log").read_text()[-2000:])

    def kill(self) -> None:
        """As by `kill -9`."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        self._signal(signal.SIGKILL)
        self._folder.cleanup()

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)
            self._process.wait(30)

    def _speaks(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                probe.settimeout(2)
                probe.sendall(b"AMQP\x00\x00\x09\x01")
                return probe.recv(1) == b"\x01"
        except OSError:
            return False

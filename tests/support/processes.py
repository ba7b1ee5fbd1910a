"""Services as real processes, one each, on a Postgres and a RabbitMQ."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx

from shared.auth import Role, mint
from shared.settings import Settings
from tests.support.rabbitmq import free_port
from tests.support.waiting import eventually

REPOSITORY = Path(__file__).parents[2]


class _ByService(httpx.AsyncBaseTransport):
    """What the gateway does: the first part of the path names the process."""

    def __init__(self, ports: dict[str, int]) -> None:
        self._ports = ports
        self._transport = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        service = request.url.path.split("/")[1]
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._ports[service])
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()


@dataclass
class Processes:
    """Running processes; `client(role)` reaches all of them under their names."""

    settings: Settings
    environment: dict[str, str]
    folder: Path
    ports: dict[str, int] = field(default_factory=dict)
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def client(self, *roles: Role, subject: str | None = None) -> httpx.AsyncClient:
        token = mint(self.settings, subject or roles[0].value, list(roles), timedelta(hours=1))
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(
            transport=_ByService(self.ports), base_url="http://gateway.test", headers=headers, timeout=60
        )

    def start(self, service: str) -> None:
        self.ports.setdefault(service, free_port())
        with (self.folder / f"{service}.log").open("ab") as log:
            self.children[service] = subprocess.Popen(
                [sys.executable, "-m", "services", "run", service, "--port", str(self.ports[service])],
                env=self.environment,
                cwd=REPOSITORY,
                stdout=log,
                stderr=log,
            )

    async def await_ready(self, services: Sequence[str]) -> None:
        async with self.client(Role.ADMINISTRATOR) as client:
            for service in services:

                async def ready(service: str = service) -> bool:
                    assert self.children[service].poll() is None, self.log(service)
                    try:
                        return (await client.get(f"/{service}/readyz")).status_code == 200
                    except httpx.TransportError:
                        return False

                await eventually(ready, 60)

    def kill(self, service: str) -> None:
        """As by `kill -9`."""
        self.children[service].kill()
        self.children[service].wait(30)

    def log(self, service: str) -> str:
        return (self.folder / f"{service}.log").read_text()[-4000:]

    def resident_bytes(self, service: str) -> int:
        """What the process holds in memory now (VmRSS)."""
        status = Path(f"/proc/{self.children[service].pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024

    async def stop(self) -> None:
        for child in self.children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self.children.values():
            await asyncio.to_thread(child.wait, 30)


@asynccontextmanager
async def running_processes(
    services: Sequence[str], settings: Settings, database_url: str, amqp_url: str, namespace: str, folder: Path
) -> AsyncIterator[Processes]:
    """These services, ready; ended at the end."""
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "AMQP_URL": amqp_url,
        "RATCHET_AMQP_NAMESPACE": namespace,
        "RATCHET_DATA_DIR": str(settings.data_dir),
        "RATCHET_LOG_LEVEL": "WARNING",
    }
    processes = Processes(settings, environment, folder)
    try:
        for service in services:
            processes.start(service)
        await processes.await_ready(services)
        yield processes
    finally:
        await processes.stop()

"""What each service's process holds in memory after the whole real log went through all five."""

import asyncio

from bench.claim import Claim, at_most, show
from bench.import_log import import_by_command, set_target, settle
from bench.parts import Parts, started
from services.fleet import DEFINE
from tests.journeys.real_log import LOG
from tests.support.processes import running_processes


def measure() -> list[Claim]:
    if not LOG.exists():
        print(f"the real log is not at {LOG}; set REAL_DATA_DIR to measure memory after it")
        return []
    with started() as parts:
        resident = asyncio.run(_measure(parts))
    return [
        at_most(f"{service}'s process, resident after the real log", megabytes, "MB", 200)
        for service, megabytes in resident.items()
    ]


async def _measure(parts: Parts) -> dict[str, float]:
    """Megabytes (10^6 bytes) by service."""
    settings = parts.settings()
    names = list(DEFINE)
    async with running_processes(
        names, settings, parts.database_url, parts.amqp_url, "ratchet", parts.folder
    ) as processes:
        url = f"http://127.0.0.1:{processes.ports['metrics']}"
        await set_target(url, settings)
        await asyncio.to_thread(import_by_command, url, parts.environment)
        await settle(parts.database_url)
        return {name: processes.resident_bytes(name) / 1e6 for name in names}


if __name__ == "__main__":
    show(measure())

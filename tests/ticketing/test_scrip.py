"""The scrip of docs/ticketing.md, as it is printed there, in a real Request Tracker."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn

from shared.auth import Role
from tests.support.fleet import Fleet
from tests.support.rabbitmq import free_port
from tests.support.waiting import eventually
from tests.ticketing.desks import Desk, Json
from tests.ticketing.request_tracker import RequestTracker
from tests.ticketing.walk import CONNECTION, Walk

GUIDE = Path(__file__).parents[2] / "docs" / "ticketing.md"
SECRET = "a-secret-of-16-characters-or-more"


def printed_scrip(url: str) -> str:
    """The guide's code, posting to this address."""
    (code,) = [block for block in re.findall(r"```perl\n(.*?)```", GUIDE.read_text(), re.DOTALL) if "LWP" in block]
    ours = f"my ($url, $secret) = ('{url}', '{SECRET}');"
    changed, places = re.subn(r"my \(\$url, \$secret\) = \('[^']*', '[^']*'\);", ours, code)
    assert places == 1, "the guide's scrip begins with its address and its secret"
    return str(changed)


@asynccontextmanager
async def served(fleet: Fleet) -> AsyncIterator[str]:
    """The services' address, as other machines see it."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(fleet.transport.app, host="127.0.0.1", port=port, log_level="error", lifespan="off")
    )
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


@pytest.mark.parametrize("desk", ["request_tracker"], indirect=True)
class TestScrip:
    async def test_tickets_and_outcomes_are_posted(self, fleet: Fleet, walk: Walk, desk: Desk) -> None:
        """R119, R207: an incident comes by webhook alone; the outcome of a change by webhook beside the poll."""
        assert isinstance(desk, RequestTracker)
        inbound = {"system": desk.system, "authentication": "bearer", "secret": SECRET}
        answer = await walk.as_(Role.ADMINISTRATOR).put(f"/metrics/v1/connections/{CONNECTION}", json=inbound)
        assert answer.is_success, answer.text
        await walk.raise_changes(webhook_authentication="bearer", webhook_secret=SECRET)
        try:
            async with served(fleet) as url:
                paths = {
                    "General": f"{url}/metrics/v1/tickets/inbound/{CONNECTION}",
                    "Changes": f"{url}/improvement/v1/changes/inbound/{CONNECTION}",
                }
                for queue, path in paths.items():
                    await asyncio.to_thread(desk.post_transactions, queue, printed_scrip(path))
                incident = await desk.open_incident("The door does not open")
                await desk.set_status(incident, "resolved")
                ticket = await walk.ticket(incident, "resolved")
                assert (ticket["title"], ticket["group"], ticket["resolver"]) == (
                    "The door does not open",
                    "General",
                    "root",
                )

                improvement = await walk.approve_own("Mend the doors")
                change = await walk.change(improvement["id"], "raised")
                await desk.set_status(change["external_id"], "resolved")
                report = await self.report_by_webhook(walk, change)
                assert (report["word"], report["state"]) == ("resolved", "implemented")
                await walk.change(improvement["id"], "implemented")
        finally:
            desk.stop_posting()

    async def report_by_webhook(self, walk: Walk, change: Json) -> Json:
        async def told() -> Json:
            reports = (await walk.get(f"/improvement/v1/changes/{change['id']}"))["reports"]
            found = [report for report in reports if report["way"] == "webhook" and report["word"] == "resolved"]
            assert len(found) == 1, reports
            report: Json = found[0]
            return report

        return await eventually(told, walk.timeout_seconds)

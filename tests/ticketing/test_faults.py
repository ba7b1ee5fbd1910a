"""What goes wrong between us and a real ticketing system: seen, said with what to mend, and nothing done twice."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.auth import Role
from shared.ticketing.access import Access
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.sources import SourceConfig
from shared.ticketing.systems import SYSTEMS
from tests.ticketing.desks import Desk, Json
from tests.ticketing.proxy import losing
from tests.ticketing.walk import Walk


def outcomes(change: Json) -> list[str]:
    return [attempt["outcome"] for attempt in change["attempt_log"]]


class TestExactlyOnce:
    """R12: one approved plan, one change request, whatever is heard of it."""

    @pytest.mark.parametrize("answers", [1])
    async def test_an_answer_that_was_lost(self, walk: Walk, desk: Desk, answers: int) -> None:
        async with losing(desk.url, answers) as proxy:
            await walk.raise_changes(proxy.url)
            improvement = await walk.approve_own("Staff the evening")
            change = await walk.change(improvement["id"], "raised")
            assert len(proxy.lost) == answers
        assert outcomes(change) == ["failed", "found"]
        assert change["attempt_log"][0]["is_lasting"] is False
        (record,) = await walk.carrying(change)
        assert record.number == change["external_id"]

    async def test_a_title_that_is_long_and_chinese_is_found_again(self, walk: Walk, desk: Desk) -> None:
        async with losing(desk.url, 1) as proxy:
            await walk.raise_changes(proxy.url)
            improvement = await walk.approve_own("服务台晚间值班：增加二线工程师" * 12)
            change = await walk.change(improvement["id"], "raised")
        assert outcomes(change) == ["failed", "found"]
        assert len(await walk.carrying(change)) == 1


class TestWrongConnection:
    """R120: an attempt that failed is a row that says what would be right; mended, it is raised once."""

    async def mend(self, walk: Walk, change: Json) -> None:
        await walk.raise_changes()
        await walk.post(Role.OPERATIONS_MANAGER, f"/improvement/v1/changes/{change['id']}/raise")
        raised = await walk.change(change["improvement_id"], "raised")
        assert len(await walk.carrying(raised)) == 1

    async def test_a_wrong_token_is_visible_and_mended(self, walk: Walk, desk: Desk) -> None:
        await walk.raise_changes(secret="1-1-0123456789abcdef")
        tested = await walk.test_of("/improvement/v1/change-connections")
        assert tested["works"] is False
        assert "check authentication and secret" in tested["findings"][0]["detail"]
        improvement = await walk.approve_own("Staff the morning")
        change = await walk.change(improvement["id"], "failed")
        assert "check authentication and secret" in change["attempt_log"][0]["error"]
        assert await walk.carrying(change) == []
        await self.mend(walk, change)

    async def test_a_wrong_queue_or_project_is_visible_and_mended(self, walk: Walk, desk: Desk) -> None:
        await walk.raise_changes(options=desk.wrong)
        tested = await walk.test_of("/improvement/v1/change-connections")
        assert tested["works"] is False
        (wrong,) = (finding for finding in tested["findings"] if not finding["ok"])
        assert "hanges'" in wrong["detail"], "it names those that there are"
        improvement = await walk.approve_own("Staff the night")
        change = await walk.change(improvement["id"], "failed")
        assert next(iter(desk.wrong.values())) in change["attempt_log"][0]["error"]
        assert await walk.carrying(change) == []
        await self.mend(walk, change)

    async def test_a_wrong_token_of_the_poll_is_told(self, walk: Walk, desk: Desk) -> None:
        body = {"system": desk.system, "authentication": "none"}
        poll = {"base_url": desk.url, "secret": "1-1-0123456789abcdef"}
        path = "/metrics/v1/connections/desk"
        await walk.as_(Role.ADMINISTRATOR).put(path, json={**body, "poll": poll})
        tested = await walk.test_of("/metrics/v1/connections")
        assert tested["works"] is False
        assert any("check authentication and secret" in finding["detail"] for finding in tested["findings"])


class TestReopening:
    """R81: what the desk's rules allow is done, and what they forbid is told."""

    async def reopen(self, desk: Desk, number: str, **options: Any) -> bool:
        system = SYSTEMS[desk.system]
        assert system.reopener is not None
        access = Access(desk.url, system.polls[0], desk.robot)
        reopener = system.reopener(access, SourceConfig("desk", ZoneInfo("UTC")), options)
        return await reopener.reopen(number, "The customer says: no.")

    async def test_an_open_incident_stays_as_it_is(self, desk: Desk) -> None:
        incident = await desk.open_incident("Printer")
        before = await desk.notes(incident)
        assert await self.reopen(desk, incident) is False
        assert await desk.notes(incident) == before

    async def test_a_resolved_one_is_opened_once(self, desk: Desk) -> None:
        incident = await desk.open_incident("Printer")
        await desk.set_status(incident, desk.words["resolved"])
        assert await self.reopen(desk, incident) is True
        assert await self.reopen(desk, incident) is False
        told = [note for note in await desk.notes(incident) if "The customer says: no." in note]
        assert ((await desk.read(incident)).status, len(told)) == (desk.words["open"], 1)

    async def test_a_status_that_is_none_is_told(self, desk: Desk) -> None:
        incident = await desk.open_incident("Printer")
        await desk.set_status(incident, desk.words["resolved"])
        with pytest.raises(RemoteFailed, match="Pondering") as failure:
            await self.reopen(desk, incident, status="Pondering")
        assert failure.value.is_lasting
        assert (await desk.read(incident)).status == desk.words["resolved"]

    @pytest.mark.parametrize("desk", ["redmine"], indirect=True)
    async def test_a_workflow_that_forbids_it_is_told(self, desk: Desk) -> None:
        """The default workflow lets no developer open what is closed."""
        incident = await desk.open_incident("Printer")
        await desk.set_status(incident, desk.words["resolved"])
        await desk.set_status(incident, desk.words["closed"])
        with pytest.raises(RemoteFailed, match="stays 'Closed': the workflow of tracker 'Bug'"):
            await self.reopen(desk, incident)
        assert not any("The customer says" in note for note in await desk.notes(incident))

    @pytest.mark.parametrize("desk", ["request_tracker"], indirect=True)
    async def test_a_right_that_is_missing_is_told(self, walk: Walk, desk: Desk) -> None:
        """Our account may not change tickets where change requests are."""
        await walk.raise_changes()
        improvement = await walk.approve_own("Staff the weekend")
        change = await walk.change(improvement["id"], "raised")
        await desk.set_status(change["external_id"], desk.words["resolved"])
        with pytest.raises(RemoteFailed, match="Permission Denied"):
            await self.reopen(desk, change["external_id"])

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from services.satisfaction.callbacks.jobs import make_jobs
from services.satisfaction.callbacks.repository import see
from services.satisfaction.callbacks.schemas import Callback
from services.satisfaction.callbacks.service import escalate_callbacks, notice_overdue
from services.satisfaction.settings import SatisfactionSettings
from shared import clock
from shared.app import Service
from shared.auth import Role
from tests.satisfaction.callbacks.building import MORNING, hear, reopened, resolved, short, stored, ticket_id, told
from tests.support.fleet import Fleet

DUE = MORNING + timedelta(hours=24)
LATER = DUE + timedelta(hours=1)


class TestNoticeOverdue:
    async def test_tells_once_of_each(self, service: Service) -> None:
        await hear(service, resolved(1), resolved(2, resolved_at=MORNING - timedelta(hours=1)))
        assert await notice_overdue(service.database, LATER, 10) == 2
        assert await notice_overdue(service.database, LATER + timedelta(days=1), 10) == 0
        overdue = (await told(service))[2:]
        assert [(short(event), event.data["external_id"], event.sequence) for event in overdue] == [
            ("callback.overdue", "INC0000002", 2),
            ("callback.overdue", "INC0000001", 2),
        ]
        assert [event.correlation_id for event in overdue] == ["story-INC0000002", "story-INC0000001"]
        assert overdue[0].data["noticed_at"] == "2026-03-03T10:00:00Z"
        row = (await stored(service))[ticket_id(1), 1]
        assert (row.state, row.overdue_at, row.version) == ("due", LATER, 2)

    async def test_not_before_the_24_hours_are_over(self, service: Service) -> None:
        await hear(service, resolved())
        assert await notice_overdue(service.database, DUE, 10) == 0
        assert await notice_overdue(service.database, DUE + timedelta(microseconds=1), 10) == 1

    async def test_what_is_settled_is_left_alone(self, service: Service, desk: Fleet) -> None:
        await hear(service, resolved(1), resolved(2), reopened(2))
        id_ = (await stored(service))[ticket_id(1), 1].id
        async with desk.client(Role.SERVICE_DESK) as client:
            answers = {"solved": "yes", "score": 4}
            assert (await client.post(f"/satisfaction/v1/callbacks/{id_}/complete", json=answers)).status_code == 200
        assert await notice_overdue(service.database, LATER, 10) == 0

    async def test_takes_portions_and_what_was_due_first(self, service: Service) -> None:
        await hear(service, *(resolved(n, resolved_at=MORNING - timedelta(minutes=n)) for n in range(1, 6)))
        assert [await notice_overdue(service.database, LATER, 2) for _ in range(4)] == [2, 2, 1, 0]
        names = [event.data["external_id"] for event in (await told(service))[5:]]
        assert names == [f"INC{number:07d}" for number in range(5, 0, -1)]

    async def test_several_replicas_tell_of_each_once(self, service: Service) -> None:
        await hear(service, *(resolved(number) for number in range(60)))
        done = await asyncio.gather(*(notice_overdue(service.database, LATER, 25) for _ in range(4)))
        assert sum(done) == len((await told(service))[60:]) <= 60
        rest = await notice_overdue(service.database, LATER, 100)
        subjects = [event.subject for event in (await told(service))[60:]]
        assert sum(done) + rest == len(subjects) == len(set(subjects)) == 60

    async def test_a_reopen_cancels_an_overdue_one_too(self, service: Service) -> None:
        await hear(service, resolved())
        await notice_overdue(service.database, LATER, 10)
        await hear(service, reopened())
        assert (await stored(service))[ticket_id(1), 1].state == "cancelled"
        assert [event.sequence for event in await told(service)] == [1, 2, 3]


class TestEscalateCallbacks:
    LEVELS = SatisfactionSettings(
        escalations=((-4.0, Role.SERVICE_DESK), (4.0, Role.OPERATIONS_MANAGER), (24.0, Role.DEPARTMENT_HEAD))
    )

    async def test_before_the_deadline_and_after_it_each_level_once(self, service: Service) -> None:
        """R80: escalation before the 24 h are over, and after."""
        await hear(service, resolved())
        seen = []
        for hours in (-4.01, -4, -1, 0, 3.99, 4, 5, 24, 900):
            now = DUE + timedelta(hours=hours)
            seen.append(await escalate_callbacks(service.database, now, self.LEVELS, 10))
        assert seen == [0, 1, 0, 0, 0, 1, 0, 1, 0]
        events = (await told(service))[1:]
        assert [
            (event.data["level"], event.data["told_to"], event.data["overdue"], event.sequence) for event in events
        ] == [
            (1, "service_desk", False, 2),
            (2, "operations_manager", True, 3),
            (3, "department_head", True, 4),
        ]
        assert {(short(event), event.correlation_id) for event in events} == {
            ("callback.escalated", "story-INC0000001")
        }
        row = (await stored(service))[ticket_id(1), 1]
        assert (row.escalation_level, row.escalated_at, row.version) == (3, DUE + timedelta(hours=24), 4)

    async def test_of_several_that_were_reached_meanwhile_the_highest(self, service: Service) -> None:
        await hear(service, resolved())
        assert await escalate_callbacks(service.database, DUE + timedelta(hours=30), self.LEVELS, 10) == 1
        assert (await told(service))[-1].data["level"] == 3

    async def test_what_is_settled_is_left_alone(self, service: Service) -> None:
        await hear(service, resolved(), reopened())
        assert await escalate_callbacks(service.database, DUE + timedelta(hours=30), self.LEVELS, 10) == 0

    async def test_takes_portions_of_what_was_due_first(self, service: Service) -> None:
        await hear(service, *(resolved(n, resolved_at=MORNING - timedelta(minutes=n)) for n in range(1, 6)))
        at = DUE - timedelta(hours=1)
        assert [await escalate_callbacks(service.database, at, self.LEVELS, 2) for _ in range(4)] == [2, 2, 1, 0]
        names = [event.data["external_id"] for event in (await told(service))[5:]]
        assert names == [f"INC{number:07d}" for number in range(5, 0, -1)]

    async def test_several_replicas_tell_of_each_once(self, service: Service) -> None:
        await hear(service, *(resolved(number) for number in range(40)))
        runs = (escalate_callbacks(service.database, LATER, self.LEVELS, 15) for _ in range(4))
        done = sum(await asyncio.gather(*runs)) + await escalate_callbacks(service.database, LATER, self.LEVELS, 100)
        subjects = [event.subject for event in (await told(service))[40:]]
        assert done == len(subjects) == len(set(subjects)) == 40

    async def test_a_deadline_in_quiet_hours_is_told_before_they_begin(self, service: Service, desk: Fleet) -> None:
        """R80: due at 09:00, quiet from 20:00 to 10:00, so it has to be called by 20:00: at risk from 16:00 on. The
        customer who has no quiet hours is at risk from 05:00 on."""
        quiet = self.LEVELS.model_copy(update={"quiet_hours": "20:00-10:00"})
        async with desk.client(Role.SERVICE_DESK) as client:
            await client.put("/satisfaction/v1/callback-customers/owl", json={"quiet_hours": "none"})
        await hear(service, resolved(1), resolved(2, customer="owl"), resolved(3, customer=None))
        evening = DUE - timedelta(hours=17)
        for at, names in [
            (evening - timedelta(seconds=1), []),
            (evening, ["INC0000001", "INC0000003"]),
            (DUE - timedelta(hours=4, seconds=1), []),
            (DUE - timedelta(hours=4), ["INC0000002"]),
        ]:
            before = len(await told(service))
            await escalate_callbacks(service.database, at, quiet, 10)
            assert sorted(event.data["external_id"] for event in (await told(service))[before:]) == names, at

    async def test_the_job_and_the_list_agree(self, service: Service, desk: Fleet) -> None:
        """What the list calls at risk is what the job tells of: due within 4 h, or, where quiet hours begin in one
        hour, before they end in nine."""
        now = clock.now()
        for number in range(24):
            await hear(service, resolved(number, resolved_at=now - timedelta(hours=number, minutes=30)))
        for hours in ("", f"{now + timedelta(hours=1):%H:%M}-{now + timedelta(hours=9):%H:%M}"):
            quiet = self.LEVELS.model_copy(update={"quiet_hours": hours})
            rows = await _seen(service, now)
            at_risk = {row.external_id for row in rows if Callback.of(row, now, quiet).at_risk}
            before = len(await told(service))
            async with service.database.transaction() as session:
                await session.execute(text("UPDATE callbacks SET escalation_level = 0"))
            await escalate_callbacks(service.database, now, quiet, 100)
            assert {event.data["external_id"] for event in (await told(service))[before:]} == at_risk
            assert len(at_risk) == (9 if hours else 4)


async def _seen(service: Service, now: datetime) -> Sequence[Row[Any]]:
    async with service.database.reading() as session:
        return (await session.execute(see(now, "customer"))).all()


class TestJobs:
    async def test_the_job_does_it(self, service: Service) -> None:
        job, escalations = make_jobs(SatisfactionSettings())
        await hear(service, resolved(1), resolved(2, resolved_at=clock.now()))
        assert await job.run(service.database) == 1
        assert await job.run(service.database) == 0
        assert await escalations.run(service.database) == 1
        assert await escalations.run(service.database) == 0

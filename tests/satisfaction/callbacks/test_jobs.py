import asyncio
from datetime import timedelta

from services.satisfaction.callbacks.jobs import make_jobs
from services.satisfaction.callbacks.service import notice_overdue
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


class TestJobs:
    async def test_the_job_does_it(self, service: Service) -> None:
        job, _ = make_jobs(SatisfactionSettings())
        await hear(service, resolved(1), resolved(2, resolved_at=clock.now()))
        assert await job.run(service.database) == 1
        assert await job.run(service.database) == 0

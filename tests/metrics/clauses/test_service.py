import asyncio
from datetime import timedelta

from sqlalchemy import event

from services.metrics.clauses import jobs
from services.metrics.clauses.service import follow
from services.metrics.tickets import rules as tickets
from shared.ids import new_id
from tests.metrics.clauses.world import OFFICE_HOURS, RESOLUTION, RESPONSE, World, clause, on, ticket


class TestFollow:
    """R58, R86, R112: clocks follow the tickets. Four hours to resolve around the clock, from Monday 9:00."""

    async def test_a_clock_starts_when_an_incident_opens(self, world: World) -> None:
        await world.begin(RESPONSE, RESOLUTION)
        world.go(on(4, 9))
        await world.send(ticket("new", on(4, 9)))
        response, resolution = await world.timer("response"), await world.timer()
        assert response is not None
        assert resolution is not None
        assert (response["state"], response["due_at"], response["at_risk_at"]) == (
            "on_track",
            on(4, 9, 30),
            on(4, 9, 24),
        )
        assert (resolution["due_at"], resolution["at_risk_at"]) == (on(4, 13), on(4, 12, 12))

    async def test_stops_at_the_first_response_and_at_the_resolution(self, world: World) -> None:
        await world.begin(RESPONSE, RESOLUTION)
        world.go(on(4, 15))
        await world.send(ticket("new", on(4, 9)), ticket("in_progress", on(4, 9, 10)), ticket("resolved", on(4, 14)))
        response, resolution = await world.timer("response"), await world.timer()
        assert response is not None
        assert resolution is not None
        assert (response["state"], response["elapsed_minutes"], response["decided_at"]) == ("met", 10, on(4, 9, 10))
        assert (resolution["state"], resolution["elapsed_minutes"]) == ("missed", 300)
        assert resolution["decided_at"] == on(4, 13)

    async def test_pauses_while_pending_and_the_deadline_moves(self, world: World) -> None:
        await world.begin(RESOLUTION)
        world.go(on(4, 11))
        await world.send(ticket("in_progress", on(4, 9)), ticket("pending", on(4, 10)))
        paused = await world.timer()
        assert paused is not None
        assert (paused["paused"], paused["due_at"]) == (True, None)
        world.go(on(4, 12))
        await world.send(ticket("in_progress", on(4, 12)))
        resumed = await world.timer()
        assert resumed is not None
        assert (resumed["paused"], resumed["due_at"]) == (False, on(4, 15))

    async def test_a_clause_may_count_pending_time(self, world: World) -> None:
        terms = {**RESOLUTION["terms"], "pause_while_pending": False}
        await world.begin(clause("resolution", terms))
        world.go(on(4, 11))
        await world.send(ticket("in_progress", on(4, 9)), ticket("pending", on(4, 10)))
        timer = await world.timer()
        assert timer is not None
        assert (timer["paused"], timer["due_at"]) == (False, on(4, 13))

    async def test_a_reopen_runs_on_without_the_time_in_which_it_was_resolved(self, world: World) -> None:
        """Two hours, resolved for a day, then two more: due Tuesday 13:00; resolved at 12:30 after 210 minutes."""
        await world.begin(RESPONSE, RESOLUTION)
        world.go(on(5, 12))
        await world.send(ticket("in_progress", on(4, 9, 5)), ticket("resolved", on(4, 11)))
        await world.send(ticket("in_progress", on(5, 11)))
        running, response = await world.timer(), await world.timer("response")
        assert running is not None
        assert response is not None
        assert (running["state"], running["due_at"], running["decided_at"]) == ("on_track", on(5, 13), None)
        assert response["state"] == "met"
        world.go(on(5, 13))
        await world.send(ticket("resolved", on(5, 12, 30)))
        stopped = await world.timer()
        assert stopped is not None
        assert (stopped["state"], stopped["elapsed_minutes"]) == ("met", 210)

    async def test_so_it_does_after_it_was_closed_unresolved(self, world: World) -> None:
        """One hour, closed for a day, one hour: due two hours later."""
        await world.begin(RESOLUTION)
        world.go(on(5, 11))
        await world.send(ticket("in_progress", on(4, 9)), ticket("closed", on(4, 10)))
        await world.send(ticket("in_progress", on(5, 10)))
        timer = await world.timer()
        assert timer is not None
        assert (timer["state"], timer["due_at"]) == ("on_track", on(5, 13))

    async def test_however_updates_are_batched(self, world: World) -> None:
        await world.begin(RESOLUTION)
        world.go(on(6, 9))
        updates = [
            ticket("in_progress", on(4, 9)),
            ticket("pending", on(4, 10)),
            ticket("resolved", on(4, 11)),
            ticket("in_progress", on(5, 11)),
            ticket("resolved", on(5, 12)),
        ]
        await world.send(*updates)
        for update in updates:
            await world.send(update.model_copy(update={"external_id": "T-2"}))
        together, one_by_one = await world.timer(), await world.timer(external_id="T-2")
        assert together is not None
        assert one_by_one is not None
        assert together["elapsed_minutes"] == 120
        for name in ("state", "due_at", "elapsed_minutes", "pauses", "decided_at"):
            assert together[name] == one_by_one[name], name

    async def test_a_cancelled_ticket_has_none(self, world: World) -> None:
        await world.begin(RESOLUTION)
        await world.send(ticket("new", on(4, 9)))
        await world.send(ticket("cancelled", on(4, 10)))
        assert await world.timer() is None

    async def test_a_ticket_that_moves_out_of_the_clause_loses_it_and_gets_the_others(self, world: World) -> None:
        first = clause("urgent", {**RESOLUTION["terms"], "priorities": ["P1"]})
        await world.begin(first, RESOLUTION)
        await world.send(ticket("new", on(4, 9), priority="P1"))
        assert await world.timer("urgent") is not None
        await world.send(ticket("new", on(4, 10), priority="P2"))
        assert await world.timer("urgent") is None
        assert await world.timer() is not None

    async def test_other_customers_and_earlier_tickets_have_none(self, world: World) -> None:
        await world.begin(RESOLUTION)
        before = on(1) - timedelta(hours=1)
        await world.send(
            ticket("new", on(4, 9), customer="Other"), ticket("new", before, opened_at=before, external_id="T-2")
        )
        assert await world.query("SELECT * FROM clause_timers") == []

    async def test_the_same_update_again_writes_nothing(self, world: World) -> None:
        await world.begin(RESOLUTION)
        world.go(on(4, 10))
        await world.send(ticket("in_progress", on(4, 9)))
        before = await world.timer()
        world.go(on(4, 11))
        await world.send(ticket("in_progress", on(4, 9)))
        assert await world.timer() == before

    async def test_late_news_of_a_miss_are_told_once(self, world: World) -> None:
        """R77: resolved after its deadline, and nobody had looked in between."""
        await world.begin(RESOLUTION)
        world.go(on(4, 15))
        await world.send(ticket("new", on(4, 9)), ticket("resolved", on(4, 14)))
        await world.send(ticket("closed", on(4, 15)))
        await world.run(jobs.notice)
        (told,) = await world.solo.events("clause.breached")
        assert (told.data["external_id"], told.data["used"], told.data["allowed"]) == ("T-1", 300, 240)

    async def test_by_the_agreements_calendar(self, world: World) -> None:
        """Monday to Friday 9 to 17: Monday 15:00 and four hours end on Tuesday at 11:00."""
        answer = await world.staff.put("/metrics/v1/calendars/office", json=OFFICE_HOURS)
        assert answer.status_code in (200, 201), answer.text
        await world.begin(RESOLUTION, calendar="office")
        await world.send(ticket("new", on(4, 15), opened_at=on(4, 15)))
        timer = await world.timer()
        assert timer is not None
        assert timer["due_at"] == on(5, 11)

    async def test_without_a_clause_that_counts_it_costs_one_query(self, world: World) -> None:
        asked: list[str] = []
        update = ticket("new", on(4, 9))
        one = tickets.apply(tickets.begin(new_id(), update), update)[0]
        async with world.solo.transaction() as session:
            connection = (await session.connection()).sync_connection
            assert connection is not None
            event.listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))
            await follow(session, [one] * 100)
        assert len(asked) == 1


class TestNotice:
    """R76, R112: a job warns of clocks near their end and tells of those that ran out, any number of replicas, each
    once."""

    async def test_at_risk_then_breached(self, world: World) -> None:
        await world.begin(RESOLUTION)
        await world.send(ticket("new", on(4, 9)))
        world.go(on(4, 12, 11))
        assert await world.run(jobs.notice) == 0
        world.go(on(4, 12, 12))
        assert await world.run(jobs.notice) == 1
        world.go(on(4, 13))
        assert await world.run(jobs.notice) == 0
        world.go(on(4, 13, 1))
        assert await world.run(jobs.notice) == 1
        assert await world.run(jobs.notice) == 0
        at_risk, breached = await world.solo.events("clause.at_risk", "clause.breached")
        assert (at_risk.type, at_risk.sequence, at_risk.data["used"]) == ("ratchet.clause.at_risk.v1", 1, 192)
        assert (breached.type, breached.sequence, breached.data["due_at"]) == (
            "ratchet.clause.breached.v1",
            2,
            "2027-01-04T13:00:00Z",
        )
        assert at_risk.correlation_id == breached.correlation_id == at_risk.data["ticket_id"]
        timer = await world.timer()
        assert timer is not None
        assert (timer["state"], timer["decided_at"]) == ("breached", on(4, 13))

    async def test_replicas_tell_each_once(self, world: World) -> None:
        await world.begin(RESOLUTION)
        await world.send(*(ticket("new", on(4, 9), external_id=f"T-{number}") for number in range(40)))
        world.go(on(4, 14))
        await asyncio.gather(*(world.run(jobs.notice) for _ in range(4)))
        told = await world.solo.events("clause.breached")
        assert len(told) == len({event.subject for event in told}) == 40

    async def test_what_is_over_already_is_breached_at_once(self, world: World) -> None:
        await world.begin(RESOLUTION)
        await world.send(ticket("new", on(4, 9)))
        world.go(on(5, 9))
        await world.run(jobs.notice)
        assert [told.type for told in await world.solo.events("clause.at_risk", "clause.breached")] == [
            "ratchet.clause.breached.v1"
        ]

    async def test_a_breach_that_was_told_is_not_told_again_when_it_stops(self, world: World) -> None:
        await world.begin(RESOLUTION)
        await world.send(ticket("new", on(4, 9)))
        world.go(on(4, 14))
        await world.run(jobs.notice)
        await world.send(ticket("resolved", on(4, 14)))
        timer = await world.timer()
        assert timer is not None
        assert timer["state"] == "missed"
        assert len(await world.solo.events("clause.breached")) == 1

    async def test_a_paused_clock_is_left_alone(self, world: World) -> None:
        await world.begin(RESOLUTION)
        world.go(on(4, 10))
        await world.send(ticket("in_progress", on(4, 9)), ticket("pending", on(4, 9, 30)))
        world.go(on(6, 9))
        assert await world.run(jobs.notice) == 0

    async def test_after_the_deadline_moved_a_new_breach_is_told_again(self, world: World) -> None:
        """Late news: it had been pending from 10 to 12. Due at 15:00 then."""
        await world.begin(RESOLUTION)
        await world.send(ticket("in_progress", on(4, 9), update_number=1))
        world.go(on(4, 13, 30))
        await world.run(jobs.notice)
        await world.send(
            ticket("pending", on(4, 10), update_number=2), ticket("in_progress", on(4, 12), update_number=3)
        )
        moved = await world.timer()
        assert moved is not None
        assert (moved["due_at"], moved["breach_told"]) == (on(4, 15), False)
        world.go(on(4, 16))
        await world.run(jobs.notice)
        assert [told.sequence for told in await world.solo.events("clause.breached")] == [1, 2]

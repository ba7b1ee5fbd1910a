from services.metrics.clauses import jobs
from tests.metrics.clauses.world import World, clause, on, ticket

BACKUP = clause("backup", {"kind": "frequency", "every_minutes": 2880})
DOWNTIME = clause("downtime", {"kind": "time", "what": "downtime", "within_minutes": 100, "clock": "elapsed"})


class TestLook:
    """R112: clauses without clocks stand elsewhere as time goes by."""

    async def test_a_frequency_clause_is_at_risk_and_breached_when_its_interval_runs_out(self, world: World) -> None:
        """R166: a backup every two days; the last one on 4 January at 9:00: at risk after 38.4 hours."""
        item = await world.begin(BACKUP)
        clause_id = await world.clause_id(item, "backup")
        world.go(on(4, 10))
        for moment in (on(2), on(3), on(4, 9)):
            answer = await world.staff.post(
                f"/metrics/v1/clauses/{clause_id}/occurrences", json={"occurred_at": moment.isoformat()}
            )
            assert answer.status_code == 201, answer.text
        await world.evaluate()
        assert (await world.live(item))["backup"]["state"] == "on_track"
        for moment, expected in ((on(5, 23, 20), 0), (on(5, 23, 25), 1), (on(6, 8, 59), 1), (on(6, 9, 1), 2)):
            world.go(moment)
            await world.run(jobs.look)
            await world.evaluate()
            told = await world.solo.events("clause.at_risk", "clause.breached")
            assert len(told) == expected, moment
        at_risk, breached = told
        assert (at_risk.type, breached.type) == ("ratchet.clause.at_risk.v1", "ratchet.clause.breached.v1")
        assert (breached.subject, breached.sequence, breached.data["due_at"]) == (clause_id, 2, "2027-01-06T09:00:00Z")

    async def test_what_is_down_uses_up_what_is_allowed(self, world: World) -> None:
        """R164: 100 minutes a month; down since 9:00: at risk at 10:20, breached after 10:40; restored it stays so."""
        item = await world.begin(DOWNTIME)
        world.go(on(4, 9, 30))
        await world.send(ticket("in_progress", on(4, 9), incident_class="interruption"))
        await world.evaluate()
        live = (await world.live(item))["downtime"]
        assert (live["state"], live["used"], live["allowed"], live["due_at"]) == (
            "on_track",
            30,
            100,
            "2027-01-04T10:40:00Z",
        )
        states = []
        for moment in (on(4, 10, 19), on(4, 10, 21), on(4, 10, 40), on(4, 10, 41)):
            world.go(moment)
            await world.run(jobs.look)
            await world.evaluate()
            states.append((await world.live(item))["downtime"]["state"])
        assert states == ["on_track", "at_risk", "at_risk", "breached"]
        told = await world.solo.events("clause.at_risk", "clause.breached")
        assert [event.type.split(".")[2] for event in told] == ["at_risk", "breached"]

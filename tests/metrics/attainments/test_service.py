import asyncio
from datetime import UTC, datetime
from typing import Any

from services.metrics.clauses import jobs
from services.metrics.watches import jobs as watches
from shared.auth import Role
from tests.metrics.clauses.world import AVAILABILITY, OFFICE_HOURS, RESOLUTION, World, clause, on, ticket

INCIDENTS = clause("incidents", {"kind": "count", "counts": "incidents", "at_most": 2})
USERS = clause("users", {"kind": "count", "counts": "reported", "at_most": 100})
TRAINING = clause("training", {"kind": "clause", "statement": "Users are trained", "due_on": "2027-01-20"})
BACKUPS = clause("backups", {"kind": "frequency", "every_minutes": 2880, "category": "backup"})


def solved(number: int, hours: float, day: int = 4, **values: Any) -> Any:
    """A ticket opened at 9:00 of that day and resolved so many hours later."""
    opened = on(day, 9)
    resolved = opened.replace(hour=9 + int(hours), minute=int(hours % 1 * 60))
    return ticket("resolved", resolved, external_id=f"T-{number}", opened_at=opened, **values)


class TestEvaluate:
    """R77, R113: every clause of a period, when it ends and when its facts change."""

    async def test_the_share_of_tickets_in_time(self, world: World) -> None:
        """F3, R164: nine within four hours, one after five: 90 %."""
        item = await world.begin(RESOLUTION)
        world.go(on(10))
        await world.send(*(solved(number, 2) for number in range(9)), solved(9, 5))
        await world.close(on(1, month=2))
        value = await world.value(item, "resolution")
        assert (value["raw"], value["adjusted"], value["n"], value["numerator"]) == (0.9, 0.9, 10, 9)
        assert (value["verdict"], value["revision"], value["provisional"]) == ("kept", 1, False)

    async def test_a_ticket_counts_when_its_verdict_fell(self, world: World) -> None:
        """Due on 31 January at 12:00 and resolved on 2 February: January's miss."""
        item = await world.begin(RESOLUTION)
        world.go(on(31, 13))
        opened = on(31, 8)
        await world.send(ticket("new", opened, opened_at=opened))
        await world.run(jobs.notice)
        await world.close(on(1, month=2))
        assert (await world.value(item, "resolution"))["raw"] == 0.0
        world.go(on(2, month=2))
        await world.send(ticket("resolved", on(2, month=2), opened_at=opened))
        await world.close(on(1, month=3))
        february = await world.value(item, "resolution", "2027-02-01")
        assert (february["raw"], february["verdict"]) == (None, "no_data")

    async def test_what_is_decided_after_the_last_day_belongs_to_the_last_period(self, world: World) -> None:
        item = await world.begin(RESOLUTION, effective_to="2027-01-31")
        world.go(on(31, 23))
        await world.send(ticket("new", on(31, 22), opened_at=on(31, 22)))
        await world.turn("2027-02-02")
        await world.run(jobs.notice)
        await world.close(on(2, 12, month=2))
        value = await world.value(item, "resolution")
        assert (value["raw"], value["n"], value["verdict"]) == (0.0, 1, "missed")

    async def test_availability_with_what_it_hides(self, world: World) -> None:
        """F10, F11, R133, R134, R179: down for six hours and for an hour and a half: 736.5 of 744 hours, 98.99 %.

        By the office hours Monday to Friday 9 to 17, five and a half of the hours were working hours."""
        await world.staff.put("/metrics/v1/calendars/office", json=OFFICE_HOURS)
        item = await world.begin(AVAILABILITY, calendar="office")
        world.go(on(20))
        await world.send(
            ticket("resolved", on(4, 13), incident_class="interruption", failed_at=on(4, 7)),
            ticket("resolved", on(6, 11), external_id="T-2", opened_at=on(6, 9, 30), incident_class="interruption"),
            ticket("resolved", on(7, 15), external_id="T-3", opened_at=on(7, 9), incident_class="degradation"),
        )
        await world.close(on(1, month=2))
        value = await world.value(item, "availability")
        assert value["raw"] == (744 - 7.5) / 744
        assert value["verdict"] == "missed"
        hidden = value["details"]
        assert (hidden["outages"], hidden["longest_outage_minutes"], hidden["worst_day"]) == (2, 360, "2027-01-04")
        assert (hidden["worst_day_minutes"], hidden["working_minutes_lost"]) == (360, 330)
        assert (hidden["interruptions"], hidden["mean_minutes_to_restore"]) == (2, 225)
        (told,) = await world.solo.events("agreement.evaluated")
        (result,) = told.data["clauses"]
        assert (result["longest_outage_minutes"], result["outages"], result["worst_day"]) == (360, 2, "2027-01-04")

    async def test_incidents_are_counted_when_they_were_opened(self, world: World) -> None:
        """F12, R135."""
        item = await world.begin(INCIDENTS)
        world.go(on(20))
        await world.send(solved(1, 1), solved(2, 1), solved(3, 1), solved(4, 1, kind="request"))
        await world.close(on(1, month=2))
        value = await world.value(item, "incidents")
        assert (value["raw"], value["verdict"]) == (3, "missed")

    async def test_reported_counts(self, world: World) -> None:
        """R165: the worst moment counts; a later report of the same moment corrects it."""
        item = await world.begin(USERS)
        url = f"/metrics/v1/clauses/{await world.clause_id(item, 'users')}/counts"
        world.go(on(20))
        for day, value in ((4, 95), (5, 140), (5, 98)):
            await world.staff.post(url, json={"counted_at": on(day, 9).isoformat(), "value": value})
        await world.close(on(1, month=2))
        value = await world.value(item, "users")
        assert (value["raw"], value["n"], value["verdict"]) == (98, 2, "kept")

    async def test_a_clause_is_fulfilled_with_evidence_by_its_date(self, world: World) -> None:
        """R167."""
        item = await world.begin(TRAINING)
        world.go(on(21, 12))
        await world.run(jobs.look)
        await world.evaluate()
        assert (await world.value(item, "training"))["verdict"] == "missed"
        url = f"/metrics/v1/clauses/{await world.clause_id(item, 'training')}/fulfilments"
        await world.staff.post(url, json={"fulfilled_on": "2027-01-20", "evidence": "40 attendants"})
        await world.close(on(1, month=2))
        assert (await world.value(item, "training"))["verdict"] == "kept"

    async def test_a_frequency_by_tickets_finds_the_missed_interval(self, world: World) -> None:
        """R166: backups are tickets of a category; daily but for 10 to 14 January, which an average would hide."""
        item = await world.begin(BACKUPS)
        days = [day for day in range(1, 32) if day not in (11, 12, 13)]
        world.go(on(31, 23))
        await world.send(*(solved(day, 0, day, kind="request", category="backup") for day in days))
        await world.close(on(1, month=2))
        value = await world.value(item, "backups")
        assert (value["raw"], value["verdict"]) == (1, "missed")
        assert value["details"]["missed_intervals"] == [["2027-01-10T09:00:00+00:00", "2027-01-14T09:00:00+00:00"]]

    async def test_a_late_fact_restates_and_loses_nothing(self, world: World) -> None:
        item = await world.begin(RESOLUTION)
        world.go(on(10))
        await world.send(solved(1, 2), solved(2, 5))
        await world.close(on(1, month=2))
        world.go(on(3, month=2))
        await world.send(solved(3, 2), solved(4, 2))
        await world.evaluate()
        revisions = (await world.period(item))["revisions"]
        assert [(one["revision"], one["raw"], one["n"]) for one in revisions] == [(1, 0.5, 2), (2, 0.75, 4)]
        told = await world.solo.events("agreement.evaluated")
        assert [(event.sequence, event.data["revision"]) for event in told] == [(1, 1), (2, 2)]

    async def test_evaluated_again_without_news_says_nothing(self, world: World) -> None:
        item = await world.begin(RESOLUTION)
        world.go(on(10))
        await world.send(solved(1, 2))
        await world.close(on(1, month=2))
        await world.send(solved(1, 2, group="East"))
        await world.evaluate()
        assert len((await world.period(item))["revisions"]) == 1
        assert len(await world.solo.events("agreement.evaluated")) == 1

    async def test_is_provisional_before_the_end(self, world: World) -> None:
        """Early access: the value so far, told as such, and never a gap."""
        item = await world.begin(RESOLUTION)
        world.go(on(10))
        await world.send(solved(1, 5))
        await world.evaluate()
        value = await world.value(item, "resolution")
        assert (value["provisional"], value["raw"], value["verdict"]) == (True, 0.0, "open")
        assert await world.solo.events("gap.detected", "agreement.evaluated") == []

    async def test_a_miss_is_the_measures_gap(self, world: World) -> None:
        """R77, R89: the adjusted value is told of the clause's measure, and a missed promise is a gap."""
        item = await world.begin(RESOLUTION)
        world.go(on(10))
        await world.send(solved(1, 2), solved(2, 5))
        await world.close(on(1, month=2))
        (gap,) = await world.solo.events("gap.detected")
        shown = await world.get(item)
        assert gap.data["measure_key"] == shown["clauses"][0]["measure_key"]
        assert (gap.data["detection"], gap.data["expected"], gap.data["actual"]) == ("clause_breach", 0.9, 0.5)
        assert (gap.data["impact"]["tickets_affected"], gap.data["impact"]["tickets_total"]) == (1, 2)

    async def test_a_quarter_is_told_as_a_quarter(self, world: World) -> None:
        """Missed in February, but the promise is of the quarter: nothing is judged before its end."""
        item = await world.begin(RESOLUTION, settled_by="quarterly")
        world.go(on(10, month=2))
        await world.send(solved(1, 5), solved(2, 2))
        await world.evaluate()
        await world.close(on(1, month=3))
        assert await world.solo.events("gap.detected", "observation.recorded") == []
        await world.close(on(1, month=4))
        (told,) = await world.solo.events("observation.recorded")
        assert (told.data["period"], told.data["period_end"], told.data["value"]) == ("2027-01-01", "2027-04-01", 0.5)
        (gap,) = await world.solo.events("gap.detected")
        assert gap.data["period_end"] == "2027-04-01"
        assert (await world.value(item, "resolution"))["period_end"] == "2027-04-01"

    async def test_evaluators_do_not_tell_twice(self, world: World) -> None:
        """Any number of replicas."""
        await world.begin(RESOLUTION)
        world.go(on(10))
        await world.send(solved(1, 2), solved(2, 5))
        world.go(on(1, month=2))
        await world.run(watches.close)
        await asyncio.gather(*(world.evaluate() for _ in range(4)))
        assert len(await world.solo.events("agreement.evaluated")) == 1

    async def test_nothing_is_evaluated_while_an_import_runs(self, world: World) -> None:
        """Half a period's tickets are no period."""
        item = await world.begin(RESOLUTION)
        await world.evaluate()
        upload = {"format": "servicenow-csv", "filename": "export.csv", "digest": "0" * 64, "rows": 2}
        world.go(datetime.now(UTC))
        administrator = world.client(Role.ADMINISTRATOR)
        answer = await administrator.post("/metrics/v1/imports", json=upload)
        assert answer.status_code == 200, answer.text
        await world.close(on(1, month=2))
        assert (await world.value(item, "resolution"))["provisional"]

    async def test_a_renewed_agreement_goes_on_with_its_measure(self, world: World) -> None:
        """Both revisions counted in June; the later one tells of the measure."""
        item = await world.begin(RESOLUTION, effective_to="2027-06-14")
        successor = await world.act(world.manager, item, "renew", effective_from="2027-06-15")
        await world.act(world.manager, successor, "negotiate")
        await world.sign(await world.get(successor))
        await world.turn("2027-06-15")
        await world.run(watches.watch)
        opened = on(10, 9, month=6), on(20, 9, month=6)
        world.go(on(25, month=6))
        await world.send(
            ticket("resolved", on(10, 18, month=6), opened_at=opened[0]),
            ticket("resolved", on(20, 10, month=6), opened_at=opened[1], external_id="T-2"),
        )
        await world.close(on(1, month=7))
        earlier = await world.value(item, "resolution", "2027-06-01")
        later = await world.value(successor, "resolution", "2027-06-01")
        assert (earlier["raw"], later["raw"]) == (0.0, 1.0)
        values = await world.query(
            "SELECT value FROM observations WHERE measure_key = :key AND period = '2027-06-01'",
            key=later["measure_key"],
        )
        assert [row["value"] for row in values] == [1.0]


class TestRoutes:
    """R74, R86, R112, R113: what staff and the customer read."""

    async def test_live_says_how_each_clause_stands(self, world: World) -> None:
        item = await world.begin(RESOLUTION, AVAILABILITY, INCIDENTS)
        world.go(on(4, 12, 30))
        await world.send(
            ticket("new", on(4, 9)),
            ticket("new", on(4, 12), external_id="T-2", opened_at=on(4, 12)),
            ticket("new", on(4, 6), external_id="T-3", opened_at=on(4, 6)),
        )
        await world.run(jobs.notice)
        live = await world.live(item)
        assert live["resolution"]["tickets"] == {"on_track": 1, "at_risk": 1, "breached": 1}
        assert live["resolution"]["state"] == "breached"
        assert (live["availability"]["state"], live["availability"]["used"]) == ("on_track", 0)
        assert (live["incidents"]["state"], live["incidents"]["used"], live["incidents"]["allowed"]) == (
            "breached",
            3,
            2,
        )

    async def test_the_customer_reads_its_own(self, world: World) -> None:
        item = await world.begin(AVAILABILITY)
        await world.close(on(1, month=2))
        for path in ("evaluations", "evaluations/2027-01-01", "clauses/live"):
            url = f"/metrics/v1/agreements/{item['id']}/{path}"
            assert (await world.customer.get(url)).status_code == 200
            other = world.client(Role.CUSTOMER, subject="bob", customer="Other")
            assert (await other.get(url)).status_code == 404

    async def test_periods_newest_first_in_pages(self, world: World) -> None:
        item = await world.begin(AVAILABILITY)
        for month in (2, 3, 4):
            await world.close(on(1, month=month))
        url = f"/metrics/v1/agreements/{item['id']}/evaluations"
        first = (await world.staff.get(url, params={"limit": 3})).json()
        second = (await world.staff.get(url, params={"limit": 3, "cursor": first["next_cursor"]})).json()
        periods = [one["period"] for one in first["items"] + second["items"]]
        assert periods == ["2027-04-01", "2027-03-01", "2027-02-01", "2027-01-01"]
        assert second["next_cursor"] is None

    async def test_an_unknown_period(self, world: World) -> None:
        item = await world.begin(AVAILABILITY)
        answer = await world.staff.get(f"/metrics/v1/agreements/{item['id']}/evaluations/2027-01-02")
        assert (answer.status_code, answer.json()["title"]) == (404, "Period not found")

from datetime import timedelta

import pytest

from services.metrics.watches import jobs as watches
from tests.metrics.clauses.world import AVAILABILITY, OFFICE_HOURS, RESOLUTION, World, on, ticket


class TestWatch:
    """R112: an agreement that is signed late takes up the tickets that were there before."""

    async def test_follows_the_customers_earlier_tickets_since_its_first_day(self, world: World) -> None:
        world.go(on(20, 12))
        await world.send(
            ticket("resolved", on(4, 10)),
            ticket("resolved", on(5, 20), external_id="T-2", opened_at=on(5, 9)),
            ticket("new", on(19, 9), external_id="T-3", opened_at=on(19, 9)),
            ticket("new", on(19, 9), external_id="T-4", opened_at=on(19, 9), customer="Other"),
        )
        item = await world.signed("the contract came late", clauses=[RESOLUTION], effective_from="2027-01-05")
        await world.turn("2027-01-20")
        await world.run(watches.watch)
        rows = await world.query(
            "SELECT t.external_id, m.state FROM clause_timers m JOIN tickets t ON t.id = m.ticket_id ORDER BY 1"
        )
        assert [(row["external_id"], row["state"]) for row in rows] == [("T-2", "missed"), ("T-3", "on_track")]
        assert item["state"] == "signed"

    async def test_knows_of_reopens_before_the_agreement(self, world: World) -> None:
        """Two hours, resolved for a day, one hour more: three of four hours."""
        world.go(on(20, 12))
        await world.send(ticket("resolved", on(4, 11)))
        await world.send(ticket("in_progress", on(5, 11)), ticket("resolved", on(5, 12)))
        await world.signed("the contract came late", clauses=[RESOLUTION])
        await world.turn("2027-01-20")
        await world.run(watches.watch)
        timer = await world.timer()
        assert timer is not None
        assert (timer["state"], timer["elapsed_minutes"]) == ("met", 180)

    async def test_goes_in_bounded_portions(self, world: World) -> None:
        """The 74 days since January are three portions."""
        world.go(on(15, 12, month=3))
        await world.signed("the contract came late", clauses=[RESOLUTION], effective_from="2027-01-01")
        await world.turn("2027-03-15")
        done = [await watches.watch(world.solo.database) for _ in range(5)]
        assert done == [1, 31, 31, 12, 0]

    async def test_a_changed_calendar_has_clocks_read_again(self, world: World) -> None:
        await world.staff.put("/metrics/v1/calendars/office", json=OFFICE_HOURS)
        await world.begin(RESOLUTION, calendar="office")
        world.go(on(4, 16))
        await world.send(ticket("new", on(4, 15), opened_at=on(4, 15)))
        body = {**OFFICE_HOURS, "exceptions": [{"day": "2027-01-05", "reason": "stocktaking"}]}
        answer = await world.staff.put("/metrics/v1/calendars/office", json=body, headers={"If-Match": '"1"'})
        assert answer.status_code == 200, answer.text
        await world.run(watches.watch)
        timer = await world.timer()
        assert timer is not None
        assert timer["due_at"] == on(6, 11)


class TestClose:
    """R113: a period that ends is evaluated, with or without a late fact."""

    async def test_at_its_end_and_not_before(self, world: World) -> None:
        item = await world.begin(AVAILABILITY)
        await world.evaluate()
        assert (await world.value(item, "availability"))["provisional"]
        await world.close(on(1, month=2) - timedelta(seconds=1))
        assert (await world.value(item, "availability"))["provisional"]
        assert await world.solo.events("agreement.evaluated") == []
        await world.close(on(1, month=2))
        closed = await world.value(item, "availability")
        assert (closed["provisional"], closed["adjusted"], closed["verdict"]) == (False, 1.0, "kept")
        (told,) = await world.solo.events("agreement.evaluated")
        assert (told.subject, told.data["kept"]) == (f"{item['id']}:2027-01-01", 1)

    async def test_every_period_of_a_history_one_after_the_other(self, world: World) -> None:
        world.go(on(15, month=3))
        await world.signed("the contract came late", clauses=[AVAILABILITY])
        await world.turn("2027-03-15")
        await world.run(watches.watch)
        assert await world.run(watches.close) == 2
        await world.evaluate()
        told = await world.solo.events("agreement.evaluated")
        assert [event.data["period"] for event in told] == ["2027-01-01", "2027-02-01"]

    async def test_waits_until_all_tickets_are_followed(self, world: World) -> None:
        world.go(on(15, month=3))
        await world.signed("the contract came late", clauses=[AVAILABILITY])
        await world.turn("2027-03-15")
        await watches.watch(world.solo.database)
        assert await world.run(watches.close) == 0

    @pytest.mark.parametrize(("settled_by", "end"), [("quarterly", on(1, month=4)), ("yearly", on(1, month=12))])
    async def test_by_the_agreements_own_period(self, world: World, settled_by: str, end: object) -> None:
        item = await world.begin(AVAILABILITY, settled_by=settled_by)
        await world.close(on(1, month=2))
        assert (await world.value(item, "availability"))["provisional"]
        await world.close(end)  # type: ignore[arg-type]
        over = settled_by == "quarterly"
        assert (await world.value(item, "availability"))["provisional"] is not over

    async def test_nothing_more_after_the_last_one(self, world: World) -> None:
        await world.begin(AVAILABILITY, effective_to="2027-02-15")
        await world.close(on(1, month=2))
        await world.turn("2027-02-16")
        await world.close(on(1, month=3))
        await world.close(on(1, month=6))
        told = await world.solo.events("agreement.evaluated")
        assert [event.data["period"] for event in told] == ["2027-01-01", "2027-02-01"]

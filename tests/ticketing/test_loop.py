"""The closed loop with a real ticketing system at both ends: its incidents open the gap, its change control carries the
improvement out, and what the customer disputes is opened there again."""

from datetime import timedelta

from shared.auth import Role
from tests.support.waiting import eventually
from tests.ticketing.desks import Desk, Json, days_into_last_month, today
from tests.ticketing.walk import Walk, moment

LATE, ON_TIME = 2, 1


async def miss_last_month(desk: Desk) -> None:
    """Incidents of last month, two thirds of them resolved too late."""
    incidents = [await desk.open_incident(f"VPN down {n}", late=n < LATE) for n in range(LATE + ON_TIME)]
    for incident in incidents:
        await desk.set_status(incident, desk.words["resolved"])
    desk.age(incidents, days_into_last_month(today()))


async def raise_improvement(walk: Walk) -> Json:
    """From the missed target to the change request that stands at the desk: exactly one, with what it takes to judge it
    (R12, R118)."""
    await walk.expect_punctuality(0.75)
    gap = await walk.gap_in_punctuality()
    assert (round(gap["actual"], 4), gap["n"]) == (0.3333, LATE + ON_TIME)
    improvement = await walk.await_improvement(gap["id"])
    await walk.plan_and_approve(improvement)
    change = await walk.change(improvement["id"], "raised")
    (record,) = await walk.carrying(change)
    assert (record.number, improvement["number"] in record.subject) == (change["external_id"], True)
    for told in ("A second shift on Mondays", "Assignments wait for the morning", "No outage; the roster changes"):
        assert told in record.text
    return change


class TestLoop:
    async def test_one_turn_and_a_dispute(self, walk: Walk, desk: Desk) -> None:
        """R1, R12, R81, R119, R207."""
        await miss_last_month(desk)
        await walk.hear_tickets()
        await walk.raise_changes()
        assert (await walk.test_of("/metrics/v1/connections"))["works"] is True
        assert (await walk.test_of("/improvement/v1/change-connections"))["works"] is True
        change = await raise_improvement(walk)

        incident = await desk.open_incident("Mail is down")
        await desk.set_status(incident, desk.words["resolved"])
        await walk.hear_now()
        ticket = await walk.ticket(incident, "resolved")
        callback = await walk.callback(incident)
        assert moment(callback["due_at"]) == moment(ticket["resolved_at"]) + timedelta(hours=24)

        before = today().replace(microsecond=0)
        await desk.set_status(change["external_id"], desk.words["resolved"])
        monitoring = await walk.await_state(change["improvement_id"], "monitoring")
        assert before <= moment(monitoring["change"]["implemented_at"]) <= today()

        answer = {"solved": "no", "score": 1, "comment": "It is down again."}
        await walk.post(Role.SERVICE_DESK, f"/satisfaction/v1/callbacks/{callback['id']}/complete", answer)
        await self.await_reopened(walk, desk, incident)
        await walk.hear_now()
        assert (await walk.ticket(incident, "in_progress"))["reopen_count"] == 1
        assert change["external_id"] not in [item["external_id"] for item in await walk.tickets()], "our own change"

    async def await_reopened(self, walk: Walk, desk: Desk, incident: str) -> None:
        async def is_open() -> bool:
            assert (await desk.read(incident)).status == desk.words["open"]
            return any("It is down again." in note for note in await desk.notes(incident))

        await eventually(is_open, walk.timeout_seconds)

    async def test_what_change_control_rejects_is_told(self, walk: Walk, desk: Desk) -> None:
        """R119."""
        await walk.raise_changes()
        improvement = await walk.approve_own("Answer the telephone")
        change = await walk.change(improvement["id"], "raised")
        await desk.set_status(change["external_id"], desk.words["rejected"], "Not before the audit.")
        failed = await walk.change(improvement["id"], "failed")
        assert failed["external_id"] == change["external_id"]
        assert "Not before the audit." in failed["last_error"] or "rejected" in failed["last_error"]

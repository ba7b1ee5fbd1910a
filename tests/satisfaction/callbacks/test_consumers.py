import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.satisfaction.callbacks.service import escalate_callbacks, notice_overdue, schedule_callbacks
from services.satisfaction.settings import SatisfactionSettings
from shared.app import Service
from shared.auth import Role
from shared.events.envelope import parse, typed
from shared.events.metrics import IncidentFact, IncidentResolved
from tests.satisfaction.callbacks.building import (
    ANSWERS,
    MORNING,
    REST,
    envelope,
    hear,
    hear_again,
    parked,
    reopened,
    resolved,
    short,
    stored,
    ticket_id,
    told,
)
from tests.support.fleet import Fleet

KEY = (ticket_id(1), 1)
COMPLETION = {"solved": "yes", "score": 5}


class TestScheduleCallbacks:
    """R59, R80: every resolution has its callback."""

    async def test_every_resolution_has_one_due_24_hours_later(self, service: Service) -> None:
        await hear(service, resolved(1), resolved(2, resolved_at=MORNING + timedelta(minutes=7)))
        rows = await stored(service)
        assert {key: (row.state, row.due_at - row.resolved_at) for key, row in rows.items()} == {
            (ticket_id(1), 1): ("due", timedelta(hours=24)),
            (ticket_id(2), 1): ("due", timedelta(hours=24)),
        }
        assert rows[ticket_id(2), 1].resolved_at == MORNING + timedelta(minutes=7)

    async def test_tells_of_it_in_the_tickets_story(self, service: Service) -> None:
        (body,) = await hear(service, resolved())
        (event,) = await told(service)
        row = (await stored(service))[KEY]
        assert short(event) == "callback.scheduled"
        assert (event.subject, event.sequence, event.actor) == (str(row.id), 1, "service:satisfaction")
        assert event.correlation_id == row.correlation_id == "story-INC0000001"
        assert event.causation_id is not None
        assert event.causation_id.encode() in body
        assert event.data == {
            "callback_id": str(row.id),
            "ticket_id": str(ticket_id(1)),
            "source": "servicenow",
            "external_id": "INC0000001",
            "resolution_number": 1,
            "resolved_at": "2026-03-02T09:00:00Z",
            "due_at": "2026-03-03T09:00:00Z",
            "service": "printing",
            "customer": "acme",
            "group": "Group 24",
            "resolver": "Li Wei",
            "title": "No printing on the third floor",
            "project": None,
            "desk": None,
            "segment": None,
            "history": False,
        }

    async def test_each_cause_is_its_own_event(self, service: Service) -> None:
        bodies = await hear(service, *(resolved(number) for number in range(1, 6)))
        events = await told(service)
        assert [event.data["external_id"] for event in events] == [f"INC{number:07d}" for number in range(1, 6)]
        for body, event in zip(bodies, events, strict=True):
            assert str(event.causation_id).encode() in body

    async def test_the_same_event_again_changes_nothing(self, service: Service) -> None:
        bodies = await hear(service, resolved())
        await hear_again(service, [*bodies, *bodies])
        assert len(await stored(service)) == len(await told(service)) == 1

    async def test_the_same_resolution_told_by_two_events_is_one_callback(self, service: Service) -> None:
        await hear(service, resolved(), resolved())
        await hear(service, resolved())
        assert len(await stored(service)) == len(await told(service)) == 1

    async def test_a_new_resolution_makes_a_new_task(self, service: Service) -> None:
        await hear(service, resolved(1, 1), reopened(1, 1), resolved(1, 2))
        rows = await stored(service)
        assert [rows[ticket_id(1), number].state for number in (1, 2)] == ["cancelled", "due"]

    async def test_facts_that_nobody_told_stay_unknown(self, service: Service) -> None:
        nothing = {"service": None, "customer": None, "group": None, "resolver": None, "title": None}
        await hear(service, resolved(**nothing))
        row = (await stored(service))[KEY]
        assert (row.service, row.customer, row.group, row.resolver, row.title) == (None,) * 5

    async def test_one_that_cannot_be_stored_harms_no_other(self, service: Service) -> None:
        await hear(service, resolved(1), resolved(2, customer="ac\x00me"), resolved(3))
        assert set(await stored(service)) == {(ticket_id(1), 1), (ticket_id(3), 1)}
        assert await parked(service) == 1

    async def test_two_replicas_that_hear_the_same_batches_at_once_agree(self, service: Service) -> None:
        facts = [resolved(number) for number in range(40)]
        batches = [[envelope(fact) for fact in order] for order in (facts, facts[::-1])]
        await asyncio.gather(*(hear_again(service, batch) for batch in batches))
        assert len(await stored(service)) == len(await told(service)) == 40


class TestCancelCallbacks:
    async def test_a_reopen_cancels(self, service: Service) -> None:
        await hear(service, resolved())
        await hear(service, reopened())
        row = (await stored(service))[KEY]
        scheduled, cancelled = await told(service)
        assert (row.state, row.version, row.cancelled_at) == ("cancelled", 2, MORNING + timedelta(hours=2))
        assert (short(scheduled), short(cancelled), cancelled.sequence) == (
            "callback.scheduled",
            "callback.cancelled",
            2,
        )
        assert cancelled.data["reason"] == "the incident was reopened"
        assert cancelled.data["cancelled_at"] == "2026-03-02T11:00:00Z"
        assert cancelled.subject == str(row.id)

    @pytest.mark.parametrize("in_one_batch", [True, False])
    async def test_a_reopen_heard_before_its_resolution_cancels_too(self, service: Service, in_one_batch: bool) -> None:
        if in_one_batch:
            await hear(service, reopened(), resolved())
        else:
            await hear(service, reopened())
            await hear(service, resolved())
        row = (await stored(service))[KEY]
        (cancelled,) = await told(service)
        assert (row.state, row.due_at) == ("cancelled", MORNING + timedelta(hours=24))
        assert (short(cancelled), cancelled.sequence) == ("callback.cancelled", 1)

    async def test_earlier_resolutions_that_are_still_due_go_with_it(self, service: Service) -> None:
        await hear(service, resolved(1, 1), resolved(1, 2), resolved(1, 3), resolved(2, 1))
        await hear(service, reopened(1, 2))
        rows = await stored(service)
        assert [rows[ticket_id(1), number].state for number in (1, 2, 3)] == ["cancelled", "cancelled", "due"]
        assert rows[ticket_id(2), 1].state == "due"

    async def test_a_resolution_that_comes_later_than_the_reopen_of_a_later_one_is_born_cancelled(
        self, service: Service
    ) -> None:
        await hear(service, reopened(1, 2))
        await hear(service, resolved(1, 1), resolved(1, 3))
        rows = await stored(service)
        assert [rows[ticket_id(1), number].state for number in (1, 2, 3)] == ["cancelled", "cancelled", "due"]

    async def test_what_was_answered_stays_and_still_ends_earlier_ones(self, service: Service, desk: Fleet) -> None:
        await hear(service, resolved(1, 2))
        async with desk.client(Role.SERVICE_DESK) as client:
            id_ = (await stored(service))[ticket_id(1), 2].id
            assert (await client.post(f"/satisfaction/v1/callbacks/{id_}/complete", json=COMPLETION)).status_code == 200
        await hear(service, reopened(1, 2))
        await hear(service, resolved(1, 1))
        rows = await stored(service)
        assert [rows[ticket_id(1), number].state for number in (1, 2)] == ["cancelled", "completed"]
        assert rows[ticket_id(1), 2].version == 2

    async def test_a_reopen_twice_cancels_once(self, service: Service) -> None:
        await hear(service, resolved(), reopened(), reopened())
        await hear(service, reopened())
        assert [short(event) for event in await told(service)] == ["callback.scheduled", "callback.cancelled"]

    async def test_a_reopen_without_a_resolution_undoes_none(self, service: Service) -> None:
        await hear(service, reopened(1, 0, resolved_at=None))
        assert await stored(service) == {}
        assert await told(service) == []

    async def test_a_reopen_that_does_not_know_the_resolutions_time_stands_in_for_it(self, service: Service) -> None:
        await hear(service, reopened(resolved_at=None))
        await hear(service, resolved())
        assert (await stored(service))[KEY].state == "cancelled"

    async def test_a_resolution_and_its_reopen_taken_by_two_replicas_at_once(self, service: Service) -> None:
        resolutions = [envelope(resolved(number)) for number in range(40)]
        reopens = [envelope(reopened(number)) for number in range(40)]
        await asyncio.gather(hear_again(service, resolutions), hear_again(service, reopens))
        assert {row.state for row in (await stored(service)).values()} == {"cancelled"}


class TestHistory:
    """An import of old tickets counts, and makes no storm of overdue callbacks (R59, R80, F23)."""

    OLD = MORNING - timedelta(days=9)

    async def test_nobody_is_told_that_they_are_overdue(self, service: Service) -> None:
        """Neither overdue nor escalated, whenever it is looked."""
        old = [resolved(number, resolved_at=self.OLD - timedelta(days=number)) for number in range(150)]
        await hear(service, *old, resolved(900, resolved_at=self.OLD + timedelta(days=2)))
        for moment in (MORNING, MORNING + timedelta(days=400)):
            assert await notice_overdue(service.database, moment, 1000) == (1 if moment == MORNING else 0)
            assert await escalate_callbacks(service.database, moment, SatisfactionSettings(), 1000) <= 1
        names = Counter(short(event) for event in await told(service))
        assert names == {"callback.scheduled": 151, "callback.overdue": 1, "callback.escalated": 1}
        assert [event.data["history"] for event in (await told(service))[:151]] == [True] * 150 + [False]
        row = (await stored(service))[ticket_id(1), 1]
        assert (row.state, row.history, row.overdue_at, row.escalation_level) == ("due", True, MORNING, 0)

    async def test_they_count(self, service: Service, client: httpx.AsyncClient) -> None:
        """F23: what nobody asked about stays in the denominator."""
        await hear(service, resolved(1, resolved_at=self.OLD), resolved(2, resolved_at=self.OLD))
        rows = await stored(service)
        answered = {**ANSWERS, "completed_at": (self.OLD + timedelta(hours=3)).isoformat()}
        path = f"{REST}/{rows[ticket_id(1), 1].id}/complete"
        assert (await client.post(path, json=answered)).json()["on_time"] is True
        listed = [(await client.get(REST, params={"history": told})).json()["items"] for told in ("true", "false")]
        assert [len(page) for page in listed] == [2, 0]
        coverage = (await client.get(f"{REST}/coverage")).json()
        assert (coverage["resolved"], coverage["completed_on_time"], coverage["open"], coverage["n"]) == (2, 1, 1, 2)

    async def test_a_reopen_cancels_them_too(self, service: Service) -> None:
        await hear(service, resolved(resolved_at=self.OLD))
        await hear(service, reopened(resolved_at=self.OLD, reopened_at=self.OLD + timedelta(hours=2)))
        row = (await stored(service))[KEY]
        assert (row.state, row.cancelled_at) == ("cancelled", self.OLD + timedelta(hours=2))

    async def test_how_late_that_is_is_a_setting(self, service: Service) -> None:
        later = SatisfactionSettings(history_after_days=30)
        event = typed(parse(envelope(resolved(resolved_at=self.OLD))), IncidentResolved)
        async with service.database.transaction() as session:
            await schedule_callbacks(session, [event], later)
        assert not (await stored(service))[KEY].history


def _happenings() -> st.SearchStrategy[list[tuple[str, int, int]]]:
    """Resolutions and reopens of three tickets, each perhaps told more than once, in any order."""
    one = st.tuples(st.sampled_from(["resolved", "reopened"]), st.integers(1, 3), st.integers(1, 3))
    return st.lists(one, min_size=1, max_size=14)


def _make(happening: tuple[str, int, int]) -> IncidentFact:
    kind, number, resolution_number = happening
    make = resolved if kind == "resolved" else reopened
    return make(number, resolution_number)


class TestInterleavings:
    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    async def test_any_order_duplication_and_batching_comes_to_the_same(
        self, service: Service, data: st.DataObject
    ) -> None:
        happenings = data.draw(_happenings())
        shuffled = data.draw(st.permutations(happenings + data.draw(st.lists(st.sampled_from(happenings), max_size=5))))
        cut = data.draw(st.integers(0, len(shuffled)))
        expected = _expect(happenings)

        assert await _outcome(service, [[happening] for happening in happenings]) == expected
        assert await _outcome(service, [shuffled[:cut], shuffled[cut:]]) == expected
        assert await _outcome(service, [shuffled]) == expected


def _expect(happenings: list[tuple[str, int, int]]) -> dict[tuple[UUID, int], str]:
    """What domain.md says: cancelled when this or a later resolution was reopened, else due."""
    reopens = {(ticket, number) for kind, ticket, number in happenings if kind == "reopened"}
    return {
        (ticket_id(ticket), number): "cancelled"
        if any(other == ticket and later >= number for other, later in reopens)
        else "due"
        for _, ticket, number in happenings
    }


async def _outcome(service: Service, batches: list[list[tuple[str, int, int]]]) -> dict[tuple[UUID, int], str]:
    """The states after these batches, from nothing; and what was told agrees with them."""
    async with service.database.transaction() as session:
        await session.execute(
            text("TRUNCATE callbacks, callback_attempts, callback_claims, callback_links, outbox, inbox")
        )
    for batch in batches:
        await hear(service, *map(_make, batch))
    rows = await stored(service)
    by_subject: dict[str, list[Any]] = {}
    for event in await told(service):
        by_subject.setdefault(event.subject, []).append((event.sequence, short(event)))
    for row in rows.values():
        stories = {
            "due": [["callback.scheduled"]],
            "cancelled": [["callback.cancelled"], ["callback.scheduled", "callback.cancelled"]],
        }
        story = by_subject.pop(str(row.id))
        assert [sequence for sequence, _ in story] == list(range(1, row.version + 1))
        assert [name for _, name in story] in stories[row.state]
    assert by_subject == {}
    assert await parked(service) == 0
    return {key: row.state for key, row in rows.items()}

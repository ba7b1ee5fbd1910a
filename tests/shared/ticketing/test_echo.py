"""The echo guard: our own change request, told back by its system, is no ticket."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.ticketing.changes import find_mark, mark
from shared.ticketing.memory.source import MemorySource
from shared.ticketing.sources import IncidentSource, SourceConfig
from shared.ticketing.systems import SYSTEMS
from tests.shared.ticketing.desks import DESKS, Desk, iso
from tests.shared.ticketing.sink_cases import CASES, Case
from tests.shared.ticketing.sink_desk import open_desk
from tests.shared.ticketing.test_changes import make_request


def open_source(name: Any) -> IncidentSource:
    return SYSTEMS[name].open(SourceConfig("desk", ZoneInfo("UTC")))


def _as_told(case: Case, fake: Any, external_id: str) -> Any:
    """The record as that system's incident source is given it."""
    record = case.records(fake)[external_id]
    match case.name:
        case "request_tracker":
            return {"ticket": record, "history": []}
        case "redmine":
            return {"issue": record, "statuses": []}
        case "generic":
            facts = {"external_id": external_id, "state": "new", "opened_at": iso(0), "updated_at": iso(0)}
            return {**facts, "title": record["summary"], "description": mark(record["ref"])}
        case "servicenow":
            return {**record, "sys_updated_on": "2024-03-04 09:00:00", "opened_at": "2024-03-04 09:00:00"}
        case _:
            return fake.webhook(external_id)


SOURCED = [case for case in CASES if case.name in SYSTEMS]


@pytest.mark.parametrize("case", SOURCED, ids=str)
async def test_what_we_raised_ourselves_is_no_incident(case: Case) -> None:
    async with open_desk(case) as desk:
        raised = await desk.open().raise_change(make_request())
        payload = _as_told(case, desk.fake, raised.external_id)
    reading = open_source(case.name).read(payload)
    assert reading.facts == ()
    assert "our own change request imp-1:1" in (reading.ignored or "")


def test_the_twin_knows_its_own_too() -> None:
    source = MemorySource(SourceConfig("desk", ZoneInfo("UTC")))
    facts = {"external_id": "1", "state": "new", "opened_at": iso(0), "updated_at": iso(0), "source": "desk"}
    assert source.read({**facts, "title": f"IMP-1: shift {mark('imp-1:1')}"}).facts == ()
    assert len(source.read({**facts, "title": "VPN down [ratchet]"}).facts) == 1


@pytest.mark.parametrize("desk", DESKS, ids=lambda desk: desk.name)
def test_what_others_wrote_is_an_incident(desk: Desk) -> None:
    (payload, *_) = desk.tell("7", [("new", 0)], desk.words)
    assert len(desk.open().read(payload).facts) >= 1


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ((mark("imp-1:1"),), "imp-1:1"),
        (("before [ratchet:a:2] after", "[ratchet:b:1]"), "a:2"),
        ((None, "", "none", "[ratchet:c:3]"), "c:3"),
        (("[ratchet:", "ratchet:x]", "[ratchet]", None), None),
        ((), None),
    ],
)
def test_a_mark_is_found_wherever_it_stands(texts: tuple[str | None, ...], found: str | None) -> None:
    assert find_mark(*texts) == found

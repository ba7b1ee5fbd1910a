"""A real Request Tracker 5 and a real Redmine 5, started for the run. Only `make test-ticketing` collects these tests:
they need packages that a machine may not have."""

import os
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.fleet import Fleet
from tests.ticketing.desks import Desk
from tests.ticketing.redmine import Redmine
from tests.ticketing.request_tracker import RequestTracker
from tests.ticketing.walk import Walk

_IS_WANTED = os.environ.get("RATCHET_TEST_TICKETING") == "1"
collect_ignore_glob = [] if _IS_WANTED else ["test_*.py"]

if _IS_WANTED:  # read once, when the services are made
    os.environ["RATCHET_IMPROVEMENT_CHANGE_POLL_SECONDS"] = "1"
    os.environ["RATCHET_IMPROVEMENT_CHANGE_RETRY_SECONDS"] = "[0.5, 1, 2]"

_MAKERS = {"request_tracker": RequestTracker, "redmine": Redmine}


@pytest.fixture(scope="session")
def systems() -> Iterator[dict[str, Desk]]:
    """Both, started beside each other, for each takes its time."""
    made: dict[str, Desk] = {}
    with ThreadPoolExecutor(len(_MAKERS)) as pool:
        asked = {name: pool.submit(maker) for name, maker in _MAKERS.items()}
    try:
        for name, answer in asked.items():
            if answer.exception() is None:
                made[name] = answer.result()
        for answer in asked.values():
            answer.result()
        yield made
    finally:
        for desk in made.values():
            desk.stop()


@pytest.fixture(params=list(_MAKERS))
def desk(request: pytest.FixtureRequest, systems: dict[str, Desk]) -> Desk:
    return systems[request.param]


@pytest.fixture
async def walk(fleet: Fleet, desk: Desk) -> AsyncIterator[Walk]:
    """All five services running, and whoever walks through them to this system."""
    walk = Walk(fleet.client, desk)
    yield walk
    await walk.close()

from collections.abc import AsyncIterator

import pytest

from services.notifier.settings import NotifierSettings
from shared.auth import Role
from shared.settings import Settings
from tests.notifier.receiver import Receiver, receiving
from tests.notifier.steps import Notifier
from tests.support.kept import Keep


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        yield listening


@pytest.fixture
async def other_receiver() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        yield listening


@pytest.fixture(scope="session")
def quick(settings: Settings) -> NotifierSettings:
    """A schedule of three attempts that a test can wait for."""
    return NotifierSettings(
        **settings.model_dump(),
        retry_delays_seconds=(0.05, 0.05),
        attempt_timeout_seconds=5,
        lease_seconds=6,
        poll_seconds=0.05,
    )


@pytest.fixture
async def notifier(kept: Keep, quick: NotifierSettings) -> AsyncIterator[Notifier]:
    """The notifier by itself, running, and an administrator's client."""
    made = await kept("notifier", made_with=quick)
    async with made.started() as fleet, fleet.client(Role.ADMINISTRATOR) as client:
        yield Notifier(fleet, client)

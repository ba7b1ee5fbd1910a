"""The satisfaction service behind its address, without relay and jobs."""

import httpx
import pytest

from services.fleet import make_gateway
from shared.app import Service
from shared.settings import Settings
from tests.support.fleet import Fleet


@pytest.fixture
def desk(service: Service, settings: Settings) -> Fleet:
    """Clients of this service alone: what it tells stays in its outbox, and no job moves what a test looks at."""
    transport = httpx.ASGITransport(app=make_gateway([service]), raise_app_exceptions=False)
    return Fleet({"satisfaction": service}, transport, settings)

from datetime import datetime, timedelta

import httpx
import pytest

from shared import clock
from shared.app import Service
from shared.auth import Role
from tests.satisfaction.callbacks.building import (
    ANSWERS,
    NOBODYS,
    REST,
    change_settings,
    hear,
    problem,
    reopened,
    scheduled,
    short,
    told,
)
from tests.support.fleet import Fleet


class TestIssueLink:
    async def test_is_told_once_and_expires(
        self, service: Service, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """R82: a questionnaire by link beside the phone."""
        change_settings(monkeypatch, service, link_valid_days=2, public_url="https://ratchet.example/")
        path = await scheduled(service)
        answer = await client.post(f"{path}/link")
        assert (answer.status_code, answer.headers["location"]) == (201, path)
        url = answer.json()["url"]
        assert url.startswith("https://ratchet.example/satisfaction/answer?token=")
        left = datetime.fromisoformat(answer.json()["expires_at"]) - clock.now()
        assert timedelta(days=2, minutes=-1) < left <= timedelta(days=2)
        event = (await told(service))[-1]
        assert (short(event), event.data["issued_by"], event.sequence) == ("callback.link_issued", "wang.fang", 2)
        token = url.split("=")[1]
        assert len(token) == 43
        assert token not in str(event.data)
        assert token not in (await client.get(path)).text

    async def test_the_resolver_gets_none(self, service: Service, desk: Fleet) -> None:
        """R81: who resolved the incident would answer for the customer."""
        path = await scheduled(service)
        async with desk.client(Role.SERVICE_DESK, subject="li.wei", name="Li Wei") as resolver:
            problem(await resolver.post(f"{path}/link"), 409, "caller-is-resolver")

    async def test_what_is_settled_has_none(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        await client.post(f"{path}/complete", json=ANSWERS)
        problem(await client.post(f"{path}/link"), 409, "illegal-transition")
        problem(await client.post(f"{REST}/{NOBODYS}/link"), 404, "callback-not-found")

    async def test_a_reopened_incident_has_none(self, service: Service, client: httpx.AsyncClient) -> None:
        path = await scheduled(service)
        await hear(service, reopened())
        problem(await client.post(f"{path}/link"), 409, "illegal-transition")

    async def test_who_only_reads_gets_none(self, service: Service, desk: Fleet) -> None:
        path = await scheduled(service)
        async with desk.client(Role.AUDITOR) as auditor:
            assert (await auditor.post(f"{path}/link")).status_code == 403

import re

import httpx
import pytest

from shared.app import Service
from shared.auth import Role
from tests.satisfaction.callbacks.building import recently, scheduled
from tests.satisfaction.callbacks.test_pages import HOSTILE, alerts, as_browser
from tests.support.fleet import Fleet

PATH = "/satisfaction/callback-customer"
REST = "/satisfaction/v1/callback-customers"


@pytest.fixture
def browser(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The desk on our own pages."""
    as_browser(client)
    return client


class TestShowCustomer:
    async def test_the_desk_says_how_a_customer_is_called(self, service: Service, browser: httpx.AsyncClient) -> None:
        whose = {"name": "Group A/B & Co"}
        callback = (await scheduled(service, recently(customer=whose["name"]))).replace("/v1/", "/")
        page = (await browser.get(callback)).text
        assert "/satisfaction/callback-customer?name=Group+A%2FB+%26+Co" in page
        typed = {"contact": "Ms. Gao, +86 (21) 5555-0123", "zone": "Asia/Shanghai", "quiet_hours": "21:00-08:00"}
        answer = await browser.post(PATH, params=whose, data={**typed, "version": '"0"'})
        assert answer.status_code == 303
        page = (await browser.get(answer.headers["location"])).text
        assert "Saved." in page
        assert 'value="21:00-08:00"' in page
        known = (await browser.get(f"{REST}/Group A%2FB %26 Co", headers={"accept": "application/json"})).json()
        assert (known["contact"], known["zone"], known["version"]) == (typed["contact"], "Asia/Shanghai", 1)
        page = (await browser.get(callback)).text
        assert '<a href="tel:+862155550123">Ms. Gao, +86 (21) 5555-0123</a>' in page

    async def test_what_somebody_else_said_meanwhile_is_not_overwritten(self, browser: httpx.AsyncClient) -> None:
        for zone, status in (("Asia/Shanghai", 303), ("Europe/Berlin", 412)):
            answer = await browser.post(PATH, params={"name": "acme"}, data={"zone": zone, "version": '"0"'})
            assert answer.status_code == status
        assert alerts(answer)[0].startswith("Somebody else has changed this meanwhile.")
        assert 'name="version" value="&#34;1&#34;"' in answer.text
        assert 'value="Europe/Berlin"' in answer.text

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({"zone": "Mars/Olympus"}, "There is no such time zone; write it as Asia/Shanghai or Europe/Berlin."),
            ({"quiet_hours": "at night"}, "Please fill in or mend: Quiet hours (not written like that)"),
        ],
    )
    async def test_what_is_wrong_is_told(self, browser: httpx.AsyncClient, typed: dict[str, str], said: str) -> None:
        answer = await browser.post(PATH, params={"name": "acme"}, data={**typed, "version": '"0"'})
        assert (answer.status_code, alerts(answer)) == (422, [said])

    async def test_who_only_reads_gets_no_form(self, desk: Fleet) -> None:
        async with desk.client(Role.AUDITOR) as auditor:
            as_browser(auditor)
            page = (await auditor.get(PATH, params={"name": HOSTILE})).text
            assert "<script" not in page
            assert not re.search(r'<input[^>]*name="zone"', page)
            refused = await auditor.post(PATH, params={"name": "acme"}, data={"zone": "UTC", "version": '"0"'})
            assert refused.status_code == 403

import re

import httpx
import pytest
from standardwebhooks import Webhook

from shared.auth import Role
from tests.notifier.receiver import Receiver
from tests.notifier.steps import Notifier

HERE = {"Accept": "text/html", "Origin": "http://ratchet.test"}
PAGE = "/notifier/endpoints"


async def press(notifier: Notifier, path: str, **form: str) -> httpx.Response:
    return await notifier.client.post(f"/notifier{path}", data=form, headers=HERE)


class TestShowEndpoints:
    async def test_shows_endpoints_and_what_was_sent(self, notifier: Notifier, receiver: Receiver) -> None:
        endpoint = await notifier.subscribe(receiver.url(), description="<b>The lake</b>")
        assert (await press(notifier, f"/endpoints/{endpoint['id']}/test")).status_code == 303
        await notifier.in_state("succeeded", endpoint["id"])
        page = (await notifier.client.get(PAGE, headers=HERE)).text
        assert receiver.url() in page
        assert "&lt;b&gt;The lake" in page
        assert "Delivered" in page
        assert endpoint["secret"] not in page

    async def test_speaks_chinese(self, notifier: Notifier) -> None:
        page = (await notifier.client.get(PAGE, headers={**HERE, "Accept-Language": "zh-CN"})).text
        assert "尚无订阅方" in page

    async def test_a_reader_gets_no_buttons(self, notifier: Notifier) -> None:
        await notifier.subscribe("https://hooks.example.com/")
        async with notifier.fleet.client(Role.ENGINEER) as reader:
            page = await reader.get(PAGE, headers=HERE)
            refused = await reader.post(PAGE, data={"url": "https://e.com/"}, headers=HERE)
        assert "https://hooks.example.com/" in page.text
        assert "/disable" not in page.text
        assert refused.status_code == 403

    async def test_is_the_services_home(self, notifier: Notifier) -> None:
        assert (await notifier.client.get("/notifier/")).headers["location"] == PAGE


class TestAddEndpoint:
    async def test_shows_the_secret_this_once(self, notifier: Notifier, receiver: Receiver) -> None:
        answer = await press(
            notifier, "/endpoints", url=receiver.url(), event_types="ratchet.gap.*, ratchet.change.*", thin="yes"
        )
        assert answer.status_code == 201
        (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", answer.text)
        (endpoint,) = (await notifier.get("/endpoints"))["items"]
        assert (endpoint["event_types"], endpoint["thin"]) == (["ratchet.gap.*", "ratchet.change.*"], True)
        await press(notifier, f"/endpoints/{endpoint['id']}/test")
        await notifier.in_state("succeeded", endpoint["id"])
        assert Webhook(secret).verify(receiver.received[0].body, receiver.received[0].headers)
        assert "whsec_" not in (await notifier.client.get(PAGE, headers=HERE)).text

    @pytest.mark.parametrize(
        ("form", "said"),
        [
            ({"url": "nonsense"}, "https://"),
            ({"url": "https://e.com/", "event_types": "ratchet.gap.detect.v1"}, "ratchet.gap.detected.v1"),
            ({"url": "https://e.com/", "event_types": "NO SUCH"}, "event_types"),
        ],
    )
    async def test_says_what_to_mend_and_keeps_what_was_typed(
        self, notifier: Notifier, form: dict[str, str], said: str
    ) -> None:
        answer = await press(notifier, "/endpoints", **form)
        assert answer.status_code == 422
        assert said in re.search(r'role="alert">(.*?)</div>', answer.text, re.DOTALL).group(1)
        assert f'value="{form["url"]}"' in answer.text
        assert (await notifier.get("/endpoints"))["items"] == []


class TestButtons:
    async def test_disable_and_enable(self, notifier: Notifier) -> None:
        endpoint = await notifier.subscribe("https://hooks.example.com/")
        await press(notifier, f"/endpoints/{endpoint['id']}/disable")
        assert (await notifier.endpoint(endpoint["id"]))["state"] == "disabled"
        assert "Enable" in (await notifier.client.get(PAGE, headers=HERE)).text
        assert (await press(notifier, f"/endpoints/{endpoint['id']}/enable")).status_code == 303
        assert (await notifier.endpoint(endpoint["id"]))["state"] == "enabled"

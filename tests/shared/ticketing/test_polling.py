"""What sources that are polled have in common."""

import base64
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.ticketing.failures import RemoteFailed
from shared.ticketing.polling import PolledSource, Wanted
from shared.ticketing.remote import Asking
from shared.ticketing.sources import NotProven, PollConfig, PollPage, Position, Reading, SourceConfig
from tests.shared.ticketing.listener import Answer, listening

SINCE = Position(datetime(2024, 3, 4, tzinfo=UTC))


def read(payload: Any, config: SourceConfig) -> Reading:
    return Reading((), f"{payload} of {config.source}")


async def read_page(remote: Asking, wanted: Wanted) -> PollPage:
    answer = await remote.get("/page", {"size": wanted.page_size, "filter": wanted.poll.filter or ""})
    return PollPage([answer], wanted.position, True)


def make_source(poll: PollConfig | None = None, **values: Any) -> PolledSource:
    config = SourceConfig("desk", ZoneInfo("UTC"), poll=poll, **values)
    return PolledSource(config, read, read_page, page_size=7, timeout_seconds=0.3)


class TestPolledSource:
    async def test_asks_for_the_page_with_our_proof(self) -> None:
        async with listening(lambda _: Answer(body={"a": 1})) as listener:
            poll = PollConfig(listener.url + "/", "basic", "robot:secret", "mine")
            assert await make_source(poll).poll(SINCE) == PollPage([{"a": 1}], SINCE, True)
        (asked,) = listener.requests
        assert (asked.path, dict(asked.query)) == ("/page", {"size": "7", "filter": "mine"})
        assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"robot:secret").decode()

    async def test_without_an_address_a_person_has_to_mend_it(self) -> None:
        with pytest.raises(RemoteFailed, match="no base_url to poll") as failure:
            await make_source().poll(SINCE)
        assert failure.value.is_lasting

    async def test_waits_no_longer_than_it_was_told(self) -> None:
        async with listening(lambda _: Answer(body={}, delay_seconds=2.0)) as listener:
            with pytest.raises(RemoteFailed, match=r"no answer within 0\.3 s"):
                await make_source(PollConfig(listener.url, "bearer", "x")).poll(SINCE)

    def test_reads_webhooks_and_proves_their_sender(self) -> None:
        source = make_source(authentication="url_secret", secret="s" * 16)
        source.verify({}, {"secret": "s" * 16}, b"")
        with pytest.raises(NotProven):
            source.verify({}, {"secret": "t" * 16}, b"")
        assert source.read("payload") == Reading((), "payload of desk")

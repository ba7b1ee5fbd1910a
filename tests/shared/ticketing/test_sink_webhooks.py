"""What the systems tell of changes by webhook (R119): who may tell it, and what is read."""

from base64 import b64encode
from contextlib import suppress
from itertools import product
from typing import Any

import orjson
import pytest

from shared.ticketing.changes import ToldOutcome
from shared.ticketing.facts import Unmappable
from shared.ticketing.sinks import SINKS
from shared.ticketing.sources import NotProven
from tests.shared.ticketing import fake_generic
from tests.shared.ticketing.sink_cases import CASES, GENERIC, Case
from tests.shared.ticketing.sink_desk import open_desk
from tests.shared.ticketing.test_changes import make_request
from tests.shared.ticketing.test_sources import ODD, places, proof, replaced

PROVEN = [(case, sender) for case in CASES for sender in SINKS[case.name].senders if sender != "none"]


TELLING = [case for case in CASES if hasattr(case.make(), "webhook")]


class TestWebhook:
    @pytest.mark.parametrize(("case", "sender"), PROVEN, ids=[f"{case}-{sender}" for case, sender in PROVEN])
    def test_lets_in_who_has_the_secret_and_nobody_else(self, case: Case, sender: Any) -> None:
        secret = "desk:long-enough-secret" if sender == "basic" else fake_generic.SECRET
        other = "desk:another-secret-yet" if sender == "basic" else "whsec_" + b64encode(b"x" * 32).decode()
        sink = case.open("http://desk.invalid", authentication=sender, secret=secret)
        body = b'{"state":"Done"}'
        sink.verify(*proof(sender, secret, body), body)
        for headers, query in (proof(sender, other, body), ({}, {})):
            with pytest.raises(NotProven):
                sink.verify(headers, query, body)

    def test_without_a_scheme_nobody_may_post(self) -> None:
        for case in CASES:
            if case is not GENERIC:
                with pytest.raises(NotProven, match="takes no webhooks"):
                    case.open("http://desk.invalid", authentication="none").verify({}, {}, b"{}")

    @pytest.mark.parametrize("case", TELLING, ids=str)
    async def test_tells_the_same_as_asking(self, case: Case) -> None:
        async with open_desk(case) as desk:
            sink = desk.open()
            raised = await sink.raise_change(make_request())
            for word, *_ in case.outcomes:
                desk.fake.set_status(raised.external_id, word)
                payload = orjson.loads(orjson.dumps(desk.fake.webhook(raised.external_id)))
                told, asked = sink.read_outcome(payload), await sink.outcome(raised.external_id)
                assert told is not None
                assert (told.correlation_id, told.external_id) == ("imp-1:1", raised.external_id)
                assert told.outcome is not None
                assert asked is not None
                assert (told.outcome.state, told.outcome.implemented_at or asked.implemented_at) == (
                    asked.state,
                    asked.implemented_at,
                )
                assert told.word

    @pytest.mark.parametrize("case", TELLING, ids=str)
    async def test_whatever_stands_in_a_payload_it_is_read_or_named(self, case: Case) -> None:
        async with open_desk(case) as desk:
            sink = desk.open()
            raised = await sink.raise_change(make_request())
            word, *_ = next(outcome for outcome in case.outcomes if outcome[1] == "implemented")
            desk.fake.set_status(raised.external_id, word)
            payload = orjson.loads(orjson.dumps(desk.fake.webhook(raised.external_id)))
        read = 0
        for place, odd in product(places(payload), ODD):
            with suppress(Unmappable):
                told = sink.read_outcome(replaced(payload, place, odd))
                assert told is None or isinstance(told, ToldOutcome)
                read += 1
        assert read > 0

    @pytest.mark.parametrize("case", CASES, ids=str)
    @pytest.mark.parametrize("payload", [None, 3, "text", [1], {"ticket": 1}, {"issue": []}, {"item": 2}], ids=str)
    def test_what_is_no_payload_is_named_or_tells_nothing(self, case: Case, payload: Any) -> None:
        sink = case.open("http://desk.invalid")
        told: Any = "named"
        with suppress(Unmappable):
            told = sink.read_outcome(payload)
        assert told in ("named", None)

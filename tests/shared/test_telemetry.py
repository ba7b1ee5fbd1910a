"""Logs belong to a story; traces are handed on."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from shared.telemetry import span
from tests.support.receiver import listening

_SAY = """
import structlog
from shared.events.envelope import Origin, current_origin
from shared.telemetry import configure_logging

configure_logging(as_json=True, level="INFO")
log = structlog.get_logger("one")
log.debug("quiet")
current_origin.set(Origin("anna", "story"))
log.info("happened", n=1)
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
"""


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    """What a process says as it does in production."""
    done = subprocess.run([sys.executable, "-c", _SAY], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stderr.splitlines()]


class TestConfigureLogging:
    def test_every_line_names_the_story_and_the_actor(self, lines: list[dict[str, Any]]) -> None:
        assert {key: lines[0][key] for key in ("event", "n", "actor", "correlation_id", "level", "logger")} == {
            "event": "happened",
            "n": 1,
            "actor": "anna",
            "correlation_id": "story",
            "level": "info",
            "logger": "one",
        }

    def test_an_exception_is_one_line_too(self, lines: list[dict[str, Any]]) -> None:
        assert "ZeroDivisionError: division by zero" in lines[1]["exception"]

    def test_what_is_below_the_level_is_not_written(self, lines: list[dict[str, Any]]) -> None:
        assert [line["event"] for line in lines] == ["happened", "failed"]


class TestSpan:
    def test_hands_on_the_trace_that_it_was_given(self) -> None:
        given = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
        with span("work", given) as handed_on:
            assert handed_on is not None
            assert handed_on.split("-")[1] == "1" * 32

    @pytest.mark.parametrize("given", [None, "", "garbage", "00-0-0-00"])
    def test_hands_nothing_on_that_is_no_trace(self, given: str | None) -> None:
        with span("work", given) as handed_on:
            assert handed_on is None


_TRACE = """
import sys
from opentelemetry import trace
from shared.telemetry import configure_tracing, span

configure_tracing("metrics")
with span("counted"):
    pass
if "opentelemetry.sdk" in sys.modules:
    trace.get_tracer_provider().shutdown()
    print("sent")
"""


class TestConfigureTracing:
    async def run(self, **settings: str) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")} | settings
        command = [sys.executable, "-c", _TRACE]
        done = await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, check=True
        )
        return str(done.stdout)

    async def test_spans_go_to_the_endpoint(self) -> None:
        async with listening() as receiver:
            told = await self.run(
                OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=receiver.url
            )
            assert told == "sent\n"
            ((headers, body),) = receiver.requests
        assert headers["content-type"] == "application/x-protobuf"
        assert b"ratchet-metrics" in body
        assert b"counted" in body

    async def test_without_an_endpoint_nothing_is_loaded(self) -> None:
        assert await self.run() == ""

"""Structured logs, Prometheus counters and, where an OTLP endpoint is set, OpenTelemetry spans."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram
from structlog.typing import EventDict, WrappedLogger

from shared.events.envelope import current_origin

EVENTS_PUBLISHED = Counter("ratchet_events_published", "Events handed to the bus", ["service"])
EVENTS_HANDLED = Counter(
    "ratchet_events_handled", "Effects committed, one per event and handler", ["service", "handler"]
)
EVENTS_PARKED = Counter("ratchet_events_parked", "Events parked as dead letters", ["service", "handler"])
OUTBOX_PENDING = Gauge("ratchet_outbox_pending", "Events recorded and not yet handed over", ["service"])
DEAD_LETTERS = Gauge("ratchet_dead_letters", "Events parked and not yet settled", ["service"])
REQUEST_SECONDS = Histogram("ratchet_request_seconds", "HTTP requests", ["service", "method", "status"])

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("ratchet")


def _add_origin(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    origin = current_origin.get(None)
    if origin is not None:
        event.setdefault("correlation_id", origin.correlation_id)
        event.setdefault("actor", origin.actor)
    return event


def configure_logging(*, as_json: bool, level: str = "INFO") -> None:
    """One line an event on stderr, with the correlation id of the story that it belongs to."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            _add_origin,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr, force=True)
    for noisy in ("httpx", "aiormq", "aio_pika", "alembic", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def configure_tracing(service: str) -> None:
    """Send spans to `OTEL_EXPORTER_OTLP_ENDPOINT`; without it spans cost nothing and go nowhere."""
    if "OTEL_EXPORTER_OTLP_ENDPOINT" in os.environ:
        from shared.tracing import send_spans  # noqa: PLC0415 - it loads protobuf, which no service holds without need

        send_spans(service)


@contextmanager
def span(name: str, traceparent: str | None = None) -> Iterator[str | None]:
    """A span, as a child of `traceparent` when that is one; yields the traceparent to hand on, or None."""
    parent = _propagator.extract({"traceparent": traceparent}) if traceparent else None
    with _tracer.start_as_current_span(name, context=parent):
        carrier: dict[str, str] = {}
        _propagator.inject(carrier)
        yield carrier.get("traceparent")

"""Sends OpenTelemetry spans away. Its libraries are heavy: imported only where an endpoint is set."""

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def send_spans(service: str) -> None:
    """From now on, to the endpoint that `OTEL_EXPORTER_OTLP_ENDPOINT` says."""
    provider = TracerProvider(resource=Resource.create({"service.name": f"ratchet-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)

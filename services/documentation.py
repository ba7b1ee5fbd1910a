"""What is written from the code itself: the event catalogue, each service's OpenAPI, the exchange's AsyncAPI.

`python -m services.documentation` writes it into `docs/`; a test fails while what is committed says something else.
"""

import inspect
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import typer
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.fleet import DEFINE, make_services
from shared.app import Definition
from shared.bus.local import LocalBus
from shared.bus.packing import BATCH, SINGLE
from shared.events.envelope import Draft, Fact, Origin, serialise
from shared.events.examples import example_of
from shared.events.registry import CONTRACTS
from shared.inbox import Handler
from shared.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"
_UNSET_DATABASE = "postgresql://nobody@nowhere/none"
_COMMAND = "python -m services.documentation"
_EXAMPLE_ID = "0199c2d1-6a00-7000-8000-000000000001"
_EXAMPLE_TIME = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_COMPONENTS = "#/components/schemas/{model}"

_ATTRIBUTES: dict[str, tuple[dict[str, Any], bool, str]] = {
    "specversion": ({"const": "1.0"}, True, "CloudEvents' version"),
    "id": ({"type": "string", "format": "uuid"}, True, "UUIDv7; a repeated delivery has the same one"),
    "source": ({"type": "string"}, True, "the service that tells it, for example `/metrics`"),
    "type": ({"type": "string"}, True, "the wire name; also the routing key"),
    "subject": ({"type": "string"}, True, "the id of the aggregate that it tells of"),
    "time": ({"type": "string", "format": "date-time"}, True, "when it was recorded, in UTC"),
    "datacontenttype": ({"const": "application/json"}, True, ""),
    "dataschema": ({"type": "string"}, True, "`urn:ratchet:schema:` and the type"),
    "sequence": ({"type": "integer"}, True, "rises with each event of one subject"),
    "correlationid": ({"type": "string"}, True, "the story that it belongs to: the id of what began it"),
    "causationid": ({"type": "string"}, False, "the event that led to it"),
    "traceparent": ({"type": "string"}, False, "W3C trace context"),
    "actor": ({"type": "string"}, True, "who acted: a token's subject or `service:<name>`"),
    "data": ({"type": "object"}, True, "the fact, as its type says below"),
}
"""The envelope: schema, whether it is always there, and what it says."""


def make_documents() -> dict[str, bytes]:
    """Every generated file's content by its path below `docs/`."""
    descriptions: dict[str, Any] = {}
    definitions: list[Definition] = []
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), _env_file=None)
        for service in make_services(DEFINE, settings, _UNSET_DATABASE, LocalBus()):
            definitions.append(service.definition)
            descriptions[f"api/{service.definition.name}.json"] = service.app.openapi()
    ears = {type_: find_ears(type_, definitions) for type_ in CONTRACTS}
    descriptions["api/asyncapi.json"] = describe_exchange(ears)
    written = {path: orjson.dumps(document, option=orjson.OPT_INDENT_2) for path, document in descriptions.items()}
    return {"events.md": render_catalogue(ears).encode(), **{path: body + b"\n" for path, body in written.items()}}


def write(documents: Mapping[str, bytes], folder: Path = DOCS) -> list[Path]:
    """Write what differs; returns the files that did."""
    changed = []
    for name, body in documents.items():
        path = folder / name
        if not path.exists() or path.read_bytes() != body:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
            changed.append(path)
    return changed


def find_ears(type_: str, definitions: list[Definition]) -> dict[str, list[str]]:
    """The handlers that hear this type, by service; those that hear everything are left out."""
    return {
        definition.name: names
        for definition in definitions
        if (names := [h.name for h in definition.handlers if isinstance(h, Handler) and h.wants(type_)])
    }


def render_catalogue(ears: Mapping[str, Mapping[str, list[str]]]) -> str:
    """`events.md`: every type with who tells and hears it, its fields and an example."""
    lines = [
        f"<!-- Written by `{_COMMAND}` from shared/events and the services' handlers. -->",
        "# Events",
        "Every event is one CloudEvents 1.0 document in JSON. Names are in the past tense; a version only ever gains",
        "fields, so a reader ignores those that it does not know. The audit ledger keeps every event, and the notifier",
        "offers every event to webhooks; who else hears one is said below. Delivery is at least once, in no promised",
        "order: go by `id` to find a repeat, and by `sequence` within one `subject` to find what is newer.",
        "",
        "The same as schemas: [api/asyncapi.json](api/asyncapi.json).",
        "",
        "## Envelope",
        "| attribute | type | always there | says |",
        "|---|---|---|---|",
    ]
    for name, (schema, required, says) in _ATTRIBUTES.items():
        lines.append(f"| `{name}` | {_type_name(schema)} | {_yes(required)} | {says} |")
    lines += ["", "## All types", "| type | told by | heard by |", "|---|---|---|"]
    for type_ in CONTRACTS:
        heard = ", ".join(ears[type_]) or "–"
        lines.append(f"| [`{type_}`](#{_anchor(type_)}) | {teller_of(type_)} | {heard} |")
    parts: dict[str, Any] = {}
    teller = ""
    for type_, contract in CONTRACTS.items():
        if teller_of(type_) != teller:
            teller = teller_of(type_)
            lines += ["", f"## Told by {teller}"]
        schema = contract.model_json_schema()
        parts |= schema.get("$defs", {})
        lines += ["", *_render_type(type_, contract, schema, ears[type_])]
    lines += ["", "## Parts", "What several fields above are made of."]
    for name in sorted(parts):
        lines += ["", f"### {name}", _docstring_of(parts[name]), "", *_render_fields(parts[name])]
    return "\n".join(lines) + "\n"


def _render_type(
    type_: str, contract: type[Fact], schema: dict[str, Any], heard_by: Mapping[str, list[str]]
) -> list[str]:
    heard = "; ".join(f"{service} ({', '.join(f'`{name}`' for name in names)})" for service, names in heard_by.items())
    example = orjson.dumps(example_document(type_), option=orjson.OPT_INDENT_2).decode()
    return [
        f"### {type_}",
        _docstring_of(schema),
        *(_unwrapped(inspect.getdoc(base) or "") for base in contract.__mro__[1:] if _is_common_part(base)),
        "",
        f"Told by {teller_of(type_)}. Heard by {heard or 'nobody else'}.",
        "",
        *_render_fields(schema),
        "",
        "<details><summary>Example</summary>",
        "",
        "```json",
        example,
        "```",
        "",
        "</details>",
    ]


def _render_fields(schema: Mapping[str, Any]) -> list[str]:
    lines = ["| field | type | required |", "|---|---|---|"]
    required = schema.get("required", [])
    return lines + [
        f"| `{name}` | {_type_name(field)} | {_yes(name in required)} |" for name, field in schema["properties"].items()
    ]


def _type_name(schema: Mapping[str, Any]) -> str:
    """A JSON schema in a few words, for a cell of a table."""
    if "anyOf" in schema:
        return " or ".join(_type_name(choice) for choice in schema["anyOf"])
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{_anchor(name)})"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        if "prefixItems" in schema:
            return f"[{', '.join(_type_name(item) for item in schema['prefixItems'])}]"
        return f"list of {_type_name(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map of text to {_type_name(schema['additionalProperties'])}"
    plain = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    formats = {"uuid": "UUID", "date-time": "time", "date": "date", "uri": "URL"}
    return formats.get(schema.get("format", "")) or plain.get(schema["type"], schema["type"])


def describe_exchange(ears: Mapping[str, Mapping[str, list[str]]]) -> dict[str, Any]:
    """AsyncAPI 3 of the topic exchange: a channel, a message and the operations of every type."""
    contracts: list[tuple[type[BaseModel], Any]] = [(contract, "validation") for contract in CONTRACTS.values()]
    _, facts = models_json_schema(contracts, ref_template=_COMPONENTS)
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for type_, contract in CONTRACTS.items():
        messages[type_] = _describe_message(type_, contract)
        channels[type_] = {
            "address": type_,
            "servers": [{"$ref": "#/servers/broker"}],
            "messages": {"event": {"$ref": f"#/components/messages/{type_}"}},
            "bindings": {
                "amqp": {
                    "is": "routingKey",
                    "exchange": {"name": "ratchet.events", "type": "topic", "durable": True, "autoDelete": False},
                }
            },
        }
        uses = {
            "channel": {"$ref": f"#/channels/{type_}"},
            "messages": [{"$ref": f"#/channels/{type_}/messages/event"}],
        }
        operations[f"{teller_of(type_)}.tells.{type_}"] = {"action": "send", **uses}
        for service, names in ears[type_].items():
            operations[f"{service}.hears.{type_}"] = {"action": "receive", "summary": ", ".join(names), **uses}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Ratchet events",
            "version": "1",
            "description": (
                "What the services tell one another. The audit ledger and the notifier hear every type. With a "
                f"backlog, several events of one type come as one message of content type {BATCH}: a JSON array of "
                "the documents described here."
            ),
        },
        "defaultContentType": SINGLE,
        "servers": {"broker": {"host": "localhost:5672", "protocol": "amqp", "description": "AMQP_URL"}},
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": {"Envelope": _describe_envelope(), **facts["$defs"]}},
    }


def _describe_envelope() -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name for name, (_, required, _) in _ATTRIBUTES.items() if required],
        "properties": {
            name: {**schema, "description": says} if says else schema for name, (schema, _, says) in _ATTRIBUTES.items()
        },
    }


def _describe_message(type_: str, contract: type[Fact]) -> dict[str, Any]:
    data = {"$ref": _COMPONENTS.format(model=contract.__name__)}
    told = {"type": "object", "properties": {"type": {"const": type_}, "data": data}}
    return {
        "name": type_,
        "title": contract.__name__,
        "summary": _unwrapped(inspect.getdoc(contract) or ""),
        "contentType": SINGLE,
        "payload": {"allOf": [{"$ref": _COMPONENTS.format(model="Envelope")}, told]},
        "examples": [{"payload": example_document(type_)}],
    }


def example_document(type_: str) -> dict[str, Any]:
    """The stored example in the envelope, with an id and a time that are the same each time."""
    example = example_of(type_)
    draft = Draft(example.data, example.subject, 1, Origin(f"service:{example.source}"))
    _, body = serialise(draft, example.source, _EXAMPLE_TIME)
    document: dict[str, Any] = orjson.loads(body)
    return {**document, "id": _EXAMPLE_ID}


def teller_of(type_: str) -> str:
    """The service that tells this type: its contract's module."""
    return CONTRACTS[type_].__module__.rpartition(".")[2]


def _is_common_part(base: type) -> bool:
    """A class that several contracts share and that says something of its own."""
    return issubclass(base, Fact) and base is not Fact and "__doc__" in vars(base)


def _docstring_of(schema: Mapping[str, Any]) -> str:
    return _unwrapped(schema.get("description", ""))


def _unwrapped(text: str) -> str:
    """Paragraphs on one line each, for they go to Markdown."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    return heading.lower().replace(".", "")


def _yes(condition: bool) -> str:
    return "yes" if condition else "no"


if __name__ == "__main__":
    for written in write(make_documents()):
        typer.echo(written)

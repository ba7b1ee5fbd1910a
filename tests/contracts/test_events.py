"""Every event type as it was first published, and as strangers may have stored it: today's code must still read it.

`golden/<type>.json` is a whole CloudEvents document. It is never edited but to add the fields that its contract gained.
"""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest
from pydantic import create_model

from shared.events import (
    agreements,
    audit,
    callbacks,
    catalogue,
    clauses,
    complaints,
    follow_ups,
    improvement,
    meetings,
    metrics,
    notifier,
    suggestions,
    surveys,
)
from shared.events.envelope import Draft, Fact, Origin, parse, serialise, typed
from shared.events.examples import example_of
from shared.events.registry import CONTRACTS

GOLDEN = Path(__file__).parent / "golden"
SOURCES = {
    "metrics": (metrics, agreements, catalogue, clauses),
    "improvement": (improvement, meetings),
    "satisfaction": (callbacks, complaints, follow_ups, suggestions, surveys),
    "audit": (audit,),
    "notifier": (notifier,),
}
"""The modules in which each service's events are written down."""
CLOSED = {"plan", "verification_plan", "parameters", "evidence", "conduct"}
"""Parts that do not grow within a version: a plan that is frozen under its hash, and maps of free keys."""

each_type = pytest.mark.parametrize("type_", sorted(CONTRACTS))


def golden_of(type_: str) -> bytes:
    return (GOLDEN / f"{type_}.json").read_bytes()


def find_loss(golden: Any, now: Any, path: str = "data") -> list[str]:
    """Where `now` lacks or changed what the golden data say; what was added does not count."""
    if isinstance(golden, dict):
        if not isinstance(now, dict):
            return [path]
        return [
            loss
            for key, value in golden.items()
            for loss in (find_loss(value, now[key], f"{path}.{key}") if key in now else [f"{path}.{key}"])
        ]
    if isinstance(golden, list):
        if not isinstance(now, list) or len(now) != len(golden):
            return [path]
        return [
            loss for i, pair in enumerate(zip(golden, now, strict=True)) for loss in find_loss(*pair, f"{path}[{i}]")
        ]
    return [] if type(golden) is type(now) and golden == now else [path]


def read_back(contract: type[Fact], golden: dict[str, Any]) -> list[str]:
    """What is lost of these data on the way through the contract."""
    return find_loss(golden, orjson.loads(contract.model_validate(golden).model_dump_json()))


class TestGolden:
    def test_there_is_one_for_every_type_and_none_without(self) -> None:
        assert {path.stem for path in GOLDEN.glob("*.json")} == set(CONTRACTS)

    @each_type
    def test_is_an_event_of_its_type(self, type_: str) -> None:
        event = parse(golden_of(type_))
        assert event.type == type_
        assert CONTRACTS[type_].__module__ in [module.__name__ for module in SOURCES[event.source]]
        assert orjson.loads(golden_of(type_))["dataschema"] == f"urn:ratchet:schema:{type_}"

    @each_type
    def test_nothing_of_it_is_lost_by_todays_contract(self, type_: str) -> None:
        assert read_back(CONTRACTS[type_], parse(golden_of(type_)).data) == []

    @each_type
    def test_shows_every_field_that_the_contract_has(self, type_: str) -> None:
        assert set(CONTRACTS[type_].model_fields) <= set(parse(golden_of(type_)).data)

    @each_type
    def test_todays_envelope_has_the_same_attributes(self, type_: str) -> None:
        golden = orjson.loads(golden_of(type_))
        event = typed(parse(golden_of(type_)), CONTRACTS[type_])
        origin = Origin(event.actor, event.correlation_id, event.causation_id, event.traceparent)
        draft = Draft(event.data, event.subject, event.sequence, origin)
        event_id, body = serialise(draft, event.source, event.time)
        today = orjson.loads(body)
        assert find_loss(golden, {**today, "id": golden["id"]}, "") == []
        assert today["id"] == str(event_id)

    @each_type
    def test_a_field_that_we_do_not_know_is_ignored(self, type_: str) -> None:
        data = parse(golden_of(type_)).data
        contract = CONTRACTS[type_]
        assert contract.model_validate({**data, "added_later": {"a": [1]}}) == contract.model_validate(data)

    @each_type
    def test_a_part_with_a_field_that_we_do_not_know_is_read(self, type_: str) -> None:
        data = parse(golden_of(type_)).data
        grown = {
            key: {**value, "added_later": 1} if isinstance(value, dict) and key not in CLOSED else value
            for key, value in data.items()
        }
        contract = CONTRACTS[type_]
        assert contract.model_validate(grown) == contract.model_validate(data)

    @each_type
    def test_is_the_example_that_subscribers_are_shown(self, type_: str) -> None:
        event, example = parse(golden_of(type_)), example_of(type_)
        assert (example.source, example.subject) == (event.source, event.subject)
        assert orjson.loads(example.data.model_dump_json()) == event.data


class TestFindLoss:
    """The check itself notices what it is there for."""

    golden: ClassVar = {"gap_id": "0199c2d1-6a00-7c3e-8f21-5b8e5d3f1b01", "scope": "all", "reason": "restated"}

    def test_a_removed_field(self) -> None:
        class Removed(Fact):
            TYPE: ClassVar[str] = "ratchet.gap.closed.v1"
            gap_id: str
            scope: str

        assert read_back(Removed, self.golden) == ["data.reason"]

    def test_a_renamed_field(self) -> None:
        class Renamed(Fact):
            TYPE: ClassVar[str] = "ratchet.gap.closed.v1"
            gap_id: str
            scope: str
            cause: str = ""

        assert read_back(Renamed, self.golden) == ["data.reason"]

    def test_a_field_whose_meaning_changed(self) -> None:
        assert find_loss({"n": 1}, {"n": 1.0}) == ["data.n"]
        assert find_loss({"n": [1, {"a": True}]}, {"n": [1, {"a": 1}]}) == ["data.n[1].a"]

    def test_an_added_field_is_no_loss(self) -> None:
        assert find_loss(self.golden, {**self.golden, "added": 1}) == []

    @each_type
    def test_any_field_of_any_contract_that_goes(self, type_: str) -> None:
        contract = CONTRACTS[type_]
        data = parse(golden_of(type_)).data
        for gone in contract.model_fields:
            kept = {name: (field.annotation, field) for name, field in contract.model_fields.items() if name != gone}
            changed = create_model("Changed", __base__=Fact, **kept)  # type: ignore[call-overload]
            assert f"data.{gone}" in read_back(changed, data)


class TestRegistry:
    @each_type
    def test_a_wire_name_says_what_happened_and_which_version(self, type_: str) -> None:
        assert re.fullmatch(r"ratchet\.[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*\.v[1-9][0-9]*", type_)
        assert type_ == CONTRACTS[type_].TYPE

    def test_every_contract_that_is_written_is_registered(self) -> None:
        written = {
            value
            for modules in SOURCES.values()
            for module in modules
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Fact) and "TYPE" in vars(value)
        }
        assert written == set(CONTRACTS.values())

    @each_type
    def test_says_what_it_tells(self, type_: str) -> None:
        assert CONTRACTS[type_].__doc__

    @each_type
    def test_times_in_the_data_have_a_zone(self, type_: str) -> None:
        for name, value in typed(parse(golden_of(type_)), CONTRACTS[type_]).data:
            if isinstance(value, datetime):
                assert value.utcoffset() == timedelta(0), name

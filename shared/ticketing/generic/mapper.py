"""Any system that can post JSON: a field map says where in the payload each fact stands.

A map is `{"fact": "dotted.path"}` or `{"fact": {"path": "dotted.path", "values": {"theirs": "ours"}}}` or
`{"fact": {"constant": "value"}}`. A path's parts are keys, indexes into lists, or the name of a list's member. An empty
map means that the payload already names our facts.
"""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from pydantic import ValidationError

from shared.ticketing.facts import TicketFacts, Unmappable

FieldMap = Mapping[str, str | Mapping[str, Any]]
FACTS = frozenset(TicketFacts.model_fields)
_TIMES = frozenset(name for name in FACTS if name.endswith("_at"))
_NEEDED = frozenset({"external_id", "state", "opened_at", "updated_at"})
_NAMES = frozenset({"external_id", "priority", "service", "customer", "project", "group", "category", "cause"})
"""Facts that may be a number at the source, which is taken as text."""


def find_unsound(field_map: FieldMap) -> str | None:
    """Why this cannot be a whole field map, or None."""
    unsound = find_unsound_rule(field_map)
    if unsound is None and field_map and not _NEEDED.issubset(field_map):
        return "a field map needs at least external_id, state, opened_at and updated_at"
    return unsound


def find_unsound_rule(field_map: FieldMap) -> str | None:
    """The first entry that cannot be one, with what would be right; or None."""
    for fact, rule in field_map.items():
        if fact not in FACTS:
            return f"{fact!r} is no fact of a ticket; these are: {', '.join(sorted(FACTS))}"
        if isinstance(rule, str):
            continue
        if not isinstance(rule, Mapping) or not (
            {"path"} <= set(rule) <= {"path", "values"} or set(rule) == {"constant"}
        ):
            return f"{fact}: give a dotted path, or {{path, values}}, or {{constant}}"
        if not isinstance(rule.get("values", {}), Mapping) or not isinstance(rule.get("path", ""), str):
            return f"{fact}: 'path' is text and 'values' an object"
    return None


def map_payload(payload: Any, field_map: FieldMap, source: str, zone: tzinfo) -> TicketFacts:
    """One JSON payload as ticket facts; `source` where the payload names none, `zone` for times without one.

    Raises:
        Unmappable: names the fact, where it was looked for, and what is wrong.
    """
    if not isinstance(payload, Mapping):
        raise Unmappable(f"the payload is a {type(payload).__name__}, and must be an object")
    values = read_fields(payload, field_map, zone) if field_map else _with_zones(dict(payload), zone)
    values.setdefault("source", source)
    try:
        return TicketFacts.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "payload"
        rule = field_map.get(name)
        where = f" (looked for at {rule if isinstance(rule, str) else rule.get('path', 'constant')})" if rule else ""
        raise Unmappable(f"{name}{where}: {first['msg']}") from error


def read_fields(payload: Mapping[str, Any], field_map: FieldMap, zone: tzinfo) -> dict[str, Any]:
    """The facts that the map finds; what is null or empty is left out.

    Raises:
        Unmappable: a value that the map translates no word for, or a time that is none.
    """
    values: dict[str, Any] = {}
    for fact, rule in field_map.items():
        if isinstance(rule, str):
            found = _find(payload, rule)
        elif "constant" in rule:
            found = rule["constant"]
        else:
            found = _find(payload, rule["path"])
            translation = rule.get("values", {})
            if translation and found is not None:
                if str(found) not in translation:
                    raise Unmappable(
                        f"{fact}: {found!r} at {rule['path']} is none of the mapped values {', '.join(translation)}"
                    )
                found = translation[str(found)]
        if found not in (None, ""):
            is_number = isinstance(found, int) and not isinstance(found, bool)
            values[fact] = str(found) if fact in _NAMES and is_number else found
    return _with_zones(values, zone)


def _with_zones(values: dict[str, Any], zone: tzinfo) -> dict[str, Any]:
    for name in _TIMES & set(values):
        values[name] = _time(name, values[name], zone)
    return values


def _find(payload: Any, path: str) -> Any:
    found = payload
    for part in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        elif isinstance(found, list):
            found = next((item for item in found if isinstance(item, Mapping) and item.get("name") == part), None)
        else:
            return None
    return found


def _time(name: str, value: Any, zone: tzinfo) -> Any:
    """ISO 8601, with `zone` where it names none; what is not text is left to the facts' own check."""
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError as error:
        raise Unmappable(f"{name}: {value!r} is no time like 2016-03-01T09:30:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)

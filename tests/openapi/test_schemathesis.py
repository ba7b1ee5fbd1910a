"""Every operation of every published OpenAPI, fed what fits its schema and what does not: nothing answers 500, and
every answer is one that the document promises, in the form that it promises.

`RATCHET_TEST_EXAMPLES=200` looks longer.
"""

import os
import re
import zlib
from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.documentation import DOCS
from services.fleet import DEFINE
from tests.openapi.conftest import SECRET, Served

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
PARTS = {"metrics": 12, "improvement": 10, "satisfaction": 10, "audit": 1, "notifier": 2}
EXAMPLES = int(os.environ.get("RATCHET_TEST_EXAMPLES", "6"))
CONFIG = schemathesis.Config.from_dict(
    {"generation": {"deterministic": True, "database": "none"}, "cache": {"enabled": False}}
)
bounded = settings(max_examples=EXAMPLES, derandomize=True, database=None, suppress_health_check=list(HealthCheck))

TAKEN_AWAY = ("/discard", "/dismiss", "/withdraw", "improvement_id}/reject", "campaign_id}/cancel")
"""What no record comes back from."""

Case = schemathesis.Case[Any]


def ask(case: Case, served: Served, service: str) -> None:
    """Send it and judge the answer. Most ids are made ones that exist, and most writes name the version `*`, so that
    what is asked for is also done; but records are not taken away from the cases that follow."""
    chance = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode(errors="replace"))
    if chance % 8:
        for collection, name in re.findall(r"([a-z-]+)/{(\w+)}", case.path):
            if ids := served.known.get(collection):
                case.path_parameters[name] = ids[chance // 8 % len(ids)]
    is_taken_away = (
        case.path.endswith(("/discard", "/dismiss", "/withdraw", "/reject")) and "complaints" not in case.path
    )
    if case.method == "DELETE" or is_taken_away:
        case.path_parameters = dict.fromkeys(case.path_parameters, "01a1fc47-0000-7000-8000-000000000000")
    if case.method not in ("GET", "DELETE") and chance % 4:
        case.headers["If-Match"] = "*"
    inbound = {"Authorization": f"Bearer {SECRET}"} if "/inbound/" in case.path and chance % 4 else None
    case.call_and_validate(f"{served.url}/{service}", served.session, inbound, checks=CHECKS)


@cache
def operations_of(service: str) -> list[Any]:
    """Every operation of the published document, in its order; read once a process."""
    schema = schemathesis.openapi.from_path(DOCS / "api" / f"{service}.json", config=CONFIG)
    return [found.ok() for found in schema.get_all_operations()]


@pytest.mark.filterwarnings("ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning")
@pytest.mark.parametrize(("service", "part"), [(name, part) for name, parts in PARTS.items() for part in range(parts)])
def test_every_operation(served: Served, service: str, part: int) -> None:
    """In parts, so that several processes share them: making the cases of an operation costs more than asking them."""
    failed: list[str] = []
    for operation in operations_of(service)[part :: PARTS[service]]:
        fitting = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        other = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

        @bounded
        @given(case=fitting | other)
        def check(case: Case) -> None:
            ask(case, served, service)

        try:
            check()
        except (Exception, BaseExceptionGroup) as error:
            failed.append(f"{operation.label}: {error}"[:2000])
    assert failed == []


def test_no_service_is_left_out() -> None:
    assert PARTS.keys() == DEFINE.keys()

"""Every operation of every published OpenAPI, fed what fits its schema and what does not: nothing answers 500, and
every answer is one that the document promises, in the form that it promises.

`RATCHET_TEST_EXAMPLES=200` looks longer.
"""

import os
import re
import zlib
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
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
EXAMPLES = int(os.environ.get("RATCHET_TEST_EXAMPLES", "6"))
CONFIG = schemathesis.Config.from_dict(
    {"generation": {"deterministic": True, "database": "none"}, "cache": {"enabled": False}}
)
bounded = settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)

Case = schemathesis.Case[Any]


def ask(case: Case, served: Served, service: str) -> None:
    """Send it and judge the answer. Most ids are made ones that exist, and most writes name the version `*`, so that
    what is asked for is also done; but records are not taken away from the cases that follow."""
    chance = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode(errors="replace"))
    if chance % 8:
        for collection, name in re.findall(r"([a-z-]+)/{(\w+)}", case.path):
            if ids := served.known.get(collection):
                case.path_parameters[name] = ids[chance // 8 % len(ids)]
    if case.method == "DELETE" or case.path.endswith(("/discard", "/dismiss", "/withdraw", "/reject")):
        case.path_parameters = dict.fromkeys(case.path_parameters, "01a1fc47-0000-7000-8000-000000000000")
    if case.method not in ("GET", "DELETE") and chance % 4:
        case.headers["If-Match"] = "*"
    inbound = {"Authorization": f"Bearer {SECRET}"} if "/inbound/" in case.path and chance % 4 else None
    case.call_and_validate(f"{served.url}/{service}", served.session, inbound, checks=CHECKS)


def fuzz(service: str) -> Any:
    """One test for each operation of this service."""
    schema = schemathesis.openapi.from_path(DOCS / "api" / f"{service}.json", config=CONFIG)

    @schema.parametrize()
    @bounded
    @pytest.mark.filterwarnings("ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning")
    def test(case: Case, served: Served) -> None:
        ask(case, served, service)

    return test


test_metrics = fuzz("metrics")
test_improvement = fuzz("improvement")
test_satisfaction = fuzz("satisfaction")
test_audit = fuzz("audit")
test_notifier = fuzz("notifier")


def test_no_service_is_left_out() -> None:
    assert {f"test_{service}" for service in DEFINE} <= set(globals())

"""Genuine payloads of ticketing systems, which this project did not write."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

DATA = Path(os.environ.get("REAL_DATA_DIR", Path(__file__).parents[4] / "shared" / "data"))
PAYLOADS = DATA / "payloads"

needs_payloads = pytest.mark.skipif(not PAYLOADS.exists(), reason=f"no real data at {DATA}; set REAL_DATA_DIR")


def genuine(name: str) -> Any:
    """The payload of that file, as JSON."""
    return json.loads((PAYLOADS / name).read_text())


def genuine_lines(name: str) -> list[Any]:
    """The bodies of a file of captured requests, one a line."""
    return [json.loads(json.loads(line)["body"]) for line in (PAYLOADS / name).read_text().splitlines()]

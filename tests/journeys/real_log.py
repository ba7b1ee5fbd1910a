"""The journey on the real incident log: what the documentation tells, step by step, with every figure checked against
the reference that was computed from the log with plain pandas."""

import asyncio
import csv
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from shared.auth import Role
from tests.journeys.loop import THE_STORY, Json, Loop, in_order
from tests.support.waiting import eventually

DATA = Path(os.environ.get("REAL_DATA_DIR", Path(__file__).parents[3] / "shared" / "data"))
LOG = DATA / "incidents" / "incident_event_log.zip"
REFERENCE = DATA / "incidents" / "incident_event_log.reference.json"
RESOLUTIONS = 25_236
"""Times an incident went to Resolved from another state."""
REOPENS = 331
"""The reference counts 332 departures in the order of `sys_mod_count`; one of them, of INC0000135, is the first row of
its incident with a counter that is too high: by its time it precedes the closing."""
_CHUNK_ROWS = 2000

needs_real_data = pytest.mark.skipif(not LOG.exists(), reason=f"no real data at {DATA}; set REAL_DATA_DIR")


async def import_over_rest(loop: Loop) -> Json:
    """What `ratchet import` does, without its process."""
    with zipfile.ZipFile(LOG) as archive:
        content = archive.read(archive.namelist()[0])
    header, *rows = content.decode().splitlines()
    begun = await loop.post(
        Role.INTEGRATION,
        "/metrics/v1/imports",
        {
            "format": "servicenow-csv",
            "filename": LOG.name,
            "digest": hashlib.sha256(content).hexdigest(),
            "rows": len(rows),
        },
    )
    client = loop.as_(Role.INTEGRATION)
    for offset in range(begun["rows_done"], len(rows), _CHUNK_ROWS):
        body = "\n".join([header, *rows[offset : offset + _CHUNK_ROWS]])
        answer = await client.put(
            f"/metrics/v1/imports/{begun['id']}/chunks/{offset}", content=body, headers={"Content-Type": "text/csv"}
        )
        assert answer.status_code == 200, answer.text
    finished: Json = await loop.post(Role.INTEGRATION, f"/metrics/v1/imports/{begun['id']}/finish")
    return finished


async def walk_the_real_log(loop: Loop, bring_in: Callable[[], Awaitable[Any]]) -> None:
    """Import, compare every figure, then one turn of the loop on March to May 2016."""
    reference = json.loads(REFERENCE.read_text())
    await bring_in()
    await loop.expect_target(0.75, "2016-03-01", minimum_n=100)
    await check_months(loop, reference)
    await check_overall(loop, reference)
    await check_quarantine(loop)

    gap = await loop.await_gap()
    assert (gap["period"], gap["n"]) == ("2016-03-01", 8995)
    assert gap["actual"] == pytest.approx(0.3986, abs=5e-5)
    assert (gap["impact"]["tickets_affected"], gap["impact"]["tickets_total"]) == (8995 - 3585, 8995)
    improvement = await loop.await_improvement(gap["id"])
    implementing = await loop.plan_and_approve(improvement, guard_measures=["reopen_rate"], minimum_effect=0.05)
    monitoring = await loop.implement(implementing, "2016-04-01T00:00:00Z")
    assessment = await loop.await_assessment(monitoring["id"], "effective")
    assert assessment["before"]["n"] == 8995
    assert (assessment["after"]["n"], assessment["after"]["periods"]) == (7934 + 7508, 2)
    assert assessment["after"]["value"] == pytest.approx((6085 + 5820) / (7934 + 7508))
    assert assessment["p_value"] < 1e-6
    assert assessment["guards"][0]["worse"] is False
    closed = await loop.sign_and_close(monitoring)
    assert closed["baseline_value"] == assessment["after"]["value"]
    (baseline,) = await loop.get("/metrics/v1/measures/sla_attainment/baselines")
    assert (baseline["effective_from"], baseline["improvement_id"]) == ("2016-04-01", closed["id"])
    story = await loop.await_story(gap["id"], "improvement.closed")
    assert in_order(story) == THE_STORY

    await check_callbacks(loop)
    verification = await loop.get("/audit/v1/ledger/verification", Role.AUDITOR)
    assert verification["intact"] is True


async def check_months(loop: Loop, reference: Json) -> None:
    """Attainment, time to restore, reopened and resolved of every month equal the reference."""

    async def same() -> bool:
        series = {
            key: {point["period"]: point for point in (await months(loop, key))["points"]}
            for key in ("sla_attainment", "mttr_mean", "mttr_median", "mttr_p90", "reopen_rate", "resolution_rate")
        }
        for key, told in series.items():
            assert set(told) == set(reference["by_month_opened"]), key
        for month, expected in reference["by_month_opened"].items():
            attainment = series["sla_attainment"][month]
            assert (attainment["n"], attainment["numerator"]) == (expected["incidents"], expected["sla_made"])
            assert attainment["value"] == pytest.approx(expected["sla_ratio"], abs=1e-6)
            assert series["mttr_mean"][month]["value"] == pytest.approx(expected["mttr_mean_h"], abs=1e-4)
            assert series["mttr_median"][month]["value"] == pytest.approx(expected["mttr_median_h"], abs=1e-4)
            assert series["mttr_p90"][month]["value"] == pytest.approx(expected["mttr_p90_h"], abs=1e-4)
            assert series["reopen_rate"][month]["numerator"] == expected["reopened"]
            assert series["resolution_rate"][month]["numerator"] == expected["resolved"]
        return True

    await eventually(same, loop.timeout_seconds * 2)


async def check_overall(loop: Loop, reference: Json) -> None:
    """The two definitions of the time to restore, never mixed, and the shares of the whole log."""
    field = reference["mttr_hours_resolved_minus_opened"]
    events = reference["event_replay_reference"]["mttr_h_open_to_last_Resolved_event"]
    for prefix, expected in (("", field), ("observed_", events)):
        for statistic in ("mean", "median", "p90"):
            overall = (await months(loop, f"{prefix}mttr_{statistic}"))["overall"]
            assert overall["n"] == expected["n"]
            assert overall["value"] == pytest.approx(expected[statistic], abs=1e-6)
    made = reference["made_sla_last_row"]
    attainment = (await months(loop, "sla_attainment"))["overall"]
    assert (attainment["numerator"], attainment["n"]) == (made["made"], made["made"] + made["missed"])
    reopened = (await months(loop, "reopen_rate"))["overall"]
    assert reopened["numerator"] == reference["reopened_incidents_max_reopen_gt0"]
    resolved = (await months(loop, "resolution_rate"))["overall"]
    assert resolved["numerator"] == reference["incidents_with_resolved_at"]


async def months(loop: Loop, key: str) -> Json:
    found: Json = await loop.get(
        f"/metrics/v1/measures/{key}/series", **{"from": "2016-02", "to": "2017-02", "overall": "true"}
    )
    return found


async def check_quarantine(loop: Loop) -> None:
    """The five rows of state -100, each with its place and what would be right."""
    kept = (await loop.get("/metrics/v1/quarantine"))["items"]
    assert len(kept) == 5
    assert all("'-100' is no state" in item["reason"] and "data row" in item["place"] for item in kept)


async def check_callbacks(loop: Loop) -> None:
    """Every resolution has exactly one callback, due exactly 24 hours later; each reopen cancelled one."""

    async def all_there() -> bool:
        coverage = await loop.get("/satisfaction/v1/callbacks/coverage", Role.SERVICE_DESK)
        assert (coverage["resolved"], coverage["cancelled"]) == (RESOLUTIONS, REOPENS), coverage
        return True

    await eventually(all_there, loop.timeout_seconds * 2)
    seen: set[tuple[str, int]] = set()
    cursor = None
    while True:
        params = {"limit": 500} | ({"cursor": cursor} if cursor else {})
        page = await loop.get("/satisfaction/v1/callbacks", Role.SERVICE_DESK, **params)
        for callback in page["items"]:
            resolution = (callback["external_id"], callback["resolution_number"])
            assert resolution not in seen
            seen.add(resolution)
            assert _seconds_between(callback["resolved_at"], callback["due_at"]) == 24 * 3600
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == RESOLUTIONS
    assert seen == await asyncio.to_thread(_resolutions_in_the_log)


def _seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def _resolutions_in_the_log() -> set[tuple[str, int]]:
    """Counted from the rows themselves: each time that Resolved follows another state, in order of time."""
    with zipfile.ZipFile(LOG) as archive:
        content = archive.read(archive.namelist()[0]).decode()
    count: dict[str, int] = {}
    state: dict[str, str] = {}
    found: set[tuple[str, int]] = set()
    for row in csv.DictReader(io.StringIO(content)):
        number, now = row["number"], row["incident_state"]
        if now == "Resolved" and state.get(number) != "Resolved":
            count[number] = count.get(number, 0) + 1
            found.add((number, count[number]))
        if now != "-100":
            state[number] = now
    return found

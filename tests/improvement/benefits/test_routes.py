import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.improvement.benefits.service import find_achievement
from shared.auth import Role
from tests.improvement.around import open_improvement, put, refused, sign
from tests.improvement.builders import IMPROVEMENTS, ok
from tests.support.solo import Solo

ACHIEVEMENT = "/improvement/v1/achievement"
MARCH = {"from": "2026-03-01", "to": "2026-04-01"}
COST = {
    "side": "cost",
    "kind": "actual",
    "category": "people",
    "day": "2026-03-02",
    "amount": "120000.00",
    "currency": "CNY",
    "evidence": "time sheets of March",
}
BENEFIT = {**COST, "side": "benefit", "category": "penalty_avoided", "amount": "150000.00"}
BEFORE = {
    "phase": "before",
    "period_from": "2026-01-01",
    "period_to": "2026-02-01",
    "volume": "200",
    "volume_unit": "tickets",
    "cost": "60000",
    "evidence": "cost centre 7, January",
}
AFTER = {
    **BEFORE,
    "phase": "after",
    "period_from": "2026-04-01",
    "period_to": "2026-05-01",
    "volume": "250",
    "cost": "50000",
}


@pytest.fixture
async def record(solo: Solo) -> str:
    return await open_improvement(solo)


@pytest.fixture
async def path(record: str) -> str:
    return f"{IMPROVEMENTS}/{record}"


async def give(solo: Solo, path: str, *bodies: dict[str, Any]) -> None:
    """Amounts and periods, each where it belongs."""
    async with solo.client(Role.PROCESS_OWNER, subject="petra") as petra:
        for body in bodies:
            ok(await petra.post(f"{path}/{'cost-periods' if 'phase' in body else 'benefits'}", json=body), 201)


def at(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00+00:00").astimezone(UTC)


class TestRecordAmount:
    """R132: costs and benefits, planned and actual."""

    async def test_is_told_to_the_cent_with_who_and_evidence(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.PROCESS_OWNER, subject="petra") as petra:
            answer = await petra.post(f"{path}/benefits", json={**COST, "amount": "0.10"})
            made = ok(answer, 201)
            assert (made["amount"], made["recorded_by"], made["evidence"]) == ("0.10", "petra", "time sheets of March")
            assert ok(await petra.get(answer.headers["Location"])) == made

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"evidence": None}, "evidence"),
            ({"amount": "0"}, "amount"),
            ({"amount": "-1"}, "amount"),
            ({"amount": "1.001"}, "amount"),
            ({"amount": "9999999999999"}, "amount"),
            ({"amount": "NaN"}, "amount"),
            ({"currency": "yuan"}, "currency"),
            ({"day": "2199-01-01"}, "planned"),
            ({"day": "0001-01-01"}, "day"),
            ({"category": "magic"}, "category"),
        ],
    )
    async def test_what_is_unsound_is_named(self, solo: Solo, path: str, change: dict[str, Any], named: str) -> None:
        async with solo.client(Role.PROCESS_OWNER) as author:
            assert named in refused(await author.post(f"{path}/benefits", json={**COST, **change}), 422)

    async def test_after_closing_too_but_not_of_what_was_given_up(self, solo: Solo, record: str, path: str) -> None:
        await put(solo, record, state="closed")
        await give(solo, path, BENEFIT)
        await put(solo, record, state="withdrawn")
        async with solo.client(Role.PROCESS_OWNER) as author:
            assert "withdrawn" in refused(await author.post(f"{path}/benefits", json=BENEFIT), 409)
            assert (await author.post(f"{IMPROVEMENTS}/{uuid4()}/benefits", json=COST)).status_code == 404
        async with solo.client(Role.AUDITOR) as auditor:
            assert (await auditor.post(f"{path}/benefits", json=COST)).status_code == 403

    async def test_a_retracted_one_counts_no_more_and_stays(self, solo: Solo, path: str) -> None:
        await give(solo, path, COST, BENEFIT)
        async with solo.client(Role.PROCESS_OWNER, subject="petra") as petra:
            first = ok(await petra.get(f"{path}/benefits"))["items"][0]
            one = f"{path}/benefits/{first['id']}"
            retracted = ok(await petra.post(f"{one}/retraction", json={"reason": "twice"}))
            assert (retracted["retracted_by"], retracted["retraction_reason"]) == ("petra", "twice")
            assert (await petra.post(f"{one}/retraction", json={"reason": "again"})).status_code == 409
            assert len(ok(await petra.get(f"{path}/benefits"))["items"]) == 2
            (left,) = ok(await petra.get(f"{path}/cost-benefit"))["returns"]
            assert (left["cost"], left["roi"]) == ("0", None)
            elsewhere = f"{IMPROVEMENTS}/{await open_improvement(solo)}/benefits/{first['id']}"
            assert (await petra.get(elsewhere)).status_code == 404


class TestRecordPeriod:
    async def test_periods_are_counted_once_and_before_lies_before_after(self, solo: Solo, path: str) -> None:
        await give(solo, path, BEFORE, AFTER)
        async with solo.client(Role.PROCESS_OWNER) as author:
            periods = f"{path}/cost-periods"
            assert "before, 2026-01-01" in refused(await author.post(periods, json=BEFORE), 409)
            late = {**BEFORE, "period_from": "2026-04-15", "period_to": "2026-06-01"}
            assert "after" in refused(await author.post(periods, json=late), 409)
            other = ok(await author.post(periods, json={**BEFORE, "currency": "USD"}), 201)
            assert ok(await author.get(f"{periods}/{other['id']}")) == other
            ok(await author.post(f"{periods}/{other['id']}/retraction", json={"reason": "wrong"}))
            ok(await author.post(periods, json={**BEFORE, "currency": "USD"}), 201)

    async def test_two_at_the_same_moment_count_once(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.PROCESS_OWNER) as one, solo.client(Role.ENGINEER) as other:
            periods = f"{path}/cost-periods"
            answers = await asyncio.gather(one.post(periods, json=BEFORE), other.post(periods, json=BEFORE))
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"period_to": "2026-01-01"}, "period_to"),
            ({"period_to": "2198-01-01"}, "not come"),
            ({"volume": "-1"}, "volume"),
            ({"cost": "1e99"}, "cost"),
            ({"phase": "during"}, "phase"),
        ],
    )
    async def test_what_is_unsound_is_named(self, solo: Solo, path: str, change: dict[str, Any], named: str) -> None:
        async with solo.client(Role.PROCESS_OWNER) as author:
            assert named in refused(await author.post(f"{path}/cost-periods", json={**BEFORE, **change}), 422)


class TestAccount:
    """F7, F8, F9 of one record, worked by hand."""

    async def test_saving_at_the_same_volume_and_return(self, solo: Solo, path: str) -> None:
        await give(solo, path, COST, BENEFIT, BEFORE, AFTER, {**BENEFIT, "currency": "EUR", "amount": "10"})
        async with solo.client(Role.AUDITOR) as reader:
            told = ok(await reader.get(f"{path}/cost-benefit"))
        cny, eur = told["returns"]
        assert (cny["currency"], Decimal(cny["roi"])) == ("CNY", Decimal("0.25"))
        assert (eur["currency"], eur["roi"]) == ("EUR", None)
        assert "no cost" in eur["reason"]
        (compared,) = told["comparisons"]
        assert Decimal(compared["cost_before_at_volume"]) == 75_000
        assert Decimal(compared["saving"]) == 25_000
        assert Decimal(compared["before"]["cost_per_unit"]) == 300
        assert Decimal(compared["after"]["cost_per_unit"]) == 200

    async def test_of_nothing_is_nothing(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.AUDITOR) as reader:
            assert ok(await reader.get(f"{path}/cost-benefit")) == {"returns": [], "comparisons": []}
            assert (await reader.get(f"{IMPROVEMENTS}/{uuid4()}/cost-benefit")).status_code == 404


class TestAchievement:
    """R26: what improvements achieved."""

    async def test_worked_by_hand(self, solo: Solo) -> None:
        # Four signed in March: three effective, one not. Two of the effective closed in March, after 10 and 20 days.
        opened = {"opened_at": at("2026-02-20"), "updated_at": at("2026-03-20")}
        first, second, third, fourth = [await open_improvement(solo) for _ in range(4)]
        before_march = await open_improvement(solo)
        done = {**opened, "state": "closed", "closure_code": "achieved"}
        await sign(solo, first, "effective", **{**done, "closed_at": at("2026-03-02")})
        await sign(solo, second, "effective", **{**done, "closed_at": at("2026-03-12")})
        await sign(solo, third, "effective", **opened)
        await sign(solo, fourth, "ineffective", **opened)
        await sign(solo, before_march, "effective", "2026-02-27T10:00:00+00:00", **opened)
        await give(solo, f"{IMPROVEMENTS}/{first}", COST, BENEFIT, BEFORE, AFTER)
        await give(solo, f"{IMPROVEMENTS}/{second}", {**COST, "currency": "USD"}, BEFORE, {**AFTER, "cost": "70000"})
        await give(solo, f"{IMPROVEMENTS}/{third}", {**BEFORE, "currency": "USD"}, {**AFTER, "currency": "USD"})
        await give(solo, f"{IMPROVEMENTS}/{fourth}", BEFORE, AFTER, COST)
        await give(solo, f"{IMPROVEMENTS}/{before_march}", BEFORE, AFTER, COST)
        async with solo.client(Role.QUALITY_MANAGER) as reader:
            told = ok(await reader.get(ACHIEVEMENT, params=MARCH))
        assert (told["from"], told["to"]) == ("2026-03-01", "2026-04-01")
        assert (told["closed"], told["closed_as"], told["mean_days_to_close"]) == (2, {"achieved": 2}, 15.0)
        assert told["verified"] == {"effective": 3, "ineffective": 1, "inconclusive": 0, "regressed": 0}
        assert (told["share_effective"], told["verified_n"]) == (0.75, 4)
        # 25 000 of the first and 5 000 of the second (75 000 − 70 000) are CNY; the third's 25 000 are USD.
        assert [(item["currency"], Decimal(item["saving"]), item["improvements"]) for item in told["savings"]] == [
            ("CNY", Decimal(30_000), 2),
            ("USD", Decimal(25_000), 1),
        ]
        assert [(item["currency"], item["roi"] and Decimal(item["roi"])) for item in told["returns"]] == [
            ("CNY", Decimal("0.25")),
            ("USD", Decimal(-1)),
        ]

    async def test_days_are_those_of_the_zone(self, solo: Solo) -> None:
        record = await open_improvement(solo)
        await sign(solo, record, "effective", "2026-02-28T17:00:00+00:00")  # 1 March, 01:00 in Shanghai
        days = (date(2026, 3, 1), date(2026, 4, 1))
        async with solo.database.reading() as session:
            told = [
                (await find_achievement(session, *days, zone, at("2026-05-01"))).verified_n
                for zone in ("UTC", "Asia/Shanghai")
            ]
        assert told == [0, 1]

    async def test_what_failed_first_counts_as_well(self, solo: Solo) -> None:
        record = await open_improvement(solo)
        await sign(solo, record, "ineffective", "2026-03-05T10:00:00+00:00")
        await put(solo, record, state="draft", signature=None)
        await sign(solo, record, "effective", "2026-03-25T10:00:00+00:00")
        await give(solo, f"{IMPROVEMENTS}/{record}", BEFORE, AFTER)
        async with solo.client(Role.QUALITY_MANAGER) as reader:
            told = ok(await reader.get(ACHIEVEMENT, params=MARCH))
        assert (told["share_effective"], told["verified_n"]) == (0.5, 2)
        assert [(item["currency"], item["improvements"]) for item in told["savings"]] == [("CNY", 1)]

    async def test_nothing_is_no_share(self, solo: Solo) -> None:
        async with solo.client(Role.QUALITY_MANAGER) as reader:
            told = ok(await reader.get(ACHIEVEMENT, params=MARCH))
        assert (told["closed"], told["verified_n"]) == (0, 0)
        assert told["share_effective"] is None
        assert told["mean_days_to_close"] is None
        assert told["savings"] == []

    async def test_overdue_is_what_was_open_past_its_planned_end(self, solo: Solo) -> None:
        late = await open_improvement(solo, planned_end="2026-03-30")
        last_day = await open_improvement(solo, planned_end="2026-03-31")
        coming = await open_improvement(solo, planned_end="2026-04-01")
        held = await open_improvement(solo, planned_end="2026-03-01")
        held_for_a_day = await open_improvement(solo, planned_end="2026-03-31")
        closed_later = await open_improvement(solo, planned_end="2026-03-01")
        closed_before = await open_improvement(solo, planned_end="2026-03-01")
        records = (late, last_day, coming, held, held_for_a_day, closed_later, closed_before)
        for record in records:
            await put(solo, record, opened_at=at("2026-02-01"))
        moves = [(record, "draft", "2026-02-01") for record in records]
        moves += [(held, "on_hold", "2026-03-20"), (closed_later, "closed", "2026-04-10")]
        await put(solo, held_for_a_day, held_seconds=86_400)
        await _tell_history(solo, [*moves, (closed_before, "closed", "2026-03-20")])
        async with solo.client(Role.QUALITY_MANAGER) as reader:
            told = ok(await reader.get(ACHIEVEMENT, params=MARCH))
        assert told["overdue"] == len([late, last_day, closed_later])

    @pytest.mark.parametrize(
        "asked",
        [
            {"from": "2026-04-01", "to": "2026-04-01"},
            {"from": "0001-01-01", "to": "2026-04-01"},
            {"from": "x", "to": "2026-04-01"},
            {"from": "2026-04-01"},
        ],
    )
    async def test_unsound_days_are_refused(self, solo: Solo, asked: dict[str, str]) -> None:
        async with solo.client(Role.QUALITY_MANAGER) as reader:
            assert (await reader.get(ACHIEVEMENT, params=asked)).status_code == 422


async def _tell_history(solo: Solo, moves: list[tuple[str, str, str]]) -> None:
    """Lines of history of the past; those of the test's own day lie behind what is asked about."""
    async with solo.transaction() as session:
        for record, state, day in moves:
            await session.execute(
                text(
                    "INSERT INTO improvement_history (improvement_id, at, actor, action, to_state) "
                    "VALUES (:id, :at, 'x', 'move', :state)"
                ),
                {"id": record, "at": at(day), "state": state},
            )

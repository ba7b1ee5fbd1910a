from datetime import date
from typing import Any

import pytest

from services.metrics.agreements import repository
from services.metrics.settings import MetricsSettings
from tests.metrics.agreements.builders import Parties


async def between(parties: Parties, first: str, last: str) -> list[tuple[int, str]]:
    """The clauses that counted on some day from first to last, each with its agreement's fee."""
    async with parties.solo.database.reading() as session:
        rows = await repository.list_clauses_between(session, date.fromisoformat(first), date.fromisoformat(last))
    return [(int(row.fee), row.key) for row in rows]


class TestComeIntoForce:
    async def test_on_its_day_and_not_before(self, parties: Parties) -> None:
        """R157: signed, then in force by itself."""
        item = await parties.signed()
        assert await parties.turn("2026-12-31") == 0
        assert (await parties.get(item))["state"] == "signed"
        assert await between(parties, "2027-01-01", "2027-01-01") == []
        assert await parties.turn("2027-01-01") == 1
        assert (await parties.get(item))["state"] == "in_force"
        assert await between(parties, "2027-01-01", "2027-01-01") == [(10000, "response"), (10000, "report")]
        assert await between(parties, "2026-12-31", "2026-12-31") == []
        assert await parties.turn("2027-01-01") == 0

    async def test_by_the_installations_clock(self, parties: Parties, monkeypatch: pytest.MonkeyPatch) -> None:
        """In Shanghai 1 January begins at 16:00 UTC of the day before; noon there is the same day, in Auckland not."""
        item = await parties.signed()
        auckland = MetricsSettings(time_zone="Pacific/Auckland", _env_file=None)  # type: ignore[call-arg]
        monkeypatch.setattr("services.metrics.agreements.records.settings", lambda: auckland)
        assert await parties.turn("2026-12-31") == 1  # noon UTC is 01:00 of 1 January there
        assert (await parties.get(item))["state"] == "in_force"

    async def test_a_back_dated_one_at_once(self, parties: Parties) -> None:
        item = await parties.signed(reason="signed on paper", effective_from="2026-06-01")
        assert await parties.turn("2026-11-20") == 1
        assert (await parties.get(item))["state"] == "in_force"
        assert await between(parties, "2026-06-01", "2026-06-01") != []

    async def test_the_one_before_is_renewed(self, parties: Parties) -> None:
        """R114: both are never in force together, and none counts twice."""
        item = await parties.signed()
        await parties.turn("2027-01-01")
        successor = await parties.act(parties.manager, item, "renew", effective_from="2027-07-01")
        await parties.act(parties.manager, successor, "negotiate")
        await parties.sign(await parties.get(successor))
        await parties.turn("2027-06-30")
        assert [(await parties.get(one))["state"] for one in (item, successor)] == ["in_force", "signed"]
        await parties.turn("2027-07-01")
        before, after = await parties.get(item), await parties.get(successor)
        assert (before["state"], before["ended_on"], after["state"]) == ("renewed", "2027-06-30", "in_force")
        (told,) = await parties.solo.events("agreement.terminated")
        assert (told.data["ending"], told.data["successor_id"]) == ("renewed", after["id"])
        assert len(await between(parties, "2027-07-01", "2027-07-01")) == 2

    async def test_a_measure_goes_on_through_a_renewal(self, parties: Parties) -> None:
        """R89, R113: one series a promise, with a target of its own from the day that the revision counts."""
        item = await parties.signed()
        await parties.turn("2027-01-01")
        successor = await parties.act(parties.manager, item, "renew")
        await parties.act(parties.manager, successor, "negotiate")
        signed = await parties.sign(await parties.get(successor))
        keys = [clause["measure_key"] for clause in signed["clauses"]]
        assert keys == [clause["measure_key"] for clause in item["clauses"]]
        targets = (await parties.manager.get(f"/metrics/v1/measures/{keys[0]}/targets")).json()
        assert [target["effective_from"] for target in targets] == ["2027-01-01", "2028-01-01"]


class TestExpire:
    async def test_the_day_after_its_last_day(self, parties: Parties) -> None:
        """R160: it counts no more; that both confirm the execution is still to be done, and is visible."""
        item = await parties.signed()
        await parties.turn("2027-01-01")
        await parties.turn("2027-11-20")
        assert await parties.turn("2027-12-31") == 0
        assert await between(parties, "2027-12-31", "2027-12-31") != []
        assert await parties.turn("2028-01-01") == 1
        expired = await parties.get(item)
        assert (expired["state"], expired["ended_on"]) == ("expired", "2027-12-31")
        assert expired["execution_confirmed"] is False
        assert expired["missing"] == [
            "the provider's confirmation of the execution",
            "the customer's confirmation of the execution",
        ]
        await parties.confirm(item, "provider", "execution")
        await parties.confirm(item, "customer", "execution")
        assert (await parties.get(item))["execution_confirmed"] is True
        (told,) = await parties.solo.events("agreement.terminated")
        assert (told.data["ending"], told.data["execution_confirmed"]) == ("expired", False)

    async def test_its_last_period_can_still_be_evaluated(self, parties: Parties) -> None:
        """R113, R159: what counted in a period does not depend on what became of the agreement since."""
        await parties.signed()
        await parties.turn("2027-01-01")
        assert await between(parties, "2027-12-01", "2027-12-31") == [(10000, "response"), (10000, "report")]
        await parties.turn("2028-01-01")
        assert await between(parties, "2027-12-01", "2027-12-31") == [(10000, "response"), (10000, "report")]
        assert await between(parties, "2028-01-01", "2028-01-31") == []
        assert await between(parties, "2026-12-01", "2026-12-31") == []

    async def test_a_history_that_is_signed_late_begins_and_ends(self, parties: Parties) -> None:
        item = await parties.signed(reason="a dispute is open", effective_from="2025-01-01", effective_to="2025-12-31")
        await parties.turn("2026-11-20")
        await parties.turn("2026-11-20")
        assert (await parties.get(item))["state"] == "expired"
        assert await parties.solo.events("agreement.expiring") == []

    async def test_renewed_late_without_a_word_twice(self, parties: Parties) -> None:
        item = await parties.signed()
        await parties.turn("2027-01-01")
        await parties.turn("2028-01-01")
        successor = await parties.act(parties.manager, item, "renew")
        await parties.act(parties.manager, successor, "negotiate")
        await parties.sign(await parties.get(successor), "the talks took long")
        assert (await parties.get(item))["state"] == "expired"
        await parties.turn("2028-01-10")
        states = [(await parties.get(one))["state"] for one in (item, successor)]
        assert states == ["renewed", "in_force"]
        assert len(await parties.solo.events("agreement.terminated")) == 1


class TestAnnounceExpiry:
    async def test_once_when_the_notice_period_begins(self, parties: Parties) -> None:
        """R114: 60 days before 31 December 2027 is 1 November."""
        item = await parties.signed()
        await parties.turn("2027-01-01")
        assert await parties.turn("2027-10-31") == 0
        assert (await parties.get(item))["expiring"] is False
        assert await parties.turn("2027-11-01") == 1
        assert await parties.turn("2027-11-02") == 0
        (told,) = await parties.solo.events("agreement.expiring")
        assert (told.data["days_left"], told.data["notice_days"], told.data["successor_id"]) == (60, 60, None)
        assert (await parties.get(item))["expiring"] is True

    async def test_names_the_successor_that_somebody_began(self, parties: Parties) -> None:
        item = await parties.signed()
        await parties.turn("2027-01-01")
        successor = await parties.act(parties.manager, item, "renew")
        await parties.turn("2027-11-01")
        (told,) = await parties.solo.events("agreement.expiring")
        assert (told.data["successor_id"], told.data["successor_state"]) == (successor["id"], "design")

    async def test_under_review_too(self, parties: Parties) -> None:
        item = await parties.signed()
        await parties.turn("2027-01-01")
        await parties.act(parties.manager, item, "review", reason="yearly")
        await parties.turn("2027-12-01")
        assert len(await parties.solo.events("agreement.expiring")) == 1


class TestReplicas:
    async def test_an_agreement_that_somebody_works_on_is_left(self, parties: Parties) -> None:
        """Two replicas never move the same one."""
        item: dict[str, Any] = await parties.signed()
        async with parties.solo.transaction() as session:
            parties.travel("2027-01-01")
            assert len(await repository.claim_due(session, date(2027, 1, 1), 50)) == 1
            assert await parties.turn("2027-01-01") == 0
        assert await parties.turn("2027-01-01") == 1
        assert (await parties.get(item))["state"] == "in_force"

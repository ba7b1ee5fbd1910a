from datetime import UTC, datetime
from uuid import uuid4

from shared.auth import Role
from shared.events.improvement import ImprovementVerified
from shared.events.metrics import Verdict
from tests.support.months import judge
from tests.support.solo import Solo


def verified(verdict: Verdict, day: int = 10) -> ImprovementVerified:
    return ImprovementVerified(
        improvement_id=uuid4(),
        number="I-1",
        title="Assign by rule",
        state="verified",
        revision=1,
        origin="gap",
        requester="anna",
        verdict=verdict,
        computed_verdict=verdict,
        signed_by="omar",
        signed_at=datetime(2025, 3, day, tzinfo=UTC),
    )


class TestNoteVerified:
    async def test_what_improvements_achieved_is_a_measure(self, solo: Solo) -> None:
        """R26: three of four were effective."""
        for verdict in ("effective", "effective", "ineffective", "effective"):
            await solo.hear(verified(verdict))
        await judge(solo)
        url = "/metrics/v1/measures/improvement_effect/series?from=2025-03&to=2025-03"
        (point,) = (await solo.client(Role.QUALITY_MANAGER).get(url)).json()["points"]
        assert (point["value"], point["n"]) == (0.75, 4)

    async def test_the_last_signature_of_one_counts(self, solo: Solo) -> None:
        first = verified("inconclusive", 10)
        await solo.hear(
            first.model_copy(update={"verdict": "effective", "signed_at": datetime(2025, 3, 20, tzinfo=UTC)})
        )
        await solo.hear(first)
        await judge(solo)
        url = "/metrics/v1/measures/improvement_effect/series?from=2025-03&to=2025-03"
        (point,) = (await solo.client(Role.QUALITY_MANAGER).get(url)).json()["points"]
        assert (point["value"], point["n"]) == (1.0, 1)

"""What is heard of expectations: a signed effect moves the baseline, and only that does by itself."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.expectations import service
from services.metrics.gaps import service as gaps
from services.metrics.measures import rules
from services.metrics.measures.periods import next_period, period_of
from services.metrics.measures.service import find_measure
from shared.events.envelope import Event
from shared.events.improvement import BaselineResetRequested
from shared.inbox import Handler


async def reset_baselines(session: AsyncSession, events: Sequence[Event[BaselineResetRequested]]) -> None:
    """Hold the new level from now on, unless the one held is better: the baseline never slips back (R36).

    The gap that began the story is closed with it.
    """
    for event in events:
        asked = event.data
        measure = await find_measure(session, asked.measure_key)
        end = next_period(measure.frequency, period_of(measure.frequency, asked.effective_from))
        held = (await service.in_force(session, measure.key, [asked.scope], end))[asked.scope].baseline
        if held is None or rules.is_better(measure.direction, asked.value, held):
            await service.put_baseline(
                session,
                measure,
                asked.scope,
                service.Level(asked.value, asked.n, asked.effective_from),
                origin="improvement",
                reason=asked.reason,
                set_by=asked.signed_by,
                improvement_id=asked.improvement_id,
                correlation_id=event.correlation_id,
            )
            reason = f"closed by the signed effect: the new baseline is {asked.value:.6g}"
        else:
            reason = (
                f"closed by the signed effect; the baseline {held:.6g} stays, for it is better than {asked.value:.6g}"
            )
        if asked.gap_id is not None:
            await gaps.close_settled_gap(session, asked.gap_id, reason)


handlers = (Handler("metrics.measures.reset_baseline", BaselineResetRequested, reset_baselines),)

"""The worklist's figures at a glance: what is open, and the coverage of the last days."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks.figures.repository import Scope
from services.satisfaction.callbacks.figures.schemas import Coverage
from services.satisfaction.callbacks.figures.service import measure_coverage
from services.satisfaction.callbacks.worklist import repository

COVERAGE_DAYS = 30
_MANY = 10_000
_KEPT_FOR = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Glance:
    """Counts as `repository.count_open` and `count_history` tell them, and F23 over the last 30 days, as they were at a
    moment."""

    at: datetime
    counts: Row[int, int, int]
    history: int
    coverage: Coverage


class Glances:
    """The last glance of this process. Where there is much to count it is shown up to 30 s old: every agent's page
    would count the same hundred thousand rows again. Where there is little it is always fresh."""

    def __init__(self) -> None:
        self._last: Glance | None = None

    async def take(self, session: AsyncSession, now: datetime) -> Glance:
        """The figures, fresh or kept."""
        if self._last is not None and timedelta() <= now - self._last.at < _KEPT_FOR:
            return self._last
        counts = await repository.count_open(session, now)
        coverage = await measure_coverage(session, Scope(now - timedelta(days=COVERAGE_DAYS)), now)
        history = await repository.count_history(session)
        glance = Glance(now, counts, history, coverage)
        self._last = glance if max(counts.open, coverage.resolved, history) > _MANY else None
        return glance

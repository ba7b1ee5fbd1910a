"""REST of measures."""

import re
from datetime import date
from typing import Annotated

from fastapi import Depends, Path, Query

from services.metrics.measures import problems, repository, service
from services.metrics.measures.formulas import FORMULAS
from services.metrics.measures.schemas import (
    BaselineBody,
    BaselineView,
    FormulaView,
    MeasureBody,
    MeasureView,
    ObservationView,
    Series,
    TargetBody,
    TargetView,
)
from shared import clock
from shared.auth import Principal, Role, Staff, require
from shared.fields import Key
from shared.http import Reading, Writing, router

routes = router("measures")

MeasureKey = Annotated[Key, Path(description="A measure's key, for example sla_attainment.")]
ScopeQuery = Annotated[str, Query(max_length=300, description="'all', or dimension=value, for example service=mail.")]
MonthQuery = Annotated[
    str | None,
    Query(max_length=10, pattern=r"^\d{4}-\d{2}(-\d{2})?$", description="A month (2016-03) or a day in it; included."),
]
Definer = Annotated[Principal, Depends(require(Role.PROCESS_OWNER, Role.QUALITY_MANAGER, Role.ADMINISTRATOR))]
Setter = Annotated[
    Principal,
    Depends(require(Role.PROCESS_OWNER, Role.QUALITY_MANAGER, Role.OPERATIONS_MANAGER, Role.IMPROVEMENT_SUPERVISOR)),
]
_MOST_MONTHS = 240


@routes.get("/formulas")
async def list_formulas(_caller: Staff) -> list[FormulaView]:
    """The named formulas that measures are made of."""
    return [
        FormulaView(
            key=formula.key,
            title=formula.title,
            data_kind=formula.data_kind,
            unit=formula.unit,
            parameters={name: list(values) for name, values in formula.choices.items()},
        )
        for formula in FORMULAS.values()
    ]


@routes.get("/measures")
async def list_measures(session: Reading, _caller: Staff) -> list[MeasureView]:
    """Every measure, by key."""
    return [MeasureView.model_validate(row) for row in await repository.list_measures(session)]


@routes.get("/measures/{key}")
async def get_measure(key: MeasureKey, session: Reading, _caller: Staff) -> MeasureView:
    """One measure's definition."""
    return MeasureView.model_validate(await service.find_measure(session, key))


@routes.put("/measures/{key}")
async def put_measure(key: MeasureKey, body: MeasureBody, session: Writing, _caller: Definer) -> MeasureView:
    """Define a measure, or give it a new version (R23); its months are computed again."""
    return MeasureView.model_validate(await service.define_measure(session, key, body))


@routes.get("/measures/{key}/targets")
async def list_targets(key: MeasureKey, session: Reading, _caller: Staff) -> list[TargetView]:
    """Every target ever set, in the order in which they take effect."""
    await service.find_measure(session, key)
    return [TargetView.model_validate(row) for row in await repository.list_targets(session, key)]


@routes.post("/measures/{key}/targets", status_code=201)
async def set_target(key: MeasureKey, body: TargetBody, session: Writing, _caller: Setter) -> TargetView:
    """Set what is expected from a month on; the closed months since then are judged again (R29)."""
    return TargetView.model_validate(await service.set_target(session, key, body))


@routes.get("/measures/{key}/baselines")
async def list_baselines(key: MeasureKey, session: Reading, _caller: Staff) -> list[BaselineView]:
    """Every baseline ever set, in the order in which they take effect."""
    await service.find_measure(session, key)
    return [BaselineView.model_validate(row) for row in await repository.list_baselines(session, key)]


@routes.post("/measures/{key}/baselines", status_code=201)
async def set_baseline(key: MeasureKey, body: BaselineBody, session: Writing, _caller: Setter) -> BaselineView:
    """Set the level to hold, given or computed from a window of months (R29)."""
    return BaselineView.model_validate(await service.set_baseline(session, key, body))


@routes.get("/measures/{key}/series")
async def get_series(
    key: MeasureKey,
    session: Reading,
    _caller: Staff,
    from_: Annotated[MonthQuery, Query(alias="from")] = None,
    to: MonthQuery = None,
    scope: ScopeQuery = "all",
) -> Series:
    """The measure's months with target and baseline, and the formula over the whole range; the last 24 by default."""
    now = clock.now()
    last = _month(to, "to") or now.date().replace(day=1)
    first = _month(from_, "from") or date(max(last.year - 2, 1990), last.month, 1)
    if first > last:
        raise problems.UnsoundRange(f"from ({first:%Y-%m}) lies after to ({last:%Y-%m})")
    if (last.year - first.year) * 12 + last.month - first.month >= _MOST_MONTHS:
        raise problems.UnsoundRange(f"the range is longer than {_MOST_MONTHS} months; ask in parts")
    return await service.series(session, key, scope, first, last, now)


@routes.get("/measures/{key}/observations/{period}")
async def list_revisions(
    key: MeasureKey,
    period: Annotated[str, Path(pattern=r"^\d{4}-\d{2}$", max_length=7)],
    session: Reading,
    _caller: Staff,
    scope: ScopeQuery = "all",
) -> list[ObservationView]:
    """All that was ever told of one month: a restatement never loses the old value."""
    await service.find_measure(session, key)
    service.check_scope(scope)
    month = _month(period, "period")
    assert month is not None
    return [ObservationView.model_validate(row) for row in await repository.revisions(session, key, scope, month)]


def _month(text: str | None, name: str) -> date | None:
    """The first day of the month of `2016-03` or `2016-03-15`."""
    if text is None:
        return None
    match = re.match(r"^(\d{4})-(\d{2})(?:-(\d{2}))?$", text)
    try:
        assert match is not None
        day = date(int(match[1]), int(match[2]), int(match[3] or 1))
    except (ValueError, AssertionError) as error:
        raise problems.UnsoundRange(f"{name}: {text!r} is no month like 2016-03 and no day like 2016-03-15") from error
    if not 1990 <= day.year < 2200:
        raise problems.UnsoundRange(f"{name}: {text!r} lies outside 1990 to 2199")
    return day.replace(day=1)

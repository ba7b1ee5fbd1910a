"""REST of evaluations: where clauses stand now, and what every period came to."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy import Row

from services.metrics.agreements.records import check_visible, find_agreement
from services.metrics.attainments import live, repository
from services.metrics.attainments.schemas import EvaluationView, PeriodDetail, PeriodView
from services.metrics.clauses.schemas import LiveAgreement
from shared import clock, problems
from shared.auth import STAFF, Principal, Role, require
from shared.http import Reading, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor

routes = router("evaluations")
Reader = Annotated[Principal, Depends(require(*STAFF, Role.CUSTOMER))]


class PeriodNotFound(problems.NotFound):
    pass


@routes.get("/agreements/{agreement_id}/clauses/live")
async def show_live(agreement_id: UUID, session: Reading, caller: Reader) -> LiveAgreement:
    """R86, R112: each clause as it stands in the period that runs: on track, at risk or breached."""
    agreement = await find_agreement(session, agreement_id)
    check_visible(agreement, caller)
    return await live.look_at(session, agreement, clock.now())


@routes.get("/agreements/{agreement_id}/evaluations")
async def list_evaluations(
    agreement_id: UUID, session: Reading, caller: Reader, limit: Limit = 12, cursor: Cursor = None
) -> Page[PeriodView]:
    """R74, R113: the agreement's periods, newest first; the one that runs is provisional."""
    check_visible(await find_agreement(session, agreement_id), caller)
    before = decode_cursor(cursor, date)[0] if cursor else None
    periods = await repository.list_periods(session, agreement_id, before, limit + 1)
    items = [
        PeriodView(**_summary(agreement_id, period, await repository.latest_evaluations(session, agreement_id, period)))
        for period in periods[:limit]
    ]
    more = len(periods) > limit
    return Page(items=items, next_cursor=encode_cursor(periods[limit - 1].isoformat()) if more else None)


@routes.get("/agreements/{agreement_id}/evaluations/{period}")
async def get_evaluations(agreement_id: UUID, period: date, session: Reading, caller: Reader) -> PeriodDetail:
    """One period, named by its first day, with every revision of its values."""
    check_visible(await find_agreement(session, agreement_id), caller)
    newest = await repository.latest_evaluations(session, agreement_id, period)
    if not newest:
        raise PeriodNotFound(f"no period of this agreement begins on {period}; its periods are listed one level up")
    revisions = await repository.list_evaluations(session, agreement_id, period)
    return PeriodDetail(
        **_summary(agreement_id, period, newest), revisions=[EvaluationView.model_validate(row) for row in revisions]
    )


def _summary(agreement_id: UUID, period: date, rows: Sequence[Row[Any]]) -> dict[str, Any]:
    return {
        "agreement_id": agreement_id,
        "period": period,
        "kept": sum(row.verdict == "kept" for row in rows),
        "missed": sum(row.verdict == "missed" for row in rows),
        "clauses": [EvaluationView.model_validate(row) for row in rows],
    }

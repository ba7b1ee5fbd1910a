"""An agreement as its readers see it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements import repository, rules
from services.metrics.agreements.content import promise_of_row
from services.metrics.agreements.schemas import (
    AgreementSummary,
    AgreementView,
    ClauseView,
    ConfirmationView,
    HistoryLine,
    LastValue,
)
from services.metrics.clauses.terms import Promise
from services.metrics.settlements.repository import has_open_settlements

_LINES = 200


def summarise(agreement: Row[Any], today: date) -> AgreementSummary:
    """One line of a list."""
    return AgreementSummary.model_validate({**agreement._mapping, "expiring": _is_expiring(agreement, today)})


async def describe(session: AsyncSession, agreement: Row[Any], today: date, *, to_customer: bool) -> AgreementView:
    """All of one agreement. A customer is shown neither the provider's own analysis nor its notes."""
    clauses = await repository.list_clauses(session, agreement.id)
    values = await repository.last_values(session, [row.measure_key for row in clauses if row.measure_key])
    confirmed = await repository.list_confirmations(session, agreement.id)
    counted = {(row.party, row.subject) for row in confirmed if row.digest == agreement.digest}
    successor = await repository.find_successor(session, agreement.id)
    missing_to_end = rules.find_missing_to_end(counted, await has_open_settlements(session, agreement.id))
    if agreement.state in ("design", "negotiating"):
        missing = rules.find_missing_to_sign(counted, len(clauses), bool(agreement.exemptions))
    else:
        missing = missing_to_end if agreement.state in (*rules.LIVING, "expired") else []
    history = [] if to_customer else await repository.list_last_history(session, agreement.id, _LINES)
    needs = [] if to_customer else agreement.needs
    return AgreementView.model_validate(
        {
            **agreement._mapping,
            "expiring": _is_expiring(agreement, today),
            "successor_id": None if successor is None else successor.id,
            "clauses": [_show_clause(clause, values) for clause in clauses],
            "needs": needs,
            "unanswered_needs": [need["need"] for need in needs if need["clause"] is None],
            "confirmations": [
                ConfirmationView.model_validate({**row._mapping, "counts": row.digest == agreement.digest})
                for row in confirmed
            ],
            "missing": missing,
            "execution_confirmed": not rules.find_missing_to_end(counted, has_open_settlements=False),
            "allowed": ["confirm"] * ("confirm" in rules.list_allowed(agreement.state))
            if to_customer
            else rules.list_allowed(agreement.state),
            "history": [HistoryLine.model_validate(line) for line in history],
        }
    )


def _show_clause(clause: Row[Any], values: Mapping[str, Row[Any]]) -> ClauseView:
    promise = promise_of_row(clause)
    value = values.get(clause.measure_key)
    last = None
    if value is not None:
        last = LastValue.model_validate({**value._mapping, "kept": is_kept(promise, value.value)})
    return ClauseView.model_validate({**clause._mapping, "promise": promise, "last": last})


def is_kept(promise: Promise, value: float | None) -> bool | None:
    """Whether this value keeps the promise; None without one."""
    if value is None:
        return None
    return value >= promise.target if promise.direction == "higher_is_better" else value <= promise.target


def _is_expiring(agreement: Row[Any], today: date) -> bool:
    return agreement.state in repository.OPERATING and rules.is_expiring(
        agreement.effective_to, agreement.notice_days, today
    )

"""Answers as tables for spreadsheets: a row a respondent. Nothing that somebody wrote can become a formula."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from services.satisfaction.questionnaires.schemas import ChoiceItem, Content, PairItem
from shared.problems import Problem

MOST_ROWS_OF_A_WORKBOOK = 20_000
_PERSON = ("segment", "customer", "department", "channel", "submitted_at")


class TooManyForAWorkbook(Problem):
    """A workbook is made whole, in memory."""

    status = 409


def list_columns(content: Content, *, anonymous: bool) -> list[str]:
    """The header. A pair has two columns, several choices one for each option."""
    columns = ["response", "stratum", "language", *([] if anonymous else _PERSON)]
    for item in content.items:
        if isinstance(item, PairItem):
            columns += [f"{item.key}.expectation", f"{item.key}.perception"]
        elif isinstance(item, ChoiceItem) and item.multiple:
            columns += [f"{item.key}.{option}" for option in item.options]
        else:
            columns.append(item.key)
    return columns


def make_cells(content: Content, row: Row[Any], *, anonymous: bool) -> list[str | int]:
    """One respondent, in the order of `list_columns`; what is missing is empty."""
    answers: Mapping[str, Any] = row.answers
    cells: list[Any] = [str(row.id), row.stratum, row.language]
    if not anonymous:
        told_at = "" if row.submitted_at is None else row.submitted_at.isoformat()
        cells += [row.segment, row.customer, row.department, "sheet" if row.is_sheet else "link", told_at]
    for item in content.items:
        answer = answers.get(item.key)
        if isinstance(item, PairItem):
            halves = answer or {}
            cells += [halves.get("expectation"), halves.get("perception")]
        elif isinstance(item, ChoiceItem) and item.multiple:
            cells += [int(option in answer) if answer else None for option in item.options]
        else:
            cells.append(answer)
    return ["" if cell is None else cell for cell in cells]

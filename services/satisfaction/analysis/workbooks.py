"""The process that writes XLSX workbooks, since openpyxl loads NumPy: a line of JSON in (`questions.MakeWorkbook`), a
line of JSON out. No service imports it."""

import sys
from pathlib import Path

import orjson
from openpyxl import Workbook
from pydantic import TypeAdapter

from services.satisfaction.analysis.questions import MakeWorkbook, Ready
from shared.answering import serve
from shared.spreadsheets import defuse

_LONGEST_CELL = 32_000


def make_workbook(asked: MakeWorkbook) -> Ready:
    """One sheet; a row for each line of JSON in the file."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("responses")
    with Path(asked.rows_path).open("rb") as lines:
        for line in lines:
            sheet.append([_writable(cell) if isinstance(cell, str) else cell for cell in orjson.loads(line)])
    book.save(asked.path)
    return Ready()


def _writable(cell: str) -> str:
    """Text that is no formula, without the control characters that XML cannot hold, within what a cell takes."""
    return "".join(sign if sign >= " " or sign in "\t\n" else " " for sign in defuse(cell))[:_LONGEST_CELL]


if __name__ == "__main__":
    serve(TypeAdapter(MakeWorkbook), {"workbook": make_workbook}, float(sys.argv[1]))

"""Tables that people open in a spreadsheet: what somebody typed stays text there."""

import csv
from collections.abc import Sequence
from io import StringIO

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def defuse(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula gets an apostrophe before it, which makes it text."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def write_rows(rows: Sequence[Sequence[str | int | float | None]]) -> str:
    """Rows of CSV (RFC 4180); None is an empty cell, text is defused."""
    lines = StringIO(newline="")
    writer = csv.writer(lines)
    for row in rows:
        writer.writerow([defuse(cell) if isinstance(cell, str) else cell for cell in row])
    return lines.getvalue()

"""Files with a population as rows of text: CSV and XLSX. HTML in a cell is the text that stands there."""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from io import BytesIO, StringIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from shared.problems import Problem

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_UNPACKED_BYTES = 512 * 1024 * 1024
MOST_ROWS = 1_048_576
"""So many rows has a sheet of Excel; one that says that it has more was made to keep us busy."""
_CHARSETS = {
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
    "utf-16": "utf-16",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
}
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_LONGEST_CELL = 100_000
_SEPARATOR = re.compile(r"sep=([,;\t])")


class UnreadableFile(Problem):
    """Not a file of this kind: says what is wrong with it."""

    status = 422


class Formula(str):
    """What stands in a cell of a workbook whose value is computed."""

    __slots__ = ()


class UnsupportedFile(Problem):
    """A kind of file that is not read here."""

    status = 415


def read_rows(content: bytes, content_type: str) -> Iterator[list[str]]:
    """The rows of the file, or of a workbook's first sheet, as text; what is read is read as it is asked for.

    Raises:
        UnsupportedFile; UnreadableFile, also while rows are read.
    """
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip().lower()
    if content.startswith(_OLD_EXCEL):
        raise UnreadableFile("this is a workbook of an old Excel (.xls); save it as .xlsx")
    if kind == CSV:
        if content.startswith(_ZIP):
            raise UnreadableFile(f"this is no CSV but a workbook; send it as {XLSX}")
        return _read_csv(content, _charset_of(parameters))
    if kind == XLSX:
        return _read_workbook(content)
    raise UnsupportedFile(f"Content-Type: '{kind}' is not read; send {CSV} or {XLSX}")


def is_workbook(content: bytes) -> bool:
    """Whatever the file is called."""
    return content.startswith((_ZIP, _OLD_EXCEL))


def _charset_of(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"').lower()
            if charset not in _CHARSETS:
                raise UnsupportedFile(f"Content-Type: charset '{charset}' is not read; send utf-8, utf-16 or gb18030")
            return _CHARSETS[charset]
    return _CHARSETS["utf-8"]


def _read_csv(content: bytes, charset: str) -> Iterator[list[str]]:
    if content.startswith(_UTF_16):
        charset = "utf-16"
    try:
        text = content.decode(charset)
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"byte {error.start} is no {error.encoding.upper()}; save it as 'CSV UTF-8', or say how it is written: "
            f"Excel in Chinese writes '{CSV}; charset=gb18030'"
        ) from error
    if csv.field_size_limit() < _LONGEST_CELL:
        csv.field_size_limit(_LONGEST_CELL)
    head, _, rest = text.partition("\n")
    if named := _SEPARATOR.fullmatch(head.strip()):  # how Excel is told
        delimiter, text = named[1], rest
    else:
        delimiter = max(",;\t", key=head.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise UnreadableFile(
            f"line {reader.line_num}: {error}; look for a quotation mark that is not closed"
        ) from error


def _read_workbook(content: bytes) -> Iterator[list[str]]:
    from openpyxl import load_workbook  # noqa: PLC0415 - it loads NumPy, which no service holds without need

    try:
        with ZipFile(BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > MOST_UNPACKED_BYTES:
            raise UnreadableFile(f"the workbook unpacks to {unpacked} bytes; send it in several, or as CSV")
        workbook = load_workbook(BytesIO(content), read_only=True, data_only=False, keep_links=False)
    except UnreadableFile:
        raise
    except Exception as error:  # a broken workbook fails in many ways
        why = "is no ZIP archive" if isinstance(error, BadZipFile) else f"cannot be read ({type(error).__name__})"
        raise UnreadableFile(f"this is no XLSX workbook: it {why}") from error
    try:
        if not workbook.worksheets:
            raise UnreadableFile("the workbook has no sheet with cells; put the people on its first sheet")
        sheet: Any = workbook.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its own size may be anything
        for number, row in enumerate(sheet.iter_rows(values_only=True)):
            if number == MOST_ROWS:
                raise UnreadableFile(f"the first sheet says that it has more than {MOST_ROWS} rows; send it as CSV")
            yield _as_text(row)
    except UnreadableFile:
        raise
    except Exception as error:
        raise UnreadableFile(f"the workbook's first sheet cannot be read ({type(error).__name__}: {error})") from error
    finally:
        workbook.close()


def _as_text(row: Sequence[Any]) -> list[str]:
    return [_cell_as_text(value) for value in row]


def _cell_as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    formula = getattr(value, "text", None)  # an array formula
    text = str(value if formula is None else formula)
    return Formula(text) if formula is not None or text.startswith("=") else text

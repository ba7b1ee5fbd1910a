"""CSV and XLSX as rows of text."""

from datetime import date
from io import BytesIO
from typing import Any
from unittest.mock import patch
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook

from services.satisfaction.populations import files
from services.satisfaction.populations.files import CSV, XLSX, Formula, UnreadableFile, UnsupportedFile, read_rows


def workbook(*rows: list[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    saved = BytesIO()
    book.save(saved)
    return saved.getvalue()


class TestCsv:
    def test_reads_quotes_lines_and_a_byte_order_mark(self) -> None:
        content = b'\xef\xbb\xbfreference,name\r\n1,"Li, ""Na""\nof IT"\r\n2,=1+1\r\n'
        assert list(read_rows(content, "text/csv; charset=utf-8")) == [
            ["reference", "name"],
            ["1", 'Li, "Na"\nof IT'],
            ["2", "=1+1"],
        ]

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_however_the_cells_are_kept_apart(self, delimiter: str) -> None:
        content = f"reference{delimiter}name\n1{delimiter}李娜\n".encode()
        assert list(read_rows(content, CSV)) == [["reference", "name"], ["1", "李娜"]]

    def test_chinese_of_an_older_charset(self) -> None:
        content = "reference,name\n1,李娜\n".encode("gb18030")
        assert list(read_rows(content, "text/csv; charset=GBK"))[1] == ["1", "李娜"]
        with pytest.raises(UnreadableFile, match="charset=gb18030"):
            list(read_rows(content, CSV))

    @pytest.mark.parametrize("charset", ["utf-16", "utf-8-sig"])
    def test_says_by_its_first_bytes_how_it_is_written(self, charset: str) -> None:
        """Excel's "Unicode text" is UTF-16."""
        content = "reference\tname\r\n1\t李娜\r\n".encode(charset)
        assert list(read_rows(content, CSV)) == [["reference", "name"], ["1", "李娜"]]

    def test_that_tells_excel_what_keeps_cells_apart(self) -> None:
        assert list(read_rows(b"sep=;\r\nreference;name\r\n1;a,b\r\n", CSV)) == [["reference", "name"], ["1", "a,b"]]

    def test_a_quotation_mark_that_is_not_closed_swallows_nobody(self) -> None:
        with pytest.raises(UnreadableFile, match=r"line 3.*not closed"):
            list(read_rows(b'reference,name\n1,"a\n2,b\n', CSV))

    @pytest.mark.parametrize(
        ("content", "said"), [(workbook(["reference"]), "send it as"), (b"\xd0\xcf\x11\xe0", "xlsx")]
    )
    def test_that_is_a_workbook(self, content: bytes, said: str) -> None:
        with pytest.raises(UnreadableFile, match=said):
            list(read_rows(content, CSV))

    def test_a_cell_without_end(self) -> None:
        with pytest.raises(UnreadableFile, match="line"):
            list(read_rows(b'reference\n"' + b"x" * 2_000_000, CSV))

    def test_nothing_at_all(self) -> None:
        assert list(read_rows(b"", CSV)) == []


class TestWorkbook:
    def test_reads_the_first_sheet_as_text(self) -> None:
        content = workbook(
            ["reference", "name"], [7, "=HYPERLINK(1)"], [8.0, 2.5], [True, date(2026, 5, 1)], [None, "x"]
        )
        assert list(read_rows(content, XLSX)) == [
            ["reference", "name"],
            ["7", "=HYPERLINK(1)"],
            ["8", "2.5"],
            ["TRUE", "2026-05-01T00:00:00"],
            ["", "x"],
        ]

    @pytest.mark.parametrize("content", [b"", b"reference\n1\n", b"PK\x03\x04 and no more"])
    def test_that_is_none(self, content: bytes) -> None:
        with pytest.raises(UnreadableFile, match="no XLSX workbook"):
            list(read_rows(content, XLSX))

    def test_an_archive_of_something_else(self) -> None:
        packed = BytesIO()
        with ZipFile(packed, "w") as archive:
            archive.writestr("letter.txt", "hello")
        with pytest.raises(UnreadableFile, match="no XLSX workbook"):
            list(read_rows(packed.getvalue(), XLSX))

    def test_a_broken_sheet(self) -> None:
        content = workbook(["reference"], ["a"])
        broken = BytesIO()
        with ZipFile(BytesIO(content)) as sound, ZipFile(broken, "w") as archive:
            for part in sound.namelist():
                body = sound.read(part)
                archive.writestr(part, body[:-20] if part.endswith("sheet1.xml") else body)
        with pytest.raises(UnreadableFile):
            list(read_rows(broken.getvalue(), XLSX))

    def test_a_formula_is_known_as_one(self) -> None:
        _, row = read_rows(workbook(["reference", "name"], ["=1+1", "a = b"]), XLSX)
        assert [type(cell) for cell in row] == [Formula, str]

    @pytest.mark.parametrize("more", [b'<row r="2147483647"><c r="A2147483647"/></row>', b"<row/>" * 1_100_000])
    def test_a_sheet_that_says_that_it_never_ends(self, more: bytes) -> None:
        """A file of a few kilobytes keeps nobody busy for hours."""
        changed = BytesIO()
        with ZipFile(BytesIO(workbook(["reference"], ["a"]))) as sound, ZipFile(changed, "w", ZIP_DEFLATED) as archive:
            for part in sound.namelist():
                body = sound.read(part)
                archive.writestr(part, body.replace(b"</sheetData>", more + b"</sheetData>"))
        with pytest.raises(UnreadableFile, match="more than 1048576 rows"):
            for _ in read_rows(changed.getvalue(), XLSX):
                pass

    def test_that_unpacks_to_very_much(self) -> None:
        with patch.object(files, "MOST_UNPACKED_BYTES", 1000), pytest.raises(UnreadableFile, match="unpacks to"):
            list(read_rows(workbook(["reference"]), XLSX))


@pytest.mark.parametrize("kind", ["application/json", "", "application/vnd.ms-excel", "text/csv; charset=latin-1"])
def test_other_kinds(kind: str) -> None:
    with pytest.raises(UnsupportedFile, match="send"):
        list(read_rows(b"reference\n", kind))

"""`ratchet import`: a ticketing system's export, read in whole records and handed to a running Ratchet in chunks.

The server keeps how far it came, by the digest of the uncompressed content: the same file again, plain or packed, goes
on where it stopped, and changes nothing once it is finished.
"""

import codecs
import csv
import gzip
import hashlib
import io
import itertools
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from services.failures import Failure
from services.rest import Refused, Rest
from shared.ticketing.servicenow.log_mapper import COLUMNS

_IMPORTS = "/metrics/v1/imports"
_MOST_ROWS = 2000
_MOST_CHARACTERS = 1_000_000
_LONGEST_FIELD = 1_000_000
_BLOCK_BYTES = 1024 * 1024


class ExportUnreadable(Failure):
    """The file is not an export that can be read: says where and why."""


@dataclass(frozen=True, slots=True)
class Export:
    """A file that was read through once. `digest` is of its uncompressed bytes, `rows` are records without header."""

    path: Path
    encoding: str
    digest: str
    rows: int


class Chunk(NamedTuple):
    """Some records with the header before them; `offset` is the first one's number from 0."""

    offset: int
    rows: int
    body: bytes


def read_export(path: Path, encoding: str) -> Export:
    """Read all of it once, to know it and to refuse it before anything of it is taken.

    Raises:
        ExportUnreadable: no such file, damaged, not CSV, without the columns that are needed, in another encoding.
    """
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise ExportUnreadable(f"there is no encoding '{encoding}'; common ones are utf-8-sig and cp1252") from error
    digest = hashlib.sha256()
    with _open_content(path) as content:
        while block := content.read(_BLOCK_BYTES):
            digest.update(block)
    with _open_records(path, encoding) as records:
        header = next(records, None)
        if header is None:
            raise ExportUnreadable(f"{path} is empty")
        missing = [column for column in sorted(COLUMNS) if column not in header]
        if missing:
            found = ", ".join(header)[:300]
            raise ExportUnreadable(
                f"{path} is not a ServiceNow incident export with a header line: "
                f"without the columns {', '.join(missing)}; its first line is: {found}"
            )
        rows = sum(1 for _ in records)
    return Export(path, encoding, digest.hexdigest(), rows)


def cut_chunks(export: Export, start: int) -> Iterator[Chunk]:
    """The records from number `start` on, whole ones only: a line break inside quotes cuts nothing."""
    with _open_records(export.path, export.encoding) as records:
        header = next(records)
        offset = start
        taken: list[list[str]] = []
        characters = 0
        for record in itertools.islice(records, start, None):
            taken.append(record)
            characters += sum(map(len, record))
            if len(taken) == _MOST_ROWS or characters >= _MOST_CHARACTERS:
                yield _write_chunk(offset, header, taken)
                offset += len(taken)
                taken, characters = [], 0
        if taken:
            yield _write_chunk(offset, header, taken)


def upload(rest: Rest, export: Export, connection: str, on_progress: Callable[[int], None]) -> dict[str, Any]:
    """Hand over what the server does not have yet; returns the import as the server tells it.

    One chunk is on its way while the next is prepared. `on_progress` gets the number of rows that are done.

    Raises:
        Refused, Unreachable: the same again goes on where this stopped.
    """
    asked = {
        "format": "servicenow-csv",
        "connection": connection,
        "filename": export.path.name,
        "digest": export.digest,
        "rows": export.rows,
    }
    known: dict[str, Any] = rest.ask("POST", _IMPORTS, json=asked)
    on_progress(known["rows_done"])
    if known["state"] == "finished":
        return known
    place = f"{_IMPORTS}/{known['id']}"
    done: int = known["rows_done"]
    while done < export.rows:
        done = _upload_from(rest, export, place, done, on_progress)
    finished: dict[str, Any] = rest.ask_patiently("POST", f"{place}/finish")
    return finished


def _upload_from(rest: Rest, export: Export, place: str, start: int, on_progress: Callable[[int], None]) -> int:
    """Returns how many rows are done: all, or from where another importer of the same file has left a gap."""

    def send(chunk: Chunk) -> int:
        headers = {"Content-Type": "text/csv; charset=utf-8"}
        answer = rest.ask_patiently("PUT", f"{place}/chunks/{chunk.offset}", content=chunk.body, headers=headers)
        on_progress(answer["rows_done"])
        return chunk.offset + chunk.rows

    done = start
    with ThreadPoolExecutor(1) as sender:
        on_its_way: Future[int] | None = None
        try:
            for chunk in cut_chunks(export, start):
                if on_its_way is not None:
                    done = on_its_way.result()
                on_its_way = sender.submit(send, chunk)
            if on_its_way is not None:
                done = on_its_way.result()
        except Refused as refused:
            expected = refused.problem.get("expected")
            if refused.status != 409 or not isinstance(expected, int) or expected == done:
                raise
            return expected
    return done


def _write_chunk(offset: int, header: Sequence[str], records: Sequence[Sequence[str]]) -> Chunk:
    text = io.StringIO()
    writer = csv.writer(text)  # its default line end has it quote carriage returns too
    writer.writerow(header)
    writer.writerows(records)
    return Chunk(offset, len(records), text.getvalue().encode())


@contextmanager
def _open_records(path: Path, encoding: str) -> Iterator[Iterator[list[str]]]:
    """The file's records, blank lines left out; the first is the header."""
    csv.field_size_limit(_LONGEST_FIELD)
    with _open_content(path) as content:
        reader = csv.reader(io.TextIOWrapper(content, encoding=encoding, newline=""))
        try:
            yield (record for record in reader if record)
        except UnicodeDecodeError as error:
            raise ExportUnreadable(
                f"{path} is not {encoding}: about line {reader.line_num + 1} has the byte "
                f"0x{error.object[error.start]:02x}; name its encoding, for example --encoding cp1252"
            ) from error
        except csv.Error as error:
            raise ExportUnreadable(f"{path} is not CSV at line {reader.line_num}: {error}") from error


@contextmanager
def _open_content(path: Path) -> Iterator[BinaryIO]:
    """The uncompressed bytes of a plain, gzip or zip file, told apart by how it begins."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
            file.seek(0)
            if magic.startswith(b"\x1f\x8b"):
                with gzip.open(file) as content:
                    yield cast("BinaryIO", content)
            elif magic.startswith(b"PK"):
                with zipfile.ZipFile(file) as archive, archive.open(_only_member(path, archive)) as content:
                    yield cast("BinaryIO", content)
            else:
                yield file
    except FileNotFoundError as error:
        raise ExportUnreadable(f"there is no file {path}") from error
    except IsADirectoryError as error:
        raise ExportUnreadable(f"{path} is a folder; name the file in it") from error
    except PermissionError as error:
        raise ExportUnreadable(f"{path} may not be read by this user") from error
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ExportUnreadable(f"{path} is damaged: {error}") from error


def _only_member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [
        member for member in archive.infolist() if not member.is_dir() and not member.filename.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        names = ", ".join(member.filename for member in members[:5]) or "nothing"
        raise ExportUnreadable(f"{path} must hold one CSV file and holds {len(members)}: {names}")
    if members[0].flag_bits & 1:
        raise ExportUnreadable(f"{path} is encrypted; unpack it first")
    return members[0]

import csv
import gzip
import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.importing import Export, ExportUnreadable, cut_chunks, read_export, upload
from services.rest import Refused, Rest, Unreachable
from shared.auth import Role
from shared.settings import Settings
from tests.support.rabbitmq import free_port

HEADER = ["number", "incident_state", "opened_at", "sys_updated_at", "short_description"]


def row(number: int, text: str = "printer") -> list[str]:
    return [f"INC{number}", "New", "1/3/2016 08:00", "1/3/2016 08:00", text]


def as_csv(rows: list[list[str]], header: list[str] = HEADER, line_end: str = "\r\n") -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    return text.getvalue().encode()


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def records(export: Export, start: int = 0) -> list[list[str]]:
    """All data rows of all chunks, each of which begins with the header."""
    rows: list[list[str]] = []
    for chunk in cut_chunks(export, start):
        assert chunk.offset == start + len(rows)
        header, *body = csv.reader(io.StringIO(chunk.body.decode(), newline=""))
        assert header == HEADER
        assert len(body) == chunk.rows
        rows += body
    return rows


class TestReadExport:
    def test_the_same_content_has_the_same_digest_however_it_is_packed(self, tmp_path: Path) -> None:
        content = as_csv([row(1), row(2)])
        with zipfile.ZipFile(tmp_path / "log.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("log.csv", content)
            archive.writestr("__MACOSX/._log.csv", b"x")
        paths = [write(tmp_path / "log.csv", content), write(tmp_path / "log.csv.gz", gzip.compress(content))]
        exports = [read_export(path, "utf-8-sig") for path in (*paths, tmp_path / "log.zip")]
        assert len({export.digest for export in exports}) == 1
        assert {export.rows for export in exports} == {2}

    def test_blank_lines_and_a_byte_order_mark_are_no_rows(self, tmp_path: Path) -> None:
        content = b"\xef\xbb\xbf" + as_csv([row(1)]) + b"\r\n\r\n"
        assert read_export(write(tmp_path / "log.csv", content), "utf-8-sig").rows == 1

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "is empty"),
            (b"a,b\n1,2\n", "without the columns incident_state, number, opened_at, sys_updated_at"),
            (b"\x1f\x8bnot gzip", "is damaged"),
            (b"PK\x03\x04not zip", "is damaged"),
            (gzip.compress(as_csv([row(1)]))[:-12], "is damaged"),
            (as_csv([row(1, "Caf\u00e9")]).decode().encode("cp1252"), "name its encoding"),
            (as_csv([row(1, "x" * 1_100_000)]), "is not CSV at line 2"),
        ],
    )
    def test_what_is_no_export_is_refused(self, tmp_path: Path, content: bytes, said: str) -> None:
        with pytest.raises(ExportUnreadable, match=said):
            read_export(write(tmp_path / "log.csv", content), "utf-8-sig")

    def test_another_encoding_can_be_named(self, tmp_path: Path) -> None:
        path = write(tmp_path / "log.csv", as_csv([row(1, "Caf\u00e9")]).decode().encode("cp1252"))
        assert records(read_export(path, "cp1252"))[0][-1] == "Caf\u00e9"
        with pytest.raises(ExportUnreadable, match="no encoding 'cp9999'"):
            read_export(path, "cp9999")

    def test_what_is_no_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ExportUnreadable, match="there is no file"):
            read_export(tmp_path / "missing.csv", "utf-8")
        with pytest.raises(ExportUnreadable, match="is a folder"):
            read_export(tmp_path, "utf-8")

    def test_a_zip_must_hold_one_file(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "log.zip", "w") as archive:
            archive.writestr("a.csv", b"1")
            archive.writestr("b.csv", b"2")
        with pytest.raises(ExportUnreadable, match=r"holds 2: a\.csv, b\.csv"):
            read_export(tmp_path / "log.zip", "utf-8")


class TestCutChunks:
    @given(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20), max_size=30),
        st.sampled_from(["\n", "\r\n"]),
        st.integers(0, 30),
    )
    def test_every_record_stays_whole(
        self, tmp_path_factory: pytest.TempPathFactory, texts: list[str], line_end: str, start: int
    ) -> None:
        rows = [row(number, text) for number, text in enumerate(texts)]
        path = write(tmp_path_factory.mktemp("cut") / "log.csv", as_csv(rows, line_end=line_end))
        export = read_export(path, "utf-8-sig")
        assert export.rows == len(rows)
        assert records(export, min(start, len(rows))) == rows[start:]

    def test_chunks_hold_two_thousand_rows_or_a_megabyte(self, tmp_path: Path) -> None:
        short = read_export(write(tmp_path / "a.csv", as_csv([row(n) for n in range(4500)])), "utf-8")
        assert [chunk.rows for chunk in cut_chunks(short, 0)] == [2000, 2000, 500]
        long = read_export(write(tmp_path / "b.csv", as_csv([row(n, "x" * 100_000) for n in range(25)])), "utf-8")
        assert [chunk.rows for chunk in cut_chunks(long, 0)] == [10, 10, 5]


class _Taker(ThreadingHTTPServer):
    """The imports' REST in memory, which can be told to misbehave before it answers a chunk."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rows_done = 0
        self.state = "running"
        self.taken: list[list[str]] = []
        self.misbehave: list[Callable[[_Handler], bool]] = []
        self.tokens: set[str] = set()


class _Handler(BaseHTTPRequestHandler):
    server: _Taker

    def do_POST(self) -> None:
        self._body()
        if self.path.endswith("/finish"):
            self.server.state = "finished"
        self.tell(200)

    def do_PUT(self) -> None:
        body = self._body()
        if self.server.misbehave and self.server.misbehave.pop(0)(self):
            return
        offset = int(self.path.rsplit("/", 1)[1])
        if offset > self.server.rows_done:
            self.tell(409, expected=self.server.rows_done, detail="rows are missing")
            return
        if offset == self.server.rows_done:
            _, *rows = csv.reader(io.StringIO(body.decode(), newline=""))
            self.server.taken += rows
            self.server.rows_done += len(rows)
        self.tell(200)

    def tell(self, status: int, **members: Any) -> None:
        state = {"id": "1", "state": self.server.state, "rows_done": self.server.rows_done}
        body = json.dumps({**state, "accepted": 0, "changed": 0, "quarantined": 0, **members}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        self.server.tokens.add(self.headers["Authorization"])
        return self.rfile.read(int(self.headers["Content-Length"] or 0))

    def log_message(self, *_: object) -> None:
        pass


def _is_busy(handler: _Handler) -> bool:
    handler.tell(503, detail="not now")
    return True


def _breaks_after_taking(handler: _Handler) -> bool:
    handler.server.rows_done += 2000
    handler.connection.close()
    return True


@pytest.fixture
def taker() -> Iterator[_Taker]:
    server = _Taker()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def rest(taker: _Taker, settings: Settings) -> Iterator[Rest]:
    with Rest(settings, f"http://127.0.0.1:{taker.server_port}/", None, Role.INTEGRATION) as opened:
        yield opened


@pytest.fixture
def export(tmp_path: Path) -> Export:
    return read_export(write(tmp_path / "log.csv", as_csv([row(n, f"line\n{n}") for n in range(4500)])), "utf-8")


class TestUpload:
    def test_hands_over_every_row_once_and_tells_how_far_it_is(self, taker: _Taker, rest: Rest, export: Export) -> None:
        seen: list[int] = []
        done = upload(rest, export, "servicenow", seen.append)
        assert (done["state"], seen) == ("finished", [0, 2000, 4000, 4500])
        assert taker.taken == records(export)

    def test_goes_on_where_it_stopped(self, taker: _Taker, rest: Rest, export: Export) -> None:
        taker.rows_done = 1234
        upload(rest, export, "servicenow", lambda _: None)
        assert taker.taken == records(export)[1234:]

    def test_a_finished_file_is_not_sent_again(self, taker: _Taker, rest: Rest, export: Export) -> None:
        taker.rows_done, taker.state = 4500, "finished"
        assert upload(rest, export, "servicenow", lambda _: None)["state"] == "finished"
        assert taker.taken == []

    def test_a_busy_server_is_asked_again(self, taker: _Taker, rest: Rest, export: Export) -> None:
        taker.misbehave = [_is_busy, _is_busy]
        upload(rest, export, "servicenow", lambda _: None)
        assert taker.taken == records(export)

    def test_an_answer_that_was_lost_changes_nothing(self, taker: _Taker, rest: Rest, export: Export) -> None:
        taker.misbehave = [_breaks_after_taking]
        upload(rest, export, "servicenow", lambda _: None)
        assert taker.taken == records(export)[2000:]

    def test_fills_a_gap_that_the_server_tells_of(self, taker: _Taker, rest: Rest, export: Export) -> None:
        def forgets_rows(handler: _Handler) -> bool:
            handler.server.rows_done = 500
            return False

        taker.rows_done = 2000
        taker.misbehave = [forgets_rows]
        upload(rest, export, "servicenow", lambda _: None)
        assert taker.taken == records(export)[500:]

    def test_a_refusal_is_told_in_its_own_words(self, taker: _Taker, rest: Rest, export: Export) -> None:
        def refuses(handler: _Handler) -> bool:
            handler.tell(422, detail="the header is not that of the file")
            return True

        taker.misbehave = [refuses]
        with pytest.raises(Refused, match="the header is not that of the file"):
            upload(rest, export, "servicenow", lambda _: None)

    def test_nobody_there_is_told_at_once(self, settings: Settings, export: Export) -> None:
        with (
            Rest(settings, f"http://127.0.0.1:{free_port()}", None, Role.INTEGRATION) as nobody,
            pytest.raises(Unreachable, match="start it with 'ratchet serve'"),
        ):
            upload(nobody, export, "servicenow", lambda _: None)

    def test_speaks_with_a_given_token(self, taker: _Taker, settings: Settings, export: Export) -> None:
        with Rest(settings, f"http://127.0.0.1:{taker.server_port}", "given", Role.INTEGRATION) as opened:
            upload(opened, export, "servicenow", lambda _: None)
        assert taker.tokens == {"Bearer given"}

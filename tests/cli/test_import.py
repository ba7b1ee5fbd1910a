import gzip
from pathlib import Path

import pytest

from tests.cli.command import Running, ratchet
from tests.cli.test_importing import as_csv

pytestmark = pytest.mark.slow
HEADER = ["number", "incident_state", "opened_at", "sys_updated_at", "sys_mod_count"]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    rows = [
        ["INC1", "New", "1/3/2016 08:00", "1/3/2016 08:00", "0"],
        ["INC1", "Resolved", "1/3/2016 08:00", "1/3/2016 12:00", "1"],
        ["INC2", "Nonsense", "1/3/2016 08:00", "1/3/2016 12:00", "0"],
    ]
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(as_csv(rows, HEADER)))
    return path


class TestImportServicenowCsv:
    def test_finds_the_server_and_twice_changes_nothing(self, served: Running, log: Path) -> None:
        first = ratchet(served.data_dir, "import", "servicenow-csv", str(log))
        assert first.returncode == 0, first.stderr
        assert "3 rows read: 2 taken, 1 changes to tickets, 1 quarantined" in first.stdout
        assert f"GET {served.address}/metrics/v1/quarantine" in first.stdout
        assert first.stderr == ""
        with served.client("auditor") as client:
            before = client.get("/metrics/v1/tickets").raise_for_status().json()
            again = ratchet(served.data_dir, "import", "servicenow-csv", str(log))
            assert again.stdout == first.stdout
            assert client.get("/metrics/v1/tickets").json() == before
        assert [(ticket["external_id"], ticket["state"]) for ticket in before["items"]] == [("INC1", "resolved")]

    def test_a_wrong_token_is_told_with_what_to_do(self, served: Running, log: Path) -> None:
        ended = ratchet(served.data_dir, "import", "servicenow-csv", str(log), RATCHET_TOKEN="wrong")
        assert ended.returncode == 1
        assert "the server does not know this token" in ended.stderr
        assert "Traceback" not in ended.stderr

    def test_no_server_is_told_with_what_to_do(self, data_dir: Path, log: Path) -> None:
        ended = ratchet(data_dir, "import", "servicenow-csv", str(log), RATCHET_URL="http://127.0.0.1:1")
        assert ended.returncode == 1
        assert "run the same command again" in ended.stderr

    def test_a_missing_file_is_told(self, served: Running, tmp_path: Path) -> None:
        ended = ratchet(served.data_dir, "import", "servicenow-csv", str(tmp_path / "none.csv"))
        assert ended.returncode == 1
        assert "there is no file" in ended.stderr

"""What is committed below `docs/` is what the code says."""

import re
from pathlib import Path
from typing import ClassVar

import orjson
import pytest

from services.documentation import DOCS, make_documents, write
from services.fleet import DEFINE
from shared.events.registry import CONTRACTS

ROOT = DOCS.parent


@pytest.fixture(scope="module")
def documents() -> dict[str, bytes]:
    return make_documents()


class TestMakeDocuments:
    def test_what_is_committed_is_what_would_be_written(self, documents: dict[str, bytes]) -> None:
        stale = [name for name, body in documents.items() if (DOCS / name).read_bytes() != body]
        assert stale == [], "run: python -m services.documentation"

    def test_nothing_lies_in_the_folder_that_nobody_writes(self, documents: dict[str, bytes]) -> None:
        there = {f"api/{path.name}" for path in (DOCS / "api").iterdir()}
        assert there == {name for name in documents if name.startswith("api/")}

    def test_it_is_the_same_each_time(self, documents: dict[str, bytes]) -> None:
        assert make_documents() == documents

    def test_no_path_of_the_machine_that_wrote_it_is_in_it(self, documents: dict[str, bytes]) -> None:
        for name, body in documents.items():
            assert b"/tmp" not in body, name
            assert str(Path.cwd()).encode() not in body, name


class TestCatalogue:
    def test_every_type_has_its_section_and_every_link_leads_somewhere(self, documents: dict[str, bytes]) -> None:
        text = documents["events.md"].decode()
        headings = re.findall(r"^#{1,3} (.+)$", text, re.MULTILINE)
        assert set(CONTRACTS) <= set(headings)
        anchors = {heading.lower().replace(".", "").replace(" ", "-") for heading in headings}
        assert set(re.findall(r"\(#([^)]+)\)", text)) <= anchors

    def test_it_says_who_tells_and_who_hears(self, documents: dict[str, bytes]) -> None:
        section = documents["events.md"].decode().partition("\n### ratchet.gap.detected.v1\n")[2].partition("\n### ")[0]
        assert "Told by metrics. Heard by improvement (`improvement." in section

    def test_a_field_with_a_default_is_not_required(self, documents: dict[str, bytes]) -> None:
        section = documents["events.md"].decode().partition("\n### ratchet.incident.opened.v1\n")[2].partition("\n#")[0]
        assert "| `ticket_id` | UUID | yes |" in section
        assert "| `service` | text or null | no |" in section


class TestExchange:
    def test_every_reference_leads_somewhere(self, documents: dict[str, bytes]) -> None:
        body = documents["api/asyncapi.json"]
        document = orjson.loads(body)
        for reference in re.findall(r'"\$ref": "#/([^"]+)"', body.decode()):
            found = document
            for step in reference.split("/"):
                found = found[step]
            assert found

    def test_every_type_is_told_once(self, documents: dict[str, bytes]) -> None:
        operations = orjson.loads(documents["api/asyncapi.json"])["operations"].values()
        told = [operation["channel"]["$ref"] for operation in operations if operation["action"] == "send"]
        assert sorted(told) == sorted(f"#/channels/{type_}" for type_ in CONTRACTS)


class TestServices:
    @pytest.mark.parametrize("service", DEFINE)
    def test_failures_are_documented_as_problems(self, documents: dict[str, bytes], service: str) -> None:
        described = orjson.loads(documents[f"api/{service}.json"])
        for path, operations in described["paths"].items():
            for method, operation in operations.items():
                assert list(operation["responses"]["4XX"]["content"]) == ["application/problem+json"], (method, path)
        assert "detail" in described["components"]["schemas"]["Problem"]["required"]


class TestGlossary:
    ROWS: ClassVar = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (DOCS / "glossary.md").read_text().splitlines()
        if line.startswith("| ") and not line.startswith("| term ")
    ]

    def test_every_name_in_code_is_there(self) -> None:
        source = "".join(
            path.read_text() for folder in ("shared", "services") for path in ROOT.glob(f"{folder}/**/*.py")
        )
        names = [name for row in self.ROWS if len(row) == 4 for name in re.findall("`([^`]+)`", row[1])]
        assert len(names) > 50
        assert [name for name in names if not re.search(rf"\b{name}\b", source)] == []

    def test_the_pages_translate_a_term_as_it_does(self) -> None:
        """Where a page shows the very term; a heading that holds more than the term may say it in its own way."""
        pages: dict[str, set[str]] = {}
        for path in (*ROOT.glob("services/*/locales/zh-CN.json"), ROOT / "shared/pages/locales/zh-CN.json"):
            for english, chinese in orjson.loads(path.read_bytes()).items():
                pages.setdefault(english.lower(), set()).add(chinese)
        terms = [row for row in self.ROWS if row[0].lower() in pages]
        assert len(terms) > 30
        assert [row[0] for row in terms if not any(word in row[-2] for word in pages[row[0].lower()])] == []


class TestWrite:
    def test_only_what_differs_is_written(self, documents: dict[str, bytes], tmp_path: Path) -> None:
        assert len(write(documents, tmp_path)) == len(DEFINE) + 2
        (tmp_path / "events.md").write_text("old")
        assert write(documents, tmp_path) == [tmp_path / "events.md"]
        assert (tmp_path / "events.md").read_bytes() == documents["events.md"]

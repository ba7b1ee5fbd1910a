"""Every word that a page can show has its Chinese."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment

from shared.pages.languages import load_catalogue

ROOT = Path(__file__).parents[3]
SHARED = ROOT / "shared" / "pages"
FOLDERS = [SHARED, *sorted(path.parent for path in (ROOT / "services").glob("*/main.py"))]
MARKS = {"N_": 0, "translate": 1}
_HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,:;?!()]|[,:;?!()][\u4e00-\u9fff]")
_PLACE = re.compile(r"%\((\w+)\)[sd]")


def messages_of(folder: Path) -> Iterator[tuple[str, str]]:
    """`(where, message)` of this folder's templates and of what its Python marks."""
    environment = Environment(extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True)
    for path in sorted(folder.rglob("*.html")):
        for line, _, found in environment.extract_translations(path.read_text("utf-8")):  # type: ignore[attr-defined]
            message = found[0] if isinstance(found, tuple) else found
            if message is not None:
                yield f"{path.relative_to(ROOT)}:{line}", message
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                place = MARKS.get(name)
                if place is not None and len(node.args) > place and isinstance(node.args[place], ast.Constant):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node.args[place].value


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
class TestChinese:
    def test_has_every_message(self, folder: Path) -> None:
        catalogue = load_catalogue("zh-CN", [SHARED, folder])
        missing = [f"{where}: {message}" for where, message in messages_of(folder) if message not in catalogue]
        assert missing == [], "write these into locales/zh-CN.json"

    def test_fills_in_the_same_values(self, folder: Path) -> None:
        catalogue = load_catalogue("zh-CN", [SHARED, folder])
        for where, message in messages_of(folder):
            chinese = catalogue.gettext(message)
            assert set(_PLACE.findall(chinese)) == set(_PLACE.findall(message)), where
            if _PLACE.search(message):  # a plain % beside one is written %%
                values = dict.fromkeys(_PLACE.findall(message), 1)
                assert "1" in message % values, where
                assert "1" in chinese % values, where

    def test_is_punctuated_as_chinese_is(self, folder: Path) -> None:
        catalogue = load_catalogue("zh-CN", [folder])
        words = [_PLACE.sub("%", catalogue.gettext(message)) for _, message in messages_of(folder)]
        assert [word for word in words if _HALF_WIDTH.search(word)] == []

    def test_no_template_turns_escaping_off(self, folder: Path) -> None:
        for path in folder.rglob("*.html"):
            assert not re.search(r"\|\s*safe\b|autoescape", path.read_text("utf-8")), path


class TestMessagesOf:
    def test_finds_them_in_templates_and_in_python(self) -> None:
        found = {message for _, message in messages_of(SHARED)}
        assert {"Sign in", "Next page", "Overview", "There is nothing here", "Process owner"} <= found

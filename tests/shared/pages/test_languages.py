from pathlib import Path

import pytest

from shared.pages.languages import choose_language, load_catalogue


class TestChooseLanguage:
    @pytest.mark.parametrize(
        ("cookie", "accepted", "language"),
        [
            (None, "", "en"),
            (None, "zh-CN,zh;q=0.9", "zh-CN"),
            (None, "zh-Hans-SG", "zh-CN"),
            (None, "de-DE,de;q=0.9,zh;q=0.2,en;q=0.1", "zh-CN"),
            (None, "en;q=0.4, zh;q=0.5", "zh-CN"),
            (None, "zh;q=0, en;q=0.1", "en"),
            (None, "zh;q=high,*", "en"),
            (None, "fr", "en"),
            ("en", "zh-CN", "en"),
            ("zh-CN", "en", "zh-CN"),
            ("tlh", "zh", "zh-CN"),
        ],
    )
    def test_the_readers_choice_then_the_browsers(self, cookie: str | None, accepted: str, language: str) -> None:
        assert choose_language(cookie, accepted) == language


class TestLoadCatalogue:
    def test_a_services_own_words_come_first(self, tmp_path: Path) -> None:
        for folder, words in (("shared", '{"Gap": "缺口", "Target": "目标"}'), ("own", '{"Gap": "差距"}')):
            (tmp_path / folder / "locales").mkdir(parents=True)
            (tmp_path / folder / "locales" / "zh-CN.json").write_text(words, "utf-8")
        catalogue = load_catalogue("zh-CN", [tmp_path / "shared", tmp_path / "own"])
        assert catalogue.gettext("Gap") == "差距"
        assert catalogue.gettext("Target") == "目标"
        assert catalogue.gettext("Unknown") == "Unknown"

    def test_chinese_has_one_form_and_english_two(self, tmp_path: Path) -> None:
        (tmp_path / "locales").mkdir()
        (tmp_path / "locales" / "zh-CN.json").write_text('{"%(num)s gap": "%(num)s 个差距"}', "utf-8")
        chinese, english = load_catalogue("zh-CN", [tmp_path]), load_catalogue("en", [tmp_path])
        assert {chinese.ngettext("%(num)s gap", "%(num)s gaps", n) for n in (1, 2)} == {"%(num)s 个差距"}
        assert english.ngettext("%(num)s gap", "%(num)s gaps", 1) == "%(num)s gap"
        assert english.ngettext("%(num)s gap", "%(num)s gaps", 2) == "%(num)s gaps"

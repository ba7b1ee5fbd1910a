from pathlib import Path

import orjson

from services.satisfaction.questionnaires.builtin import BUILT_IN
from services.satisfaction.questionnaires.words import GROUPS

LOCALE = Path(__file__).parents[3] / "services/satisfaction/locales/zh-CN.json"


class TestGroups:
    def test_every_dimension_and_process_of_the_built_in_statements_has_a_name_in_both_languages(self) -> None:
        named = {
            name
            for content in BUILT_IN.values()
            for item in content.items
            for name in (item.dimension, item.process)
            if name is not None
        }
        assert len(named) == 5 + 8
        assert named == GROUPS.keys()
        chinese = orjson.loads(LOCALE.read_bytes())
        assert all(any(letter >= "一" for letter in chinese[GROUPS[name]]) for name in named)

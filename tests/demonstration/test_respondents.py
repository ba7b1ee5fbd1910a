import csv
from collections import Counter
from io import StringIO
from statistics import mean
from typing import Any

from services.demonstration.respondents import does_answer, fill_in, list_people, write_population

PAIR = {"kind": "pair", "low": 1, "high": 7}
CONTENT: dict[str, Any] = {
    "items": [
        {"key": "csat", "kind": "rating", "low": 1, "high": 5},
        {"key": "s10", "dimension": "responsiveness", **PAIR},
        {"key": "s14", "dimension": "assurance", **PAIR},
        {"key": "comment", "kind": "text"},
    ]
}


class TestListPeople:
    def test_everybody_stands_there_once(self) -> None:
        references = [one.reference for one in list_people()]
        assert len(references) == len(set(references)) == 80 + 60 + 70 + 12 + 90


class TestWritePopulation:
    def test_is_a_file_with_a_stratum_a_customer(self) -> None:
        rows = list(csv.DictReader(StringIO(write_population(list_people()))))
        assert Counter(row["stratum"] for row in rows)["City Library"] == 12
        assert {row["language"] for row in rows if row["customer"] == "Tianhe Logistics"} == {"zh-CN"}


class TestDoesAnswer:
    def test_few_of_the_smallest_stratum_do(self) -> None:
        answering = Counter(one.customer for one in list_people() if does_answer(one.reference, one.customer))
        assert answering["City Library"] == 3
        assert all(answering[customer] > 30 for customer in answering if customer != "City Library")


class TestFillIn:
    def test_is_the_same_every_time(self) -> None:
        assert fill_in("OB-001", CONTENT, "en") == fill_in("OB-001", CONTENT, "en")

    def test_every_step_is_one_of_its_scale(self) -> None:
        for person in list_people():
            form = fill_in(person.reference, CONTENT, person.language)
            assert 1 <= int(form["a.csat"]) <= 5
            assert all(1 <= int(form[f"a.s10.{half}"]) <= 7 for half in ("expectation", "perception"))

    def test_only_what_nobody_is_told_stays_behind(self) -> None:
        gaps: dict[str, list[int]] = {"s10": [], "s14": []}
        for person in list_people():
            form = fill_in(person.reference, CONTENT, person.language)
            for key, own in gaps.items():
                own.append(int(form[f"a.{key}.perception"]) - int(form[f"a.{key}.expectation"]))
        assert mean(gaps["s10"]) < -1
        assert abs(mean(gaps["s14"])) < 0.2

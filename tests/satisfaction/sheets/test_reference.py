"""F21, R83, R175: a survey from its questionnaire to its figures by nothing but REST and links equals published and
independently computed figures."""

import csv
import json
import random
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

import httpx
import numpy as np
import pytest

from shared.auth import Role
from tests.journeys.real_log import DATA
from tests.satisfaction.analysis.conftest import Analyse
from tests.satisfaction.analysis.conftest import analyse as analyse
from tests.satisfaction.analysis.conftest import worker as worker
from tests.satisfaction.sheets.building import CSV, ask, write_table
from tests.support.solo import Solo

_SURVEY = DATA / "survey"


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    path = _SURVEY / "kservqual_clean_194.reference.json"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    found: dict[str, Any] = json.loads(path.read_text())["authors_cleaned_194"]
    return found


def pairs(dimensions: Mapping[str, Sequence[int]], high: int = 7) -> list[dict[str, Any]]:
    return [
        {
            "kind": "pair",
            "key": f"item_{number}",
            "wording": {"en": f"Statement {number}", "zh-CN": f"陈述 {number}"},
            "high": high,
            "dimension": dimension,
            "process": "incident management" if number % 2 else "request fulfilment",
        }
        for dimension, numbers in dimensions.items()
        for number in numbers
    ]


async def answer_by_link(solo: Solo, manager: httpx.AsyncClient, where: str, rows: Sequence[Mapping[str, str]]) -> None:
    table = (await manager.get(f"{where}/links.csv")).text.removeprefix("\ufeff")
    links = {row["reference"]: row for row in csv.DictReader(StringIO(table))}
    url = next(name for name, value in next(iter(links.values())).items() if value.startswith("http"))
    for row in rows:
        form = {"action": "send"}
        for number in range(1, 25):
            form[f"a.item_{number}.expectation"] = row[f"E{number}"]
            form[f"a.item_{number}.perception"] = row[f"P{number}"]
        async with solo.client(address=row["respondent"]) as customer:
            answer = await customer.post(httpx.URL(links[row["respondent"]][url]).raw_path.decode(), data=form)
        assert answer.status_code == 303, answer.text


class TestPublished:
    @pytest.mark.parametrize("way", ["links", "sheets"])
    async def test_194_respondents(self, solo: Solo, analyse: Analyse, reference: dict[str, Any], way: str) -> None:
        """24 statements of eight dimensions on a scale from 1 to 7, to the last printed digit."""
        raw = (_SURVEY / "kservqual_clean_194.csv").read_bytes()
        rows = list(csv.DictReader(StringIO(raw.decode("utf-8-sig"))))
        dimensions = {name: told["items"] for name, told in reference["dimensions"].items()}
        content = {"title": {"en": "K-SERVQUAL"}, "items": pairs(dimensions)}
        people = write_table(["reference"], [[row["respondent"]] for row in rows])
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            where = await ask(manager, content, people)
            if way == "links":
                await answer_by_link(solo, manager, where, rows)
            else:
                taken = await manager.post(f"{where}/sheets", content=raw, headers=CSV)
                assert (taken.status_code, taken.json()["taken"]) == (200, 194), taken.text
            assert (await manager.post(f"{where}/close")).is_success
            await analyse(solo)
            told = (await manager.get(f"{where}/analysis")).json()
        assert (told["answered"], told["sheets"]) == (194, 194 if way == "sheets" else 0)
        for one in told["items"]:
            expected = reference["items"][one["item"].removeprefix("item_")]
            shown = [round(one[name], 6) for name in ("expectation", "perception", "gap")]
            assert shown == [expected["E_mean"], expected["P_mean"], expected["gap_P_minus_E"]]
        groups = {group["key"]: group for group in told["groups"] if group["aspect"] == "dimension"}
        assert groups.keys() == dimensions.keys()
        for key, expected in reference["dimensions"].items():
            group = groups[key]
            assert [round(group[name], 6) for name in ("expectation", "perception", "gap")] == [
                expected["E_mean"], expected["P_mean"], expected["gap"],
            ]  # fmt: skip
            alphas = [round(group[f"alpha_{half}"]["raw"], 6) for half in ("expectation", "perception", "gap")]
            assert alphas == [expected["alpha_E"], expected["alpha_P"], expected["alpha_gap"]]
            assert group["n"] == 194
        whole, overall = told["whole"], reference["overall"]
        assert [round(whole[name], 6) for name in ("expectation", "perception", "gap", "unweighted")] == [
            overall["E_mean"], overall["P_mean"], overall["mean_of_dimension_gaps"], overall["unweighted_gap"],
        ]  # fmt: skip
        assert [round(whole[f"alpha_{half}"]["raw"], 6) for half in ("expectation", "perception", "gap")] == [
            overall["alpha_E_24"], overall["alpha_P_24"], overall["alpha_gap_24"],
        ]  # fmt: skip
        assert sum(whole["weights"].values()) == pytest.approx(1)


class TestAnyOther:
    async def test_nine_statements_three_dimensions_weights_and_holes(self, solo: Solo, analyse: Analyse) -> None:
        """Another number of items, a scale from 1 to 5, weights, a dimension of a single item, and a fifth of all
        cells empty: against formulas written down here."""
        dimensions = {"one": [1, 2, 3, 4], "two": [5, 6, 7, 8], "single": [9]}
        weights = {"one": 0.5, "two": 0.3, "single": 0.2}
        content = {"title": {"en": "Nine"}, "items": pairs(dimensions, 5), "weights": weights}
        luck = random.Random(20261121)
        cells = [
            [luck.choice("12345") if luck.random() > 0.2 else luck.choice(["NA", ""]) for _ in range(18)]
            for _ in range(120)
        ]
        header = ["reference", *(f"item_{n}.{half}" for half in ("expectation", "perception") for n in range(1, 10))]
        sheets = write_table(header, [[f"r{n}", *row] for n, row in enumerate(cells)])
        people = write_table(["reference"], [[f"r{n}"] for n in range(len(cells))])
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            where = await ask(manager, content, people)
            taken = await manager.post(f"{where}/sheets", content=sheets, headers=CSV)
            assert taken.json()["taken"] == 120, taken.text
            await manager.post(f"{where}/close")
            await analyse(solo)
            told = (await manager.get(f"{where}/analysis")).json()
        table = np.array([[float(cell) if cell.isdigit() else np.nan for cell in row] for row in cells])
        halves = {"expectation": table[:, :9], "perception": table[:, 9:]}
        halves["gap"] = halves["perception"] - halves["expectation"]
        for place, item in enumerate(told["items"]):
            for name, half in halves.items():
                assert item[name] == pytest.approx(float(np.nanmean(half[:, place])))
            assert item["n"] == int(np.isfinite(halves["gap"][:, place]).sum())
        gaps = []
        for group in (one for one in told["groups"] if one["aspect"] == "dimension"):
            places = [number - 1 for number in dimensions[group["key"]]]
            for name, half in halves.items():
                assert group[name] == pytest.approx(float(np.mean([np.nanmean(half[:, place]) for place in places])))
                whole_rows = half[:, places][np.isfinite(half[:, places]).all(axis=1)]
                alpha = group[f"alpha_{name}"]
                assert alpha["n"] == len(whole_rows)
                assert alpha["raw"] == by_covariances(whole_rows)
                assert alpha["standardised"] == by_correlations(whole_rows)
            assert group["low"] < group["gap"] < group["high"]
            gaps.append(weights[group["key"]] * group["gap"])
        assert told["whole"]["gap"] == pytest.approx(sum(gaps))
        assert told["whole"]["weights"] == pytest.approx(weights)


def by_covariances(rows: np.ndarray) -> Any:
    """k/(k − 1) · (1 − Σ s²ᵢ / s²ₜ)."""
    k = rows.shape[1]
    if k < 2:
        return None
    return pytest.approx(k / (k - 1) * (1 - rows.var(axis=0, ddof=1).sum() / rows.sum(axis=1).var(ddof=1)))


def by_correlations(rows: np.ndarray) -> Any:
    """k r̄ / (1 + (k − 1) r̄)."""
    k = rows.shape[1]
    if k < 2:
        return None
    mean = np.corrcoef(rows, rowvar=False)[np.triu_indices(k, 1)].mean()
    return pytest.approx(k * mean / (1 + (k - 1) * mean))

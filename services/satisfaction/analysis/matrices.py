"""Answers as they lie in the database become columns: a row a respondent, NaN where there is no answer."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, BinaryIO

import numpy as np
import orjson

from services.satisfaction.analysis.questions import END
from services.satisfaction.analysis.scores import Column
from services.satisfaction.analysis.servqual import Matrix
from services.satisfaction.questionnaires.schemas import ChoiceItem, Content, PairItem, RatingItem, TextItem

_ESCAPES = {b"\\t": b"\t", b"\\n": b"\n", b"\\r": b"\r", b"\\b": b"\b", b"\\f": b"\f", b"\\v": b"\v"}
_NULL = rb"\N"
_EXPECTATION, _PERCEPTION = itemgetter("expectation"), itemgetter("perception")
_LOOK_AGAIN_SECONDS = 0.01
_OF_BOTH = {"key", "wording", "required", "dimension", "process", "show_if", "clauses", "low", "high"}


@dataclass(frozen=True, slots=True)
class Answers:
    """`strata`, `segments`, `customers`, `departments`: one word a respondent, None where it is not known. Choices and
    comments are counted by (item, stratum), what was chosen by (item, stratum, option)."""

    strata: list[str]
    segments: list[str | None]
    customers: list[str | None]
    departments: list[str | None]
    ratings: dict[str, Column]
    expectation: Matrix
    perception: Matrix
    answered: Counter[tuple[str, str]]
    chosen: Counter[tuple[str, str, str]]
    comments: Counter[tuple[str, str]]

    @property
    def n(self) -> int:
        return len(self.strata)


def follow(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file that is still being written, up to the line that ends COPY text."""
    begun = b""
    while True:
        line = begun + file.readline()
        if line == END:
            return
        if line.endswith(b"\n"):
            begun = b""
            yield line
        else:
            begun = line
            time.sleep(_LOOK_AGAIN_SECONDS)


def expect_all(content: Content, answers: Answers) -> tuple[Content, Answers]:
    """R161: what was asked at design is not how good something is, but how it should be: ratings of a dimension are
    the first halves of statements."""
    items = {item.key: item for item in content.items if isinstance(item, RatingItem) and item.dimension}
    pairs = {key: PairItem(kind="pair", **item.model_dump(include=_OF_BOTH)) for key, item in items.items()}
    expected = np.full((answers.n, len(items)), np.nan)
    for place, key in enumerate(items):
        expected[:, place] = answers.ratings[key]
    rest = {key: column for key, column in answers.ratings.items() if key not in items}
    return (
        content.model_copy(update={"items": tuple(pairs.get(item.key, item) for item in content.items)}),
        replace(answers, ratings=rest, expectation=expected, perception=np.full_like(expected, np.nan)),
    )


def hide_rare(answers: Answers, fewest: int) -> Answers:
    """Without what fewer than so many answered: of few people even a figure of all of them tells too much."""
    asked = Counter(item for item, _ in answers.answered.elements())
    rare = {item for item, n in asked.items() if n < fewest}
    return replace(
        answers,
        ratings={key: _hide(column[:, None], fewest)[:, 0] for key, column in answers.ratings.items()},
        expectation=_hide(answers.expectation, fewest),
        perception=_hide(answers.perception, fewest),
        answered=Counter({at: n for at, n in answers.answered.items() if at[0] not in rare}),
        chosen=Counter({at: n for at, n in answers.chosen.items() if at[0] not in rare}),
    )


def _hide(table: Matrix, fewest: int) -> Matrix:
    return np.where((~np.isnan(table)).sum(axis=0) < fewest, np.nan, table)


def read_answers(lines: Iterable[bytes], content: Content) -> Answers:
    """From lines of COPY text: stratum, segment, customer, department, answers."""
    rated = [item.key for item in content.items if isinstance(item, RatingItem)]
    pairs = [item.key for item in content.items if isinstance(item, PairItem)]
    choices = [item.key for item in content.items if isinstance(item, ChoiceItem)]
    texts = [item.key for item in content.items if isinstance(item, TextItem)]
    words: tuple[list[Any], ...] = ([], [], [], [])
    ratings: list[Any] = []
    expected: list[Any] = []
    perceived: list[Any] = []
    answered: Counter[tuple[str, str]] = Counter()
    chosen: Counter[tuple[str, str, str]] = Counter()
    comments: Counter[tuple[str, str]] = Counter()
    known: dict[bytes, str | None] = {}
    nothing: dict[str, int] = {}
    for n, line in enumerate(lines):
        *named, raw = line.rstrip(b"\n").split(b"\t")
        for column, word in zip(words, named, strict=True):
            if word not in known:
                known[word] = _read_word(word)
            column.append(known[word])
        one = orjson.loads(raw.replace(b"\\\\", b"\\") if b"\\" in raw else raw)
        ratings += [one.get(key) for key in rated]
        halves = [one.get(key, nothing) for key in pairs]
        try:
            expected += map(_EXPECTATION, halves)
            perceived += map(_PERCEPTION, halves)
        except KeyError:  # not everybody answers all; most do, and that is faster
            del expected[n * len(pairs) :], perceived[n * len(pairs) :]
            expected += [half.get("expectation") for half in halves]
            perceived += [half.get("perception") for half in halves]
        stratum = words[0][-1]
        for key in choices:
            options = one.get(key)
            if options:
                answered[key, stratum] += 1
                for option in options if isinstance(options, list) else [options]:
                    chosen[key, stratum, option] += 1
        for key in texts:
            if one.get(key):
                comments[key, stratum] += 1
    table = np.array(ratings, dtype=np.float64).reshape(len(words[0]), len(rated))
    n = len(words[0])
    return Answers(
        strata=words[0],
        segments=words[1],
        customers=words[2],
        departments=words[3],
        ratings={key: table[:, place] for place, key in enumerate(rated)},
        expectation=np.array(expected, dtype=np.float64).reshape(n, len(pairs)),
        perception=np.array(perceived, dtype=np.float64).reshape(n, len(pairs)),
        answered=answered,
        chosen=chosen,
        comments=comments,
    )


def _read_word(raw: bytes) -> str | None:
    if raw == _NULL:
        return None
    if b"\\" in raw:
        read, place = b"", 0
        while place < len(raw):
            step = 2 if raw[place : place + 1] == b"\\" else 1
            part = raw[place : place + step]
            read += _ESCAPES.get(part, part[-1:])
            place += step
        raw = read
    return raw.decode()

"""How answer sheets are read: a row a respondent, a column an item (R83). Values in, verdict out."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.satisfaction.populations.rules import Flaw
from services.satisfaction.questionnaires.rules import AnswersMissing, UnsoundAnswer, check_answers
from services.satisfaction.questionnaires.schemas import Answer, ChoiceItem, Content, Item, PairItem, TextItem
from shared.problems import Problem
from shared.spreadsheets import defuse

MOST_TOLD = 1000
REFERENCE = ("reference", "respondent")
_NOT_READ = {"response", "stratum", "segment", "customer", "department", "channel", "submitted_at"}
"""Columns of our own export that say nothing about the answers."""
_LANGUAGES = {"": "en", "en": "en", "zh-cn": "zh-CN", "zh": "zh-CN"}
_HALVES = {"e": "expectation", "p": "perception"}
_NOTHING = {"", "na", "n/a", "nan", "null", "-", "."}
"""How statistical programs and people write that there is no answer."""
_STEP = re.compile(r"([0-9]{1,3})(\.0+)?")
_CHOSEN, _NOT_CHOSEN = {"1", "true", "yes", "x"}, {"0", "false", "no"}

Put = Callable[[dict[str, Any], str], None]
"""Puts a cell where it belongs among a respondent's answers; raises `ValueError`: what would be right."""


class UnsoundColumns(Problem):
    """The first row does not name what the columns hold."""

    status = 422


@dataclass(frozen=True, slots=True)
class Sheet:
    """One respondent's answers, from row `row` of the file (the header is row 1)."""

    row: int
    reference: str
    language: str
    answers: dict[str, Answer]


@dataclass(slots=True)
class Read:
    """A file's sheets, and the flaws of the others: the first of them are told, all rows are counted."""

    sheets: list[Sheet] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    refused: int = 0

    def refuse(self, flaw: Flaw) -> None:
        """One row more that is not taken."""
        self.refused += 1
        if len(self.flaws) < MOST_TOLD:
            self.flaws.append(flaw)


def read_sheets(rows: Iterator[list[str]], content: Content, *, ignore_unknown: bool) -> Read:
    """The answers of a file whose first row names the columns; empty rows are passed over. Every answer is checked as
    one that comes by link; of two with one reference the first is taken.

    Raises:
        UnsoundColumns
    """
    header = [cell.strip().lower() for cell in next(rows, [])]
    who, spoken, puts = _read_header(header, content, ignore_unknown=ignore_unknown)
    read = Read()
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, start=2):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        cells += [""] * (len(header) - len(cells))
        reference, name = cells[who], header[who]
        language = _LANGUAGES.get(cells[spoken].lower() if spoken is not None else "")
        if any(cells[len(header) :]):
            column = str(len(header) + 1)
            read.refuse(Flaw(number, column, f"more cells than the {len(header)} columns of the first row"))
        elif not reference:
            read.refuse(Flaw(number, name, "empty; say whose answers these are, as the population names them"))
        elif (first := seen.setdefault(reference, number)) != number:
            read.refuse(Flaw(number, name, f"the same as in row {first}; everybody answers once"))
        elif language is None:
            read.refuse(Flaw(number, "language", "en or zh-CN, or nothing"))
        else:
            told = _read_row(number, header, cells, puts, content)
            if isinstance(told, Flaw):
                read.refuse(told)
            else:
                read.sheets.append(Sheet(number, reference, language, told))
    return read


def list_columns(content: Content) -> list[str]:
    """The names that columns with answers have, as an export gives them."""
    return list(_list_named(content))


def _read_row(
    number: int, header: list[str], cells: list[str], puts: Mapping[int, Put], content: Content
) -> dict[str, Answer] | Flaw:
    answers: dict[str, Any] = {}
    for place, put in puts.items():
        try:
            put(answers, cells[place])
        except ValueError as error:
            return Flaw(number, header[place], str(error))
    try:
        return check_answers(content, answers, complete=True)
    except UnsoundAnswer as problem:
        return Flaw(number, str(problem.extra["item"]), problem.detail)
    except AnswersMissing as problem:
        return Flaw(number, str(problem.extra["missing"][0]), "must be answered")


def _read_header(
    header: list[str], content: Content, *, ignore_unknown: bool
) -> tuple[int, int | None, dict[int, Put]]:
    named = [name for name in header if name]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise UnsoundColumns(f"row 1: {', '.join(twice[:20])} stands there twice; every column has its own name")
    who = next((header.index(name) for name in REFERENCE if name in header), None)
    known = _number_statements(content) | _list_named(content)
    shown = list_columns(content)
    columns = ", ".join(shown[:20]) + (" …" if len(shown) > 20 else "")
    if who is None:
        raise UnsoundColumns(
            f"row 1 names no column 'reference': say there who answered, as the population names them; beside it "
            f"{columns}"
        )
    spoken = header.index("language") if "language" in header else None
    puts = {place: known[name] for place, name in enumerate(header) if name in known and place not in (who, spoken)}
    unknown = [
        name
        for place, name in enumerate(header)
        if name and place not in puts and place not in (who, spoken) and name not in _NOT_READ
    ]
    if unknown and not ignore_unknown:
        raise UnsoundColumns(
            f"row 1: {', '.join(unknown[:20])}: no item of this questionnaire; its columns are {columns}. Take them "
            "out, or send the file with ignore_unknown=true"
        )
    if not puts:
        raise UnsoundColumns(f"row 1 names no item of this questionnaire; its columns are {columns}")
    return who, spoken, puts


def _number_statements(content: Content) -> dict[str, Put]:
    """As SERVQUAL forms number them: E1 and P1 on."""
    pairs = [item for item in content.items if isinstance(item, PairItem)]
    return {
        f"{letter}{place}": _put_half(item, half)
        for place, item in enumerate(pairs, 1)
        for letter, half in _HALVES.items()
    }


def _list_named(content: Content) -> dict[str, Put]:
    """By the names that the export gives them."""
    columns: dict[str, Put] = {}
    for item in content.items:
        if isinstance(item, PairItem):
            columns |= {f"{item.key}.{half}": _put_half(item, half) for half in _HALVES.values()}
        elif isinstance(item, ChoiceItem) and item.multiple:
            columns |= {f"{item.key}.{option}": _put_option(item, option) for option in item.options}
        elif isinstance(item, ChoiceItem):
            columns[item.key] = _put_choice(item)
        elif isinstance(item, TextItem):
            columns[item.key] = _put_text(item)
        else:
            columns[item.key] = _put_step(item)
    return columns


def _put_step(item: Item) -> Put:
    def put(answers: dict[str, Any], cell: str) -> None:
        if cell.lower() not in _NOTHING:
            answers[item.key] = _read_step(cell)

    return put


def _put_half(item: PairItem, half: str) -> Put:
    def put(answers: dict[str, Any], cell: str) -> None:
        if cell.lower() not in _NOTHING:
            step = _read_step(cell)
            if not item.low <= step <= item.high:
                raise ValueError(f"a whole number from {item.low} to {item.high}, or nothing")
            answers.setdefault(item.key, {})[half] = step

    return put


def _put_choice(item: ChoiceItem) -> Put:
    """By its key, or by its words in either language."""
    known = {word.lower(): key for key, words in item.options.items() for word in (*words.values(), key)}

    def put(answers: dict[str, Any], cell: str) -> None:
        if cell and cell.lower() not in known:
            raise ValueError(f"one of {', '.join(item.options)}, or nothing")
        if cell:
            answers[item.key] = known[cell.lower()]

    return put


def _put_option(item: ChoiceItem, option: str) -> Put:
    def put(answers: dict[str, Any], cell: str) -> None:
        told = cell.lower()
        if told in _CHOSEN:
            answers.setdefault(item.key, []).append(option)
        elif told not in _NOT_CHOSEN and told not in _NOTHING:
            raise ValueError("1 where it was chosen, else 0 or nothing")

    return put


def _put_text(item: TextItem) -> Put:
    """The apostrophe with which an export keeps text from being a formula is taken away again."""

    def put(answers: dict[str, Any], cell: str) -> None:
        text = cell[1:] if cell.startswith("'") and defuse(cell[1:]) == cell else cell
        if text:
            answers[item.key] = text.replace("\x00", "")

    return put


def _read_step(cell: str) -> int:
    found = _STEP.fullmatch(cell)
    if found is None:
        raise ValueError("a whole number, or nothing")
    return int(found[1])

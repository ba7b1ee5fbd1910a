"""What a row of a population must be. Values in, verdict out."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from services.satisfaction.populations.files import Formula
from shared.problems import Problem

COLUMNS = ("reference", "name", "email", "language", "stratum", "customer", "department", "segment")
WHOLE = "all"
"""The stratum of everybody where the file has no strata."""
MOST_MEMBERS = 1_000_000
MOST_TOLD = 1000
_COMPUTED = "a formula; write its value (paste special: values)"
_LONGEST = {"stratum": 100, "email": 254}
_EMAIL = re.compile(
    r"(?=[^@]{1,64}@.{1,189}\Z)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*"
)
"""RFC 5321's dot-strings: what every mail server takes."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class PopulationTooLarge(Problem):
    """A campaign is about so many people at most."""

    status = 409


class UnsoundColumns(Problem):
    """The first row does not name the columns."""

    status = 422


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a campaign is about, from row `row` of a file (the header is row 1)."""

    row: int
    reference: str
    name: str | None
    email: str | None
    language: str | None
    stratum: str
    customer: str | None
    department: str | None
    segment: str | None
    contact_hash: bytes


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a cell, and what would be right."""

    row: int
    column: str
    reason: str


@dataclass(slots=True)
class Read:
    """A file's people and the flaws of the others: the first of them are told, all are counted."""

    people: list[Person] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    refused: int = 0

    def refuse(self, flaws: Iterable[Flaw]) -> None:
        """One row more that is not taken."""
        self.refused += 1
        for flaw in flaws:
            if len(self.flaws) < MOST_TOLD:
                self.flaws.append(flaw)


def hash_contact(reference: str, email: str | None) -> bytes:
    """By what a person is known in other campaigns (fatigue): e-mail address in lower case, or else reference."""
    return sha256((email.lower() if email else reference).encode()).digest()


def read_people(rows: Iterator[list[str]], strata: Collection[str] | None) -> Read:
    """The people of a file whose first row names the columns; empty rows are passed over. Who comes twice, by
    reference or by e-mail address, is taken the first time. `strata`: those that the campaign names. A line break in a
    cell counts as a blank.

    Raises:
        UnsoundColumns
        PopulationTooLarge: more than `MOST_MEMBERS` people.
    """
    header = _read_header(next(rows, []))
    read = Read()
    by_reference: dict[str, int] = {}
    by_contact: dict[bytes, int] = {}
    single = next(iter(strata)) if strata is not None and len(strata) == 1 else None
    fallback = single or (WHOLE if "stratum" not in header and strata is None else None)
    for number, row in enumerate(rows, start=2):
        cells = [" ".join(cell.split()) for cell in row]
        if not any(cells):
            continue
        if computed := [place for place, cell in enumerate(row) if isinstance(cell, Formula)]:
            read.refuse(Flaw(number, _name_column(header, place), _COMPUTED) for place in computed)
            continue
        if len(cells) > len(header) and any(cells[len(header) :]):
            surplus = Flaw(number, str(len(header) + 1), f"more cells than the {len(header)} columns of the first row")
            read.refuse([surplus])
            continue
        found = {name: cell for name, cell in zip(header, cells, strict=False) if cell}
        person, flaws = _read_person(number, found, strata, fallback)
        if person is None:
            read.refuse(flaws)
        elif (first := by_reference.setdefault(person.reference, number)) != number:
            read.refuse([Flaw(number, "reference", f"the same as in row {first}; every person stands here once")])
        elif (first := by_contact.setdefault(person.contact_hash, number)) != number:
            column = "email" if person.email else "reference"
            read.refuse([Flaw(number, column, f"the same contact as in row {first}; every person stands here once")])
        else:
            read.people.append(person)
            if len(read.people) > MOST_MEMBERS:
                raise PopulationTooLarge(
                    f"more than {MOST_MEMBERS} people; a campaign is about as many at most: make several campaigns"
                )
    return read


def _name_column(header: Sequence[str], place: int) -> str:
    return header[place] if place < len(header) else str(place + 1)


def _read_header(row: list[str]) -> list[str]:
    names = [cell.strip().lower() for cell in row]
    while names and not names[-1]:
        names.pop()
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or not names:
        seen = f"'{unknown[0][:50]}' is none" if unknown else "it is empty"
        raise UnsoundColumns(f"row 1 names the columns, of {', '.join(COLUMNS)}; {seen}")
    if len(set(names)) < len(names):
        raise UnsoundColumns("row 1 names a column twice; name each once")
    if "reference" not in names:
        raise UnsoundColumns("row 1: the column 'reference' is missing: your own id of each person")
    return names


def _read_person(
    row: int, cells: dict[str, str], strata: Collection[str] | None, fallback: str | None
) -> tuple[Person | None, list[Flaw]]:
    flaws = []
    for column, cell in cells.items():
        longest = _LONGEST.get(column, 200)
        if len(cell) > longest:
            flaws.append(Flaw(row, column, f"{len(cell)} characters; at most {longest}"))
        elif _UNSTORABLE.search(cell):
            flaws.append(Flaw(row, column, "holds a character that is no text"))
    reference, stratum, email = cells.get("reference"), cells.get("stratum") or fallback, cells.get("email")
    language = read_language(cells["language"]) if "language" in cells else None
    if reference is None:
        flaws.append(Flaw(row, "reference", "missing: your own id of this person"))
    if stratum is None:
        flaws.append(
            Flaw(
                row, "stratum", "missing: the group that this person counts in (of merged cells only the first has it)"
            )
        )
    elif strata is not None and stratum not in strata:
        flaws.append(Flaw(row, "stratum", f"'{stratum[:100]}' is no stratum of this campaign: {_shorten(strata)}"))
    if email is not None and not _EMAIL.fullmatch(email):
        flaws.append(Flaw(row, "email", "no e-mail address like li.na@example.com"))
    if "language" in cells and language is None:
        flaws.append(Flaw(row, "language", f"'{cells['language'][:20]}' is not spoken here; en or zh-CN"))
    if flaws or reference is None or stratum is None:
        return None, flaws
    person = Person(
        row=row,
        reference=reference,
        name=cells.get("name"),
        email=email,
        language=language,
        stratum=stratum,
        customer=cells.get("customer"),
        department=cells.get("department"),
        segment=cells.get("segment"),
        contact_hash=hash_contact(reference, email),
    )
    return person, []


def read_language(written: str) -> str | None:
    """`en` or `zh-CN` from however it is written (`EN-us`, `zh_CN`, `zh`); None for another one."""
    return {"en": "en", "zh": "zh-CN"}.get(re.split(r"[-_]", written.lower(), maxsplit=1)[0])


def _shorten(strata: Collection[str]) -> str:
    names = sorted(strata)
    return ", ".join(names[:10]) + (" …" if len(names) > 10 else "")

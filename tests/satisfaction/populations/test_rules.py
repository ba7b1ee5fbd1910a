"""What a row of a population must be."""

from collections.abc import Iterator
from hashlib import sha256

import pytest

from services.satisfaction.populations.files import Formula
from services.satisfaction.populations.rules import (
    Flaw,
    PopulationTooLarge,
    Read,
    UnsoundColumns,
    read_language,
    read_people,
)


def read(*rows: list[str], strata: tuple[str, ...] | None = None) -> Read:
    return read_people(iter(rows), strata)


HEAD = ["reference", "email", "stratum"]


class TestReadPeople:
    def test_takes_what_stands_in_the_cells(self) -> None:
        """A formula and HTML are text."""
        (person,) = read(
            ["Reference", " NAME ", "email", "language", "stratum", "customer", "department", "segment"],
            ["7", "=1+1", "Li.Na@Example.com", "zh_CN", "<b>north</b>", "acme", "it", "gold"],
        ).people
        assert (person.row, person.reference, person.name, person.stratum) == (2, "7", "=1+1", "<b>north</b>")
        assert (person.email, person.language) == ("Li.Na@Example.com", "zh-CN")
        assert person.contact_hash == sha256(b"li.na@example.com").digest()

    def test_a_formula_of_a_workbook_is_no_value(self) -> None:
        got = read(["reference", "name"], [Formula("=A1"), "x"], ["b", Formula("=VLOOKUP(1)")])
        assert (got.people, got.refused) == ([], 2)
        assert [(flaw.row, flaw.column) for flaw in got.flaws] == [(2, "reference"), (3, "name")]
        assert "write its value" in got.flaws[0].reason

    def test_a_line_break_is_a_blank(self) -> None:
        """A name stands in the first line of a mail: it brings no lines of its own."""
        (person,) = read(["reference", "name"], ["a", "Li\r\nBcc:\tx@y.z"]).people
        assert person.name == "Li Bcc: x@y.z"

    @pytest.mark.parametrize(
        "email",
        ["a@b,c@d", "a b@c.d", "<a@b.c>", "a@b@c", "a..b@c.d", ".a@b.c", "a@b..c", "李@b.c", "a@例子.cn", "a@[::1]"],
    )
    def test_an_address_that_no_server_takes(self, email: str) -> None:
        assert [flaw.column for flaw in read(["reference", "email"], ["x", email]).flaws] == ["email"]

    @pytest.mark.parametrize("email", ["li.na@example.com", "o'neil+it@a-b.co", "x@localhost", "1@2.cn"])
    def test_an_address(self, email: str) -> None:
        assert read(["reference", "email"], ["x", email]).people[0].email == email

    def test_more_people_than_a_campaign_has(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is not read to its end: a file of millions of rows fills no memory."""
        monkeypatch.setattr("services.satisfaction.populations.rules.MOST_MEMBERS", 3)

        def rows() -> Iterator[list[str]]:
            yield ["reference"]
            for number in range(4):
                yield [str(number)]
            raise AssertionError("it was read on")

        with pytest.raises(PopulationTooLarge, match="several campaigns"):
            read_people(rows(), None)

    def test_without_strata_everybody_is_in_one(self) -> None:
        people = read(["reference"], ["a"], [""], ["b"]).people
        assert [(one.row, one.reference, one.stratum) for one in people] == [(2, "a", "all"), (4, "b", "all")]
        assert people[0].contact_hash == sha256(b"a").digest()

    def test_the_campaigns_only_stratum(self) -> None:
        assert read(["reference"], ["a"], strata=("north",)).people[0].stratum == "north"

    def test_names_row_and_column(self) -> None:
        got = read(
            HEAD,
            ["", "a@example.com", "north"],
            ["b", "nobody", "north"],
            ["c", "", ""],
            ["d", "", "east"],
            ["e", "a b@example.com\r\nBcc: x@y.zz", "north"],
            ["f\x00", "", "north"],
            ["g" * 201, "", "north"],
            ["h", "", "north", "more"],
            ["i", "", "north", ""],
            strata=("north", "south"),
        )
        assert [(flaw.row, flaw.column) for flaw in got.flaws] == [
            (2, "reference"),
            (3, "email"),
            (4, "stratum"),
            (5, "stratum"),
            (6, "email"),
            (7, "reference"),
            (8, "reference"),
            (9, "4"),
        ]
        assert "north, south" in got.flaws[3].reason
        assert ([one.reference for one in got.people], got.refused) == (["i"], 8)

    def test_every_flaw_of_a_row_is_told_and_the_row_counts_once(self) -> None:
        got = read([*HEAD, "language"], ["", "nobody", "", "fr"])
        assert (got.refused, sorted(flaw.column for flaw in got.flaws)) == (
            1,
            ["email", "language", "reference", "stratum"],
        )

    def test_who_comes_twice_is_taken_once(self) -> None:
        got = read(
            HEAD, ["a", "a@example.com", "n"], ["a", "b@example.com", "n"], ["c", "A@EXAMPLE.com", "n"], ["d", "", "n"]
        )
        assert [one.reference for one in got.people] == ["a", "d"]
        assert [(flaw.row, flaw.column, "row 2" in flaw.reason) for flaw in got.flaws] == [
            (3, "reference", True),
            (4, "email", True),
        ]

    def test_of_very_many_flaws_the_first_are_told(self) -> None:
        got = read(["reference", "email"], *([str(i), "x"] for i in range(1500)))
        assert (got.refused, len(got.flaws), got.flaws[-1]) == (
            1500,
            1000,
            Flaw(1001, "email", "no e-mail address like li.na@example.com"),
        )

    @pytest.mark.parametrize(
        ("header", "why"),
        [
            ([], "empty"),
            (["", ""], "empty"),
            (["reference", "phone"], "'phone'"),
            (["reference", "", "name"], "''"),
            (["reference", "name", "Name"], "twice"),
            (["name", "email"], "'reference' is missing"),
        ],
    )
    def test_the_first_row_names_the_columns(self, header: list[str], why: str) -> None:
        with pytest.raises(UnsoundColumns, match=why):
            read(header, ["a", "b", "c"])


class TestReadLanguage:
    @pytest.mark.parametrize(
        ("written", "language"),
        [("en", "en"), ("EN-us", "en"), ("zh", "zh-CN"), ("zh_CN", "zh-CN"), ("fr", None), ("english", None)],
    )
    def test_however_it_is_written(self, written: str, language: str | None) -> None:
        assert read_language(written) == language

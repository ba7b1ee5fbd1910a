import re
from typing import Any

import pytest
from pydantic import model_validator

from shared.fields import Body, Name
from shared.ticketing.options import read_options


class Options(Body):
    project: Name
    size: int = 1
    kind: str = "normal"

    @model_validator(mode="after")
    def _fits(self) -> "Options":
        if self.kind == "odd":
            raise ValueError("kind: 'odd' is no kind; there is normal")
        return self


class TestReadOptions:
    def test_reads_what_is_sound(self) -> None:
        assert read_options(Options, {"project": "ops"}, "options") == Options(project="ops")

    @pytest.mark.parametrize(
        ("given", "where", "told"),
        [
            ({}, "options", "options.project: is needed"),
            (
                {"project": "ops", "colour": "s3cret"},
                "options",
                "options.colour: there is no such option; there are project, size, kind",
            ),
            ({"project": "ops", "kind": "odd"}, "options", "options.kind: 'odd' is no kind; there is normal"),
            ({"project": "ops", "kind": "odd"}, "", "kind: 'odd' is no kind; there is normal"),
        ],
    )
    def test_names_each_fault_and_what_would_be_right(self, given: dict[str, Any], where: str, told: str) -> None:
        with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
            read_options(Options, given, where)

    def test_all_faults_stand_on_one_line_and_no_value_is_repeated(self) -> None:
        with pytest.raises(ValueError, match=r"options\.project: is needed; ") as failed:
            read_options(Options, {"size": "s3cret", "colour": "s3cret"}, "options")
        assert "s3cret" not in str(failed.value)
        assert str(failed.value).count(";") >= 2

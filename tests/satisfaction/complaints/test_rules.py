import pytest

from services.satisfaction.complaints import rules
from services.satisfaction.complaints.rules import Standing, list_missing_to_close


def standing(**changes: object) -> Standing:
    done: dict[str, object] = {
        "complaint_class": "major",
        "anonymous": False,
        "supervised": False,
        "progress_reported": False,
        "acknowledged": True,
        "planned": True,
        "analysed": True,
        "followed_up": True,
        "disputed": False,
    }
    return Standing(**{**done, **changes})  # type: ignore[arg-type]


class TestMissing:
    """R51, R194, R196."""

    @pytest.mark.parametrize(
        ("changes", "missing"),
        [
            ({}, []),
            ({"followed_up": False}, ["follow-up call"]),
            ({"followed_up": False, "anonymous": True}, []),
            ({"analysed": False, "planned": False}, ["plan", "cause analysis"]),
            ({"complaint_class": "general", "analysed": False, "followed_up": False}, []),
            ({"supervised": True}, ["report to the supervisor"]),
            ({"disputed": True}, ["settlement of the dispute"]),
        ],
    )
    def test_by_hand(self, changes: dict[str, object], missing: list[str]) -> None:
        assert list_missing_to_close(standing(**changes)) == missing


class TestNumbers:
    @pytest.mark.parametrize(
        ("written", "number"),
        [("CMP-000001", 1), (" cmp-42 ", 42), ("CMP-", None), ("CMP-1x", None), ("1", None), ("CMP-" + "9" * 19, None)],
    )
    def test_read(self, written: str, number: int | None) -> None:
        assert rules.read_number(written) == number

    def test_written(self) -> None:
        assert (rules.format_number(1), rules.format_number(1234567)) == ("CMP-000001", "CMP-1234567")

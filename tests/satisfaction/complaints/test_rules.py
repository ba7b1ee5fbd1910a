from datetime import datetime

import pytest

from services.satisfaction.complaints import rules
from services.satisfaction.complaints.rules import Standing, list_missing_to_close
from services.satisfaction.settings import SatisfactionSettings


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


def at(written: str) -> datetime:
    return datetime.fromisoformat(written)


class TestComputeDeadlines:
    """R199, R51, hand-worked. China, 2025: 1 to 8 October are holidays, Saturday the 11th is worked instead."""

    @pytest.mark.parametrize(
        ("received", "complaint_class", "expected"),
        [
            ("2025-09-30T17:59+08:00", "simple", {"answer": "2025-10-09T09:29+08:00"}),
            ("2025-09-30T17:59+08:00", "general", {"answer": "2025-09-30T18:00+08:00"}),
            ("2025-09-30T18:00+08:00", "simple", {"answer": "2025-10-09T09:30+08:00"}),
            ("2025-09-30T18:00+08:00", "general", {"answer": "2025-10-09T18:00+08:00"}),
            ("2025-09-30T23:30+08:00", "general", {"answer": "2025-10-09T18:00+08:00"}),
            ("2025-10-05T12:00+08:00", "simple", {"answer": "2025-10-09T09:30+08:00"}),
            ("2025-10-11T08:00+08:00", "general", {"answer": "2025-10-11T18:00+08:00"}),
            (
                "2025-09-30T17:59+08:00",
                "major",
                {
                    "acknowledge": "2025-09-30T18:00+08:00",
                    "plan": "2025-10-11T18:00+08:00",
                    "answer": "2025-10-21T18:00+08:00",
                },
            ),
        ],
    )
    def test_before_a_holiday_and_at_night(self, received: str, complaint_class: str, expected: dict[str, str]) -> None:
        settings = SatisfactionSettings(time_zone="Asia/Shanghai", holiday_country="CN", working_hours="09:00-18:00")
        assert self.compute(settings, received, complaint_class) == {kind: at(due) for kind, due in expected.items()}

    @pytest.mark.parametrize(
        ("zone", "hours", "received", "complaint_class", "due"),
        [
            # Berlin's clocks go forward between this Friday and Monday
            ("Europe/Berlin", "09:00-18:00", "2026-03-27T17:59+01:00", "simple", "2026-03-30T09:29+02:00"),
            ("Europe/Berlin", "09:00-18:00", "2026-10-23T17:59+02:00", "simple", "2026-10-26T09:29+01:00"),
            # Cairo's go from 00:00 to 01:00 on Friday 24 April 2026: Thursday ends where they do
            ("Africa/Cairo", None, "2026-04-23T10:00+02:00", "general", "2026-04-24T00:00+02:00"),
            ("Africa/Cairo", None, "2026-04-23T23:45+02:00", "simple", "2026-04-24T01:15+03:00"),
        ],
    )
    def test_when_the_clocks_change(
        self, zone: str, hours: str | None, received: str, complaint_class: str, due: str
    ) -> None:
        settings = SatisfactionSettings(time_zone=zone, working_hours=hours)
        assert self.compute(settings, received, complaint_class) == {"answer": at(due)}

    def compute(self, settings: SatisfactionSettings, received: str, complaint_class: str) -> dict[str, datetime]:
        limits = dict(settings.complaint_limits[complaint_class].items())  # type: ignore[index]
        return rules.compute_deadlines(limits, at(received), settings.calendar_at(at(received)))  # type: ignore[arg-type]


class TestSecrets:
    """R182: read out on the phone, typed on a telephone's keyboard."""

    @pytest.mark.parametrize(
        "written",
        ["K7QM-4XZP-9T3W-0J11", "k7qm4xzp9t3w0j11", " K7QM 4XZP 9T3W OJIL ", "K7QM-4XZP-9T3W-oJ1l\n"],
    )
    def test_as_they_are_heard(self, written: str) -> None:
        assert rules.hash_secret(written) == rules.hash_secret("K7QM-4XZP-9T3W-0J11")

    @pytest.mark.parametrize(
        "written",
        ["", "K7QM-4XZP-9T3W-0J1", "K7QM-4XZP-9T3W-0J111", "K7QM-4XZP-9T3W-0JU1", "Ｋ7QM-4XZP-9T3W-0J11", "x" * 10_000],
    )
    def test_what_cannot_be_one(self, written: str) -> None:
        assert rules.hash_secret(written) is None

    def test_another_is_another(self) -> None:
        assert rules.hash_secret("K7QM-4XZP-9T3W-0J11") != rules.hash_secret("K7QM-4XZP-9T3W-0J12")


class TestShorten:
    @pytest.mark.parametrize(
        ("words", "short"),
        [
            ("No answer.", "No answer."),
            ("\n  First line\nsecond", "First line"),
            ("one two three four", "one two…"),
            ("一二三四五六七八九十一二三", "一二三四五六七八九十一…"),
        ],
    )
    def test_by_hand(self, words: str, short: str) -> None:
        assert rules.shorten(words, 12) == short

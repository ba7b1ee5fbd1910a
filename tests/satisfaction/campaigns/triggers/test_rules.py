from datetime import UTC, datetime, timedelta

import pytest

from services.satisfaction.campaigns.triggers.rules import (
    Narrowed,
    Occasion,
    find_due,
    is_followed,
    name_campaign,
    read_scope,
)

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
MAIL = Occasion("change", "change 1", "Faster mail", "CHG1: Faster mail", NOW, service="mail", connection="itsm")


class TestIsFollowed:
    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            (Narrowed("change", NOW), True),
            (Narrowed("project", NOW), False),
            (Narrowed("change", NOW + timedelta(seconds=1)), False),
            (Narrowed("change", NOW, service="mail", connection="itsm"), True),
            (Narrowed("change", NOW, service="print"), False),
            (Narrowed("change", NOW, connection="releases"), False),
            (Narrowed("change", NOW, customer="acme"), False),
        ],
    )
    def test_by_what_it_names(self, wanted: Narrowed, expected: bool) -> None:
        """R121: by service, customer and connection; nothing that happened before it was written."""
        assert is_followed(MAIL, wanted) is expected


class TestFindDue:
    def test_so_many_days_later(self) -> None:
        assert find_due(NOW, 7) == datetime(2026, 4, 8, 9, tzinfo=UTC)


class TestReadScope:
    @pytest.mark.parametrize(
        ("scope", "expected"),
        [
            ("all", None),
            (None, None),
            ("service=mail", "mail"),
            ("customer=acme,service=mail", "mail"),
            ("customer=a=b,service=m=n", "m=n"),
        ],
    )
    def test_one_dimension(self, scope: str | None, expected: str | None) -> None:
        assert read_scope(scope, "service") == expected


class TestNameCampaign:
    def test_fits_a_title(self) -> None:
        assert name_campaign("After a release", "Faster mail") == "After a release: Faster mail"
        assert len(name_campaign("t" * 200, "x")) == 200

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.metrics.connections.rules import (
    OVERLAP,
    begin_at,
    find_unsound_map,
    find_unsound_poll,
    find_unsound_sender,
    find_unsound_zone,
    retry_delay_seconds,
    silent_since,
)
from services.metrics.connections.schemas import ConnectionBody
from shared.ticketing.sources import Position

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SCHEDULE = (30.0, 120.0, 600.0)
RT = {"base_url": "https://rt.invalid", "secret": "robot:secret"}


def unsound(has_secret: bool = False, polled_url: str | None = None, **values: Any) -> str | None:
    body = ConnectionBody(**{"secret": "a-long-enough-secret", **values})
    return (
        find_unsound_map(body)
        or find_unsound_zone(body)
        or find_unsound_sender(body, has_secret=has_secret)
        or find_unsound_poll(body, polled_url)
    )


class TestFindUnsound:
    @pytest.mark.parametrize(
        "values",
        [
            {"system": "jira"},
            {"system": "jira", "authentication": "url_secret", "states": {"Parked": "pending"}},
            {"system": "zammad", "field_map": {"service": "ticket.service"}},
            {"system": "servicenow", "poll": {**RT, "base_url": "http://10.0.0.7/now"}},
            {"system": "request_tracker", "authentication": "none", "secret": None, "poll": RT},
            {"system": "redmine", "secret": None, "poll": {**RT, "filter": "project_id=desk"}},
        ],
    )
    def test_what_can_work_is_sound(self, values: dict[str, Any]) -> None:
        assert unsound(**values) is None

    @pytest.mark.parametrize(
        ("values", "says"),
        [
            ({"system": "jira", "field_map": {"state": "x"}}, "'state' comes from the system's own mapper"),
            ({"system": "jira", "field_map": {"colour": "x"}}, "'colour' is no fact of a ticket"),
            ({"system": "jira", "field_map": {"service": 7}}, "service: give a dotted path"),
            ({"states": {"Done": "resolved"}, "authentication": "bearer"}, "maps states in its field_map"),
            ({"system": "zammad", "time_zone": "Mars/Olympus"}, "no zone like Asia/Shanghai"),
            ({"system": "zammad", "authentication": "standard_webhooks"}, "hub_sha1, bearer, basic"),
            ({"system": "zammad", "secret": None}, "secret: a new connection needs one"),
            ({"system": "servicenow", "authentication": "basic"}, "user:password"),
            ({"system": "redmine", "secret": None}, "nothing would ever come in"),
            ({"system": "jira", "poll": RT}, "jira is not polled"),
            ({"system": "redmine", "poll": {**RT, "base_url": "ftp://x.invalid"}}, "must begin with http"),
            ({"system": "redmine", "poll": {**RT, "base_url": "http://u:p@x.invalid"}}, "goes into the secret"),
            ({"system": "redmine", "poll": {**RT, "authentication": "token"}}, "api_key, basic"),
            ({"system": "redmine", "poll": {"base_url": "http://x.invalid"}}, "poll.secret: the first time"),
            (
                {"system": "servicenow", "poll": {**RT, "authentication": "basic", "secret": "nouser"}},
                "poll.secret: basic authentication needs user:password",
            ),
            ({"system": "servicenow", "poll": {**RT, "filter": "a=1^NQb=2"}}, "^NQ begins a query of its own"),
        ],
    )
    def test_what_cannot_work_is_named_with_what_would(self, values: dict[str, Any], says: str) -> None:
        assert says in (unsound(**values) or "")

    def test_a_stored_secret_stays_but_goes_to_no_other_host(self) -> None:
        poll = {"base_url": "https://rt.invalid"}
        values = {"system": "request_tracker", "secret": None, "poll": poll}
        assert unsound(has_secret=True, polled_url="https://rt.invalid", **values) is None
        told = unsound(has_secret=True, polled_url="https://else.invalid", **values)
        assert "goes to no other host" in (told or "")


class TestBeginAt:
    def test_a_round_goes_on_where_it_was(self) -> None:
        assert begin_at(NOW, NOW - timedelta(hours=1), 3) == Position(NOW - timedelta(hours=1), 3)

    def test_a_new_round_begins_a_little_earlier(self) -> None:
        assert begin_at(NOW, None, None) == Position(NOW - OVERLAP)


class TestRetryDelaySeconds:
    @pytest.mark.parametrize(("failures", "seconds"), [(1, 30.0), (2, 120.0), (3, 600.0), (9, 600.0)])
    def test_grows_and_stays(self, failures: int, seconds: float) -> None:
        assert retry_delay_seconds(failures, SCHEDULE, 10, None, 0.0) == seconds

    def test_is_never_sooner_than_the_interval_nor_than_it_was_asked_for(self) -> None:
        assert retry_delay_seconds(1, SCHEDULE, 300, None, 0.0) == 300
        assert retry_delay_seconds(1, SCHEDULE, 300, 3600, 1.0) == 3600

    def test_those_that_failed_together_do_not_come_back_together(self) -> None:
        assert retry_delay_seconds(1, SCHEDULE, 10, None, 1.0) == pytest.approx(33.0)


class TestSilentSince:
    """R31: collection itself is monitored."""

    def test_what_was_heard_in_time_is_not_silent(self) -> None:
        assert silent_since(NOW - timedelta(hours=2), 2, None, NOW) is None

    def test_silence_is_told_with_when_it_was_due(self) -> None:
        heard_at = NOW - timedelta(hours=3)
        assert silent_since(heard_at, 2, None, NOW) == NOW - timedelta(hours=1)

    def test_once_per_silence(self) -> None:
        heard_at = NOW - timedelta(hours=3)
        assert silent_since(heard_at, 2, NOW - timedelta(minutes=30), NOW) is None
        assert silent_since(heard_at, 2, NOW - timedelta(hours=5), NOW) is not None

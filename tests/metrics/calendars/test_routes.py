"""Calendars by REST. Public holidays are those announced: China's 2024 by 国办发明电〔2023〕7号."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from services.metrics.calendars import jobs, service
from shared import clock
from shared.auth import Role
from shared.calendars import ALWAYS, working_time_between
from tests.metrics.agreements.builders import agreement
from tests.support.solo import Solo

OFFICE = ["09:00-12:00", "13:00-18:00"]
WEEK = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), OFFICE)
CHINA: dict[str, Any] = {
    "name": "Office in Shanghai",
    "zone": "Asia/Shanghai",
    "week": WEEK,
    "country": "CN",
    "make_up_hours": OFFICE,
}
PATH = "/metrics/v1/calendars/office"


@pytest.fixture
def client(solo: Solo) -> httpx.AsyncClient:
    return solo.client(Role.PROCESS_OWNER)


async def put(client: httpx.AsyncClient, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = await client.put(PATH, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def days(client: httpx.AsyncClient, first: str, last: str) -> list[tuple[str, list[str], str, str | None, float]]:
    answer = await client.get(f"{PATH}/days", params={"from": first, "to": last})
    assert answer.status_code == 200, answer.text
    return [
        (day["day"], day["hours"], day["why"], day["name"], day["working_seconds"] / 3600)
        for day in answer.json()["days"]
    ]


class TestPutCalendar:
    async def test_is_kept_as_it_was_given(self, client: httpx.AsyncClient) -> None:
        put_view = await put(client, CHINA)
        got = await client.get(PATH)
        assert got.json() == put_view
        assert got.headers["ETag"] == '"1"'
        assert put_view["week"] == {**WEEK, "saturday": [], "sunday": []}
        assert put_view["version"] == 1
        assert put_view["edited_by"] == "process_owner"

    async def test_a_change_needs_the_version_that_was_read(self, client: httpx.AsyncClient) -> None:
        await put(client, CHINA)
        blind = await client.put(PATH, json=CHINA)
        assert (blind.status_code, blind.json()["type"]) == (428, "urn:ratchet:problem:precondition-required")
        assert (await client.put(PATH, json=CHINA, headers={"If-Match": '"7"'})).status_code == 412
        changed = await put(client, {**CHINA, "name": "Office"}, **{"If-Match": '"1"'})
        assert (changed["version"], changed["name"]) == (2, "Office")

    async def test_of_two_that_define_it_at_once_one_is_told(self, client: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(*(client.put(PATH, json=CHINA) for _ in range(4)))
        codes = sorted(answer.status_code for answer in answers)
        assert codes[0] == 200
        assert set(codes[1:]) <= {412, 428}
        assert (await client.get(PATH)).json()["version"] == 1

    async def test_every_version_stays_readable(self, client: httpx.AsyncClient) -> None:
        await put(client, CHINA)
        await put(client, {**CHINA, "zone": "Asia/Urumqi"}, **{"If-Match": '"1"'})
        await client.delete(PATH, headers={"If-Match": '"2"'})
        assert (await put(client, CHINA))["version"] == 3, "a number is not given twice"
        listed = (await client.get(f"{PATH}/versions")).json()["items"]
        assert [(one["version"], one["content"]["zone"]) for one in listed] == [
            (3, "Asia/Shanghai"),
            (2, "Asia/Urumqi"),
            (1, "Asia/Shanghai"),
        ]

    async def test_only_who_may_edit(self, solo: Solo) -> None:
        assert (await solo.client(Role.ENGINEER).put(PATH, json=CHINA)).status_code == 403
        assert (await solo.client(Role.ENGINEER).get("/metrics/v1/calendars")).status_code == 200
        assert (await solo.client(Role.CUSTOMER).get("/metrics/v1/calendars")).status_code == 403

    @pytest.mark.parametrize(
        ("change", "problem", "says"),
        [
            ({"zone": "Asia/Peking"}, "unknown-zone", "did you mean"),
            ({"zone": ""}, "unknown-zone", "Asia/Shanghai"),
            ({"week": {}}, "no-working-hours", '"monday": ["09:00-12:00", "13:00-18:00"]'),
            (
                {"week": {"monday": ["09:00-12:00", "11:30-18:00"]}},
                "overlapping-hours",
                "week.monday: 09:00-12:00 and 11:30-18:00 overlap; write them as one span, or end the first by 11:30",
            ),
            (
                {"week": {"sunday": ["22:00-06:00"], "monday": ["05:00-12:00"]}},
                "overlapping-hours",
                "week.sunday: 22:00-06:00 runs past midnight into 05:00-12:00 of monday; "
                "end it by 05:00, or begin monday at 06:00",
            ),
            ({"week": {"monday": ["09:00-09:00"]}}, "unsound-hours", "write 00:00-24:00 for the whole day"),
            ({"make_up_hours": ["09:00-12:00", "10:00-11:00"]}, "overlapping-hours", "make_up_hours"),
            ({"country": "XX"}, "unknown-country", "country: 'XX' is no country of ISO 3166"),
            ({"country": "DE", "subdivision": "ZZ"}, "unknown-country", "one of BB, BE, BW, BY"),
            ({"country": "CN", "subdivision": "SH"}, "unknown-country", "leave it out"),
            ({"country": None, "subdivision": "BY"}, "unknown-country", "name the country"),
            (
                {"exceptions": [{"day": "1989-12-31", "reason": "long ago"}]},
                "unsound-exception",
                "exceptions.0: 1989-12-31 lies outside 1990-01-01 to 2199-12-31",
            ),
            ({"exceptions": [{"day": "2200-01-01", "reason": "far away"}]}, "unsound-exception", "2199-12-31"),
            (
                {"exceptions": [{"day": "2024-02-09", "reason": "a"}, {"day": "2024-02-09", "reason": "b"}]},
                "unsound-exception",
                "exceptions.1: 2024-02-09 is named twice",
            ),
            (
                {"exceptions": [{"day": "2024-02-09", "hours": ["08:00-12:00", "09:00-10:00"], "reason": "a"}]},
                "overlapping-hours",
                "exceptions.0",
            ),
            ({"week": {"monday": ["25:00-26:00"]}}, "malformed", "week.monday.0"),
            ({"week": {"monday": ["9-12"]}}, "malformed", "week.monday.0"),
            ({"weak": {}}, "malformed", "weak"),
        ],
    )
    async def test_what_is_wrong_is_named_with_what_would_be_right(
        self, client: httpx.AsyncClient, change: dict[str, Any], problem: str, says: str
    ) -> None:
        answer = await client.put(PATH, json={**CHINA, **change})
        assert (answer.status_code, answer.json()["type"]) == (422, f"urn:ratchet:problem:{problem}")
        assert says in answer.json()["detail"]

    async def test_a_week_without_hours_is_sound_where_an_exception_opens_a_day(
        self, client: httpx.AsyncClient
    ) -> None:
        opened = [{"day": "2024-11-11", "hours": ["00:00-24:00"], "reason": "Sales day"}]
        await put(client, {**CHINA, "week": {}, "country": None, "exceptions": opened})
        assert await days(client, "2024-11-11", "2024-11-11") == [
            ("2024-11-11", ["00:00-24:00"], "exception", "Sales day", 24)
        ]


class TestListDays:
    async def test_holidays_make_up_workdays_and_exceptions_of_spring_2024(self, client: httpx.AsyncClient) -> None:
        """R177, the calendar that a Chinese customer is served by: days off 10–17 February, worked for on 4 and 18."""
        own = [
            {"day": "2024-02-09", "hours": ["09:00-12:00"], "reason": "New Year's Eve, half a day"},
            {"day": "2024-02-13", "hours": ["10:00-16:00"], "reason": "Year-end close of Harbour Bank"},
        ]
        await put(client, {**CHINA, "exceptions": own})
        told = await days(client, "2024-02-03", "2024-02-19")
        assert [(day[8:], hours) for day, _, _, _, hours in told] == [
            ("03", 0),
            ("04", 8),
            ("05", 8),
            ("06", 8),
            ("07", 8),
            ("08", 8),
            ("09", 3),
            ("10", 0),
            ("11", 0),
            ("12", 0),
            ("13", 6),
            ("14", 0),
            ("15", 0),
            ("16", 0),
            ("17", 0),
            ("18", 8),
            ("19", 8),
        ]
        why = {day[8:]: (reason, name) for day, _, reason, name, _ in told}
        assert why["03"] == ("weekday", None)
        assert why["04"] == ("make_up_workday", None)
        assert why["12"] == ("holiday", "春节")
        assert why["13"] == ("exception", "Year-end close of Harbour Bank")

    async def test_without_make_up_hours_such_a_day_is_as_its_weekday(self, client: httpx.AsyncClient) -> None:
        await put(client, {**CHINA, "make_up_hours": None})
        assert await days(client, "2024-02-04", "2024-02-04") == [("2024-02-04", [], "weekday", None, 0)]

    async def test_a_part_of_a_country_has_holidays_of_its_own(self, client: httpx.AsyncClient) -> None:
        """Corpus Christi, 30 May 2024, is one in Bavaria and none in Berlin."""
        germany = {"name": "Works", "zone": "Europe/Berlin", "week": WEEK, "country": "DE"}
        await put(client, {**germany, "subdivision": "BY"})
        ((_, hours, why, name, _),) = await days(client, "2024-05-30", "2024-05-30")
        assert (hours, why, name) == ([], "holiday", "Fronleichnam")
        await put(client, {**germany, "subdivision": "BE"}, **{"If-Match": '"1"'})
        ((_, hours, why, name, _),) = await days(client, "2024-05-30", "2024-05-30")
        assert (hours, why, name) == (OFFICE, "weekday", None)

    async def test_a_day_on_which_the_clock_changes_is_as_long_as_it_is(self, client: httpx.AsyncClient) -> None:
        whole = {day: ["00:00-24:00"] for day in (*WEEK, "saturday", "sunday")}
        await put(client, {"name": "Desk", "zone": "Europe/Berlin", "week": whole})
        assert [day[4] for day in await days(client, "2024-03-30", "2024-04-01")] == [24, 23, 24]
        assert [day[4] for day in await days(client, "2024-10-26", "2024-10-28")] == [24, 25, 24]

    @pytest.mark.parametrize(
        ("first", "last", "says"),
        [
            ("2024-02-02", "2024-02-01", "lies after"),
            ("1989-12-31", "1990-01-02", "does not lie within"),
            ("2199-12-31", "2200-01-01", "does not lie within"),
            ("2020-01-01", "2022-01-01", "more than 731 days"),
        ],
    )
    async def test_an_unsound_range_is_named(self, client: httpx.AsyncClient, first: str, last: str, says: str) -> None:
        await put(client, CHINA)
        answer = await client.get(f"{PATH}/days", params={"from": first, "to": last})
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:ratchet:problem:unsound-range")
        assert says in answer.json()["detail"]


class TestGetWorkingTime:
    async def test_counts_between_two_moments(self, client: httpx.AsyncClient) -> None:
        """From Friday 8 March 2024 17:00 to Monday 10:00 in Shanghai: one hour each."""
        await put(client, CHINA)
        span = {"from": "2024-03-08T17:00:00+08:00", "to": "2024-03-11T02:00:00Z"}
        assert (await client.get(f"{PATH}/working-time", params=span)).json() == {"seconds": 7200, "hours": 2}

    async def test_the_wrong_way_round_is_named(self, client: httpx.AsyncClient) -> None:
        span = {"from": "2024-03-11T00:00:00Z", "to": "2024-03-08T00:00:00Z"}
        answer = await client.get("/metrics/v1/calendars/always/working-time", params=span)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:ratchet:problem:unsound-range")

    async def test_a_moment_has_a_zone(self, client: httpx.AsyncClient) -> None:
        span = {"from": "2024-03-08T00:00:00", "to": "2024-03-11T00:00:00Z"}
        answer = await client.get("/metrics/v1/calendars/always/working-time", params=span)
        assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "query.from")


class TestAlways:
    async def test_is_there_from_the_beginning(self, solo: Solo, client: httpx.AsyncClient) -> None:
        listed = (await client.get("/metrics/v1/calendars")).json()["items"]
        assert [(one["key"], one["week"]["sunday"]) for one in listed] == [("always", ["00:00-24:00"])]
        span = {"from": "2024-03-30T00:00:00Z", "to": "2024-04-01T00:00:00Z"}
        answer = await client.get("/metrics/v1/calendars/always/working-time", params=span)
        assert answer.json()["hours"] == 48
        async with solo.database.reading() as session:
            assert await service.find_calendar(session, "always") is ALWAYS

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    async def test_stays_as_it_is(self, client: httpx.AsyncClient, method: str) -> None:
        body = {"json": CHINA} if method == "PUT" else {}
        answer = await client.request(method, "/metrics/v1/calendars/always", **body)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:ratchet:problem:built-in-calendar")

    async def test_pages_with_the_others(self, client: httpx.AsyncClient) -> None:
        for key in ("alpha", "zulu", "beta"):
            await client.put(f"/metrics/v1/calendars/{key}", json=CHINA)
        seen = []
        cursor: str | None = None
        while True:
            params = {"limit": "1", **({"cursor": cursor} if cursor else {})}
            page = (await client.get("/metrics/v1/calendars", params=params)).json()
            seen.extend(one["key"] for one in page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == ["alpha", "always", "beta", "zulu"]


class TestDeleteCalendar:
    async def test_one_that_nothing_goes_by(self, client: httpx.AsyncClient) -> None:
        await put(client, CHINA)
        assert (await client.delete(PATH)).status_code == 428
        assert (await client.delete(PATH, headers={"If-Match": '"1"'})).status_code == 204
        gone = await client.get(PATH)
        assert (gone.status_code, gone.json()["type"]) == (404, "urn:ratchet:problem:calendar-not-found")

    async def test_one_that_a_service_goes_by_stays(self, client: httpx.AsyncClient) -> None:
        await put(client, CHINA)
        entry = {"name": "Mail", "service_class": "core", "owner": "wang.fang", "calendar": "office"}
        assert (await client.put("/metrics/v1/services/mail", json=entry)).status_code == 200
        answer = await client.delete(PATH, headers={"If-Match": '"1"'})
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:ratchet:problem:calendar-in-use")
        assert answer.json()["users"] == ["service mail"]

    async def test_one_that_an_agreement_goes_by_stays(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await put(client, CHINA)
        manager = solo.client(Role.PROJECT_MANAGER)
        made = await manager.post("/metrics/v1/agreements", json=agreement(calendar="office"))
        assert made.status_code == 201, made.text
        answer = await client.delete(PATH, headers={"If-Match": '"1"'})
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:ratchet:problem:calendar-in-use")
        assert answer.json()["users"] == [f"agreement {made.json()['number']}"]


class TestFindCalendar:
    async def test_counts_with_holidays_make_up_workdays_and_exceptions(
        self, solo: Solo, client: httpx.AsyncClient
    ) -> None:
        """May 2024 in China by hand: 23 weekdays − 3 days off (1–3 May) + 1 worked (11 May) = 21 days of 8 hours,
        less one closed Friday."""
        await put(client, {**CHINA, "exceptions": [{"day": "2024-05-31", "reason": "Moving house"}]})
        may = datetime(2024, 4, 30, 16, tzinfo=UTC), datetime(2024, 5, 31, 16, tzinfo=UTC)
        async with solo.database.reading() as session:
            calendar = await service.find_calendar(session, "office")
            assert working_time_between(calendar, *may).total_seconds() == 20 * 8 * 3600
            assert await service.find_calendar(session, "office") is calendar, "compiled once"

    async def test_a_change_counts_at_once(self, solo: Solo, client: httpx.AsyncClient) -> None:
        monday = datetime(2024, 3, 4, tzinfo=UTC), datetime(2024, 3, 5, tzinfo=UTC)
        counted = []
        for version, hours in ((None, OFFICE), ('"1"', ["09:00-10:00"])):
            body = {"name": "Desk", "zone": "UTC", "week": {"monday": hours}}
            await put(client, body, **({"If-Match": version} if version else {}))
            async with solo.database.reading() as session:
                calendar = await service.find_calendar(session, "office")
            counted.append(working_time_between(calendar, *monday).total_seconds() / 3600)
        assert counted == [8, 1]

    async def test_one_that_nobody_defined_is_named(self, solo: Solo) -> None:
        async with solo.database.reading() as session:
            with pytest.raises(service.CalendarNotFound, match="'always' is built in"):
                await service.find_calendar(session, "nowhere")


class TestKeepBegunYear:
    async def test_a_year_that_has_begun_stays_as_it_was_known(
        self, solo: Solo, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What a later version of the library says of 2024 changes nothing; of a year to come it does."""
        await put(client, CHINA)
        monkeypatch.setattr(service, "holidays_of", lambda *_: service.HolidayYear({}, frozenset()))
        await put(client, {**CHINA, "name": "Changed"}, **{"If-Match": '"1"'})
        next_year = clock.now().year + 1
        assert [why for _, _, why, _, _ in await days(client, "2024-10-01", "2024-10-01")] == ["holiday"]
        assert [why for _, _, why, _, _ in await days(client, f"{next_year}-10-01", f"{next_year}-10-01")] == [
            "weekday"
        ]

    async def test_when_a_year_begins_it_is_written_down_once(
        self, solo: Solo, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await put(client, CHINA)
        assert await jobs.keep_begun_year(solo.database) == 0
        later = clock.now().replace(year=clock.now().year + 1, day=1)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert await jobs.keep_begun_year(solo.database) == 1
        assert await jobs.keep_begun_year(solo.database) == 0

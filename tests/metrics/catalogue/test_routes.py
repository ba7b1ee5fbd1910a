"""The catalogue by REST: services, customers, projects, departments, and what it does not hold."""

import asyncio
from typing import Any

import httpx
import pytest

from shared import clock
from shared.auth import STAFF, Role
from tests.metrics.agreements.builders import agreement
from tests.metrics.catalogue.builders import BASE, MAIL, ONE, keys, post, problem, put
from tests.support.solo import Solo


@pytest.fixture
def client(solo: Solo) -> httpx.AsyncClient:
    return solo.client(Role.PROCESS_OWNER)


class TestPutService:
    async def test_keeps_class_level_cost_cycle_benefit_and_risk(self, solo: Solo, client: httpx.AsyncClient) -> None:
        """R109, R116: the whole entry, as a draft; and it is told."""
        entry = await put(client, "services/mail", MAIL)
        assert {name: entry[name] for name in MAIL} == {**MAIL, "cost": "42000.50"}
        assert (entry["state"], entry["version"], entry["calendar"]) == ("draft", 1, "always")
        assert set(entry["visible_to"]) == {str(role) for role in STAFF}
        (event,) = await solo.events("service.cataloged")
        assert (event.subject, event.sequence, event.data["state"]) == ("mail", 1, "draft")
        assert {name: event.data[name] for name in MAIL} == {**MAIL, "cost": "42000.50"}

    async def test_every_version_is_kept_and_readable(self, solo: Solo, client: httpx.AsyncClient) -> None:
        """R116: modify, and nothing of what was is lost."""
        await put(client, "services/mail", MAIL)
        assert problem(await client.put(f"{BASE}/services/mail", json=MAIL)) == (428, "precondition-required")
        await put(client, "services/mail", {**MAIL, "level": "silver"}, **ONE)
        assert problem(await client.put(f"{BASE}/services/mail", json=MAIL, headers=ONE)) == (412, "lost-update")
        versions = (await client.get(f"{BASE}/services/mail/versions")).json()["items"]
        assert [(one["version"], one["entry"]["level"], one["edited_by"]) for one in versions] == [
            (2, "silver", "process_owner"),
            (1, "gold", "process_owner"),
        ]
        assert versions[0]["entry"]["cost"] == "42000.50"
        assert [event.sequence for event in await solo.events("service.cataloged")] == [1, 2]

    async def test_a_key_is_what_tickets_say_whatever_that_is(self, client: httpx.AsyncClient) -> None:
        for key in ("Category 26", "网络/VPN", "E-mail (Exchange)"):
            path = f"services/{httpx.URL('/' + key).raw_path.decode()[1:]}"
            assert (await put(client, path, MAIL))["key"] == key
            assert (await client.get(f"{BASE}/{path}")).json()["key"] == key
            assert len((await client.get(f"{BASE}/{path}/versions")).json()["items"]) == 1

    @pytest.mark.parametrize("key", ["%20mail", "mail%20", "a%09b", "%2Fmail", "mail/versions", "x" * 201])
    async def test_a_key_that_no_ticket_could_carry_is_refused(self, client: httpx.AsyncClient, key: str) -> None:
        assert problem(await client.put(f"{BASE}/services/{key}", json=MAIL)) == (422, "malformed")

    @pytest.mark.parametrize(
        ("change", "named", "says"),
        [
            ({"department": "nobody"}, "unknown-reference", "department: there is no department 'nobody'"),
            ({"calendar": "nowhere"}, "unknown-reference", "calendar: there is no calendar 'nowhere'; 'always'"),
            ({"currency": None}, "cost-without-currency", "give the currency too"),
            ({"cost": None}, "cost-without-currency", "give the cost, or leave both out"),
            ({"cost": "-1"}, "malformed", "cost"),
            ({"cost": "0.001"}, "malformed", "cost"),
            ({"evaluation_cycle_months": 0}, "malformed", "evaluation_cycle_months"),
            ({"service_class": "vital"}, "malformed", "'core', 'auxiliary' or 'value_added'"),
            ({"visible_to": ["everybody"]}, "malformed", "visible_to.0"),
        ],
    )
    async def test_what_is_wrong_is_named_with_what_would_be_right(
        self, client: httpx.AsyncClient, change: dict[str, Any], named: str, says: str
    ) -> None:
        answer = await client.put(f"{BASE}/services/mail", json={**MAIL, **change})
        assert problem(answer) == (422, named)
        assert says in answer.json()["detail"]

    @pytest.mark.parametrize("role", sorted(set(Role) - {Role.INTEGRATION}))
    async def test_only_who_may_edit(self, solo: Solo, role: Role) -> None:
        editors = {Role.ADMINISTRATOR, Role.PROCESS_OWNER, Role.QUALITY_MANAGER, Role.OPERATIONS_MANAGER}
        answer = await solo.client(role).put(f"{BASE}/services/mail", json=MAIL)
        assert answer.status_code == (200 if role in editors else 403)


class TestPublication:
    """R116: publish with permissions."""

    async def test_goes_from_draft_to_published_to_retired(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await put(client, "services/mail", MAIL)
        assert problem(await post(client, "services/mail/retire")) == (409, "illegal-transition")
        published = (await post(client, "services/mail/publish")).json()
        assert (published["state"], published["version"]) == ("published", 2)
        assert published["published_on"] == clock.now().date().isoformat()
        again = await post(client, "services/mail/publish")
        assert problem(again) == (409, "illegal-transition")
        assert again.json()["allowed"] == ["retire"]
        assert (await post(client, "services/mail/retire")).json()["state"] == "retired"
        states = [event.data["state"] for event in await solo.events("service.cataloged")]
        assert states == ["draft", "published", "retired"]

    async def test_a_reader_sees_what_is_published_and_visible_to_its_role(
        self, solo: Solo, client: httpx.AsyncClient
    ) -> None:
        for key, visible_to in (
            ("draft", ["engineer"]),
            ("retired", ["engineer"]),
            ("for-desk", ["service_desk"]),
            ("for-engineers", ["engineer", "service_desk"]),
            ("for-editors", []),
        ):
            await put(client, f"services/{key}", {**MAIL, "visible_to": visible_to})
            if key != "draft":
                await post(client, f"services/{key}/publish")
        await post(client, "services/retired/retire")
        assert await keys(solo.client(Role.ENGINEER), "services") == ["for-engineers"]
        assert await keys(solo.client(Role.SERVICE_DESK), "services") == ["for-desk", "for-engineers"]
        assert await keys(solo.client(Role.SERVICE_DESK, Role.AUDITOR), "services") == ["for-desk", "for-engineers"]
        assert len(await keys(client, "services")) == 5
        hidden = await solo.client(Role.ENGINEER).get(f"{BASE}/services/for-desk")
        assert problem(hidden) == (404, "entry-not-found")
        assert (await solo.client(Role.ENGINEER).get(f"{BASE}/services/for-engineers")).json()["risk"] == MAIL["risk"]

    async def test_a_customer_sees_what_is_offered_and_no_cost_or_risk(
        self, solo: Solo, client: httpx.AsyncClient
    ) -> None:
        await put(client, "services/mail", {**MAIL, "visible_to": ["customer"]})
        await put(client, "services/payroll", {**MAIL, "visible_to": ["engineer"]})
        for key in ("mail", "payroll"):
            await post(client, f"services/{key}/publish")
        customer = solo.client(Role.CUSTOMER, customer="harbour-bank")
        assert await keys(customer, "services") == ["mail"]
        seen = (await customer.get(f"{BASE}/services/mail")).json()
        assert (seen["name"], seen["level"]) == ("Mail", "gold")
        assert not {"cost", "currency", "risk", "benefit", "owner", "criticality", "visible_to", "edited_by"} & set(
            seen
        )
        assert (await customer.get(f"{BASE}/services/payroll")).status_code == 404
        assert (await customer.get(f"{BASE}/services/mail/versions")).status_code == 403
        assert (await customer.get(f"{BASE}/services", params={"criticality": "critical"})).status_code == 403

    async def test_a_change_of_a_published_service_stays_published(self, client: httpx.AsyncClient) -> None:
        await put(client, "services/mail", MAIL)
        await post(client, "services/mail/publish")
        changed = await put(client, "services/mail", {**MAIL, "level": "silver"}, **{"If-Match": '"2"'})
        assert (changed["state"], changed["version"], changed["level"]) == ("published", 3, "silver")
        assert changed["published_on"] is not None


class TestAtOnce:
    @pytest.mark.parametrize("path", ["services/mail", "standards/mail", "costs/wiki/2026-03/people"])
    async def test_of_several_who_add_the_same_one_is_told(self, client: httpx.AsyncClient, path: str) -> None:
        await put(client, "services/wiki", MAIL)
        standard = {
            "name": "Wiki",
            "service": "wiki",
            "reference": "none",
            "indicators": [{"measure_key": "sla_attainment"}],
            "review_on": "2027-01-01",
        }
        bodies: dict[str, dict[str, Any]] = {"services": MAIL, "standards": standard, "costs": {"amount": "1"}}
        body = bodies[path.partition("/")[0]]
        answers = await asyncio.gather(*(client.put(f"{BASE}/{path}", json=body) for _ in range(4)))
        codes = sorted(answer.status_code for answer in answers)
        assert codes[0] == 200
        assert set(codes[1:]) <= {412, 428}


class TestDeleteEntry:
    async def test_a_draft_goes_and_its_versions_stay(self, client: httpx.AsyncClient) -> None:
        """R116: delete."""
        await put(client, "services/mail", MAIL)
        assert problem(await client.delete(f"{BASE}/services/mail")) == (428, "precondition-required")
        assert (await client.delete(f"{BASE}/services/mail", headers=ONE)).status_code == 204
        assert problem(await client.get(f"{BASE}/services/mail")) == (404, "entry-not-found")
        assert len((await client.get(f"{BASE}/services/mail/versions")).json()["items"]) == 1
        assert (await put(client, "services/mail", MAIL))["version"] == 2, "no number twice: events are ordered by it"

    async def test_a_draft_that_is_used_stays(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await put(client, "services/mail", MAIL)
        for month in ("2026-01", "2026-02"):
            await put(client, f"costs/mail/{month}/people", {"amount": "1"})
        standard = {"service": "mail", "reference": "none", "indicators": [{"measure_key": "sla_attainment"}]}
        await put(client, "standards/good-mail", {**standard, "name": "Mail", "review_on": "2027-01-01"})
        made = await solo.client(Role.PROJECT_MANAGER).post(f"{BASE}/agreements", json=agreement(services=["mail"]))
        assert made.status_code == 201, made.text
        answer = await client.delete(f"{BASE}/services/mail", headers=ONE)
        assert problem(answer) == (409, "entry-in-use")
        number = made.json()["number"]
        assert answer.json()["users"] == ["standard good-mail", f"agreement {number}", "costs of mail"]

    async def test_what_was_published_is_retired_instead(self, client: httpx.AsyncClient) -> None:
        await put(client, "services/mail", MAIL)
        await post(client, "services/mail/publish")
        answer = await client.delete(f"{BASE}/services/mail", headers={"If-Match": '"2"'})
        assert problem(answer) == (409, "illegal-transition")
        assert answer.json()["allowed"] == ["retire"]

    async def test_one_that_others_name_stays(self, client: httpx.AsyncClient) -> None:
        await put(client, "departments/operations", {"name": "Operations"})
        await put(client, "departments/messaging", {"name": "Messaging", "parent": "operations"})
        await put(client, "services/mail", {**MAIL, "department": "operations"})
        await put(client, "customers/bank", {"name": "Bank"})
        await put(client, "projects/branches", PROJECT)
        answer = await client.delete(f"{BASE}/departments/operations", headers=ONE)
        assert problem(answer) == (409, "entry-in-use")
        assert answer.json()["users"] == ["service mail", "department messaging"]
        answer = await client.delete(f"{BASE}/customers/bank", headers=ONE)
        assert answer.json()["users"] == ["project branches"]
        for path in ("projects/branches", "customers/bank", "departments/messaging"):
            assert (await client.delete(f"{BASE}/{path}", headers=ONE)).status_code == 204


class TestCustomers:
    async def test_are_registered_with_their_segment(self, solo: Solo, client: httpx.AsyncClient) -> None:
        """R204: customers by group; R177: what is special to one is written down and told."""
        bank = {"name": "Harbour Bank", "segment": "key accounts", "notes": "Busiest at month-end"}
        await put(client, "customers/harbour-bank", bank)
        await put(client, "customers/school", {"name": "School", "segment": "public"})
        assert await keys(client, "customers", segment="key accounts") == ["harbour-bank"]
        await put(client, "customers/harbour-bank", {**bank, "segment": "partners"}, **ONE)
        events = await solo.events("customer.registered")
        assert [(one.subject, one.sequence, one.data["segment"]) for one in events] == [
            ("harbour-bank", 1, "key accounts"),
            ("school", 1, "public"),
            ("harbour-bank", 2, "partners"),
        ]
        versions = (await client.get(f"{BASE}/customers/harbour-bank/versions")).json()["items"]
        assert [one["entry"]["segment"] for one in versions] == ["partners", "key accounts"]

    async def test_has_targets_of_its_own(self, client: httpx.AsyncClient) -> None:
        """R177: what is promised to one customer, beside what is promised to all."""
        await put(client, "customers/harbour-bank", {"name": "Harbour Bank"})
        for scope, value in (("customer=harbour-bank", 0.95), ("all", 0.8), ("customer=school", 0.7)):
            target = {"value": value, "scope": scope, "effective_from": "2026-01-01", "reason": "promised"}
            answer = await client.post(f"{BASE}/measures/sla_attainment/targets", json=target)
            assert answer.status_code == 201, answer.text
        (own,) = (await client.get(f"{BASE}/customers/harbour-bank/targets")).json()
        assert (own["measure_key"], own["scope"], own["value"]) == ("sla_attainment", "customer=harbour-bank", 0.95)
        assert problem(await client.get(f"{BASE}/customers/stranger/targets")) == (404, "entry-not-found")

    async def test_a_customer_sees_itself_only(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await put(client, "customers/bank", {"name": "Bank"})
        await put(client, "customers/school", {"name": "School"})
        customer = solo.client(Role.CUSTOMER, customer="bank")
        assert await keys(customer, "customers") == ["bank"]
        assert (await customer.get(f"{BASE}/customers/bank")).json()["name"] == "Bank"
        assert problem(await customer.get(f"{BASE}/customers/school")) == (404, "entry-not-found")
        assert await keys(solo.client(Role.CUSTOMER), "customers") == []
        assert await keys(solo.client(Role.ENGINEER), "customers") == ["bank", "school"]


PROJECT = {"name": "40 branches", "customer": "bank", "manager": "chen.jing", "starts_on": "2025-03-01"}


class TestProjects:
    @pytest.fixture(autouse=True)
    async def bank(self, client: httpx.AsyncClient) -> None:
        await put(client, "customers/bank", {"name": "Harbour Bank"})

    async def test_completion_is_told_once_with_all_that_a_follow_up_needs(
        self, solo: Solo, client: httpx.AsyncClient
    ) -> None:
        """R88: whoever follows up completed projects hears of it."""
        await put(client, "departments/operations", {"name": "Operations"})
        body = {**PROJECT, "department": "operations", "ends_on": "2026-03-31"}
        await put(client, "projects/branches", body)
        done = await post(client, "projects/branches/complete", {"completed_on": "2026-03-30"})
        assert (done.json()["completed_on"], done.json()["version"]) == ("2026-03-30", 2)
        (event,) = await solo.events("project.completed")
        assert (event.subject, event.sequence) == ("branches", 2)
        assert event.data == {
            **body,
            "key": "branches",
            "version": 2,
            "customer_name": "Harbour Bank",
            "completed_on": "2026-03-30",
        }
        assert problem(await post(client, "projects/branches/complete")) == (409, "illegal-transition")
        assert len(await solo.events("project.completed")) == 1

    async def test_is_completed_today_unless_a_day_is_given(self, client: httpx.AsyncClient) -> None:
        await put(client, "projects/branches", PROJECT)
        assert await keys(client, "projects", completed="false", customer="bank") == ["branches"]
        done = await post(client, "projects/branches/complete")
        assert done.json()["completed_on"] == clock.now().date().isoformat()
        assert await keys(client, "projects", completed="true") == ["branches"]
        assert await keys(client, "projects", completed="false") == []

    @pytest.mark.parametrize("day", ["2025-02-28", "2199-01-01"])
    async def test_is_not_completed_before_it_began_or_in_the_future(self, client: httpx.AsyncClient, day: str) -> None:
        await put(client, "projects/branches", PROJECT)
        answer = await post(client, "projects/branches/complete", {"completed_on": day})
        assert problem(answer) == (422, "unsound-period")
        assert "first day (2025-03-01) and today" in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("change", "named", "says"),
        [
            ({"customer": "stranger"}, "unknown-reference", "PUT /v1/customers/{key} first"),
            ({"department": "stranger"}, "unknown-reference", "there is no department 'stranger'"),
            ({"ends_on": "2025-02-28"}, "unsound-period", "right is 2025-03-01 or later"),
            ({"starts_on": "1970-01-01"}, "malformed", "starts_on"),
        ],
    )
    async def test_what_is_wrong_is_named(
        self, client: httpx.AsyncClient, change: dict[str, Any], named: str, says: str
    ) -> None:
        answer = await client.put(f"{BASE}/projects/branches", json={**PROJECT, **change})
        assert problem(answer) == (422, named)
        assert says in answer.json()["detail"]


class TestDepartments:
    async def test_belong_to_one_another_and_never_in_a_circle(self, client: httpx.AsyncClient) -> None:
        await put(client, "departments/company", {"name": "Company", "head": "zhao.lei"})
        await put(client, "departments/operations", {"name": "Operations", "parent": "company"})
        await put(client, "departments/messaging", {"name": "Messaging", "parent": "operations"})
        assert await keys(client, "departments", parent="company") == ["operations"]
        for parent, way in (
            ("messaging", "company → messaging → operations → company"),
            ("company", "company → company"),
        ):
            body = {"name": "Company", "parent": parent}
            answer = await client.put(f"{BASE}/departments/company", json=body, headers=ONE)
            assert problem(answer) == (422, "department-cycle")
            assert way in answer.json()["detail"]
        versions = (await client.get(f"{BASE}/departments/company/versions")).json()["items"]
        assert [one["version"] for one in versions] == [1]

    async def test_a_parent_that_is_not_there_is_named(self, client: httpx.AsyncClient) -> None:
        answer = await client.put(f"{BASE}/departments/messaging", json={"name": "Messaging", "parent": "operations"})
        assert problem(answer) == (422, "unknown-reference")


class TestPaging:
    async def test_by_key_with_filters(self, client: httpx.AsyncClient) -> None:
        for number in range(5):
            level = {"criticality": "high" if number % 2 else "low"}
            await put(client, f"services/s{number}", {**MAIL, **level})
        first = (await client.get(f"{BASE}/services", params={"limit": 2, "criticality": "low"})).json()
        assert [one["key"] for one in first["items"]] == ["s0", "s2"]
        rest = {"limit": 2, "criticality": "low", "cursor": first["next_cursor"]}
        second = (await client.get(f"{BASE}/services", params=rest)).json()
        assert ([one["key"] for one in second["items"]], second["next_cursor"]) == (["s4"], None)

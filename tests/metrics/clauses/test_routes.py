from services.metrics.clauses import jobs
from shared.auth import Role
from tests.metrics.agreements.builders import CUSTOMER
from tests.metrics.clauses.world import RESOLUTION, RESPONSE, World, clause, on, ticket

URL = "/metrics/v1/clauses"
BACKUP = clause("backup", {"kind": "frequency", "every_minutes": 2880})
TRAINING = clause("training", {"kind": "clause", "statement": "Users are trained", "due_on": "2027-03-31"})
USERS = clause("users", {"kind": "count", "counts": "reported", "at_most": 100})


class TestAtRisk:
    """R58: the desk's list of open tickets in danger."""

    async def fill(self, world: World) -> None:
        await world.begin(RESOLUTION)
        world.go(on(4, 9))
        await world.send(
            ticket("new", on(4, 9)),
            ticket("new", on(4, 8), external_id="T-2", opened_at=on(4, 8), service="desktop", group="East"),
            ticket("in_progress", on(4, 6), external_id="T-3", opened_at=on(4, 6)),
            ticket("new", on(4, 12), external_id="T-4", opened_at=on(4, 12)),
        )
        world.go(on(4, 12, 20))
        await world.run(jobs.notice)

    async def test_due_next_first_in_pages(self, world: World) -> None:
        await self.fill(world)
        first = (await world.staff.get(f"{URL}/at-risk", params={"limit": 2})).json()
        second = (await world.staff.get(f"{URL}/at-risk", params={"cursor": first["next_cursor"]})).json()
        shown = [(one["external_id"], one["state"]) for one in first["items"] + second["items"]]
        assert shown == [("T-3", "breached"), ("T-2", "breached"), ("T-1", "at_risk")]
        assert second["next_cursor"] is None

    async def test_one_that_is_paused_comes_last(self, world: World) -> None:
        await self.fill(world)
        await world.send(ticket("pending", on(4, 12, 15)))
        shown = (await world.staff.get(f"{URL}/at-risk")).json()["items"]
        assert (shown[-1]["external_id"], shown[-1]["paused"], shown[-1]["due_at"]) == ("T-1", True, None)

    async def test_narrowed(self, world: World) -> None:
        await self.fill(world)
        for name, value in (("service", "desktop"), ("group", "East")):
            shown = (await world.staff.get(f"{URL}/at-risk", params={name: value})).json()["items"]
            assert [one["external_id"] for one in shown] == ["T-2"]
        assert (await world.staff.get(f"{URL}/at-risk", params={"customer": "Other"})).json()["items"] == []

    async def test_the_desks_page_in_both_languages(self, world: World) -> None:
        await self.fill(world)
        page = await world.staff.get("/metrics/at-risk", headers={"Accept-Language": "zh-CN"})
        assert page.status_code == 200
        assert "濒临或已经违约的承诺" in page.text
        assert page.text.index("T-3") < page.text.index("T-1")
        none = await world.staff.get("/metrics/at-risk", params={"customer": "Other"})
        assert "No promise is in danger." in none.text

    async def test_is_not_the_customers(self, world: World) -> None:
        assert (await world.customer.get(f"{URL}/at-risk")).status_code == 403


class TestRecords:
    async def test_an_occurrence_is_kept_with_its_evidence(self, world: World) -> None:
        """R166."""
        clause_id = await world.clause_id(await world.begin(BACKUP), "backup")
        world.go(on(4, 10))
        body = {"occurred_at": "2027-01-04T09:00:00Z", "note": "full", "evidence_sha256": "0" * 64}
        answer = await world.staff.post(f"{URL}/{clause_id}/occurrences", json=body)
        assert (answer.status_code, answer.json()["recorded_by"]) == (201, "li.na")
        kept = (await world.staff.get(f"{URL}/{clause_id}/records", params={"kind": "occurrence"})).json()["items"]
        assert [one["evidence_sha256"] for one in kept] == ["0" * 64]

    async def test_not_of_the_future(self, world: World) -> None:
        clause_id = await world.clause_id(await world.begin(BACKUP), "backup")
        world.go(on(4, 8))
        answer = await world.staff.post(f"{URL}/{clause_id}/occurrences", json={"occurred_at": "2027-01-04T09:00:00Z"})
        assert (answer.status_code, answer.json()["title"]) == (422, "Time in future")

    async def test_not_of_a_time_in_which_the_clause_did_not_count(self, world: World) -> None:
        clause_id = await world.clause_id(await world.begin(BACKUP), "backup")
        answer = await world.staff.post(f"{URL}/{clause_id}/occurrences", json={"occurred_at": "2026-12-31T09:00:00Z"})
        assert (answer.status_code, answer.json()["title"]) == (422, "Outside of term")
        assert "2027-01-01" in answer.json()["detail"]

    async def test_a_fulfilment_shows_what_was_supplied(self, world: World) -> None:
        """R167."""
        clause_id = await world.clause_id(await world.begin(TRAINING), "training")
        world.go(on(20, 12))
        body = {"fulfilled_on": "2027-01-20", "evidence": "list of 40 attendants", "evidence_link": "https://x.test/1"}
        answer = await world.staff.post(f"{URL}/{clause_id}/fulfilments", json=body)
        assert (answer.status_code, answer.json()["at"]) == (201, "2027-01-20T00:00:00Z")

    async def test_each_kind_takes_its_own_only(self, world: World) -> None:
        item = await world.begin(BACKUP, TRAINING, USERS, RESPONSE)
        world.go(on(4, 10))
        bodies = {
            "occurrences": {"occurred_at": "2027-01-04T09:00:00Z"},
            "fulfilments": {"fulfilled_on": "2027-01-04", "evidence": "minutes"},
            "counts": {"counted_at": "2027-01-04T09:00:00Z", "value": 90},
        }
        fits = {"backup": "occurrences", "training": "fulfilments", "users": "counts", "response": None}
        for key, fitting in fits.items():
            clause_id = await world.clause_id(item, key)
            for path, body in bodies.items():
                answer = await world.staff.post(f"{URL}/{clause_id}/{path}", json=body)
                assert answer.status_code == (201 if path == fitting else 409), (key, path)

    async def test_an_unknown_clause(self, world: World) -> None:
        answer = await world.staff.post(
            f"{URL}/0199f0a0-0000-7000-8000-000000000001/occurrences", json={"occurred_at": "2026-01-04T09:00:00Z"}
        )
        assert (answer.status_code, answer.json()["title"]) == (404, "Clause not found")

    async def test_the_customer_records_nothing(self, world: World) -> None:
        clause_id = await world.clause_id(await world.begin(BACKUP), "backup")
        customer = world.client(Role.CUSTOMER, subject="anna", customer=CUSTOMER)
        answer = await customer.post(f"{URL}/{clause_id}/occurrences", json={"occurred_at": "2027-01-01T09:00:00Z"})
        assert answer.status_code == 403

import asyncio
from typing import Any

import pytest

from shared.auth import Role
from tests.metrics.agreements.builders import CUSTOMER, URL, Parties, agreement, response_clause


class TestDesignAgreement:
    async def test_states_indicators_content_and_liability(self, parties: Parties) -> None:
        """R110, R157, R168, R169: indicators, content, liability and what exempts from it; it begins as a design."""
        item = await parties.design()
        assert (item["number"], item["revision"], item["state"]) == ("SLA-2026-0001", 1, "design")
        response = item["clauses"][0]
        assert response["promise"] == {
            "unit": "ratio",
            "data_kind": "proportion",
            "direction": "higher_is_better",
            "target": 0.95,
        }
        assert [tier["percent_of_fee"] for tier in response["penalty"]["tiers"]] == [5, 10]
        assert (item["fee"], item["currency"], item["services"]) == ("10000.00", "CNY", ["mail", "desktop"])
        assert item["exemptions"] == [
            {"key": "force-majeure", "title": "Force majeure", "text": "Flood, war, earthquake."}
        ]
        assert (await parties.design())["number"] == "SLA-2026-0002"

    async def test_the_customers_needs_show_what_no_clause_answers(self, parties: Parties) -> None:
        """R161: the needs analysed at design, with where they were learnt."""
        needs = [
            {"need": "Mail at quarter end", "source": "expectation survey 2026", "clause": "response"},
            {"need": "Reports in English", "source": "meeting of 3 November"},
        ]
        item = await parties.design(needs=needs)
        assert item["unanswered_needs"] == ["Reports in English"]
        assert [need["source"] for need in item["needs"]] == ["expectation survey 2026", "meeting of 3 November"]
        bare = await parties.design()
        assert bare["digest"] == item["digest"]  # the provider's own analysis is not what parties sign

    @pytest.mark.parametrize(
        ("changed", "title", "says"),
        [
            ({"effective_to": "2026-12-31"}, "Unsound agreement", "effective_to: 2026-12-31 lies before"),
            ({"calendar": "office"}, "Unsound agreement", "there is no calendar 'office'"),
            ({"services": ["mail", "mail"]}, "Unsound agreement", "services: 'mail' stands there twice"),
            (
                {"clauses": [response_clause(), response_clause()]},
                "Unsound agreement",
                "clauses: 'response' stands there twice",
            ),
            (
                {"glossary": [{"term": "Fault", "meaning": "a"}, {"term": "fault", "meaning": "b"}]},
                "Unsound agreement",
                "glossary: 'fault' stands there twice",
            ),
            (
                {"needs": [{"need": "Speed", "source": "call", "clause": "speed"}]},
                "Unsound agreement",
                "there is no clause 'speed'",
            ),
            (
                {"clauses": [response_clause(penalty={"tiers": [{"low": 0.9, "percent_of_fee": 5}]})]},
                "Unsound penalty",
                "clauses.response.penalty: tier 0.9 … ∞: values from 0.95 up keep the promise",
            ),
            (
                {
                    "clauses": [
                        response_clause(
                            penalty={
                                "tiers": [
                                    {"low": 0.85, "high": 0.95, "percent_of_fee": 5},
                                    {"high": 0.9, "percent_of_fee": 10},
                                ]
                            }
                        )
                    ]
                },
                "Unsound penalty",
                "overlap; one must end where the next begins",
            ),
            (
                {
                    "clauses": [
                        response_clause(
                            terms={
                                "kind": "time",
                                "what": "response",
                                "within_minutes": 30,
                                "attainment": 0.95,
                                "services": ["erp"],
                            }
                        )
                    ]
                },
                "Unsound clause",
                "'erp' is none of the agreement's",
            ),
            (
                {
                    "clauses": [
                        response_clause(
                            terms={"kind": "time", "what": "response", "within_minutes": 30, "attainment": 95}
                        )
                    ]
                },
                "Malformed",
                "attainment: Input should be less than or equal to 1",
            ),
            ({"currency": "yuan"}, "Malformed", "currency"),
            ({"fee": "-1"}, "Malformed", "fee"),
            ({"fee": "0.001"}, "Malformed", "fee"),
        ],
    )
    async def test_what_cannot_be_promised_is_told_with_what_would_be_right(
        self, parties: Parties, changed: dict[str, Any], title: str, says: str
    ) -> None:
        """R164, R169: named problems."""
        answer = await parties.manager.post(URL, json=agreement(**changed))
        assert (answer.status_code, answer.json()["title"]) == (422, title)
        assert says in answer.json()["detail"]

    async def test_a_calendar_without_working_time_while_it_counts(self, parties: Parties) -> None:
        async with parties.client(Role.ADMINISTRATOR, Role.QUALITY_MANAGER, Role.OPERATIONS_MANAGER) as keeper:
            days = [{"day": f"2027-01-0{day}", "hours": [], "reason": "closed"} for day in range(1, 8)]
            week = {"friday": ["09:00-17:00"]}
            body = {"name": "Fridays", "zone": "Asia/Shanghai", "week": week, "exceptions": days}
            assert (await keeper.put("/metrics/v1/calendars/fridays", json=body)).status_code < 300
        one_closed_friday = agreement(
            calendar="fridays",
            effective_to="2027-01-07",
            clauses=[response_clause()],
        )
        answer = await parties.manager.post(URL, json=one_closed_friday)
        assert (answer.status_code, answer.json()["title"]) == (422, "Unsound agreement")
        assert "'fridays' has no working time from 2027-01-01 to 2027-01-07" in answer.json()["detail"]
        assert (await parties.design(calendar="fridays"))["calendar"] == "fridays"

    async def test_each_gets_a_number_of_its_own(self, parties: Parties) -> None:
        answers = await asyncio.gather(*(parties.manager.post(URL, json=agreement()) for _ in range(4)))
        assert sorted(answer.json()["number"] for answer in answers) == [f"SLA-2026-000{n}" for n in (1, 2, 3, 4)]

    async def test_who_may(self, parties: Parties) -> None:
        async with parties.client(Role.ENGINEER) as engineer:
            assert (await engineer.post(URL, json=agreement())).status_code == 403
        assert (await parties.customer.post(URL, json=agreement())).status_code == 403

    async def test_the_same_key_again_makes_one_agreement(self, parties: Parties) -> None:
        headers = {"Idempotency-Key": "once"}
        first = await parties.manager.post(URL, json=agreement(), headers=headers)
        again = await parties.manager.post(URL, json=agreement(), headers=headers)
        assert first.json()["id"] == again.json()["id"]
        assert len((await parties.manager.get(URL)).json()["items"]) == 1


class TestEditAgreement:
    async def put(self, parties: Parties, item: dict[str, Any], version: str | None = None, **changed: Any) -> Any:
        headers = {} if version is None else {"If-Match": version}
        return await parties.manager.put(f"{URL}/{item['id']}", json=agreement(**changed), headers=headers)

    async def test_writes_the_content_anew(self, parties: Parties) -> None:
        item = await parties.design()
        answer = await self.put(parties, item, '"1"', title="Mail and desktop", clauses=[response_clause()])
        assert answer.status_code == 200, answer.text
        assert (answer.json()["title"], answer.headers["ETag"]) == ("Mail and desktop", '"2"')
        assert [clause["key"] for clause in answer.json()["clauses"]] == ["response"]
        assert answer.json()["digest"] != item["digest"]

    async def test_every_version_of_the_content_is_kept(self, parties: Parties) -> None:
        """R71: versions."""
        item = await parties.design()
        await self.put(parties, item, '"1"', fee="12000")
        history = (await parties.manager.get(f"{URL}/{item['id']}/history")).json()["items"]
        assert [(line["action"], line["actor"], line["content"]["fee"]) for line in history] == [
            ("design", "zhao.lei", "10000.00"),
            ("edit", "zhao.lei", "12000.00"),
        ]
        assert history[0]["digest"] == item["digest"]
        page = (await parties.manager.get(f"{URL}/{item['id']}/history", params={"limit": 1})).json()
        rest = await parties.manager.get(
            f"{URL}/{item['id']}/history", params={"limit": 1, "cursor": page["next_cursor"]}
        )
        assert [line["action"] for line in rest.json()["items"]] == ["edit"]
        assert (await parties.customer.get(f"{URL}/{item['id']}/history")).status_code == 403

    async def test_needs_the_version_that_was_read(self, parties: Parties) -> None:
        item = await parties.design()
        assert (await self.put(parties, item)).status_code == 428
        assert (await self.put(parties, item, '"1"')).status_code == 200
        assert (await self.put(parties, item, '"1"')).status_code == 412

    async def test_what_is_signed_stays(self, parties: Parties) -> None:
        item = await parties.signed()
        answer = await self.put(parties, item, f'"{item["version"]}"', fee="1")
        assert answer.status_code == 409
        assert answer.json()["allowed"] == ["confirm", "request_renegotiation", "renew", "terminate"]

    async def test_a_revision_stays_with_its_customer(self, parties: Parties) -> None:
        item = await parties.signed()
        successor = await parties.act(parties.manager, item, "renew")
        answer = await self.put(parties, successor, '"1"', customer="Hill Bank")
        assert (answer.status_code, answer.json()["title"]) == (422, "Unsound agreement")


class TestConfirm:
    async def test_a_changed_content_makes_confirmations_count_no_more(self, parties: Parties) -> None:
        """R71, R171: they stay, of the content that they were given for."""
        item = await parties.confirmed(await parties.negotiated())
        assert item["missing"] == []
        answer = await parties.manager.put(
            f"{URL}/{item['id']}", json=agreement(fee="9000"), headers={"If-Match": f'"{item["version"]}"'}
        )
        changed = answer.json()
        assert len(changed["confirmations"]) == 5
        assert not any(row["counts"] for row in changed["confirmations"])
        assert changed["missing"] == [
            "the provider's confirmation of the content",
            "the customer's confirmation of the content",
            "the provider's confirmation of the glossary",
            "the customer's confirmation of the glossary",
            "the customer's acknowledgement of the exemptions",
        ]
        body = {"party": "provider", "subjects": ["content"], "digest": item["digest"]}
        stale = await parties.manager.post(f"{URL}/{item['id']}/confirm", json=body)
        assert (stale.status_code, stale.json()["title"]) == (409, "Stale confirmation")
        assert stale.json()["digest"] == changed["digest"]

    async def test_a_customer_confirms_for_its_own_side_only(self, parties: Parties) -> None:
        item = await parties.negotiated()
        body = {"party": "provider", "subjects": ["content"], "digest": item["digest"]}
        assert (await parties.customer.post(f"{URL}/{item['id']}/confirm", json=body)).status_code == 403
        async with parties.client(Role.CUSTOMER, subject="ben", customer="Hill Bank") as stranger:
            answer = await stranger.post(f"{URL}/{item['id']}/confirm", json={**body, "party": "customer"})
        assert answer.status_code == 404
        async with parties.client(Role.CUSTOMER, subject="ben") as nobody:
            answer = await nobody.post(f"{URL}/{item['id']}/confirm", json={**body, "party": "customer"})
        assert answer.status_code == 403
        assert "claim 'customer'" in answer.json()["detail"]

    async def test_staff_record_what_the_customer_signed_with_the_document(self, parties: Parties) -> None:
        item = await parties.negotiated()
        body: dict[str, Any] = {"party": "customer", "subjects": ["glossary"], "digest": item["digest"]}
        url = f"{URL}/{item['id']}/confirm"
        assert (await parties.director.post(url, json=body)).json()["title"] == "Evidence needed"
        answer = await parties.director.post(
            url, json={**body, "signatory": "Anna Berg", "evidence": "scan of 19 November, page 4"}
        )
        (row,) = answer.json()["confirmations"]
        assert (row["signatory"], row["confirmed_by"], row["evidence"]) == (
            "Anna Berg",
            "wang.fang",
            "scan of 19 November, page 4",
        )

    async def test_nobody_confirms_for_both(self, parties: Parties) -> None:
        item = await parties.negotiated()
        await parties.confirm(item, "provider", "content")
        body = {
            "party": "customer",
            "subjects": ["content"],
            "digest": item["digest"],
            "signatory": "Anna Berg",
            "evidence": "scan",
        }
        answer = await parties.manager.post(f"{URL}/{item['id']}/confirm", json=body)
        assert (answer.status_code, answer.json()["title"]) == (409, "Same person")

    async def test_each_thing_in_its_time(self, parties: Parties) -> None:
        """R160: the execution is confirmed after signing, not before."""
        item = await parties.negotiated()
        body = {"party": "provider", "subjects": ["execution"], "digest": item["digest"]}
        answer = await parties.manager.post(f"{URL}/{item['id']}/confirm", json=body)
        assert (answer.status_code, answer.json()["title"]) == (409, "Not yet subject")
        assert "content, glossary, exemptions can" in answer.json()["detail"]


class TestReview:
    async def in_force(self, parties: Parties, **changed: Any) -> dict[str, Any]:
        item = await parties.signed(**changed)
        await parties.turn("2027-01-01")
        return await parties.get(item)

    async def test_keep(self, parties: Parties) -> None:
        """R113, R157: reviewed and kept."""
        item = await self.in_force(parties)
        reviewed = await parties.act(parties.manager, item, "review", reason="half a year")
        assert reviewed["state"] == "under_review"
        kept = await parties.act(parties.manager, item, "review/conclude", conclusion="keep", reason="all kept")
        assert kept["state"] == "in_force"
        assert [line["note"] for line in kept["history"][-2:]] == ["half a year", "all kept"]

    async def test_renegotiate(self, parties: Parties) -> None:
        """R158: back to negotiation as the next revision; what was signed counts meanwhile."""
        item = await self.in_force(parties)
        asked = await parties.act(parties.manager, item, "renegotiate", reason="late three months running")
        assert (asked["state"], asked["reason"]) == ("under_review", "late three months running")
        successor = await parties.get({"id": asked["successor_id"]})
        assert (successor["number"], successor["revision"], successor["state"]) == (item["number"], 2, "negotiating")
        assert (successor["effective_from"], successor["effective_to"]) == ("2027-01-02", "2027-12-31")
        assert [clause["key"] for clause in successor["clauses"]] == ["response", "report"]
        (told,) = await parties.solo.events("renegotiation.requested")
        assert (told.subject, told.data["successor_id"]) == (item["id"], successor["id"])
        assert (told.data["reason"], told.data["requested_by"]) == ("late three months running", "zhao.lei")
        again = await parties.manager.post(f"{URL}/{item['id']}/renegotiate", json={"reason": "again"})
        assert (again.status_code, again.json()["agreement_id"]) == (409, successor["id"])

    async def test_a_revision_that_is_given_up_makes_room_for_another(self, parties: Parties) -> None:
        item = await self.in_force(parties)
        asked = await parties.act(parties.manager, item, "renegotiate", reason="late")
        given_up = await parties.act(
            parties.director, {"id": asked["successor_id"]}, "terminate", reason="withdrawn by both"
        )
        assert given_up["state"] == "terminated"
        again = await parties.act(parties.manager, item, "renegotiate", reason="late again")
        assert (await parties.get({"id": again["successor_id"]}))["revision"] == 3

    async def test_the_conclusion_may_be_to_renegotiate(self, parties: Parties) -> None:
        item = await self.in_force(parties)
        await parties.act(parties.manager, item, "review", reason="yearly")
        concluded = await parties.act(
            parties.manager, item, "review/conclude", conclusion="renegotiate", reason="too strict"
        )
        assert concluded["state"] == "under_review"
        assert concluded["successor_id"] is not None


class TestRenew:
    async def test_copies_the_content_for_as_long_again(self, parties: Parties) -> None:
        """R114: renewed by a successor that is linked to it."""
        item = await parties.signed()
        successor = await parties.act(parties.manager, item, "renew")
        assert (successor["state"], successor["predecessor_id"], successor["revision"]) == ("design", item["id"], 2)
        assert (successor["effective_from"], successor["effective_to"]) == ("2028-01-01", "2028-12-30")
        for name in ("number", "title", "customer", "services", "fee", "exemptions", "glossary"):
            assert successor[name] == item[name]
        assert (await parties.get(item))["successor_id"] == successor["id"]

    async def test_other_days_may_be_given(self, parties: Parties) -> None:
        item = await parties.signed()
        successor = await parties.act(
            parties.manager, item, "renew", effective_from="2027-07-01", effective_to="2028-06-30"
        )
        assert (successor["effective_from"], successor["effective_to"]) == ("2027-07-01", "2028-06-30")

    async def test_days_in_the_wrong_order(self, parties: Parties) -> None:
        item = await parties.signed()
        answer = await parties.manager.post(f"{URL}/{item['id']}/renew", json={"effective_to": "2027-06-30"})
        assert (answer.status_code, answer.json()["title"]) == (422, "Unsound agreement")

    async def test_one_successor_in_the_making(self, parties: Parties) -> None:
        item = await parties.signed()
        successor = await parties.act(parties.manager, item, "renew")
        answer = await parties.manager.post(f"{URL}/{item['id']}/renew")
        assert (answer.status_code, answer.json()["agreement_id"]) == (409, successor["id"])


class TestVisibility:
    async def test_a_customer_reads_its_own_once_negotiated(self, parties: Parties) -> None:
        design = await parties.design()
        item = await parties.negotiated(needs=[{"need": "Speed", "source": "call"}])
        other = await parties.negotiated(customer="Hill Bank")
        assert (await parties.customer.get(f"{URL}/{item['id']}")).json()["digest"] == item["digest"]
        for hidden in (design, other):
            assert (await parties.customer.get(f"{URL}/{hidden['id']}")).status_code == 404
        listed = (await parties.customer.get(URL)).json()["items"]
        assert [row["id"] for row in listed] == [item["id"]]

    async def test_a_customer_is_not_shown_the_providers_analysis(self, parties: Parties) -> None:
        item = await parties.negotiated(needs=[{"need": "Speed", "source": "call"}])
        shown = (await parties.customer.get(f"{URL}/{item['id']}")).json()
        assert (shown["needs"], shown["unanswered_needs"], shown["history"]) == ([], [], [])
        assert [exemption["key"] for exemption in shown["exemptions"]] == ["force-majeure"]
        assert shown["allowed"] == ["confirm"]

    async def test_a_customer_filter_shows_no_others(self, parties: Parties) -> None:
        await parties.negotiated(customer="Hill Bank")
        listed = (await parties.customer.get(URL, params={"customer": "Hill Bank"})).json()["items"]
        assert listed == []

    async def test_the_list_filters_and_pages(self, parties: Parties) -> None:
        first = await parties.design()
        second = await parties.negotiated(customer="Hill Bank", services=["erp"])
        for wanted, found in (
            ({"state": "design"}, [first]),
            ({"customer": "Hill Bank"}, [second]),
            ({"service": "desktop"}, [first]),
            ({"customer": CUSTOMER, "service": "erp"}, []),
        ):
            listed = (await parties.manager.get(URL, params=wanted)).json()["items"]
            assert [row["id"] for row in listed] == [item["id"] for item in found]
        page = (await parties.manager.get(URL, params={"limit": 1})).json()
        assert [row["id"] for row in page["items"]] == [second["id"]]
        rest = (await parties.manager.get(URL, params={"limit": 1, "cursor": page["next_cursor"]})).json()
        assert ([row["id"] for row in rest["items"]], rest["next_cursor"]) == ([first["id"]], None)

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from shared.auth import Role
from tests.improvement.around import open_improvement, put, refused
from tests.improvement.builders import IMPROVEMENTS, ok
from tests.support.solo import Solo

OLGA = {"person": "olga", "role": "process_owner"}
KIM = {"person": "kim", "role": "customer", "customer": "bank"}


@pytest.fixture
async def path(solo: Solo) -> str:
    return f"{IMPROVEMENTS}/{await open_improvement(solo, root_cause='nobody there after six')}/participants"


async def invite(solo: Solo, path: str, body: dict[str, Any]) -> str:
    async with solo.client(Role.IMPROVEMENT_SUPERVISOR, subject="sven") as sven:
        answer = await sven.post(path, json=body)
        return f"{path}/{ok(answer, 201)['id']}"


class TestInvite:
    """R33: process owners are invited to the analysis."""

    async def test_says_who_invited_whom_and_where_to_find_it(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.IMPROVEMENT_SUPERVISOR, subject="sven") as sven:
            answer = await sven.post(path, json={**OLGA, "note": "you own the process"})
            made = ok(answer, 201)
            assert (made["person"], made["role"], made["state"], made["invited_by"]) == (
                "olga",
                "process_owner",
                "invited",
                "sven",
            )
            assert ok(await sven.get(answer.headers["Location"])) == made

    async def test_a_person_takes_part_once(self, solo: Solo, path: str) -> None:
        await invite(solo, path, OLGA)
        async with solo.client(Role.PROCESS_OWNER) as again:
            assert "olga" in refused(await again.post(path, json={**OLGA, "role": "analyst"}), 409)

    async def test_two_at_the_same_moment_invite_once(self, solo: Solo, path: str) -> None:
        async with solo.client(Role.PROCESS_OWNER) as one, solo.client(Role.ENGINEER) as other:
            answers = await asyncio.gather(one.post(path, json=OLGA), other.post(path, json=OLGA))
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    @pytest.mark.parametrize("body", [{**OLGA, "customer": "bank"}, {"person": "kim", "role": "customer"}])
    async def test_the_customers_key_goes_with_the_customers_role(
        self, solo: Solo, path: str, body: dict[str, Any]
    ) -> None:
        async with solo.client(Role.PROCESS_OWNER) as author:
            assert "customer" in refused(await author.post(path, json=body), 422)

    async def test_not_to_a_record_that_is_over_or_not_there(self, solo: Solo, path: str) -> None:
        await put(solo, path.split("/")[-2], state="withdrawn")
        async with solo.client(Role.PROCESS_OWNER) as author:
            assert "withdrawn" in refused(await author.post(path, json=OLGA), 409)
            unknown = f"{IMPROVEMENTS}/{uuid4()}/participants"
            assert (await author.post(unknown, json=OLGA)).status_code == 404
            assert (await author.get(unknown)).status_code == 404

    async def test_a_customer_invites_nobody(self, solo: Solo, path: str) -> None:
        await invite(solo, path, KIM)
        async with solo.client(Role.CUSTOMER, subject="kim", customer="bank") as kim:
            assert (await kim.post(path, json=OLGA)).status_code == 403


class TestAnswer:
    async def test_the_person_joins(self, solo: Solo, path: str) -> None:
        one = await invite(solo, path, OLGA)
        async with solo.client(Role.PROCESS_OWNER, subject="olga") as olga:
            joined = ok(await olga.post(f"{one}/answer", json={"state": "joined"}))
            assert (joined["state"], joined["answered_by"]) == ("joined", "olga")
            assert "invite" not in refused(await olga.post(f"{one}/answer", json={"state": "joined"}), 409)

    async def test_declined_with_a_reason_and_may_be_invited_again(self, solo: Solo, path: str) -> None:
        one = await invite(solo, path, OLGA)
        async with solo.client(Role.PROCESS_OWNER, subject="olga") as olga:
            assert "reason" in refused(await olga.post(f"{one}/answer", json={"state": "declined"}), 422)
            ok(await olga.post(f"{one}/answer", json={"state": "declined", "reason": "on leave"}))
        await invite(solo, path, OLGA)

    async def test_nobody_answers_for_another_without_the_document(self, solo: Solo, path: str) -> None:
        one = await invite(solo, path, OLGA)
        async with solo.client(Role.ENGINEER, subject="eva") as eva:
            assert "document" in refused(await eva.post(f"{one}/answer", json={"state": "joined"}), 422)
            answer = {"state": "joined", "evidence": "mail of 3 March"}
            assert ok(await eva.post(f"{one}/answer", json=answer))["evidence"] == "mail of 3 March"


class TestContribution:
    """R33: what each contributed to the cause analysis."""

    async def test_is_written_by_who_joined_against_the_version(self, solo: Solo, path: str) -> None:
        one = await invite(solo, path, OLGA)
        async with solo.client(Role.PROCESS_OWNER, subject="olga") as olga:
            said = {"contribution": "the roster ends at six"}
            early = await olga.put(f"{one}/contribution", json=said, headers={"If-Match": "*"})
            assert "invited" in refused(early, 409)
            ok(await olga.post(f"{one}/answer", json={"state": "joined"}))
            assert (await olga.put(f"{one}/contribution", json=said)).status_code == 428
            stale = await olga.put(f"{one}/contribution", json=said, headers={"If-Match": '"1"'})
            assert stale.status_code == 412
            answer = await olga.put(f"{one}/contribution", json=said, headers={"If-Match": '"2"'})
            assert ok(answer)["contribution"] == "the roster ends at six"
            assert answer.headers["ETag"] == '"3"'


class TestAgreeOnCause:
    """R173: the cause is found together with the customer."""

    async def test_the_customer_agrees_and_a_changed_cause_is_not_agreed(self, solo: Solo, path: str) -> None:
        one = await invite(solo, path, KIM)
        record = path.rsplit("/", 1)[0]
        async with solo.client(Role.CUSTOMER, subject="kim", customer="bank") as kim:
            assert "answer the invitation" in refused(await kim.post(f"{one}/cause-agreement"), 409)
            ok(await kim.post(f"{one}/answer", json={"state": "joined"}))
            agreed = ok(await kim.post(f"{one}/cause-agreement"))
            assert agreed["cause_agreed"]
            assert agreed["agreed_by"] == "kim"
            assert agreed["agreed_at"] is not None
            assert ok(await kim.get(f"{record}/cause"))["agreed"]
        await put(solo, record.rsplit("/", 1)[1], root_cause="the phone was off")
        async with solo.client(Role.AUDITOR) as reader:
            told = ok(await reader.get(f"{record}/cause"))
            assert not told["agreed"]
            assert told["agreements"][0]["agreed_cause"] == "nobody there after six"

    async def test_not_on_a_cause_that_nobody_has_named(self, solo: Solo) -> None:
        path = f"{IMPROVEMENTS}/{await open_improvement(solo)}/participants"
        one = await invite(solo, path, KIM)
        async with solo.client(Role.CUSTOMER, subject="kim", customer="bank") as kim:
            ok(await kim.post(f"{one}/answer", json={"state": "joined"}))
            assert "root_cause" in refused(await kim.post(f"{one}/cause-agreement"), 409)

    async def test_not_by_staff_for_themselves_and_by_staff_only_with_the_document(self, solo: Solo, path: str) -> None:
        own, theirs = await invite(solo, path, OLGA), await invite(solo, path, KIM)
        async with solo.client(Role.PROCESS_OWNER, subject="olga") as olga:
            ok(await olga.post(f"{own}/answer", json={"state": "joined"}))
            assert "the customer's" in refused(await olga.post(f"{own}/cause-agreement"), 409)
            ok(await olga.post(f"{theirs}/answer", json={"state": "joined", "evidence": "mail"}))
            assert (await olga.post(f"{theirs}/cause-agreement")).status_code == 422
            agreed = ok(await olga.post(f"{theirs}/cause-agreement", json={"evidence": "minutes of 4 March"}))
            assert agreed["agreed_evidence"] == "minutes of 4 March"


class TestWhatACustomerSees:
    async def test_its_own_people_of_records_in_which_it_takes_part(self, solo: Solo, path: str) -> None:
        await invite(solo, path, OLGA)
        one = await invite(solo, path, KIM)
        async with solo.client(Role.CUSTOMER, subject="kim", customer="bank") as kim:
            assert [item["person"] for item in ok(await kim.get(path))["items"]] == ["kim"]
        async with solo.client(Role.CUSTOMER, subject="kim", customer="harbour") as stranger:
            assert (await stranger.get(path)).status_code == 404
            assert (await stranger.get(one)).status_code == 404
            assert (await stranger.post(f"{one}/answer", json={"state": "joined"})).status_code == 404
        async with solo.client(Role.CUSTOMER, subject="kim") as nobodys:
            assert (await nobodys.get(path)).status_code == 403

    async def test_others_of_the_record_are_not_shown_to_it(self, solo: Solo, path: str) -> None:
        other = await invite(solo, path, OLGA)
        await invite(solo, path, KIM)
        async with solo.client(Role.CUSTOMER, subject="kim", customer="bank") as kim:
            assert (await kim.get(other)).status_code == 404


class TestRemove:
    async def test_keeps_the_row_and_ends_what_the_customer_sees(self, solo: Solo, path: str) -> None:
        one = await invite(solo, path, KIM)
        async with solo.client(Role.PROCESS_OWNER, subject="petra") as petra:
            removed = ok(await petra.post(f"{one}/removal", json={"reason": "left the bank"}))
            assert (removed["state"], removed["removed_by"], removed["removal_reason"]) == (
                "removed",
                "petra",
                "left the bank",
            )
            assert (await petra.post(f"{one}/removal", json={"reason": "again"})).status_code == 409
            assert len(ok(await petra.get(path))["items"]) == 1
            assert (await petra.post(f"{path}/{uuid4()}/removal", json={"reason": "x"})).status_code == 404
        async with solo.client(Role.CUSTOMER, subject="kim", customer="bank") as kim:
            assert (await kim.get(path)).status_code == 404
        await invite(solo, path, KIM)

"""The forms on a record's page that belong to its other nouns: tasks, approvals, discussion, participants, links,
costs and benefits, independent checks. Without JavaScript, as a browser sends them."""

import re

import httpx

from shared.auth import Role
from tests.improvement.browsing import HOSTILE, browser, shown, went_to
from tests.improvement.builders import IMPROVEMENTS, People, ok, until
from tests.improvement.changes.test_jobs import TroubledSink, change_in, ticketing_of
from tests.improvement.improvements.test_pages import PAGES
from tests.support.fleet import Fleet


def words_of(page: str) -> str:
    """What a reader sees of it."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


async def read_list(people: People, id_: str, noun: str) -> list[dict]:
    return list(ok(await people.author.get(f"{IMPROVEMENTS}/{id_}/{noun}"))["items"])


class TestTasks:
    async def test_from_added_to_done(
        self, alone: Fleet, people: People, author: httpx.AsyncClient, supervisor: httpx.AsyncClient
    ) -> None:
        """R128: steps of the plan with owners and dates; R35: one added later waits for an approval of its own."""
        record = await people.bring_to("implementing", alone)
        path = f"{PAGES}/{record['id']}"
        task = {"title": "Train", "phase": "Second", "owner": "olga", "start": "2030-01-01", "due": "2030-02-01"}
        assert went_to(await author.post(f"{path}/tasks/add", data={**task, "description": ""})) == f"{path}#tasks"
        (kept,) = await read_list(people, record["id"], "tasks")
        assert {name: kept[name] for name in task} == task
        assert kept["awaits_approval"]
        seen = {"version": f'"{kept["version"]}"'}
        step = f"{path}/tasks/{kept['id']}"
        assert "approval of this task" in shown(await author.post(f"{step}/complete", data=seen), 409)
        went_to(await supervisor.post(f"{step}/approve", data=seen))
        stale = shown(await author.post(f"{step}/start", data=seen), 412)
        assert "Somebody else has changed" in stale
        (kept,) = await read_list(people, record["id"], "tasks")
        went_to(await author.post(f"{step}/start", data={"version": f'"{kept["version"]}"'}))
        (kept,) = await read_list(people, record["id"], "tasks")
        done = {"version": f'"{kept["version"]}"', "done_by": "olga", "comment": ""}
        went_to(await author.post(f"{step}/complete", data=done))
        told = words_of(shown(await author.get(path)))
        assert "100% done" in told
        assert "olga" in told

    async def test_a_wrong_one_is_shown_again_as_typed(self, people: People, author: httpx.AsyncClient) -> None:
        record = await people.open()
        typed = {"title": "Train & test", "due": "2030-01-01", "start": "2030-02-01"}
        page = shown(await author.post(f"{PAGES}/{record['id']}/tasks/add", data=typed), 422)
        assert "due lies before start" in page
        assert 'value="Train &amp; test"' in page
        assert await read_list(people, record["id"], "tasks") == []

    async def test_only_those_who_may(self, people: People, alone: Fleet) -> None:
        record = await people.open()
        async with browser(alone, Role.AUDITOR, subject="a") as auditor:
            shown(await auditor.post(f"{PAGES}/{record['id']}/tasks/add", data={"title": "T"}), 403)
            assert "tasks/add" not in shown(await auditor.get(f"{PAGES}/{record['id']}"))


class TestApprovals:
    async def test_says_who_is_next_and_a_delegate_decides(
        self, people: People, alone: Fleet, supervisor: httpx.AsyncClient
    ) -> None:
        """R18, R34: the chain by budget, the open step, a step handed over with its reason."""
        record = await people.bring_to("submitted", alone, budget="60000")
        path = f"{PAGES}/{record['id']}"
        page = words_of(shown(await supervisor.get(path)))
        assert "Step 1 of 2 waits for: Improvement supervisor" in page
        version = f'"{(await people.read(record["id"]))["version"]}"'
        data = {"to": "dora", "reason": "on leave", "version": version}
        assert went_to(await supervisor.post(f"{path}/approvals/delegate", data=data)) == f"{path}#approvals"
        async with browser(alone, Role.ENGINEER, subject="dora") as delegate:
            offered = shown(await delegate.get(path))
            assert f'action="{path}/approve"' in offered
            assert "on leave" in offered
            went_to(await delegate.post(f"{path}/approve", data={"comment": "fine", "step": "1"}))
        page = words_of(shown(await supervisor.get(path)))
        assert "Step 2 of 2 waits for: Department head" in page
        assert "fine" in page

    async def test_a_plan_that_changed_meanwhile_is_not_approved(
        self, people: People, alone: Fleet, author: httpx.AsyncClient, supervisor: httpx.AsyncClient
    ) -> None:
        record = await people.bring_to("submitted", alone)
        path = f"{PAGES}/{record['id']}"
        (version,) = set(re.findall(r'name="version" value="(&#34;\d+&#34;)"', shown(await supervisor.get(path))))
        edited = {"title": "T", "problem": "P", "plan": "Another plan", "version": f'"{record["version"]}"'}
        went_to(await author.post(f"{path}/edit", data=edited))
        stale = {"version": version.replace("&#34;", '"'), "step": "1"}
        page = shown(await supervisor.post(f"{path}/approve", data=stale), 412)
        assert "Somebody else has changed this meanwhile" in page
        assert "Another plan" in page
        after = await people.read(record["id"])
        assert (after["state"], after["revision"]) == ("submitted", 2)

    async def test_who_asked_does_not_decide(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("submitted", alone)
        async with browser(alone, Role.IMPROVEMENT_SUPERVISOR, subject=record["requester"]) as requester:
            page = shown(await requester.post(f"{PAGES}/{record['id']}/approve", data={}), 409)
        assert "You asked for this approval yourself" in page


class TestDiscussion:
    async def test_comment_progress_and_decision(self, people: People, author: httpx.AsyncClient) -> None:
        """R19, R20."""
        record = await people.open()
        path = f"{PAGES}/{record['id']}"
        for said in (
            {"kind": "comment", "body": HOSTILE, "visible_to_customer": "true"},
            {"kind": "progress", "body": "hired two", "percent": "40", "next_step": "train"},
            {"kind": "decision", "body": "keep the rota", "decided_by": "petra, mona"},
        ):
            assert went_to(await author.post(f"{path}/discussion/add", data=said)) == f"{path}#discussion"
        entries = await read_list(people, record["id"], "discussion")
        assert [entry["kind"] for entry in entries] == ["comment", "progress", "decision"]
        assert entries[0]["visible_to_customer"]
        assert entries[2]["decided_by"] == ["petra", "mona"]
        page = shown(await author.get(path))
        assert "<script>alert" not in page
        assert "40%" in page
        went_to(await author.post(f"{path}/discussion/{entries[1]['id']}/retract", data={"reason": "wrong record"}))
        assert "wrong record" in shown(await author.get(path))

    async def test_progress_says_what_is_next(self, people: People, author: httpx.AsyncClient) -> None:
        record = await people.open()
        typed = {"kind": "progress", "body": "hired two", "percent": "40", "next_step": ""}
        page = shown(await author.post(f"{PAGES}/{record['id']}/discussion/add", data=typed), 422)
        assert "say what is done next" in page
        assert "hired two" in page
        nothing = shown(await author.post(f"{PAGES}/{record['id']}/discussion/add", data={"kind": "gossip"}), 422)
        assert "Please fill in or mend" in nothing


class TestParticipants:
    async def test_the_customer_agrees_on_the_cause(self, people: People, author: httpx.AsyncClient) -> None:
        """R33, R173."""
        record = await people.open()
        path = f"{PAGES}/{record['id']}"
        who = {"person": "wang", "role": "customer", "customer": "Harbour Clinic", "note": ""}
        went_to(await author.post(f"{path}/participants/add", data=who))
        (person,) = await read_list(people, record["id"], "participants")
        one = f"{path}/participants/{person['id']}"
        went_to(await author.post(f"{one}/answer", data={"state": "joined", "evidence": "mail of 3 March"}))
        (person,) = await read_list(people, record["id"], "participants")
        said = {"version": f'"{person["version"]}"', "contribution": "we saw it at seven", "evidence": "minutes"}
        went_to(await author.post(f"{one}/contribute", data=said))
        went_to(await author.post(f"{one}/agree", data={"evidence": "minutes"}))
        (person,) = await read_list(people, record["id"], "participants")
        assert person["cause_agreed"]
        page = shown(await author.get(path))
        assert "we saw it at seven" in page
        went_to(await author.post(f"{one}/remove", data={"reason": "left the company"}))
        assert "left the company" in shown(await author.get(path))
        refused = shown(await author.post(f"{path}/participants/add", data={"person": "x", "role": "customer"}), 422)
        assert "customer" in refused


class TestLinks:
    async def test_linked_and_removed(self, people: People, author: httpx.AsyncClient) -> None:
        """R8."""
        record = await people.open()
        path = f"{PAGES}/{record['id']}"
        link = {"kind": "ticket", "reference": "INC1", "title": "Outage", "url": "https://desk.example.com/INC1"}
        went_to(await author.post(f"{path}/links/add", data=link))
        page = shown(await author.get(path))
        assert '<a href="https://desk.example.com/INC1" rel="noopener noreferrer">INC1</a>' in page
        script = {**link, "reference": "INC2", "url": "javascript:alert(1)"}
        shown(await author.post(f"{path}/links/add", data=script), 422)
        (kept,) = await read_list(people, record["id"], "links")
        went_to(await author.post(f"{path}/links/{kept['id']}/remove", data={"reason": "another one"}))
        assert "desk.example.com" not in shown(await author.get(path))


class TestBenefits:
    async def test_the_return_is_told_and_undefined_without_costs(
        self, people: People, author: httpx.AsyncClient
    ) -> None:
        """R132, F8: 30,000 gained for 12,000 spent is a return of 150 per cent."""
        record = await people.open()
        path = f"{PAGES}/{record['id']}"
        gained = {
            "side": "benefit",
            "kind": "actual",
            "category": "penalty_avoided",
            "day": "2026-01-01",
            "amount": "30000",
            "currency": "CNY",
            "evidence": "settlement",
        }
        went_to(await author.post(f"{path}/benefits/add", data=gained))
        assert "undefined without costs" in shown(await author.get(path))
        spent = {**gained, "side": "cost", "category": "people", "amount": "12000"}
        went_to(await author.post(f"{path}/benefits/add", data=spent))
        assert "150.00%" in shown(await author.get(path))
        unproven = {**spent, "evidence": ""}
        assert "Evidence" in shown(await author.post(f"{path}/benefits/add", data=unproven), 422)
        entry = (await read_list(people, record["id"], "benefits"))[1]
        went_to(await author.post(f"{path}/benefits/{entry['id']}/retract", data={"reason": "counted twice"}))
        assert "undefined without costs" in shown(await author.get(path))

    async def test_periods_before_and_after_tell_the_saving(self, people: People, author: httpx.AsyncClient) -> None:
        """F7: 100 cost 5,000 before, so 120 would cost 6,000; they cost 4,000 now: 2,000 saved."""
        record = await people.open()
        path = f"{PAGES}/{record['id']}"
        before = {
            "phase": "before",
            "period_from": "2026-01-01",
            "period_to": "2026-02-01",
            "volume": "100",
            "volume_unit": "incidents",
            "cost": "5000",
            "benefit": "",
            "currency": "CNY",
            "evidence": "ledger",
        }
        after = {"phase": "after", "period_from": "2026-03-01", "period_to": "2026-04-01", "volume": "120"}
        went_to(await author.post(f"{path}/benefits/periods/add", data=before))
        went_to(await author.post(f"{path}/benefits/periods/add", data={**before, **after, "cost": "4000"}))
        assert "2,000.00" in words_of(shown(await author.get(path)))
        periods = await rows_of_periods(people, record["id"])
        went_to(await author.post(f"{path}/benefits/periods/{periods[0]}/retract", data={"reason": "wrong"}))
        assert "2,000.00" not in words_of(shown(await author.get(path)))


async def rows_of_periods(people: People, id_: str) -> list[str]:
    return [row["id"] for row in await read_list(people, id_, "cost-periods")]


class TestInspections:
    async def test_somebody_without_a_part_in_it_checks(self, people: People, alone: Fleet) -> None:
        """R48."""
        record = await people.bring_to("implementing", alone)
        path = f"{PAGES}/{record['id']}"
        async with browser(alone, Role.AUDITOR, subject="ada") as auditor:
            seen = {"conforms": "false", "finding": "the rota was not in force", "evidence": ""}
            went_to(await auditor.post(f"{path}/inspections/add", data=seen))
            assert "the rota was not in force" in shown(await auditor.get(path))
            assert "Please fill in" in shown(await auditor.post(f"{path}/inspections/add", data={}), 422)


class TestChanges:
    async def test_shows_each_attempt_and_raises_again(
        self, people: People, alone: Fleet, manager: httpx.AsyncClient
    ) -> None:
        """What could not be raised is listed, told on the record with every attempt, and raised again."""
        ticketing_of(alone).memory = TroubledSink(down=3)
        record = await people.bring_to("approved", alone)
        path = f"{PAGES}/{record['id']}"
        await change_in(people, record["id"], "failed")
        listed = words_of(shown(await manager.get("/improvement/changes")))
        assert record["number"] in listed
        assert "Failed 1" in listed
        page = shown(await manager.get(path))
        assert "Attempts (3)" in page
        assert went_to(await manager.post(f"{path}/change/raise")) == f"{path}#change"
        await until(people, record["id"], "implementing")
        assert "every change request went through" in words_of(shown(await manager.get("/improvement/changes")))


class TestList:
    async def test_filters_and_says_what_cannot_be_looked_for(self, people: People, author: httpx.AsyncClient) -> None:
        await people.open(title="Evening shift", severity="critical", impact="very_high", department="desk")
        await people.open(title="Night shift", measure_key=None, scope=None, verification_plan=None, owner="nora")
        for chosen, found in (
            ({"q": "evening"}, ["Evening"]),
            ({"q": "SHIFT", "sort": "priority"}, ["Evening", "Night"]),
            ({"owner": "nora"}, ["Night"]),
            ({"department": "desk", "state": "draft", "origin": "person"}, ["Evening"]),
            ({"priority_at_most": "1"}, ["Evening"]),
            ({"overdue": "true"}, []),
            ({"state": "", "q": "", "owner": ""}, ["Night", "Evening"]),
        ):
            page = shown(await author.get(PAGES, params=chosen))
            assert re.findall(r"(Evening|Night) shift", page) == found, chosen
        wrong = shown(await author.get(PAGES, params={"priority_at_most": "9"}), 422)
        assert "Priority" in wrong
        assert "Evening shift" in wrong

    async def test_pages_on_with_its_filters(self, people: People, author: httpx.AsyncClient) -> None:
        for number in range(51):
            await people.open(title=f"Idea {number}", measure_key=None, scope=None, verification_plan=None)
        first = shown(await author.get(PAGES, params={"q": "idea"}))
        (link,) = [part.split('"')[0] for part in first.split('rel="next" href="')[1:]]
        assert "q=idea" in link
        assert len(re.findall(r"Idea \d+", shown(await author.get(link.replace("&amp;", "&"))))) == 1


class TestCycles:
    async def test_closes_with_a_result_and_goes_on_as_the_next_cycle(
        self, people: People, alone: Fleet, manager: httpx.AsyncClient
    ) -> None:
        """R27, R39."""
        record = await people.bring_to("verified", alone)
        path = f"{PAGES}/{record['id']}"
        data = {"closure_code": "", "comment": "good", "next_cycle": "true"}
        went_to(await manager.post(f"{path}/close", data=data))
        page = shown(await manager.get(path))
        assert "Achieved" in page
        (follower,) = re.findall(r'Continued as <a href="([^"]+)"', page)
        following = shown(await manager.get(follower))
        assert "cycle 2" in following
        assert record["number"] in following

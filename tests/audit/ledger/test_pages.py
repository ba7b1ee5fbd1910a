import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from html import unescape
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from services.audit.ledger.service import append_events
from services.audit.ledger.words import KEYED_RECORDS, RECORDS, TELLINGS
from shared.auth import SESSION_COOKIE, Role
from shared.events.catalogue import CustomerRegistered
from shared.events.envelope import Draft, Fact, Origin, parse, serialise
from shared.events.improvement import ImprovementApproved, ImprovementOpened, ImprovementWithdrawn
from shared.events.metrics import GapClosed, GapDetected, GapImpact, IncidentOpened, MeasureDefined
from shared.events.registry import CONTRACTS
from tests.support.fleet import Fleet
from tests.support.kept import Keep

GAP = UUID("0199f0a0-0000-7000-8000-000000000001")
MARCH = datetime(2016, 3, 1, 12, tzinfo=UTC)
HOSTILE = "</td><script>alert('%(x)s')</script>"

MEASURE = MeasureDefined(
    key="sla_attainment",
    version=1,
    name="SLA attainment",
    aspect="quality",
    unit="ratio",
    direction="higher_is_better",
    data_kind="proportion",
    formula="sla_attainment",
    parameters={},
    owner="process_owner",
)
DETECTED = GapDetected(
    gap_id=GAP,
    measure_key="sla_attainment",
    measure_name="SLA attainment",
    unit="ratio",
    data_kind="proportion",
    direction="higher_is_better",
    scope="all",
    detection="target_missed",
    period=date(2016, 3, 1),
    period_end=date(2016, 4, 1),
    expected=0.75,
    actual=0.398612,
    n=8000,
    size=0.351388,
    severity="high",
    impact=GapImpact(tickets_affected=4811, tickets_total=8000),
    observation_id=GAP,
)


def incident(external_id: str) -> IncidentOpened:
    return IncidentOpened(ticket_id=GAP, source="servicenow", external_id=external_id, opened_at=MARCH)


def withdrawn(reason: str) -> ImprovementWithdrawn:
    return ImprovementWithdrawn(
        improvement_id=GAP,
        number="IMP-0001",
        title="t",
        state="withdrawn",
        revision=1,
        origin="gap",
        requester="service:improvement",
        reason=reason,
    )


@pytest.fixture
async def audit(kept: Keep) -> AsyncIterator[Fleet]:
    async with (await kept("audit")).started() as started:
        yield started


async def append(
    fleet: Fleet, *facts: Fact, story: str = "story", subject: str = "subject", actor: str = "service:metrics"
) -> None:
    drafts = [Draft(fact, subject, place, Origin(actor, story)) for place, fact in enumerate(facts, 1)]
    async with fleet.services["audit"].database.transaction() as session:
        await append_events(session, [parse(serialise(draft, "metrics", MARCH)[1]) for draft in drafts])


def browser(fleet: Fleet, role: Role = Role.AUDITOR, **headers: str) -> httpx.AsyncClient:
    client = fleet.client(role)
    client.cookies.set(SESSION_COOKIE, client.headers.pop("Authorization").removeprefix("Bearer "))
    client.headers.update({"Accept": "text/html", **headers})
    return client


def read(answer: httpx.Response) -> str:
    """What a person reads on the page: its text, without tags and breaks."""
    assert answer.status_code == 200, answer.text
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


class TestShowLedger:
    async def test_is_where_the_service_begins(self, audit: Fleet) -> None:
        async with browser(audit) as client:
            answer = await client.get("/audit/", follow_redirects=True)
        assert answer.url.path == "/audit/ledger"
        assert "Nothing has happened yet." in read(answer)

    async def test_tells_the_newest_first_in_plain_words(self, audit: Fleet) -> None:
        await append(audit, incident("INC1"), incident("INC2"))
        async with browser(audit) as client:
            shown = read(await client.get("/audit/ledger"))
        assert shown.index("Incident INC2 was opened") < shown.index("Incident INC1 was opened")
        assert "1 Mar 2016, 12:00 UTC" in shown

    async def test_shows_by_type_subject_and_story(self, audit: Fleet) -> None:
        await append(audit, incident("INC1"), story="one", subject="a")
        await append(
            audit, GapClosed(gap_id=GAP, measure_key="m", scope="all", reason="restated"), story="two", subject="b"
        )
        async with browser(audit) as client:
            for filters in ({"type": "ratchet.gap.closed.v1"}, {"subject": " b "}, {"correlation_id": "two"}):
                shown = read(await client.get("/audit/ledger", params=filters))
                assert "The gap is closed: restated" in shown
                assert "INC1" not in shown
            shown = read(await client.get("/audit/ledger", params={"subject": "c"}))
        assert "The ledger holds nothing that fits." in shown

    async def test_pages_to_the_very_first(self, audit: Fleet) -> None:
        await append(audit, *(incident(f"INC{number}") for number in range(1, 121)))
        seen: list[str] = []
        following: str | None = "/audit/ledger?type=ratchet.incident.opened.v1"
        async with browser(audit) as client:
            while following:
                page = await client.get(following)
                seen += re.findall(r"Incident INC(\d+) was opened", read(page))
                link = re.search(r'rel="next" href="([^"]+)"', page.text)
                following = unescape(link[1]) if link else None
        assert seen == [str(number) for number in range(120, 0, -1)]

    async def test_hostile_text_stays_text(self, audit: Fleet) -> None:
        await append(audit, withdrawn(HOSTILE), incident(HOSTILE), story=HOSTILE, subject=HOSTILE)
        async with browser(audit) as client:
            for path in ("/audit/ledger", f"/audit/ledger?subject={HOSTILE}&type={HOSTILE}"):
                answer = await client.get(path)
                assert answer.status_code == 200
                assert "<script" not in answer.text
            assert f"was withdrawn: {HOSTILE}" in unescape((await client.get("/audit/ledger")).text)

    async def test_an_event_of_a_type_not_known_yet_is_shown(self, audit: Fleet) -> None:
        await append(audit, incident("INC1"))
        engine = audit.services["audit"].database.engine
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE ledger_entries DISABLE TRIGGER append_only"))
            await connection.execute(text("UPDATE ledger_entries SET type = 'ratchet.100%s.made.v1'"))
        async with browser(audit) as client:
            assert "ratchet.100%s.made.v1" in read(await client.get("/audit/ledger"))

    async def test_speaks_chinese(self, audit: Fleet) -> None:
        await append(audit, DETECTED, story="gap")
        async with browser(audit, **{"Accept-Language": "zh-CN"}) as client:
            shown = read(await client.get("/audit/ledger"))
        assert "发现差距：sla_attainment（全部）自 2016年3月1日 起实际为 39.86%，期望为 75.00%" in shown
        assert "Ratchet 自动" in shown

    async def test_is_for_staff(self, audit: Fleet) -> None:
        async with browser(audit, Role.CUSTOMER) as customer, audit.client() as nobody:
            nobody.headers["Accept"] = "text/html"
            for path in ("/audit/ledger", "/audit/ledger/verification", "/audit/trace/story"):
                assert (await customer.get(path)).status_code == 403
                refused = await nobody.get(path)
                assert refused.status_code == 401
                assert "Sign in" in refused.text

    @pytest.mark.parametrize("query", ["before=-1", "before=99999999999999999999", "before=x", "subject=" + "a" * 301])
    async def test_a_malformed_question_is_told(self, audit: Fleet, query: str) -> None:
        async with browser(audit) as client:
            answer = await client.get(f"/audit/ledger?{query}")
        assert answer.status_code == 422
        assert answer.headers["content-type"].startswith("text/html")


class TestShowVerification:
    async def test_says_whether_the_chain_holds(self, audit: Fleet) -> None:
        await append(audit, incident("INC1"), incident("INC2"))
        async with browser(audit) as client:
            assert "The chain holds" in read(await client.get("/audit/ledger/verification"))
            async with audit.services["audit"].database.engine.begin() as connection:
                await connection.execute(text("ALTER TABLE ledger_entries DISABLE TRIGGER append_only"))
                await connection.execute(text("UPDATE ledger_entries SET body = 'x' WHERE position = 2"))
            assert "The chain is broken at entry 2" in read(await client.get("/audit/ledger/verification"))


class TestShowTrace:
    async def test_tells_the_story_from_its_beginning(self, audit: Fleet) -> None:
        opened = ImprovementOpened(
            improvement_id=GAP,
            number="IMP-0001",
            title="Raise SLA attainment",
            state="draft",
            revision=1,
            origin="gap",
            requester="service:improvement",
            problem="p",
        )
        await append(audit, MEASURE, story="measures", subject="sla_attainment")
        await append(audit, DETECTED, opened)
        await append(
            audit, GapClosed(gap_id=GAP, measure_key="sla_attainment", scope="all", reason="held"), actor="anna"
        )
        async with browser(audit) as client:
            answer = await client.get("/audit/trace/story")
        shown = read(answer)
        steps = [
            "A gap: sla_attainment (all) was 39.86% where 75.00% was expected, from 1 Mar 2016",
            "1 Mar 2016, 12:00 UTC · Ratchet itself · metrics",
            "Improvement IMP-0001 opened: Raise SLA attainment",
            "The gap is closed: held",
            "1 Mar 2016, 12:00 UTC · anna · metrics",
        ]
        assert [shown.index(step) for step in steps] == sorted(shown.index(step) for step in steps)
        assert "Steps 3" in shown
        assert f'href="/improvement/improvements/{GAP}"' in answer.text
        assert 'href="/metrics/measures/sla_attainment"' in answer.text
        assert "is defined" not in shown

    async def test_a_long_story_goes_on_on_the_next_page(self, audit: Fleet) -> None:
        await append(audit, *(incident(f"INC{number}") for number in range(1, 251)))
        async with browser(audit) as client:
            first = await client.get("/audit/trace/story")
            link = re.search(r'rel="next" href="([^"]+)"', first.text)
            assert link is not None
            second = await client.get(unescape(link[1]))
        told = re.findall(r"Incident INC(\d+) was opened", read(first)) + re.findall(
            r"Incident INC(\d+) was opened", read(second)
        )
        assert told == [str(number) for number in range(1, 251)]
        assert 'rel="next"' not in second.text

    async def test_hostile_text_stays_text(self, audit: Fleet) -> None:
        story = "<script>alert(1)<script>"
        await append(audit, withdrawn(HOSTILE), story=story, actor=HOSTILE)
        async with browser(audit) as client:
            answer = await client.get(f"/audit/trace/{story}")
        assert answer.status_code == 200
        assert "<script" not in answer.text

    async def test_an_unknown_story_is_not_found(self, audit: Fleet) -> None:
        async with browser(audit) as client:
            answer = await client.get("/audit/trace/nothing")
        assert answer.status_code == 404
        assert "the ledger holds nothing with the correlation id nothing" in answer.text


class TestTellings:
    def test_every_event_has_one_made_of_its_own_fields(self) -> None:
        assert TELLINGS.keys() == CONTRACTS.keys()
        for type_, telling in TELLINGS.items():
            known = {*CONTRACTS[type_].model_fields}
            known |= {f"{name}_value" for name in ("before", "after") if name in known}
            assert set(re.findall(r"%\((\w+)\)s", telling.headline)) <= known, type_

    async def test_an_older_event_without_a_field_is_told_with_a_dash(self, audit: Fleet) -> None:
        old = ImprovementApproved.model_construct(number="IMP-0001")
        await append(audit, old)
        async with browser(audit) as client:
            assert "– approved improvement IMP-0001" in read(await client.get("/audit/trace/story"))


class TestRecords:
    @pytest.mark.parametrize("address", sorted({*RECORDS.values(), *KEYED_RECORDS.values()}))
    async def test_lead_to_pages_that_are_there(self, fleet: Fleet, address: str) -> None:
        async with browser(fleet) as client:
            answer = await client.get(address.format(GAP))
        assert answer.headers["content-type"].startswith("text/html")
        assert "leads nowhere" not in answer.text

    async def test_what_is_known_by_its_key_leads_to_its_own_page(self, audit: Fleet) -> None:
        customer = CustomerRegistered(key="Orchard Bank", version=1, name="Orchard Bank", segment=None, notes=None)
        await append(audit, customer)
        async with browser(audit) as client:
            page = (await client.get("/audit/ledger")).text
        assert 'href="/metrics/catalogue"' in page
        assert "/metrics/measures/" not in page

"""What customers say to the fuzzed fleet: surveys in every state with a link and a result, complaints, suggestions, an
interview, a follow-up."""

import csv
from io import StringIO
from typing import Any

import httpx

from shared.auth import Role
from tests.journeys.loop import Loop
from tests.support.fleet import Fleet
from tests.support.waiting import eventually

_URL = "/satisfaction/v1"
_CAMPAIGN = {"kind": "company", "questionnaire_key": "csat", "margin": 0.3, "rest_days": 0}
_PEOPLE = "reference,stratum\n" + "".join(f"P{number},{'north' if number % 2 else 'south'}\n" for number in range(12))
_OWN = {"title": {"en": "Own"}, "items": [{"key": "csat", "kind": "rating", "wording": {"en": "Satisfied?"}}]}
_COMPLAINT = {"title": "Slow", "description": "It is slow.", "channel": "hotline"}
_SUGGESTION = {
    "title": "Faster",
    "description": "Please.",
    "channel": "email",
    "customer": "bank",
    "suggested_by": "kim",
}
_INTERVIEW = {
    "customer": "bank",
    "interviewee": "kim",
    "interviewer": "mei",
    "held_at": "2026-03-02T06:00:00Z",
    "notes": [{"topic": "Speed", "note": "It is slow.", "score": 2}],
}


async def make_voices(fleet: Fleet) -> dict[str, list[str]]:
    """Their ids, by what stands before them in a path. A campaign's results and invitations stand in its own place."""
    loop = Loop(fleet.client)
    try:
        campaigns = [
            await _survey(loop, "closed"),
            await _survey(loop, "launched"),
            await _survey(loop, "drawn"),
            await _survey(loop, "draft"),
        ]
        closed, launched = (f"{_URL}/campaigns/{one}" for one in campaigns[:2])

        async def analysed() -> dict[str, Any]:
            found: dict[str, Any] = await loop.get(f"{closed}/analysis")
            return found

        await eventually(analysed, 60.0)
        asked = {"aspect": "risk", "key": "sampling_risk", "department": "desk", "question": "Why?"}
        result = await loop.post(Role.QUALITY_MANAGER, f"{closed}/results", {**asked, "due_on": "2199-01-01"}, 201)
        invitations = (await loop.get(f"{launched}/invitations", state="open"))["items"]
        links = await _read_links(loop, launched)
        complaints = await _complain(loop)
        suggestion = await loop.post(Role.SERVICE_DESK, f"{_URL}/suggestions", _SUGGESTION, 201)
        interview = await loop.post(Role.SERVICE_DESK, f"{_URL}/interviews", _INTERVIEW, 201)
        put = await loop.as_(Role.QUALITY_MANAGER).put(f"{_URL}/questionnaires/own", json=_OWN)
        assert put.status_code == 200, put.text
        return {
            "campaigns": campaigns,
            "results": [result["id"]],
            "invitations": [invitations[0]["id"]],
            "survey": [link.rpartition("/")[2] for link in links],
            "complaints": complaints,
            "own-complaints": complaints,
            "suggestions": [suggestion["id"]],
            "interviews": [interview["id"]],
            "follow-ups": [await _follow_up(loop)],
            "questionnaires": ["own", "servqual_22"],
            "conduct-items": ["courtesy"],
            "callback-customers": ["bank"],
        }
    finally:
        await loop.close()


async def _survey(loop: Loop, state: str) -> str:
    """A campaign on its way to this state, with two answers where it was launched."""
    conductor = loop.as_(Role.QUALITY_MANAGER)
    terms = {**_CAMPAIGN, "title": state}
    campaign = await loop.post(Role.QUALITY_MANAGER, f"{_URL}/campaigns", terms, 201)
    url = f"{_URL}/campaigns/{campaign['id']}"
    steps = ["draw", "launch", "close"][: ("draft", "drawn", "launched", "closed").index(state)]
    kind = {"Content-Type": "text/csv"}
    taken = await conductor.post(f"{url}/population", content=_PEOPLE, headers=kind)
    assert taken.status_code == 200, taken.text
    for waived in (await loop.get(f"{url}/check"))["uncovered"]:
        waiver = {"clauses": [waived], "reason": "Not asked here"}
        assert (await conductor.post(f"{url}/waivers", json=waiver, headers={"If-Match": "*"})).status_code == 200
    for step in steps:
        if step == "close":
            for link in (await _read_links(loop, url))[:2]:
                sent = await conductor.post(httpx.URL(link).path, data={"a.csat": "4"})
                assert sent.status_code == 303, sent.text
        answer = await conductor.post(f"{url}/{step}", headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
    made: str = campaign["id"]
    return made


async def _read_links(loop: Loop, url: str) -> list[str]:
    """The links of those who have not answered."""
    file = await loop.as_(Role.QUALITY_MANAGER).get(f"{url}/links.csv")
    return [row["url"] for row in csv.DictReader(StringIO(file.text))]


async def _complain(loop: Loop) -> list[str]:
    """One that is open, one that is answered; both of the customer for whom the fuzzer speaks."""
    ids = []
    for kind in ("general", "major"):
        body = {**_COMPLAINT, "complaint_class": kind, "customer": "bank"}
        received = await loop.post(Role.SERVICE_DESK, f"{_URL}/complaints", body, 201)
        ids.append(received["id"])
    await loop.post(Role.SERVICE_DESK, f"{_URL}/complaints/{ids[1]}/answer", {"answer": "Mended"})
    return ids


async def _follow_up(loop: Loop) -> str:
    """The follow-up of a project that is completed."""
    owner = loop.as_(Role.PROCESS_OWNER)
    project = {"name": "Move", "customer": "bank", "manager": "li.wei", "starts_on": "2025-01-01"}
    put = await owner.put("/metrics/v1/projects/move", json=project)
    assert put.status_code == 200, put.text
    done = await owner.post("/metrics/v1/projects/move/complete", json={}, headers={"If-Match": put.headers["ETag"]})
    assert done.status_code == 200, done.text

    async def due() -> str:
        items = (await loop.get(f"{_URL}/follow-ups"))["items"]
        assert items
        found: str = items[0]["id"]
        return found

    return await eventually(due, 60.0)

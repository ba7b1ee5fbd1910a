"""What the demonstration's customers say by themselves: calls of today, complaints, suggestions, an interview, projects
that were completed. Told through REST, step by step, so that a start cut short can be taken up again."""

from datetime import datetime, timedelta
from typing import Any

import httpx

from services.demonstration.people import People, send, wait_for
from services.demonstration.promises import CUSTOMER
from shared import clock
from shared.auth import Role

Json = dict[str, Any]
_SATISFACTION = "/satisfaction/v1"
_CALLBACKS = f"{_SATISFACTION}/callbacks"
_COMPLAINTS = f"{_SATISFACTION}/complaints"
_SUGGESTIONS = f"{_SATISFACTION}/suggestions"
_FOLLOW_UPS = f"{_SATISFACTION}/follow-ups"
_REPORT = {
    "title": "The report came without the outage of the 3rd",
    "description": "Your monthly report does not name it, although we spoke about it twice.",
    "service": "network",
}


async def listen(people: People, now: datetime) -> None:
    """What came in beside the callbacks."""
    desk = people.speak(Role.SERVICE_DESK, "mei.desk")
    await _call_today(people, desk, now)
    await _complain(people, desk)
    await _suggest(people, desk)
    await _interview(desk, now)
    await _complete_projects(people, desk, now)


async def _call_today(people: People, desk: httpx.AsyncClient, now: datetime) -> None:
    """Of what is still to be called: one answers by link, one was not at the desk, one wants to be called later."""
    await send(
        desk.put(
            f"{_SATISFACTION}/callback-customers/Tianhe Logistics",
            json={"zone": "Asia/Shanghai", "quiet_hours": "20:00-08:30"},
            headers={"If-Match": "*"},
        )
    )
    params: dict[str, str | int] = {"state": "due", "limit": 200}
    due: list[Json] = (await send(desk.get(_CALLBACKS, params=params))).json()["items"]
    ahead = [one for one in due if datetime.fromisoformat(one["due_at"]) > now]
    if any(one["attempt_count"] for one in ahead) or len(ahead) < 3:
        return
    linked, later, missed = ahead[-3:]
    issued = (await send(desk.post(f"{_CALLBACKS}/{linked['id']}/link"))).json()
    form = {"token": httpx.URL(issued["url"]).params["token"], "solved": "yes", "score": "4", "conduct.courtesy": "5"}
    await send(people.visit().post("/satisfaction/answer", data=form))
    tried = {"channel": "phone", "outcome": "no_answer", "note": "Voice mail, no message left"}
    await send(desk.post(f"{_CALLBACKS}/{missed['id']}/attempts", json=tried))
    agreed = (now + timedelta(hours=2)).replace(minute=0, second=0, microsecond=0).isoformat()
    reached = {"channel": "phone", "outcome": "reached", "note": "In a meeting", "next_attempt_at": agreed}
    await send(desk.post(f"{_CALLBACKS}/{later['id']}/attempts", json=reached))


async def _complain(people: People, desk: httpx.AsyncClient) -> None:
    """R51, R193–R199: one of each class, and one without a name."""
    await _complain_hard(people, desk)
    await _complain_a_little(people, desk)
    argued = "Somebody of the desk argued with me about whose fault it was."
    title = "The tone on the phone"
    await _once(desk, _COMPLAINTS, title=title, description=argued, channel="opinion_box", anonymous=True)
    customer = people.speak(Role.CUSTOMER, "olga.orchard", customer=CUSTOMER)
    own = f"{_SATISFACTION}/own-complaints"
    if not any(one["title"] == _REPORT["title"] for one in (await send(customer.get(own))).json()["items"]):
        await send(customer.post(own, json=_REPORT))


async def _complain_hard(people: People, desk: httpx.AsyncClient) -> None:
    """A major one in course: acknowledged by the desk, taken over, planned and analysed by whom it concerns."""
    record = await _once(
        desk,
        _COMPLAINTS,
        title="Three outages of the branch network in one week",
        description="Each time our counters stood still for an hour, and we heard of it from our own customers.",
        channel="hotline",
        complaint_class="major",
        complainant="Olga Orchard",
        contact="+86 10 5550 0199",
        customer=CUSTOMER,
        service="network",
    )
    manager = people.speak(Role.OPERATIONS_MANAGER, "omar.operations")
    engineer = people.speak(Role.ENGINEER, "tom.okafor")
    watched = {"supervised_by": "hao.head", "progress_due_at": record["due_at"]}
    offered = {"to": "tom.okafor", "reason": "The network is his; he plans what is done."}
    heard = {"note": "Olga was told that we have it, and who works on it."}
    plan = {"note": "A second line until Friday; the firmware of both routers; then a call to each branch."}
    cause = {"note": "Both routers restart when their tables are full; nobody watched how full they are."}
    steps: list[tuple[bool, httpx.AsyncClient, str, Json | None]] = [
        (bool(record["acknowledged_at"]), desk, "acknowledge", heard),
        (bool(record["supervised_by"]), manager, "supervise", watched),
        (record["pass_ons"] > 0, desk, "pass-on", offered),
        (record["owner"] == "tom.okafor", engineer, "take-over", None),
        (bool(record["planned_at"]), engineer, "plan", plan),
        (bool(record["analysed_at"]), engineer, "cause-analysis", cause),
    ]
    for is_done, who, step, body in steps:
        if not is_done:
            await send(who.post(f"{_COMPLAINTS}/{record['id']}/{step}", json=body))


async def _complain_a_little(people: People, desk: httpx.AsyncClient) -> None:
    """A simple one: answered at once, accepted with a score that somebody else notes, closed."""
    record = await _once(
        desk,
        _COMPLAINTS,
        title="Nobody answers the hotline at noon",
        description="I waited for ten minutes, twice.",
        channel="hotline",
        complaint_class="simple",
        complainant="Iris Lindgren",
        customer="Lindgren Foods",
    )
    colleague = people.speak(Role.SERVICE_DESK, "jonas.desk")
    steps: list[tuple[str, httpx.AsyncClient, str, Json]] = [
        ("open", desk, "answer", {"answer": "Two of us stay at noon from today on. We are sorry."}),
        ("answered", colleague, "accept", {"score": 4, "comment": "That was quick."}),
        ("accepted", desk, "close", {"note": "Roster changed"}),
    ]
    states = [state for state, *_ in steps]
    if record["state"] in states:
        for _, who, step, body in steps[states.index(record["state"]) :]:
            await send(who.post(f"{_COMPLAINTS}/{record['id']}/{step}", json=body))


async def _suggest(people: People, desk: httpx.AsyncClient) -> None:
    """R184, R195: one was adopted and thanked for, one of an independent supervisor waits for its answer."""
    adopted = await _once(
        desk,
        _SUGGESTIONS,
        title="Tell us by message when the engineer sets out",
        description="Then somebody can be at the door.",
        channel="email",
        suggested_by="Chen Jie",
        contact="chen.jie@tianhe.example",
        customer="Tianhe Logistics",
        service="workplace",
    )
    if adopted["state"] == "received":
        reply = {
            "outcome": "adopted",
            "reason": "Simple, and it saves a second visit.",
            "reward": "A voucher, and her name in the newsletter",
            "contacted_at": clock.now().isoformat(),
        }
        await send(desk.post(f"{_SUGGESTIONS}/{adopted['id']}/answer", json=reply))
    await _once(
        desk,
        _SUGGESTIONS,
        title="Publish how long people wait on the hotline",
        description="Month by month, where customers can see it.",
        channel="supervisor",
        supervisor=True,
        suggested_by="Board of service supervisors",
    )
    customer = people.speak(Role.CUSTOMER, "olga.orchard", customer=CUSTOMER)
    ratings = f"{_SATISFACTION}/staff-ratings"
    if not (await send(desk.get(ratings, params={"staff": "Grace Mbeki"}))).json()["items"]:
        praise = {"staff": "Grace Mbeki", "score": 5, "comment": "She explained it to the whole team."}
        await send(customer.post(ratings, json=praise))


async def _interview(desk: httpx.AsyncClient, now: datetime) -> None:
    """R137."""
    interviews = f"{_SATISFACTION}/interviews"
    if (await send(desk.get(interviews))).json()["items"]:
        return
    held = (now - timedelta(days=4)).replace(hour=9, minute=30, second=0, microsecond=0)
    told = {
        "customer": CUSTOMER,
        "interviewee": "Wang Fang, head of IT",
        "interviewer": "mei.desk",
        "held_at": held.isoformat(),
        "notes": [
            {"topic": "Nights", "note": "The night shift wants to hear something within the hour.", "score": 2},
            {"topic": "Changes", "note": "Announced well, and they work.", "score": 5},
        ],
        "summary": "Content with what we do, not with what they hear of it.",
    }
    await send(desk.post(interviews, json=told))


async def _complete_projects(people: People, desk: httpx.AsyncClient, now: datetime) -> None:
    """R88: of two projects that were completed the customer was asked about one."""
    owner = people.speak(Role.PROCESS_OWNER, "anna.process-owner")
    completed = {"completed_on": (now - timedelta(days=1)).date().isoformat()}
    for key, name in (("vpn-renewal", "New VPN for all branches"), ("mail-move", "Move of the mailboxes")):
        url = f"/metrics/v1/projects/{key}"
        if (await owner.get(url)).status_code == 404:
            began = (now - timedelta(days=90)).date().isoformat()
            body = {"name": name, "customer": CUSTOMER, "manager": "lea.project", "starts_on": began}
            await send(owner.put(url, json=body))
        found = await send(owner.get(url))
        if found.json()["completed_on"] is None:
            await send(owner.post(f"{url}/complete", json=completed, headers={"If-Match": found.headers["ETag"]}))

    async def due() -> Json | None:
        items: list[Json] = (await send(desk.get(_FOLLOW_UPS, params={"project": "mail-move"}))).json()["items"]
        return items[0] if items else None

    follow_up = await wait_for("the follow-up falls due", due)
    if follow_up["state"] == "due":
        said = {
            "score": 4,
            "answers": [{"question": "Was everything there on Monday?", "answer": "Yes, but two shared folders."}],
            "comment": "Well announced.",
        }
        await send(desk.post(f"{_FOLLOW_UPS}/{follow_up['id']}/answers", json=said))


async def _once(desk: httpx.AsyncClient, url: str, **body: Any) -> Json:
    """What has this title: there already, or now."""
    found: list[Json] = (await send(desk.get(url, params={"limit": 200}))).json()["items"]
    known = next((one for one in found if one["title"] == body["title"]), None)
    if known is None:
        record: Json = (await send(desk.post(url, json=body))).json()
        return record
    whole: Json = (await send(desk.get(f"{url}/{known['id']}"))).json()
    return whole

"""The demonstration's surveys: a yearly one that is closed, analysed and answered for, and an anonymous one that runs.
Told through REST and the pages of the links, step by step, so that a start cut short can be taken up again."""

import asyncio
import csv
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import httpx

from services.demonstration.people import People, send, wait_for
from services.demonstration.promises import CUSTOMER
from services.demonstration.respondents import Person, does_answer, fill_in, list_people, write_population
from shared.auth import Role

Json = dict[str, Any]
_CAMPAIGNS = "/satisfaction/v1/campaigns"
_QUESTIONNAIRES = "/satisfaction/v1/questionnaires"
_KEY = "service-quality"
_CLAUSES = {"s10": "response", "s07": "resolution"}
"""Which statement asks about which clause of the agreement (R84)."""
_AT_ONCE = 20
_RUNNING = [Person(f"DAY-{number:02}", "Lindgren Foods", "en") for number in range(1, 25)]
_CSAT: Json = {
    "kind": "rating",
    "key": "csat",
    "measures": "csat",
    "required": True,
    "wording": {"en": "How satisfied are you with our service in all?", "zh-CN": "您对我们的服务总体满意吗？"},
    "low_label": {"en": "not at all", "zh-CN": "非常不满意"},
    "high_label": {"en": "entirely", "zh-CN": "非常满意"},
}
_NPS: Json = {
    "kind": "rating",
    "key": "nps",
    "measures": "nps",
    "low": 0,
    "high": 10,
    "wording": {"en": "Would you recommend us to a colleague?", "zh-CN": "您会向同事推荐我们吗？"},
    "low_label": {"en": "never", "zh-CN": "绝不会"},
    "high_label": {"en": "certainly", "zh-CN": "一定会"},
}


async def ask(people: People, now: datetime) -> None:
    """The yearly survey up to its answers, and one that can be answered now."""
    quality = people.speak(Role.QUALITY_MANAGER, "qin.quality")
    await _write_questionnaire(quality)
    url = await _ask_everybody(people, quality)
    await _ask_in_passing(people, now)
    await _assign(people, quality, url, now)


async def _write_questionnaire(quality: httpx.AsyncClient) -> None:
    """R84, R175: the 22 statements of SERVQUAL, two of them about what was promised, behind two scores."""
    if (await quality.get(f"{_QUESTIONNAIRES}/{_KEY}")).status_code != 404:
        return
    content: Json = (await send(quality.get(f"{_QUESTIONNAIRES}/servqual_22"))).json()["content"]
    found = (await send(quality.get("/metrics/v1/agreements", params={"customer": CUSTOMER}))).json()["items"]
    number = found[0]["number"]
    for item in content["items"]:
        if item["key"] in _CLAUSES:
            item["clauses"] = [f"{number}/{_CLAUSES[item['key']]}"]
    content["items"] = [_CSAT, _NPS, *content["items"]]
    content["title"] = {"en": "How good is our service?", "zh-CN": "我们的服务怎么样？"}
    await send(quality.put(f"{_QUESTIONNAIRES}/{_KEY}", json=content))
    await send(quality.post(f"{_QUESTIONNAIRES}/{_KEY}/publish", headers={"If-Match": "*"}))


async def _ask_everybody(people: People, quality: httpx.AsyncClient) -> str:
    """The yearly one, up to its close; returns where it is."""
    terms = {
        "title": "Service quality of the year",
        "kind": "company",
        "questionnaire_key": _KEY,
        "margin": 0.15,
        "expected_response_rate": 0.6,
    }
    campaign = await _launch(quality, terms, list_people())
    url = f"{_CAMPAIGNS}/{campaign['id']}"
    if campaign["state"] == "launched":
        await _answer_links(people, quality, campaign)
        await send(quality.post(f"{url}/close", headers={"If-Match": "*"}))
    return url


async def _ask_in_passing(people: People, now: datetime) -> None:
    """R121, R172: an ad hoc survey after a change, anonymous, still running."""
    desk = people.speak(Role.SERVICE_DESK, "mei.desk")
    terms = {
        "title": "After the new assignment rules",
        "kind": "ad_hoc",
        "occasion": "Assignment by rule on arrival",
        "customer": "Lindgren Foods",
        "questionnaire_key": "csat",
        "anonymous": True,
        "closes_at": (now + timedelta(days=14)).isoformat(),
        "margin": 0.1,
        "expected_response_rate": 0.9,
        "rest_days": 0,
    }
    campaign = await _launch(desk, terms, _RUNNING)
    if campaign["state"] == "launched":
        await _answer_links(people, desk, campaign)


async def _launch(conductor: httpx.AsyncClient, terms: Json, asked: list[Person]) -> Json:
    """The campaign of this title, launched at least."""
    found: list[Json] = (await send(conductor.get(_CAMPAIGNS, params={"limit": 200}))).json()["items"]
    known = next((one for one in found if one["title"] == terms["title"]), None)
    if known is not None and known["state"] != "draft":
        return known
    draft: Json = known or (await send(conductor.post(_CAMPAIGNS, json=terms))).json()
    url = f"{_CAMPAIGNS}/{draft['id']}"
    file = write_population(asked)
    kind = {"Content-Type": "text/csv; charset=utf-8"}
    await send(conductor.post(f"{url}/population", params={"mode": "replace"}, content=file, headers=kind))
    await send(conductor.post(f"{url}/draw", json={"seed": "demonstration"}, headers={"If-Match": "*"}))
    launched: Json = (await send(conductor.post(f"{url}/launch", headers={"If-Match": "*"}))).json()
    return launched


async def _answer_links(people: People, conductor: httpx.AsyncClient, campaign: Json) -> None:
    """Whoever answers does so by the link, as from a phone; what was answered before is not among the links."""
    url = f"{_CAMPAIGNS}/{campaign['id']}"
    params = {"version": campaign["questionnaire_version"]}
    asked = await send(conductor.get(f"{_QUESTIONNAIRES}/{campaign['questionnaire_key']}", params=params))
    content = asked.json()["content"]
    exported = (await send(conductor.get(f"{url}/links.csv"))).content.decode("utf-8-sig")
    links = list(csv.DictReader(StringIO(exported)))
    stranger = people.visit()

    async def answer(row: Json) -> None:
        form = fill_in(row["reference"], content, row["language"])
        await send(stranger.post(httpx.URL(row["url"]).path, data=form))

    willing = [row for row in links if does_answer(row["reference"], row["stratum"])]
    for place in range(0, len(willing), _AT_ONCE):
        await asyncio.gather(*map(answer, willing[place : place + _AT_ONCE]))


async def _assign(people: People, quality: httpx.AsyncClient, url: str, now: datetime) -> None:
    """R54, R70: once it is analysed, two results ask for an answer, and one has it."""

    async def analysed() -> Json | None:
        found: Json = (await send(quality.get(url))).json()
        return found if found["analysed_at"] else None

    await wait_for("the survey is analysed", analysed)
    if (await send(quality.get(f"{url}/results"))).json()["items"]:
        return
    due = {"due_on": (now + timedelta(days=14)).date().isoformat()}
    quick = {
        "aspect": "dimension",
        "key": "responsiveness",
        "department": "Service desk",
        "person": "mei.desk",
        "question": "Customers are not told when it will be mended. What do we change, and from when on?",
    }
    thin = {
        "aspect": "risk",
        "key": "sampling_risk",
        "department": "Service desk",
        "person": "omar.operations",
        "question": "Few of City Library answered. How do we ask them next time?",
    }
    await send(quality.post(f"{url}/results", json={**quick, **due}))
    assigned = (await send(quality.post(f"{url}/results", json={**thin, **due}))).json()
    manager = people.speak(Role.OPERATIONS_MANAGER, "omar.operations")
    answer = {"answer": "All twelve of them are asked, by phone as well, and again after a week."}
    await send(manager.post(f"{url}/results/{assigned['id']}/answer", json=answer))

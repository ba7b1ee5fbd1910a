"""What the demonstration's organisation offers and has promised: its catalogue, and one agreement that both sides
signed. Told through REST, step by step, so that a start cut short can be taken up again."""

from datetime import datetime
from typing import Any

from services.demonstration.people import People, send
from services.demonstration.simulator import MONTHS, first_month, month_after
from shared.auth import Role

CUSTOMER = "Orchard Bank"
_TEAM = {"mail": "Ines Duarte", "erp": "Grace Mbeki", "network": "Yuki Mori", "workplace": "Lena Fischer"}
_CRITICALITY = {"mail": "high", "erp": "critical", "network": "high", "workplace": "normal"}
_SERVICE_CLASS = {"mail": "core", "erp": "core", "network": "core", "workplace": "auxiliary"}
_NAMES = {
    "mail": "Mail and calendar",
    "erp": "Order management",
    "network": "Network and VPN",
    "workplace": "Workplace",
}
_OFFICE = ["08:00-18:00"]
_AGREEMENTS = "/metrics/v1/agreements"


async def promise(people: People, now: datetime) -> None:
    """The catalogue, the office's calendar, and the agreement with Orchard Bank since the first month."""
    await _describe(people)
    await _agree(people, now)


async def _describe(people: People) -> None:
    owner = people.speak(Role.PROCESS_OWNER, "anna.process-owner")
    week = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), _OFFICE)
    office: dict[str, Any] = {"name": "Office hours", "zone": "UTC", "week": {**week, "saturday": [], "sunday": []}}
    await _put_new(owner, "/metrics/v1/calendars/office", office)
    for key, name in _NAMES.items():
        body = {
            "name": name,
            "service_class": _SERVICE_CLASS[key],
            "criticality": _CRITICALITY[key],
            "owner": _TEAM[key],
            "evaluation_cycle_months": 6,
        }
        if await _put_new(owner, f"/metrics/v1/services/{key}", body):
            await send(owner.post(f"/metrics/v1/services/{key}/publish", headers={"If-Match": '"1"'}))
    await _put_new(owner, f"/metrics/v1/customers/{CUSTOMER}", {"name": CUSTOMER, "segment": "finance"})


async def _put_new(owner: Any, url: str, body: dict[str, Any]) -> bool:
    """Whether it was not there yet."""
    if (await owner.get(url)).status_code != 404:
        return False
    await send(owner.put(url, json=body))
    return True


def _content(now: datetime) -> dict[str, Any]:
    start = first_month(now)
    end = month_after(start, 2 * MONTHS + 1)
    tickets = {"kind": "time", "clock": "elapsed", "priorities": []}
    return {
        "title": "Service for Orchard Bank",
        "customer": CUSTOMER,
        "services": list(_NAMES),
        "effective_from": start.isoformat(),
        "effective_to": end.isoformat(),
        "calendar": "office",
        "settled_by": "monthly",
        "fee": "20000",
        "currency": "CNY",
        "penalty_cap_percent": 15,
        "owner": "lea.project",
        "clauses": [
            {
                "key": "response",
                "title": "First response within two hours",
                "terms": {**tickets, "what": "response", "within_minutes": 120, "attainment": 0.9},
            },
            {
                "key": "resolution",
                "title": "Normal incidents resolved within a day",
                "terms": {
                    **tickets,
                    "what": "resolution",
                    "within_minutes": 1440,
                    "attainment": 0.75,
                    "priorities": ["3 - normal"],
                },
                "penalty": {
                    "tiers": [{"low": 0.6, "high": 0.75, "percent_of_fee": 5}, {"high": 0.6, "percent_of_fee": 10}]
                },
            },
        ],
        "exemptions": [
            {"key": "force-majeure", "title": "Force majeure", "text": "Flood, war, a power cut of the whole city."}
        ],
        "glossary": [
            {"term": "Resolved", "meaning": "The service can be used again, says the resolver, and nobody reopens it."}
        ],
    }


async def _agree(people: People, now: datetime) -> None:
    lead = people.speak(Role.PROJECT_MANAGER, "lea.project")
    head = people.speak(Role.DEPARTMENT_HEAD, "hao.head")
    customer = people.speak(Role.CUSTOMER, "olga.orchard", customer=CUSTOMER)
    found = (await send(lead.get(_AGREEMENTS, params={"customer": CUSTOMER}))).json()["items"]
    record = found[0] if found else (await send(lead.post(_AGREEMENTS, json=_content(now)))).json()
    url = f"{_AGREEMENTS}/{record['id']}"
    if record["state"] == "design":
        await send(lead.post(f"{url}/negotiate", headers=await _version(lead, url)))
        record["state"] = "negotiating"
    if record["state"] == "negotiating":
        digest = (await send(lead.get(url))).json()["digest"]
        for party, side in (("provider", head), ("customer", customer)):
            subjects = ["content", "glossary", "exemptions"]
            await send(side.post(f"{url}/confirm", json={"party": party, "subjects": subjects, "digest": digest}))
        signed = {"reason": "Both sides confirmed it in writing before the first month."}
        await send(head.post(f"{url}/sign", json=signed, headers=await _version(head, url)))


async def _version(client: Any, url: str) -> dict[str, str]:
    return {"If-Match": (await send(client.get(url))).headers["ETag"]}

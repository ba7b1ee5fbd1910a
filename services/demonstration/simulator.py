"""An organisation of our own making: six months of incidents with a real-looking improvement in them.

Seeded, and placed on the calendar by the first day of the present month alone: the same every time.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from shared.ticketing.facts import TicketFacts

SOURCE = "demo-desk"
MONTHS = 6
_SEED = 28827
_A_MONTH = 150
_SLA_HOURS = {"1 - critical": 4.0, "2 - high": 8.0, "3 - normal": 24.0, "4 - low": 72.0}
_PRIORITIES = (("1 - critical", 5), ("2 - high", 20), ("3 - normal", 55), ("4 - low", 20))
_SERVICES = {"mail": "messaging", "erp": "applications", "network": "infrastructure", "workplace": "service desk"}
_CUSTOMERS = ("Harbour Clinic", "Lindgren Foods", "Tianhe Logistics", "City Library", "Orchard Bank")
_RESOLVERS = {
    "messaging": ("Ines Duarte", "Pavel Novák"),
    "applications": ("陈思远", "Grace Mbeki"),
    "infrastructure": ("Tom Okafor", "Yuki Mori"),
    "service desk": ("Lena Fischer", "王磊"),
}
_TITLES = {
    "mail": ("Mail is not delivered", "Shared mailbox is missing", "Calendar invitations vanish"),
    "erp": ("Month-end report fails", "Order cannot be saved", "Invoice printing hangs"),
    "network": ("VPN drops every hour", "Branch office is offline", "Wi-Fi is slow on floor 3"),
    "workplace": ("Laptop does not start", "Printer jams", "New colleague has no access"),
}
_SLOWNESS = (0.58, 0.57, 0.95, 0.52, 0.48, 0.50, 0.50)
"""How long things take in each month, relative to their SLA: the third goes wrong, and the change follows it."""


@dataclass(frozen=True, slots=True)
class Call:
    """What the desk's callback brought, decided by the ticket alone: `hours` after the resolution."""

    outcome: str
    hours: float
    solved: str
    score: int
    comment: str | None


def first_month(now: datetime) -> date:
    """The first of the six months before the present one."""
    index = now.year * 12 + now.month - 1 - MONTHS
    return date(index // 12, index % 12 + 1, 1)


def month_after(month: date, count: int) -> date:
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def simulate(now: datetime) -> Iterator[TicketFacts]:
    """Every update of every ticket up to `now`, ticket by ticket, in order."""
    start = first_month(now)
    for index in range(MONTHS + 1):
        month = month_after(start, index)
        for number in range(_A_MONTH):
            for update in _course(month, index, number):
                if update.updated_at <= now:
                    yield update


def _course(month: date, index: int, number: int) -> list[TicketFacts]:
    random = Random(f"{_SEED}/{index}/{number}")
    priority = random.choices([p for p, _ in _PRIORITIES], [weight for _, weight in _PRIORITIES])[0]
    service = random.choice(list(_SERVICES))
    group = _SERVICES[service]
    length = (month_after(month, 1) - month).days
    opened = datetime(month.year, month.month, 1, tzinfo=UTC) + timedelta(
        days=random.randrange(length), hours=random.triangular(7, 19, 10), minutes=random.randrange(60)
    )
    opened = opened.replace(second=0, microsecond=0)
    sla = _SLA_HOURS[priority]
    hours = sla * _SLOWNESS[index] * math.exp(random.gauss(0, 0.45))
    described = {
        "source": SOURCE,
        "external_id": f"INC{index + 1}{number:04d}",
        "title": random.choice(_TITLES[service]),
        "priority": priority,
        "service": service,
        "customer": random.choice(_CUSTOMERS),
        "group": group,
        "category": service,
        "opened_at": opened,
    }
    resolver = random.choice(_RESOLVERS[group])
    responded = opened + timedelta(minutes=round(min(hours * 60, random.expovariate(1 / 35) + 3)))
    resolved = opened + timedelta(minutes=round(max(hours * 60, 5)))
    course = [
        TicketFacts(**described, state="new", updated_at=opened),
        TicketFacts(**described, state="in_progress", updated_at=responded),
        TicketFacts(**described, state="resolved", updated_at=resolved, resolver=resolver, cause=_cause(random)),
    ]
    if random.random() < (0.05 if index == 2 else 0.02):
        reopened = resolved + timedelta(hours=random.uniform(2, 30))
        resolved = reopened + timedelta(hours=random.uniform(1, 12))
        course.append(TicketFacts(**described, state="in_progress", updated_at=reopened))
        course.append(TicketFacts(**described, state="resolved", updated_at=resolved, resolver=resolver))
    closed = resolved + timedelta(days=2)
    course.append(TicketFacts(**described, state="closed", updated_at=closed, sla_met=hours <= sla))
    return course


def _cause(random: Random) -> str:
    return random.choices(("human error", "software", "hardware", "supplier", "unknown"), (38, 27, 12, 10, 13))[0]


def simulate_call(external_id: str, month_index: int) -> Call:
    """How the callback on a ticket went; the last month's desk was short of people."""
    random = Random(f"{_SEED}/{external_id}")
    on_time, late = (0.76, 0.92) if month_index == MONTHS - 1 else (0.94, 0.98)
    draw = random.random()
    if draw > late:
        return Call("unreachable", random.uniform(1, 8), "yes", 3, None)
    hours = random.uniform(1, 22) if draw < on_time else random.uniform(25, 60)
    unhappy = random.random() < (0.22 if month_index == 2 else 0.06)
    if unhappy:
        solved = random.choices(("partly", "no"), (7, 3))[0]
        return Call("completed", hours, solved, random.randint(1, 3), "It took too long and nobody told us why.")
    return Call("completed", hours, "yes", random.choices((3, 4, 5), (1, 4, 5))[0], None)

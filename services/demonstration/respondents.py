"""Whom the demonstration's surveys ask, and what each of them answers.

Seeded by the reference of a person alone: whoever is drawn answers the same every time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

_SEED = 28827
_PEOPLE = {"Harbour Clinic": 80, "Lindgren Foods": 60, "Tianhe Logistics": 70, "City Library": 12, "Orchard Bank": 90}
_WILLING = {"City Library": 0.25}
"""How many of those who are asked answer; of everybody else two thirds."""
_NEVER_ALONE = 4
_LET_DOWN = {"s10": 1.4, "s13": 1.1}
"""By how much the service stays behind what is expected: nobody says when it will be mended, nor has time to answer."""
_DIMENSIONS = ("tangibles", "reliability", "responsiveness", "assurance", "empathy")
_COMMENTS = (
    "I never know when it will be mended.",
    "Please call back before noon.",
    "=Friendly people, slow forms",
    "Keep the second dispatcher in the morning!",
)
_COMMENTS_ZH = ("希望提前告知修复时间。", "服务态度很好，但排队时间长。")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a customer, with the language that they read."""

    reference: str
    customer: str
    language: str


def list_people() -> list[Person]:
    """The population of the yearly survey: everybody who uses the service."""
    return [
        Person(f"{_initials(customer)}-{number:03}", customer, "zh-CN" if customer == "Tianhe Logistics" else "en")
        for customer, size in _PEOPLE.items()
        for number in range(1, size + 1)
    ]


def write_population(people: Sequence[Person]) -> str:
    """The same as the file that is uploaded, a stratum a customer."""
    rows = [f"{one.reference},{one.language},{one.customer},{one.customer}" for one in people]
    return "\n".join(["reference,language,stratum,customer", *rows]) + "\n"


def does_answer(reference: str, stratum: str) -> bool:
    """Whether this person answers at all."""
    number = int(reference.rpartition("-")[2])
    if stratum in _WILLING:
        return number % _NEVER_ALONE == 0
    return Random(f"{_SEED}/{reference}/willing").random() < 2 / 3


def fill_in(reference: str, content: Mapping[str, Any], language: str) -> dict[str, str]:
    """The form that this person sends, by the names of its fields; the content is a questionnaire's."""
    random = Random(f"{_SEED}/{reference}")
    mood, demand = random.gauss(0, 0.7), random.gauss(0, 0.6)
    content_with = {name: random.gauss(0, 0.45) for name in _DIMENSIONS}
    form: dict[str, str] = {}
    for item in content["items"]:
        name, kind = f"a.{item['key']}", item["kind"]
        if kind == "pair":
            wanted = 5.6 + demand + random.gauss(0, 0.35)
            got = wanted + content_with[item["dimension"]] - _LET_DOWN.get(item["key"], 0.0) + random.gauss(0, 0.3)
            form[f"{name}.expectation"] = _step(wanted, item)
            form[f"{name}.perception"] = _step(got, item)
        elif kind == "rating":
            span = item["high"] - item["low"]
            form[name] = _step(item["low"] + span * (0.74 + mood / 6 + random.gauss(0, 0.12)), item)
        elif kind == "text" and random.random() < 0.2:
            form[name] = random.choice(_COMMENTS_ZH if language == "zh-CN" else _COMMENTS)
    return form


def _initials(customer: str) -> str:
    return "".join(word[0] for word in customer.split())


def _step(value: float, item: Mapping[str, Any]) -> str:
    return str(min(item["high"], max(item["low"], round(value))))

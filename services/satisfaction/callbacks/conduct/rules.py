"""What is asked about conduct (R185: no argument, explain faults promptly; SERVQUAL's courtesy)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from shared.problems import Malformed, Problem

Dimension = Literal["tangibles", "reliability", "responsiveness", "assurance", "empathy"]
"""SERVQUAL's five dimensions of quality; courtesy belongs to assurance."""


class ItemExists(Problem):
    """A key names one item."""

    status = 409


class ItemRetired(Problem):
    """What is asked no more is not reworded."""

    status = 409


@dataclass(frozen=True, slots=True)
class Item:
    """One statement about the engineer, scored from 1 (not at all) to 5 (fully); a rewording is a new version."""

    key: str
    version: int
    dimension: Dimension
    wording_en: str
    wording_zh: str
    retired: bool = False

    def wording(self, language: str) -> str:
        return self.wording_zh if language.startswith("zh") else self.wording_en


BUILT_IN = {
    item.key: item
    for item in (
        Item("courtesy", 1, "assurance", "Polite and friendly", "态度礼貌友好"),
        Item("no_argument", 1, "assurance", "Stayed calm and did not argue", "冷静沟通，没有争执"),
        Item("explained", 1, "responsiveness", "Explained the fault promptly", "及时说明了故障原因"),
        Item("kept_informed", 1, "responsiveness", "Said what would happen and when", "告知了处理步骤和时间"),
        Item("listened", 1, "empathy", "Listened to what I needed", "认真倾听我的需求"),
    )
}


def combine(written: Iterable[Item]) -> dict[str, Item]:
    """The items by key: those that are built in, and instead of or beside them what was written here."""
    return {**BUILT_IN, **{item.key: item for item in written}}


def list_asked(items: Mapping[str, Item]) -> list[Item]:
    """Those that are asked, in order."""
    return [item for item in items.values() if not item.retired]


def check_known(items: Mapping[str, Item], keys: Iterable[str]) -> None:
    """Raises `Malformed` for an item that is not asked: names it and those that are."""
    asked = [item.key for item in list_asked(items)]
    for key in keys:
        if key not in asked:
            raise Malformed(f"body.conduct.{key}: no such item; there are {', '.join(asked) or 'none'}")

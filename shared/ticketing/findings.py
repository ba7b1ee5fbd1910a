"""What the test of a connection found."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried: whether it went, and what was seen or what would be right."""

    what: str
    ok: bool
    detail: str


class TestView(BaseModel):
    """What a test of the connection found; `works` when everything that was tried went."""

    __test__ = False

    works: bool
    findings: list[Finding]

    @classmethod
    def of(cls, findings: Sequence[Finding]) -> "TestView":
        return cls(works=all(finding.ok for finding in findings), findings=list(findings))

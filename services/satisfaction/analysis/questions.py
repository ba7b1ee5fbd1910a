"""What the workers are asked. Light to import, so that the service may hold it without NumPy."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.satisfaction.analysis.schemas import Facts, Previous
from services.satisfaction.questionnaires.schemas import Content

END = b"\\.\n"
"""The line that ends COPY text."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Ready(_Value):
    """It is done."""

    ready: bool = True


class StratumCount(_Value):
    """How many people a stratum has, were drawn and invited, and whose answers came as a sheet."""

    stratum: str
    population: int
    drawn: int
    invited: int
    sheets: int = 0


class AnalyseCampaign(_Value):
    """The answers are lines of Postgres's COPY text in the file at `path`: stratum, segment, customer, department, and
    the answers as JSON. The file may still be written; its last line is `END`."""

    kind: Literal["analyse"] = "analyse"
    facts: Facts
    content: Content
    strata: tuple[StratumCount, ...]
    margin: float
    confidence: float
    previous: Previous | None
    path: str


class MakeWorkbook(_Value):
    """Rows that lie as lines of JSON at `rows_path` become a workbook at `path`."""

    kind: Literal["workbook"] = "workbook"
    rows_path: str
    path: str

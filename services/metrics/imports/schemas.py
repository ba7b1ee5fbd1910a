"""What the imports' REST takes and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.fields import Body, Key, Name

Format = Literal["servicenow-csv"]


class ImportBody(Body):
    """A file to import: `digest` is the SHA-256 (hex) of its uncompressed content, `rows` its data rows.

    The same file on the same connection is the same import: it goes on where it stopped.
    """

    format: Format
    connection: Key = "servicenow"
    filename: Name
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    rows: Annotated[int, Field(ge=0, le=1_000_000_000)]


class ImportView(BaseModel):
    """How far an import has come. While it runs no month is judged; one not heard of for a minute holds nothing up."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    format: Format
    connection: str
    filename: str
    digest: str
    rows: int
    rows_done: int
    accepted: int
    changed: int
    quarantined: int
    state: Literal["running", "finished"]
    started_by: str
    started_at: datetime
    finished_at: datetime | None


class ChunkResult(BaseModel):
    """What this chunk brought; all zero for one that was taken before."""

    rows_done: int
    accepted: int
    changed: int
    quarantined: int

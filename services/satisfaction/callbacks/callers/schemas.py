"""What is taken and answered of who calls customers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from shared.fields import Body, Name


class CallerBody(Body):
    """How the ticketing systems name this person, where that is neither the token's subject nor its name."""

    names: Annotated[list[Name], Field(max_length=20)]


class CallbackCaller(BaseModel):
    """Somebody who calls customers: `subject` as in the token, `names` as the tickets name a resolver."""

    subject: str
    names: Sequence[str]
    updated_at: datetime
    updated_by: str
    version: int

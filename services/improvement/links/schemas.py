"""What comes in and goes out over REST for links."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from services.improvement.links.rules import LinkKind
from shared.fields import Body, Name, Text, Written

WebAddress = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=2000),
    Written(r"^https?://[^\s\x00-\x1f\x7f\"'<>]{1,1990}$", "an address of the web, as https://wiki.example/page"),
]
"""An address that a page may link to: http or https, nothing that a browser would run."""


class LinkBody(Body):
    """What it is (`kind`) and how it is known there (`reference`: a number or an id); for people a title and an
    address."""

    kind: LinkKind
    reference: Name
    title: Name | None = None
    url: WebAddress | None = None


class RemovalBody(Body):
    reason: Text


class LinkView(BaseModel):
    """One link; a removed one says by whom, when and why."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    improvement_id: UUID
    kind: LinkKind
    reference: str
    title: str | None
    url: str | None
    linked_by: str
    linked_at: datetime
    removed_by: str | None
    removed_at: datetime | None
    removal_reason: str | None


class LinkedView(LinkView):
    """A link with the record that it comes from."""

    number: str
    improvement_title: str
    state: str

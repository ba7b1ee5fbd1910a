"""What the items of conduct take and answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from services.satisfaction.callbacks.conduct.rules import Dimension
from shared.fields import Body, Key, Name

ItemKey = Annotated[Key, Field(max_length=60)]


class ItemBody(Body):
    """One statement about the engineer, in both languages; the customer scores it from 1 to 5."""

    dimension: Dimension
    wording_en: Name
    wording_zh: Name


class NewItem(ItemBody):
    """An item of your own; `key` is what answers are stored by."""

    key: ItemKey


class ItemVersion(BaseModel):
    """A wording; `written_at` and `written_by` are null for what is built in."""

    version: int
    dimension: Dimension
    wording_en: str
    wording_zh: str
    retired: bool
    written_at: datetime | None = None
    written_by: str | None = None


class ConductItem(ItemVersion):
    """An item as it is asked now; a retired one is asked no more."""

    key: str


class ConductItemWithVersions(ConductItem):
    """The item with every wording that it had, oldest first."""

    versions: Sequence[ItemVersion]

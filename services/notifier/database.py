"""The notifier schema."""

from sqlalchemy import DateTime
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.database import Spine

spine = Spine("notifier")

MOMENT = DateTime(timezone=True)
"""The type of every column that holds a time."""


class Record(SQLModel, registry=registry(metadata=spine.metadata)):
    """The base of this schema's mapped tables. SQLModel does not validate tables: none is ever a request's body."""

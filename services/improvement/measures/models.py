"""What is known here of the measures: enough to write their values as people do."""

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from services.improvement.database import Record


class Measure(Record, table=True):
    """The newest version that metrics told of."""

    __tablename__ = "measures"

    key: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(sa_type=BigInteger)
    name: str = Field(sa_type=Text)
    unit: str = Field(sa_type=Text)
    direction: str = Field(sa_type=Text)

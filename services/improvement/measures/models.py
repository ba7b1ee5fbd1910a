"""What is known here of the measures: enough to write their values as people do."""

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from services.improvement.database import Record


class Measure(Record):
    """The newest version that metrics told of."""

    __tablename__ = "measures"

    key: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str]
    unit: Mapped[str]
    direction: Mapped[str]

"""What the satisfaction index says (R186, R204)."""

from datetime import date
from typing import Literal

from pydantic import BaseModel

By = Literal["service", "customer", "group", "segment"]
"""By what the index is told apart. Surveys know no group; of a segment they tell what their analysis found."""


class IndexPoint(BaseModel):
    """One month and one mode. `index` is the mean of what `n` people answered, every scale stretched to 0 to 100; of
    callbacks (phone, email, chat, visit, link) it is (score − 1) · 25. `mode` is survey for campaigns, in the month of
    their close, with the interval of their analysis where one campaign made the point; modes are never added up."""

    month: date
    mode: str
    value: str | None
    index: float
    low: float | None
    high: float | None
    n: int
    campaigns: tuple[str, ...] = ()

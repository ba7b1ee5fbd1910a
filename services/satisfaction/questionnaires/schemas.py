"""What a questionnaire is made of, what its builder takes, and what is answered (R84, R175)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.fields import Body

Language = Literal["en", "zh-CN"]
_NO_NUL = r"^[^\x00]*$"
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=_NO_NUL)]
Wording = Annotated[dict[Language, Line], Field(min_length=1)]
"""The same words in one or both languages; who reads a language that is missing gets the other one."""

ItemKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
Group = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=_NO_NUL)]
ClauseRef = Annotated[str, StringConstraints(pattern=r"^[^\x00/]{1,100}/[a-z][a-z0-9_.-]{0,99}$")]
"""A clause of an agreement: `SLA-2026-0001/response`."""

Answer = int | str | list[str] | dict[str, int]


class Condition(Body):
    """Asked only of those who answered an earlier item so."""

    item: ItemKey
    one_of: Annotated[tuple[int | str, ...], Field(min_length=1, max_length=50)]


class _Item(Body):
    """`dimension` and `process` (ITIL) are what its answers are gathered by; `clauses` are those whose indicators it
    asks about (R84)."""

    key: ItemKey
    wording: Wording
    required: bool = False
    dimension: Group | None = None
    process: Group | None = None
    show_if: Condition | None = None
    clauses: Annotated[tuple[ClauseRef, ...], Field(max_length=50)] = ()


class RatingItem(_Item):
    """A step of a scale from `low` to `high`; from `satisfied_from` on the answer counts as satisfied (F4), by default
    the upper two steps. `measures` says what the answers make: the score of CSAT, NPS (0 to 10) or CES, or just this
    rating. Nothing is chosen beforehand."""

    kind: Literal["rating"] = "rating"
    low: Annotated[int, Field(ge=0, le=1)] = 1
    high: Annotated[int, Field(ge=2, le=10)] = 5
    low_label: Wording | None = None
    high_label: Wording | None = None
    satisfied_from: int | None = None
    measures: Literal["csat", "nps", "ces"] | None = None

    @model_validator(mode="after")
    def _fits_its_score(self) -> "RatingItem":
        if self.satisfied_from is not None and not self.low < self.satisfied_from <= self.high:
            raise ValueError(f"satisfied_from: must lie above {self.low} and not above {self.high}")
        if self.measures == "nps" and (self.low, self.high) != (0, 10):
            raise ValueError("measures: NPS is asked from 0 to 10")
        return self

    @property
    def satisfied(self) -> int:
        return self.high - 1 if self.satisfied_from is None else self.satisfied_from


class PairItem(_Item):
    """SERVQUAL: one statement, answered for how it should be (expectation) and for how it is (perception)."""

    kind: Literal["pair"]
    low: Annotated[int, Field(ge=0, le=1)] = 1
    high: Annotated[int, Field(ge=2, le=10)] = 7
    dimension: Group


class ChoiceItem(_Item):
    """One of the options, or several where `multiple`. An option's key is what is stored."""

    kind: Literal["choice"]
    options: Annotated[dict[ItemKey, Wording], Field(min_length=2, max_length=50)]
    multiple: bool = False


class TextItem(_Item):
    """What somebody writes, shown as text wherever it is shown."""

    kind: Literal["text"]
    longest: Annotated[int, Field(ge=1, le=5000)] = 2000


Item = Annotated[RatingItem | PairItem | ChoiceItem | TextItem, Field(discriminator="kind")]


class Content(Body):
    """A whole questionnaire. `weights` are those of the dimensions in the weighted gap (F21: they add up to 1); left
    out, every dimension weighs the same."""

    title: Wording
    introduction: Wording | None = None
    thanks: Wording | None = None
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=200)]
    weights: Annotated[dict[Group, Annotated[float, Field(ge=0, le=1)]], Field(max_length=50)] = Field(default={})


class QuestionnaireSummary(BaseModel):
    """A questionnaire as lists show it; `version` is the newest."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    version: int
    state: Literal["draft", "published"]
    built_in: bool
    title: dict[str, str]
    items: int
    updated_at: datetime | None
    updated_by: str | None


class QuestionnaireView(QuestionnaireSummary):
    """One version with all of it. A published one never changes: `digest` is the sha256 of its content."""

    content: Content
    digest: str
    edit: int
    published_at: datetime | None
    published_by: str | None


def wording_of(wording: dict[Any, str], language: str) -> str:
    """In this language, or in the other one where that is all there is."""
    return wording.get(language) or next(iter(wording.values()))

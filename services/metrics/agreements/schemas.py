"""What the agreements' REST takes and answers. Money is decimal, in the agreement's currency, to the cent."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.metrics.agreements.rules import Action, Party, State, Subject
from services.metrics.clauses.terms import Penalty, Percent, Promise, Terms
from services.metrics.measures.periods import Frequency
from shared.fields import Body, Name, Text, Written

Day = Annotated[date, Field(ge=date(1990, 1, 1), le=date(2199, 12, 31))]
ClauseKey = Annotated[
    str,
    Written(
        r"^[a-z][a-z0-9_-]{0,59}$",
        "a key, as response_time: lower case, a letter first, then letters, digits, '_' and '-', at most 60 in all",
    ),
]
Currency = Annotated[str, Written(r"^[A-Z]{3}$", "a currency's code, as CNY or EUR")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def _to_cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"))


Money = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2), AfterValidator(_to_cents)]


class ClauseBody(Body):
    """One promise: what (`terms`), and what a miss costs (`penalty`)."""

    key: ClauseKey
    title: Name
    terms: Terms
    penalty: Penalty | None = None


class Exemption(Body):
    """R168: when the provider is not liable, for example force majeure. Its key is what an exclusion refers to."""

    key: ClauseKey
    title: Name
    text: Text


class Term(Body):
    """R171: what a word means in this agreement."""

    term: Name
    meaning: Text


class Need(Body):
    """R161: a quality need of the customer, where it was learnt (a survey, a meeting), and the clause that answers it.

    It is the provider's own analysis: not part of what the parties sign.
    """

    need: Text
    source: Name
    clause: ClauseKey | None = None


class AgreementBody(Body):
    """The content of an agreement (R110). It counts from `effective_from` to `effective_to`, both included, in the
    installation's time zone. `fee` is that of one settlement period; `penalty_cap_percent` limits all penalties of a
    period. `calendar` is the key of a calendar: the hours that business time counts."""

    title: Name
    customer: Name
    project: Name | None = None
    services: Annotated[tuple[Name, ...], Field(min_length=1, max_length=50)]
    effective_from: Day
    effective_to: Day
    calendar: Name = "always"
    settled_by: Frequency = "monthly"
    fee: Money
    currency: Currency = "CNY"
    penalty_cap_percent: Percent | None = None
    notice_days: Annotated[int, Field(ge=0, le=730)] = 60
    owner: Name
    clauses: Annotated[tuple[ClauseBody, ...], Field(max_length=100)] = ()
    exemptions: Annotated[tuple[Exemption, ...], Field(max_length=50)] = ()
    glossary: Annotated[tuple[Term, ...], Field(max_length=500)] = ()
    needs: Annotated[tuple[Need, ...], Field(max_length=200)] = ()


class ConfirmBody(Body):
    """What a party confirms of the content with this `digest`.

    A customer's token confirms for its customer. Staff confirm for the provider; where they record what the customer
    signed, `signatory` and `evidence` (the document) are needed.
    """

    party: Party
    subjects: Annotated[tuple[Subject, ...], Field(min_length=1, max_length=4)]
    digest: Digest
    signatory: Name | None = None
    evidence: Name | None = None
    note: Text | None = None


class SignBody(Body):
    """`reason` is needed where the agreement counts from a day that has passed."""

    reason: Text | None = None


class Reason(Body):
    """Why."""

    reason: Text


class ConclusionBody(Body):
    """R113: what the review found. `keep` goes on as it is; `renegotiate` makes the next revision."""

    conclusion: Literal["keep", "renegotiate"]
    reason: Text


class RenewalBody(Body):
    """R114: when the successor counts; left out, from the day after the end, for as long as this one."""

    effective_from: Day | None = None
    effective_to: Day | None = None


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class AgreementSummary(_View):
    """`ended_on` is the last day on which it counted, once it has ended. `expiring`: its notice period has begun."""

    id: UUID
    number: str
    revision: int
    title: str
    customer: str
    project: str | None
    services: list[str]
    state: State
    effective_from: date
    effective_to: date
    ended_on: date | None
    owner: str
    digest: str
    predecessor_id: UUID | None
    expiring: bool


class LastValue(_View):
    """R74: the newest value that was told of a clause; `kept` is None without data."""

    period: date
    value: float | None
    n: int
    revision: int
    provisional: bool
    kept: bool | None


class ClauseView(_View):
    """A clause with what it promises in figures, the measure that it made (R89) and its newest value."""

    id: UUID
    key: str
    title: str
    terms: Terms
    penalty: Penalty | None
    promise: Promise
    measure_key: str | None
    last: LastValue | None


class ConfirmationView(_View):
    """`counts`: whether it is of the present content."""

    id: UUID
    party: Party
    subject: Subject
    digest: str
    counts: bool
    signatory: str
    evidence: str | None
    note: str | None
    confirmed_by: str
    confirmed_at: datetime


class HistoryLine(_View):
    """What happened; `digest` names the content as it was then."""

    id: int
    at: datetime
    actor: str
    action: str
    from_state: str | None
    to_state: str
    note: str | None
    digest: str


class HistoryView(HistoryLine):
    """With all of the `content` as it was written, where the action wrote it."""

    content: dict[str, Any] | None


class AgreementView(AgreementSummary):
    """One agreement. `missing` is what signing still needs, or ending it once it counts. `unanswered_needs` are the
    customer's needs without a clause (R161); `allowed` is what may be done now; `history` are the last 200 lines."""

    version: int
    calendar: str
    settled_by: Frequency
    fee: Money
    currency: str
    penalty_cap_percent: float | None
    notice_days: int
    reason: str | None
    signed_by: str | None
    signed_at: datetime | None
    successor_id: UUID | None
    clauses: list[ClauseView]
    exemptions: list[Exemption]
    glossary: list[Term]
    needs: list[Need]
    unanswered_needs: list[str]
    confirmations: list[ConfirmationView]
    missing: list[str]
    execution_confirmed: bool
    allowed: list[Action]
    history: list[HistoryLine]

"""Events of services that are yet to come: their published examples, each a matter of its own."""

from datetime import UTC, datetime
from typing import Any

from shared.events.envelope import Draft, Event, Fact, Origin, parse, serialise, typed
from shared.events.examples import example_of
from shared.ids import new_id

_OWN = {
    "nonconformity.raised": "nonconformity_id",
    "decision.recorded": "decision_id",
    "risk.raised": "risk_id",
    "complaint.received": "complaint_id",
    "complaint.escalated": "complaint_id",
    "survey.analysed": "campaign_id",
    "report.opinion_marked": "opinion_id",
    "dissatisfaction.recorded": "callback_id",
    "renegotiation.requested": "successor_id",
}


def make(name: str, **changes: Any) -> Any:
    """The example with an id of its own, changed."""
    example = example_of(f"ratchet.{name}.v1").data
    return example.model_copy(update={_OWN[name]: new_id(), **changes})


def as_event(fact: Fact) -> Event[Any]:
    """As it comes from elsewhere."""
    _, raw = serialise(Draft(fact, "subject", 1, Origin("somebody", "story")), "elsewhere", datetime.now(UTC))
    return typed(parse(raw), type(fact))

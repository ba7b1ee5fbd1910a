"""What pages call an agreement's states, actions, parties and clauses."""

from shared.pages import N_

STATES = {
    "design": (N_("Design"), "neutral"),
    "negotiating": (N_("Negotiating"), "accent"),
    "signed": (N_("Signed"), "accent"),
    "in_force": (N_("In force"), "good"),
    "under_review": (N_("Under review"), "warn"),
    "renewed": (N_("Renewed"), "neutral"),
    "terminated": (N_("Terminated"), "neutral"),
    "expired": (N_("Expired"), "neutral"),
}
SETTLEMENTS = {"draft": N_("draft"), "issued": N_("issued"), "confirmed": N_("confirmed by both")}
ACTIONS = {
    "design": N_("designed"),
    "edit": N_("content written"),
    "succeed": N_("begun as the next revision"),
    "negotiate": N_("handed to both parties"),
    "confirm": N_("confirmed"),
    "sign": N_("signed"),
    "come_into_force": N_("came into force"),
    "start_review": N_("review begun"),
    "conclude_review": N_("review concluded: kept"),
    "request_renegotiation": N_("sent back to negotiation"),
    "renew": N_("renewal begun"),
    "renewed": N_("renewed by its successor"),
    "expire": N_("expired"),
    "terminate": N_("terminated"),
}
PARTIES = {"provider": N_("Provider"), "customer": N_("Customer")}
SUBJECTS = {
    "content": N_("Content"),
    "glossary": N_("Glossary"),
    "exemptions": N_("Exemptions"),
    "execution": N_("Execution"),
}
KINDS = {
    "time": N_("Time"),
    "count": N_("Number"),
    "frequency": N_("Interval"),
    "clause": N_("Supply"),
}
CHANCES = {
    "no_history": (N_("no history"), "neutral"),
    "little_history": (N_("little history"), "warn"),
    "likely_kept": (N_("likely kept"), "good"),
    "likely_missed": (N_("likely missed"), "bad"),
    "uncertain": (N_("uncertain"), "warn"),
}
BASES = {
    "customer": N_("this customer's tickets"),
    "everybody": N_("all customers' tickets"),
    "measure": N_("its own measure"),
}
MISSING = (
    N_("a clause: an agreement promises something"),
    N_("the provider's confirmation of the content"),
    N_("the customer's confirmation of the content"),
    N_("the provider's confirmation of the glossary"),
    N_("the customer's confirmation of the glossary"),
    N_("the customer's acknowledgement of the exemptions"),
    N_("the provider's confirmation of the execution"),
    N_("the customer's confirmation of the execution"),
    N_("the settlement of every period: one is still open"),
)
"""All that `rules.find_missing_to_sign` and `rules.find_missing_to_end` say."""

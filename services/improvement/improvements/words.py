"""What pages call states, actions and fields."""

from shared.pages import N_

STATES = {
    "draft": (N_("Draft"), "neutral"),
    "submitted": (N_("Submitted"), "accent"),
    "approved": (N_("Approved"), "accent"),
    "implementing": (N_("Being implemented"), "accent"),
    "monitoring": (N_("Being watched"), "accent"),
    "verified": (N_("Verified"), "good"),
    "closed": (N_("Closed"), "good"),
    "rejected": (N_("Rejected"), "bad"),
    "on_hold": (N_("On hold"), "warn"),
    "withdrawn": (N_("Withdrawn"), "neutral"),
}
VERDICTS = {
    "effective": (N_("Effective"), "good"),
    "ineffective": (N_("Ineffective"), "bad"),
    "inconclusive": (N_("Inconclusive"), "warn"),
    "regressed": (N_("Regressed"), "bad"),
}
CHANGES = {
    "pending": (N_("To be raised"), "neutral"),
    "raised": (N_("Raised"), "accent"),
    "accepted": (N_("Accepted"), "accent"),
    "implemented": (N_("Implemented"), "good"),
    "failed": (N_("Failed"), "bad"),
    "cancelled": (N_("Cancelled"), "neutral"),
}
DECISIONS = {"approved": (N_("Approved"), "good"), "rejected": (N_("Rejected"), "bad")}
ORIGINS = {"gap": N_("A gap"), "person": N_("A person")}
MEASURE_TYPES = {"process": N_("Process"), "technology": N_("Technology"), "people": N_("People")}
ACTION_KINDS = {
    "immediate": N_("Immediate"),
    "corrective": N_("Corrective"),
    "preventive": N_("Preventive"),
    "improvement": N_("Improvement"),
}
DIRECTIONS = {"higher_is_better": N_("Higher is better"), "lower_is_better": N_("Lower is better")}
ACTIONS = {
    "submit": N_("Submit for approval"),
    "approve": N_("Approve"),
    "reject": N_("Reject"),
    "revise": N_("Revise"),
    "hold": N_("Put on hold"),
    "resume": N_("Resume"),
    "withdraw": N_("Withdraw"),
    "assess": N_("Ask for the evidence again"),
    "verify": N_("Sign the effect"),
    "close": N_("Close"),
}
HAPPENED = {
    "open": N_("Opened"),
    "edit": N_("Edited"),
    "submit": N_("Submitted for approval"),
    "approve": N_("Approved"),
    "reject": N_("Rejected"),
    "revise": N_("Revised: back to draft"),
    "hold": N_("Put on hold"),
    "resume": N_("Resumed"),
    "withdraw": N_("Withdrawn"),
    "assess": N_("Evidence asked for again"),
    "assessed": N_("Effect assessed"),
    "verify": N_("Effect signed"),
    "close": N_("Closed"),
    "gap_attached": N_("Another gap attached"),
    "gap_recurred": N_("The gap came again"),
    "gap_settled": N_("The gap is gone"),
    "change_raised": N_("Change raised"),
    "change_accepted": N_("Change accepted"),
    "change_implemented": N_("Change implemented"),
    "change_failed": N_("Change failed"),
    "baseline_set": N_("New baseline set"),
}
FIELDS = {
    "title": N_("Title"),
    "problem": N_("Problem"),
    "root_cause": N_("Root cause"),
    "measure_key": N_("Measure"),
    "scope": N_("Scope"),
    "target": N_("Target"),
    "measure_type": N_("Measure of type"),
    "action_kind": N_("Kind of action"),
    "plan": N_("Plan"),
    "tasks": N_("Tasks"),
    "owner": N_("Owner"),
    "resources": N_("Resources"),
    "budget": N_("Budget"),
    "expected_benefit": N_("Expected benefit"),
    "impact_assessment": N_("Impact of the change"),
    "planned_start": N_("Planned start"),
    "planned_end": N_("Planned end"),
    "verification_plan": N_("Verification plan"),
    "direction": N_("Direction"),
    "baseline_from": N_("Baseline from"),
    "baseline_to": N_("Baseline up to (first day behind it)"),
    "minimum_effect": N_("Minimum effect, in the measure's unit"),
    "settle_days": N_("Days to settle after the change"),
    "minimum_points": N_("Whole periods needed"),
    "minimum_n": N_("Cases needed"),
    "guard_measures": N_("Guard measures"),
    "alpha": N_("Significance level α"),
    "reason": N_("Reason"),
    "comment": N_("Comment"),
    "verdict": N_("Verdict"),
    "implemented_at": N_("Implemented at (UTC; empty: now)"),
    "state": N_("State"),
}

"""What pages call states, actions and fields, and what they say of a refusal."""

from services.improvement.approvals import rules as approval_rules
from services.improvement.effects import rules as effect_rules
from services.improvement.improvements import rules, service
from services.improvement.tasks import rules as task_rules
from shared.pages import N_
from shared.problems import Problem

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
    "superseded": (N_("Superseded"), "neutral"),
}
STEPS = {
    "waiting": (N_("Waiting"), "neutral"),
    "open": (N_("To be decided"), "accent"),
    "approved": (N_("Approved"), "good"),
    "rejected": (N_("Rejected"), "bad"),
    "expired": (N_("Expired"), "warn"),
    "superseded": (N_("Superseded"), "neutral"),
}
TASKS = {
    "planned": (N_("Planned"), "neutral"),
    "in_progress": (N_("In progress"), "accent"),
    "done": (N_("Done"), "good"),
    "dropped": (N_("Dropped"), "neutral"),
}
ORIGINS = {
    "gap": N_("A gap"),
    "nonconformity": N_("A nonconformity"),
    "decision": N_("A management review's decision"),
    "complaint": N_("A complaint"),
    "survey": N_("A survey"),
    "dissatisfaction": N_("A dissatisfied customer"),
    "meeting": N_("A meeting"),
    "report": N_("A report's opinion"),
    "risk": N_("A risk"),
    "person": N_("A person"),
    "regression": N_("A regression"),
    "renegotiation": N_("A renegotiation"),
}
SEVERITIES = {"low": N_("Low"), "medium": N_("Medium"), "high": N_("High"), "critical": N_("Critical")}
IMPACTS = {"low": N_("Low"), "medium": N_("Medium"), "high": N_("High"), "very_high": N_("Very high")}
EFFORTS = {"small": N_("Small"), "medium": N_("Medium"), "large": N_("Large")}
CLOSURES = {
    "achieved": N_("Achieved"),
    "partly_achieved": N_("Partly achieved"),
    "not_achieved": N_("Not achieved"),
    "superseded": N_("Superseded"),
}
SIGNALS = {
    "outlier": N_("a point beyond the limits"),
    "short_run": N_("three of four near a limit"),
    "long_run": N_("seven on one side of the centre"),
}
PARTS = {
    "analyst": N_("Analyst"),
    "process_owner": N_("Process owner"),
    "engineer": N_("Engineer"),
    "approver_informed": N_("Informed approver"),
    "observer": N_("Observer"),
    "customer": N_("Customer"),
}
INVITATIONS = {
    "invited": (N_("Invited"), "accent"),
    "joined": (N_("Joined"), "good"),
    "declined": (N_("Declined"), "warn"),
    "removed": (N_("Removed"), "neutral"),
}
ENTRIES = {"comment": N_("Comment"), "progress": N_("Progress"), "decision": N_("Decision")}
LINKS = {
    "gap": N_("Gap"),
    "nonconformity": N_("Nonconformity"),
    "complaint": N_("Complaint"),
    "risk": N_("Risk"),
    "meeting": N_("Meeting"),
    "ticket": N_("Ticket"),
    "annual_plan_item": N_("Item of the annual plan"),
    "document": N_("Document"),
    "improvement": N_("Improvement"),
}
SIDES = {"cost": N_("Cost"), "benefit": N_("Benefit")}
AMOUNTS = {"planned": N_("Planned"), "actual": N_("Actual")}
CATEGORIES = {
    "people": N_("People"),
    "material": N_("Material"),
    "money": N_("Money"),
    "tools": N_("Tools"),
    "training": N_("Training"),
    "time_saved": N_("Time saved"),
    "penalty_avoided": N_("Penalty avoided"),
    "revenue": N_("Revenue"),
    "other": N_("Other"),
}
CHECKS = {
    "due": (N_("To come"), "neutral"),
    "asked": (N_("Asked for"), "accent"),
    "held": (N_("Held"), "good"),
    "regressed": (N_("Regressed"), "bad"),
    "inconclusive": (N_("Inconclusive"), "warn"),
    "cancelled": (N_("Cancelled"), "neutral"),
}
PHASES = {"before": N_("Before"), "after": N_("After")}
ATTEMPTS = {
    "raised": N_("Raised"),
    "found": N_("Found: it was there already"),
    "failed": N_("Failed"),
}
PRIORITIES = {
    "1": N_("1, the highest"),
    "2": N_("2 or higher"),
    "3": N_("3 or higher"),
    "4": N_("4 or higher"),
    "5": N_("Any"),
}
OVERDUE = {"true": N_("Only what is overdue"), "false": N_("Nothing overdue")}
SORTS = {"newest": N_("Newest first"), "priority": N_("Highest priority first"), "due": N_("Due next first")}
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
    "inspected": N_("Checked independently"),
    "source_attached": N_("Another source attached"),
    "cycle_attached": N_("Attached to this cycle"),
    "sustain_checked": N_("Looked at again after closing"),
    "task_started": N_("Task started"),
    "task_overdue": N_("Task overdue"),
    "task_edited": N_("Task changed"),
    "task_dropped": N_("Task dropped"),
    "task_done": N_("Task done"),
    "task_approved": N_("Task approved"),
    "change_plan": N_("Changed after submission: to be approved again"),
    "task_added": N_("Task added"),
    "delegate": N_("Step handed over"),
    "approval_given": N_("Approval step given"),
    "approval_expired": N_("Approval expired: to be approved again"),
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
    "contribution": N_("Contribution"),
    "benefit": N_("Benefit"),
    "cost": N_("Cost"),
    "volume_unit": N_("Unit of the volume"),
    "volume": N_("Volume"),
    "period_to": N_("Up to"),
    "period_from": N_("From"),
    "kind": N_("Kind"),
    "day": N_("Day"),
    "evidence": N_("Evidence"),
    "currency": N_("Currency"),
    "amount": N_("Amount"),
    "url": N_("Address"),
    "reference": N_("Reference"),
    "person": N_("Who"),
    "decided_by": N_("Decided by"),
    "next_step": N_("Next step"),
    "percent": N_("Per cent"),
    "to": N_("To whom"),
    "body": N_("Text"),
    "cursor": N_("Page"),
    "q": N_("Search"),
    "finding": N_("Finding"),
    "conforms": N_("Carried out as approved"),
    "parent_id": N_("Follows on"),
    "due": N_("Due"),
    "start": N_("Start"),
    "description": N_("Description"),
    "phase": N_("Phase"),
    "change_reason": N_("Reason of the change"),
    "closure_code": N_("Result"),
    "priority": N_("Priority"),
    "effort": N_("Effort"),
    "impact": N_("Impact"),
    "severity": N_("Severity"),
    "project": N_("Project"),
    "customer": N_("Customer"),
    "service": N_("Service"),
    "department": N_("Department"),
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
EVIDENCE_CHART = N_("The level before and after the change")


def points(value: str | None, scale: dict[str, str]) -> int:
    """As `priorities.prioritise` counts: from 1, and medium where it is unknown."""
    return 2 if value is None else list(scale).index(value) + 1


PROBLEMS: dict[type[Problem], str] = {
    rules.ApproverIsRequester: N_("You asked for this approval yourself: somebody else has to decide."),
    approval_rules.StepDecided: N_("This step has been decided already."),
    approval_rules.DecidedBefore: N_("You decided an earlier step: somebody else has to decide this one."),
    approval_rules.UnfitDelegate: N_("That person asked for this approval or has decided already: name somebody else."),
    approval_rules.NotTheApprover: N_("This step waits for somebody else:"),
    task_rules.ApproverAskedForTask: N_("You asked for this task yourself: another approver has to decide."),
    effect_rules.VerifierIsImplementer: N_("You carried this out yourself: somebody else has to sign the effect."),
    effect_rules.ReasonNeeded: N_("The evidence says otherwise: give the reason for your verdict."),
    service.AlreadyOpen: N_("This measure and scope have an open improvement already: work on that one."),
}
DETAILED = (approval_rules.NotTheApprover,)
"""What such a refusal says in detail is shown as well."""

"""The measures that every installation begins with; anyone may define more over the same formulas."""

from services.metrics.measures.schemas import MeasureBody

_OWNER = "process_owner"


def _restore(statistic: str, resolution: str) -> MeasureBody:
    how = "as the ticketing system's field says" if resolution == "reported" else "as observed in its updates"
    return MeasureBody(
        name=f"Time to restore, {statistic}" + ("" if resolution == "reported" else " (observed)"),
        description=f"Hours from opening to resolution, {how}; by the month in which the incident was opened (F11).",
        aspect="efficiency",
        direction="lower_is_better",
        formula="time_to_restore",
        parameters={"period_by": "opened", "statistic": statistic, "resolution": resolution},
        owner=_OWNER,
    )


BUILTIN: dict[str, MeasureBody] = {
    "sla_attainment": MeasureBody(
        name="SLA attainment",
        description="Share of incidents that met their SLA, of those whose verdict is settled; by month opened (F3).",
        direction="higher_is_better",
        formula="sla_attainment",
        parameters={"period_by": "opened"},
        owner=_OWNER,
    ),
    "mttr_mean": _restore("mean", "reported"),
    "mttr_median": _restore("median", "reported"),
    "mttr_p90": _restore("p90", "reported"),
    "observed_mttr_mean": _restore("mean", "observed"),
    "observed_mttr_median": _restore("median", "observed"),
    "observed_mttr_p90": _restore("p90", "observed"),
    "first_response": MeasureBody(
        name="First response, mean",
        description="Hours from opening to the first response; by the month in which the incident was opened (F2).",
        aspect="efficiency",
        direction="lower_is_better",
        formula="first_response",
        parameters={"period_by": "opened", "statistic": "mean"},
        owner=_OWNER,
    ),
    "reopen_rate": MeasureBody(
        name="Reopen rate",
        description="Share of incidents that were reopened; by the month in which the incident was opened.",
        direction="lower_is_better",
        formula="reopen_rate",
        parameters={"period_by": "opened", "reopens": "reported"},
        owner=_OWNER,
    ),
    "resolution_rate": MeasureBody(
        name="Resolution rate",
        description="Share of incidents that were resolved; by the month in which the incident was opened (F6).",
        direction="higher_is_better",
        formula="resolution_rate",
        parameters={"period_by": "opened", "resolution": "reported"},
        owner=_OWNER,
    ),
    "incident_count": MeasureBody(
        name="Incidents",
        description="Number of incidents opened in the month (F12).",
        aspect="effect",
        object_kind="service",
        direction="lower_is_better",
        formula="incident_count",
        parameters={"period_by": "opened"},
        owner=_OWNER,
    ),
    "satisfaction": MeasureBody(
        name="Satisfaction in callbacks",
        description="Share of customers who gave 4 or 5 of 5, of those who gave a score; by month resolved (F4, R131).",
        aspect="effect",
        process="service desk",
        direction="higher_is_better",
        formula="satisfaction",
        parameters={"period_by": "resolved"},
        owner=_OWNER,
    ),
    "availability": MeasureBody(
        name="Availability",
        description="Share of the time without interruption, around the clock; beside it stand the outages that the "
        "share hides (F10, R133, R179).",
        object_kind="service",
        process="availability management",
        direction="higher_is_better",
        formula="availability",
        parameters={"period_by": "interrupted"},
        dimensions=("service",),
        owner=_OWNER,
    ),
    "longest_outage": MeasureBody(
        name="Longest outage",
        description="Hours of the longest interruption that touches the month (R179).",
        aspect="effect",
        object_kind="service",
        process="availability management",
        direction="lower_is_better",
        formula="longest_outage",
        parameters={"period_by": "interrupted"},
        dimensions=("service",),
        owner=_OWNER,
    ),
    "improvement_effect": MeasureBody(
        name="Improvements that worked",
        description="Share of improvements whose effect was signed as effective, of those signed in the month (R26).",
        aspect="effect",
        process="continual improvement",
        direction="higher_is_better",
        formula="improvement_effect",
        parameters={"period_by": "verified"},
        owner="improvement_supervisor",
    ),
    "callback_coverage": MeasureBody(
        name="Callback coverage on time",
        description="Share of resolutions followed by a callback within 24 hours; by month resolved (F23, R59).",
        aspect="effect",
        process="service desk",
        direction="higher_is_better",
        formula="callback_coverage",
        parameters={"period_by": "resolved"},
        owner=_OWNER,
    ),
}

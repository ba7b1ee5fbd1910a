"""What the catalogue's page calls classes, states and criticalities."""

from shared.pages import N_

CLASSES = {"core": N_("Core"), "auxiliary": N_("Auxiliary"), "value_added": N_("Value-added")}
STATES = {
    "draft": (N_("Draft"), "neutral"),
    "published": (N_("Published"), "good"),
    "retired": (N_("Retired"), "warn"),
}
CRITICALITIES = {
    "low": (N_("low"), "neutral"),
    "normal": (N_("normal"), "neutral"),
    "high": (N_("high"), "warn"),
    "critical": (N_("critical"), "bad"),
}

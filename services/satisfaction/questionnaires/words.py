"""How pages call the dimensions of SERVQUAL and the processes of ITIL that the built-in statements name."""

from fastapi import Request

from shared.pages import N_, translate

GROUPS = {
    "tangibles": N_("Tangibles"),
    "reliability": N_("Reliability"),
    "responsiveness": N_("Responsiveness"),
    "assurance": N_("Assurance"),
    "empathy": N_("Empathy"),
    "service_desk": N_("Service desk"),
    "service_level_management": N_("Service level management"),
    "incident_management": N_("Incident management"),
    "problem_management": N_("Problem management"),
    "availability_management": N_("Availability management"),
    "configuration_management": N_("Configuration management"),
    "change_management": N_("Change management"),
    "release_management": N_("Release management"),
}


def name_group(request: Request, key: str) -> str:
    """A dimension or process in the reader's language; one of your own as it is written."""
    return translate(request, GROUPS[key]) if key in GROUPS else key

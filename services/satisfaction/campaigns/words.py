"""The words of the campaigns' pages."""

from collections.abc import Mapping

from fastapi import Request

from services.satisfaction.campaigns.course import NotReady
from services.satisfaction.campaigns.rules import Launched, ProjectMissing
from services.satisfaction.campaigns.service import UnknownCampaign
from services.satisfaction.populations.files import UnreadableFile, UnsupportedFile
from services.satisfaction.populations.planning import EmptyStratum, NoPopulation, UnknownStratum
from services.satisfaction.populations.rules import PopulationTooLarge, UnsoundColumns
from services.satisfaction.populations.service import UnsoundPopulation
from shared.pages import N_, translate
from shared.problems import Problem

STATES = {
    "draft": (N_("Draft"), "neutral"),
    "launched": (N_("People are being asked"), "accent"),
    "closed": (N_("Closed"), "good"),
    "cancelled": (N_("Cancelled"), "neutral"),
}
KINDS = {
    "company": N_("Company survey"),
    "project": N_("Project survey"),
    "ad_hoc": N_("Ad hoc survey"),
    "expectation": N_("Expectations at design"),
}
LEVELS = {"company": N_("Company"), "project": N_("Project")}
CHARSETS = {"utf-8": N_("UTF-8, or UTF-16 by its mark"), "gb18030": N_("GB18030 (GBK): Excel in Chinese")}
DETAILED = (UnreadableFile, UnsoundColumns)
"""What these say in detail helps, in whatever language."""
MODES = {"append": N_("Beside those who are there"), "replace": N_("In place of those who are there")}
FIELDS = {
    "title": N_("Title"),
    "kind": N_("Kind"),
    "level": N_("Level"),
    "questionnaire_key": N_("Questionnaire"),
    "customer": N_("Customer"),
    "service": N_("Service"),
    "project": N_("Project"),
    "department": N_("Department"),
    "occasion": N_("Occasion"),
    "owner": N_("Owner"),
    "opens_on": N_("Mails go from this day on"),
    "closes_at": N_("Ends at (UTC)"),
    "reminder_every_days": N_("A reminder every so many days (0: none)"),
    "reminders_at_most": N_("Reminders at most (empty: until answered or stopped)"),
    "confidence": N_("Confidence (0.95: 19 times in 20)"),
    "minimum_per_stratum": N_("Asked of each stratum at least"),
    "rest_days": N_("Nobody is asked who was asked within so many days"),
    "strata": N_("Strata that must all be asked"),
    "agreements": N_("Agreements that it must ask about"),
    "margin": N_("Margin (0.05: ± 5 points)"),
    "expected_response_rate": N_("Expected response rate (0.3: 30%)"),
    "anonymous": N_("Anonymous"),
    "clauses": N_("Clauses"),
    "reason": N_("Reason"),
    "seed": N_("Seed (empty: a random one)"),
    "": N_("Kind, level and project fit each other"),
}
PROBLEMS: dict[type[Problem], str] = {
    NotReady: N_("The survey cannot be launched yet: below is what is missing."),
    Launched: N_("People are being asked already: this stays as it is."),
    ProjectMissing: N_("A project survey names its project."),
    UnknownCampaign: N_("The survey to compare with does not exist."),
    UnreadableFile: N_("The file cannot be read. Choose how it is written, or save it as CSV in UTF-8 or as XLSX:"),
    UnsupportedFile: N_("The file cannot be read. Send CSV in UTF-8, or XLSX."),
    UnsoundColumns: N_("The first row of the file has to name the columns, among them 'reference'."),
    UnsoundPopulation: N_("Some rows cannot be taken, and nothing was taken."),
    PopulationTooLarge: N_("These are more people than one survey can have."),
    NoPopulation: N_("Nobody is in the population yet."),
    EmptyStratum: N_("There is a stratum of which nobody can be asked:"),
    UnknownStratum: N_("The population has a stratum that the survey does not name:"),
}
DONE = {
    "population": N_("The population is taken."),
    "draw": N_("The sample is drawn."),
    "waivers": N_("The clauses are waived."),
    "edit": N_("The survey is changed."),
    "launch": N_("The survey is launched."),
    "close": N_("The survey is closed; its analysis follows."),
    "cancel": N_("The survey is cancelled."),
}
STEPS = {
    "people": (
        N_("Say who they are"),
        N_("Upload everybody whom it is about, or take the customers of the catalogue."),
    ),
    "draw": (N_("Draw who is asked"), N_("At random of each stratum; how many, the margin says.")),
    "questions": (
        N_("See that it asks about every promise"),
        N_("Clauses of the agreements that no question names need one, or a reason why not."),
    ),
    "launch": (N_("Launch it"), N_("From then on people are asked, and what they are asked stays as it is.")),
}
STANDINGS = {"done": (N_("Done"), "good"), "next": (N_("Next"), "accent"), "later": (N_("Later"), "neutral")}
MISSING = {
    "the sample": N_("The population has to be uploaded, and the sample drawn."),
    "rest": N_("Some of those drawn were asked by another survey meanwhile, or want none any more: draw again."),
    "time to answer": N_("The time at which it ends is over, or comes before it begins."),
    "a published questionnaire": N_("The questionnaire has to be published."),
    "agreements in force": N_("One of its agreements is not in force."),
    "statements to expect anything of": N_("The questionnaire has no statement that asks for an expectation."),
}
"""By what stands before the colon in what a launch misses."""


def list_options(request: Request, labels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Values and words for a choice, in the reader's language."""
    return [(value, translate(request, label)) for value, label in labels.items()]

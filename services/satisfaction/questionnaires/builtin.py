"""The questionnaires that are there from the first day: SERVQUAL with 22 statements in our own words, CSAT, NPS, CES.

SERVQUAL's five dimensions and the number of statements in each follow Parasuraman, Zeithaml and Berry (1988); the
words are ours, for IT service, each statement with the ITIL process that it speaks of (R175).
"""

from pathlib import Path

from pydantic import TypeAdapter

from services.satisfaction.questionnaires.schemas import Content

BUILT_IN_VERSION = 1

BUILT_IN: dict[str, Content] = TypeAdapter(dict[str, Content]).validate_json(
    Path(__file__).with_suffix(".json").read_bytes()
)
"""By key. They have one version and are never edited: a changed one is put under a key of its own."""

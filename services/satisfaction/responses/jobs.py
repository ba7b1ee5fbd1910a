"""What responses do when nobody asks: lose their order where they are anonymous."""

from services.satisfaction.responses.service import MIXING, mix_responses
from shared.jobs import Job

jobs = (Job(MIXING, 60.0, mix_responses),)

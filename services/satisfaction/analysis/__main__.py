"""The process that holds NumPy: a line of JSON in (`questions.AnalyseCampaign`), a line of JSON out."""

import sys

from pydantic import TypeAdapter

from services.satisfaction.analysis.computing import analyse_file
from services.satisfaction.analysis.questions import AnalyseCampaign
from shared.answering import serve

if __name__ == "__main__":
    serve(TypeAdapter(AnalyseCampaign), {"analyse": analyse_file}, float(sys.argv[1]))

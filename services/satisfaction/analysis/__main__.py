"""The process that holds NumPy and SciPy: a line of JSON in (`questions.Asked`), a line of JSON out."""

import sys
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, TypeAdapter

from services.satisfaction.analysis.computing import analyse_file
from services.satisfaction.analysis.questions import Asked
from services.satisfaction.analysis.workbooks import make_workbook
from shared.answering import serve

_ASKED: TypeAdapter[Asked] = TypeAdapter(Asked)
_ANSWERS: dict[str, Callable[[Any], BaseModel]] = {"analyse": analyse_file, "workbook": make_workbook}


if __name__ == "__main__":
    serve(_ASKED, _ANSWERS, float(sys.argv[1]))

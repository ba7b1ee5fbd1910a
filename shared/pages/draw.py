"""The process that draws: a line of JSON in (a Vega-Lite specification), a line of JSON out. Not imported by services.

It ends by itself when nothing is asked for `IDLE_SECONDS`, when a drawing takes longer than `MOST_SECONDS` and when
its owner is gone.
"""

import json
import select
import signal
import sys

import vl_convert

IDLE_SECONDS = 60
MOST_SECONDS = 20


def _draw(line: str) -> dict[str, str]:
    try:
        return {"answer": vl_convert.vegalite_to_svg(json.loads(line), allowed_base_urls=[])}
    except ValueError as error:
        return {"error": str(error)[:500]}


def main() -> None:
    while select.select([sys.stdin], [], [], IDLE_SECONDS)[0]:
        line = sys.stdin.readline()
        if not line:
            return
        signal.alarm(MOST_SECONDS)
        answer = _draw(line)
        signal.alarm(0)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

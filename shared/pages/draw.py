"""The process that draws: a line of JSON in (a Vega-Lite specification), one out. Not imported by services."""

import json

import vl_convert

from shared.serving import serve_lines

IDLE_SECONDS = 60
MOST_SECONDS = 20


def _draw(line: bytes) -> bytes:
    try:
        told = {"answer": vl_convert.vegalite_to_svg(json.loads(line), allowed_base_urls=[])}
    except ValueError as error:
        told = {"error": str(error)[:500]}
    return json.dumps(told).encode()


if __name__ == "__main__":
    serve_lines(_draw, IDLE_SECONDS, MOST_SECONDS)

"""`make bench`: every claim measured, shown, and written to bench/results.json.

python -m bench.run [events] [latency] [import_log] [memory] [ingest] [volume] [improvement] [effects] [callbacks]
[surveys] [analysis] [submissions]
"""

import sys

from bench import (
    analysis,
    callbacks,
    effects,
    events,
    import_log,
    improvement,
    ingest,
    latency,
    memory,
    submissions,
    surveys,
    volume,
)
from bench.claim import Claim, show, write

SCRIPTS = {
    "events": events,
    "latency": latency,
    "import_log": import_log,
    "memory": memory,
    "ingest": ingest,
    "volume": volume,
    "improvement": improvement,
    "effects": effects,
    "callbacks": callbacks,
    "surveys": surveys,
    "analysis": analysis,
    "submissions": submissions,
}


def main(chosen: list[str]) -> int:
    """1 when a claim does not hold."""
    unknown = set(chosen) - set(SCRIPTS)
    if unknown:
        print(f"no such measurement: {', '.join(sorted(unknown))}; there are {', '.join(SCRIPTS)}", file=sys.stderr)
        return 2
    claims: list[Claim] = []
    for name in chosen or SCRIPTS:
        print(f"measuring {name} …", file=sys.stderr)
        claims += SCRIPTS[name].measure()
    write(claims)
    show(claims)
    return 1 if any(claim.met is False for claim in claims) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""From a whole HTML document to PDF. WeasyPrint takes about 90 MB and a second for its first document: it lives in a
process of its own (`press.py`), which the first document starts and which ends when nobody asks."""

import base64
from pathlib import Path

import structlog

from shared.pages.children import Child, ChildFailed
from shared.problems import Problem

_log = structlog.get_logger(__name__)
PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-wqy-microhei")
"""What Debian and Ubuntu call the libraries and a font with Chinese; decision 21."""

press = Child(Path(__file__).with_name("press.py"), most_kept=20)


class PrintingNotInstalled(Problem):
    """What PDF needs of the system is not here."""

    status = 501


class PrintingFailed(Problem):
    """This document could not be printed; the log says why."""

    status = 503


async def print_pdf(html: str) -> bytes:
    """The PDF of a document that holds all it shows; the same document gives the same bytes on the same machine.

    Raises:
        PrintingNotInstalled: names the packages to install.
        PrintingFailed: it took too long, or could not be laid out.
    """
    try:
        return base64.b64decode(await press.ask({"html": html}))
    except ChildFailed as failure:
        reason = str(failure)
        if reason.startswith("not installed"):
            raise PrintingNotInstalled(
                f"PDF needs Pango and a font with Chinese ({reason}). On Debian and Ubuntu: "
                f"apt-get install {' '.join(PACKAGES)}. The HTML needs nothing: print that from the browser",
                packages=list(PACKAGES),
            ) from failure
        _log.error("printing_failed", error=reason)
        raise PrintingFailed(
            "the document could not be printed; try again, or print the HTML from the browser"
        ) from failure

"""The results as one page: no script, nothing from elsewhere, good to print, and to open in ten years."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from authlab.classroom.sheets import contradictions
from authlab.classroom.summary import Summary
from authlab.lab.verdict import GLYPHS, WORDS, claim

TEMPLATE = Path(__file__).with_name("grades.html")


def as_html(told: Summary, title: str) -> str:
    """Return the page. All that comes from submissions is escaped."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["claim"] = claim
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        told=told,
        title=title,
        glyphs=GLYPHS,
        words=WORDS,
        number={row.learner: place for place, row in enumerate(told.rows, start=1)},
        said=_said,
        contradictions=contradictions,
        with_notes=[row for row in told.rows if row.notes or row.contradicted],
    )


def _said(verdict: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the checks of which there is something to tell."""
    return [check for check in verdict["checks"] if check["status"] != "passed"]

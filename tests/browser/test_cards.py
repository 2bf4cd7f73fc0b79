"""What lessons show under their cells: for everybody, in JupyterLab's light and dark, on a phone.

Looked at are all outputs that notebooks hold, and the cards that only a learner's own answers bring about.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import nbformat
import pytest

from authlab.course.curriculum import exercises, lessons
from authlab.course.notebooks import the_kits
from authlab.course.progress import Standing
from authlab.lab import progress_card, verdict
from authlab.lab.show.matrix import matrix
from authlab.lab.show.source import source
from tests.browser import axe, looking
from tests.lab.test_matrix import BROKEN, RIGHT
from tests.lab.test_verdict import STATUSES, result

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 700, 400)
# What is no complaint. The contrast of glyphs: they have the colour of the words beside them, since in a
# display no text has a colour of its own (tests/lab/sanitiser.py). That what scrolls has no tabindex:
# JupyterLab would take it away, and browsers of today stop there without one, as the last test sees. That
# a table of your own answers has no rows before there are any.
NO_COMPLAINT = (
    "only non-text characters",
    "content is too short to determine",
    "breaks scrollable-region-focusable",
    "may break th-has-data-cells",
)
HAS_COLOUR = """() => {
    const faults = [];
    for (const part of document.querySelectorAll("main [style]")) {
        const tint = part.style.background.match(/rgba\\((\\d+), (\\d+), (\\d+), 0\\.13\\)/);
        if (tint && new Set(tint.slice(1)).size > 1 && !/[^\\s]/.test(part.textContent))
            faults.push(`a colour says what no glyph and no word says: ${part.outerHTML.slice(0, 90)}`);
    }
    return faults;
}"""


def made_up() -> list[str]:
    """Return a card for each verdict, learners' progress with every mark, and pictures with every cell."""
    states = ("passed", "broken", "failed", "unattempted")
    stands = [
        Standing(asked, states[number % 4], "the file has changed since this verdict" if number == 2 else "")
        for number, asked in enumerate(exercises())
    ]
    return [
        *(verdict.as_html(result(status)) for status in STATUSES),
        verdict.as_html(result("passed", source="authlab/forms.py · password_problems", next=None)),
        verdict.as_html(result("failed", warning="The kit's files have changed since this kernel started.")),
        progress_card.as_html(stands),
        matrix(RIGHT).html,
        matrix(BROKEN).html,
    ]


def stored(lesson: str) -> list[str]:
    """Return the HTML that a lesson's notebook holds."""
    path = next(one.notebook for one in lessons() if one.stem == lesson)
    text = the_kits(path)
    if text is None:
        pytest.skip(f"{path.name} was saved by its owner, and there is no git to get the kit's from")
    cells = nbformat.reads(text, as_version=4).cells  # type: ignore[no-untyped-call]
    outputs = [one for cell in cells if cell.cell_type == "code" for one in cell.outputs]
    return [one.data["text/html"] for one in outputs if "text/html" in one.get("data", {})]


def in_jupyterlab(theme: str, outputs: list[str]) -> str:
    """Return a page with outputs, each as JupyterLab frames it, in the colours of one of its themes."""
    sheet = Path(sys.prefix, f"share/jupyter/lab/themes/@jupyterlab/theme-{theme}-extension/index.css")
    shown = "".join(f"<section>{one}</section>" for one in outputs)
    return (
        '<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width">'
        f"<title>Outputs</title><style>{sheet.read_text('utf-8')}</style><style>"
        "body { margin: 0; background: var(--jp-layout-color0); color: var(--jp-content-font-color1); "
        "font-family: var(--jp-content-font-family); font-size: var(--jp-content-font-size1); "
        "line-height: var(--jp-content-line-height) } main { padding: 8px } "
        "a { color: var(--jp-content-link-color) }</style></head>"
        f"<body><main><h1>Outputs</h1>{shown}</main></body></html>"
    )


def look(page: "Page", theme: str, outputs: list[str], axe_source: str) -> list[str]:
    page.set_content(in_jupyterlab(theme, outputs))
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{theme}, {width}: {line}" for line in looking.sideways(page)]
        found += [
            f"{theme}, {width}: {line}"
            for line in axe.complaints(page, axe_source)
            if not any(words in line for words in NO_COMPLAINT)
            # What is scrolled out of sight is judged on a desk, where it is in sight in the same colours.
            and not (width < WIDTHS[0] and "partially obscured" in line)
        ]
    return [*found, *page.evaluate(HAS_COLOUR), *looking.motion(page)]


@pytest.mark.full
@pytest.mark.parametrize("lesson", ["made up", *(one.stem for one in lessons())])
def test_an_output_is_for_everybody(chromium: "Browser", axe_source: str, lesson: str) -> None:
    """Contrast, names, order; all unfolded; and nothing sticks out on a narrow screen."""
    outputs = made_up() if lesson == "made up" else stored(lesson)
    context = chromium.new_context()
    page = context.new_page()
    found = [line for theme in THEMES for line in look(page, theme, outputs, axe_source)]
    context.close()
    assert not found, "\n".join(found)


def test_the_keyboard_scrolls_what_is_too_wide(chromium: "Browser") -> None:
    """Code that is wider than a phone: Tab stops there, and the arrow moves it."""
    context = chromium.new_context(viewport={"width": 400, "height": 900})
    page = context.new_page()
    page.set_content(in_jupyterlab("light", [source("wide = " + "1 + " * 99 + "1").html]))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "PRE"
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 0")
    context.close()

"""The page that `class grade` writes, as an instructor opens it: from a file, in both themes, on a phone."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from authlab.classroom import page
from authlab.classroom.grading import Row
from authlab.classroom.similar import Alike
from authlab.classroom.summary import Summary, summary
from authlab.course.curriculum import exercises
from tests.browser import axe, looking

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LONG = "Wolfeschlegelsteinhausenbergerdorff" * 2

# The contrast of each status's glyph with its background, by WCAG's formula.
CONTRASTS = """() => {
    const linear = value => value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4;
    const part = value => linear(value / 255);
    const light = colour => {
        const [red, green, blue] = colour.match(/[\\d.]+/g).map(Number);
        return .2126 * part(red) + .7152 * part(green) + .0722 * part(blue);
    };
    const found = {};
    for (const cell of document.querySelectorAll(".mark, .room td[class], .bars span")) {
        const style = getComputedStyle(cell);
        const [one, other] = [light(style.color), light(style.backgroundColor)];
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        const name = `${cell.tagName} ${cell.className}`;
        found[name] = Math.min(found[name] ?? 99, (high + .05) / (low + .05));
    }
    return found;
}"""


def made_up() -> Summary:
    """A class with every status, a long name, messages, notes and markup, on all exercises there are."""
    asked = exercises()
    statuses = ["passed", "failed", "unattempted", "error", "timeout"]

    def verdict(number: int, learner: int) -> dict[str, Any]:
        status = statuses[(number + learner) % len(statuses)]
        check = {"name": "test_it_holds", "status": status, "message": f"{'x' * 300}\n<b>why</b>"}
        return {
            "id": asked[number].id, "lesson": asked[number].lesson, "status": status, "checks": [check],
            "misconception": "Long passwords are strong." if status == "failed" else None,
        }  # fmt: skip

    rows = [
        Row(name, "", [verdict(number, learner) for number in range(len(asked))], notes, contradicted)
        for learner, (name, notes, contradicted) in enumerate(
            [("Ada", [], []), (LONG, ["a" * 200], [("1.1", "why")]), ("<script>alert(1)</script>", [], [])]
        )
    ]
    told = summary(asked, rows)
    pairs = (Alike("1.2", ("Ada", LONG), 1.0, True), Alike("1.3", ("Ada", LONG), 0.87, False))
    return Summary(told.asked, told.rows, told.stands, told.beliefs, pairs)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("grades") / "grades.html"
    path.write_text(page.as_html(made_up(), "Grades: all lessons"), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.full
def test_the_page_is_for_everybody(
    chromium: "Browser", axe_source: str, file: Path, theme: Literal["light", "dark"], width: int
) -> None:
    """axe-core has no complaint, contrast included; nothing sticks out, and nothing moves."""
    context = chromium.new_context(color_scheme=theme, viewport={"width": width, "height": 900})
    opened = context.new_page()
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(file.as_uri())
    opened.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    # axe cannot judge the contrast of a glyph: that is measured below.
    found = [line for line in axe.complaints(opened, axe_source) if "only non-text characters" not in line]
    assert found == []
    assert {status: ratio for status, ratio in opened.evaluate(CONTRASTS).items() if ratio < 4.5} == {}
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert looking.motion(opened) == []
    assert asked == [file.as_uri()]  # one file, and nothing from elsewhere
    context.close()


def test_a_name_leads_to_what_its_owner_was_told(chromium: "Browser", file: Path) -> None:
    """Without any script, and whatever somebody calls themselves."""
    context = chromium.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(file.as_uri())
    opened.get_by_role("link", name="<script>alert(1)</script>").first.click()
    assert opened.url.endswith("#l3")
    assert opened.locator("#l3 h3").inner_text().startswith("<script>alert(1)</script>")
    assert opened.locator("script").count() == 0
    context.close()

"""What a page is to who uses the keyboard, large text or a small screen, and to whom motion makes ill."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST_STOPS = 200  # of the Tab key on one page; more is a trap

# Whatever can be used, in the order of reading.
CONTROLS = """[
    ...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")
].filter(control => control.checkVisibility() && !control.disabled)"""

FOCUS = f"""() => {{
    const here = document.activeElement;
    if (here === null || here === document.body) return null;
    const box = here.getBoundingClientRect(), style = getComputedStyle(here);
    const middle = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    const faults = [];
    if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) faults.push("has no frame");
    // Scrolling goes by whole pixels, boxes by parts of one.
    if (box.top < -1 || box.left < -1 || box.bottom > innerHeight + 1 || box.right > innerWidth + 1)
        faults.push("is out of sight");
    else if (!here.contains(middle)) faults.push("is covered");
    const name = here.getAttribute("aria-label") || here.textContent.trim() || here.id || here.tagName;
    return [{CONTROLS}.indexOf(here), name, faults];
}}"""

# Fields are left out of what is cut off: what is typed there scrolls inside them, and every page has it so.
SIDEWAYS = """() => {
    const width = document.documentElement.clientWidth;
    const faults = document.documentElement.scrollWidth > width ? ["the page scrolls sideways"] : [];
    for (const element of document.body.querySelectorAll(":not(input, select, textarea)")) {
        const name = `${element.tagName} ${element.textContent.trim().slice(0, 40)}`;
        const cuts = ["hidden", "clip"].includes(getComputedStyle(element).overflowX);
        if (cuts && element.clientWidth > 1 && element.scrollWidth > element.clientWidth + 1)
            faults.push(`${name} is cut off`);
        if (faults.length && element.getBoundingClientRect().right > width + 1)
            faults.push(`${name} sticks out`);
    }
    return faults;
}"""

MOTION = """() => {
    const lasts = times => times.split(",").some(time => parseFloat(time) > 0);
    const faults = [];
    for (const element of document.querySelectorAll("*")) {
        for (const part of ["", "::before", "::after"]) {
            const style = getComputedStyle(element, part || null);
            const name = element.tagName.toLowerCase() + part;
            if (style.animationName !== "none" && lasts(style.animationDuration))
                faults.push(`${name} is animated`);
            if (lasts(style.transitionDuration)) faults.push(`${name} changes gradually`);
            if (style.scrollBehavior === "smooth") faults.push(`${name} scrolls gradually`);
        }
    }
    return faults;
}"""

# From a script: the content security policy refuses only what comes in as text.
STYLE = """rules => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(rules);
    document.adoptedStyleSheets = [sheet];
}"""
LARGE_TEXT = ":root { font-size: 200% }"
# What readers with dyslexia may set (WCAG 1.4.12).
WIDE_SPACING = """
* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
p { margin-bottom: 2em !important }
"""


class Stop(NamedTuple):
    """A place where the Tab key stops: its number among the controls (-1 for another, such as a box that
    scrolls), its name, and what keeps a person from seeing that the focus is there."""

    number: int
    name: str
    faults: list[str]


def round_by_tab(page: "Page") -> list[Stop]:
    """Return the stops of one round with the Tab key, from wherever the focus is."""
    stops: list[Stop] = []
    while len(stops) < MOST_STOPS:
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUS)
        if found is None:  # between the last and the first
            continue
        if stops and Stop(*found) == stops[0]:
            return stops
        stops.append(Stop(*found))
    raise AssertionError(f"Tab does not come around: {[stop.name for stop in stops[-5:]]}")


def first_control(page: "Page") -> str:
    """Return the text of what a person comes to first."""
    return str(page.evaluate(f"{CONTROLS}[0].textContent"))


def controls(page: "Page", inside: str = "*") -> int:
    """Return how many controls a person can use, on the page or in a part of it."""
    return int(page.evaluate(f"part => {CONTROLS}.filter(control => control.closest(part)).length", inside))


def sideways(page: "Page") -> list[str]:
    """Return what a person would have to scroll sideways for, or cannot get at."""
    return list(page.evaluate(SIDEWAYS))


def motion(page: "Page") -> list[str]:
    """Return what moves by itself, or slides instead of changing."""
    return list(page.evaluate(MOTION))


def style(page: "Page", rules: str) -> None:
    """Add a reader's own rules to a page; "" takes them away."""
    page.evaluate(STYLE, rules)

"""What JupyterLab 4.6 lets through when a notebook's stored output is not trusted.

`violations` names everything in a display that would be dropped, and everything of ours that would look
wrong in one theme or could run. Displays are meant to be the same before and after sanitising.
"""

import re
from html.parser import HTMLParser

TAGS = {
    *("a", "b", "button", "code", "details", "div", "img", "pre", "span", "summary"),
    *("table", "tbody", "td", "th", "thead", "tr"),
}
VOID_TAGS = {"img"}
ATTRIBUTES = {
    "a": {"href", "rel", "target"},
    "button": {"type", "data-commandlinker-command", "data-commandlinker-args"},
    "td": {"colspan"},
    "th": {"colspan"},
    "img": {"src", "alt"},
}
CLASSES = {"mathjax_ignore"}  # MathJax's own: leave this output alone

_LENGTH = r"(0|-?\d*\.?\d+(px|em|%))"
_COLOUR = r"(#[0-9a-f]{6}|rgba\(\d+,\d+,\d+,(0|1|0?\.\d+)\))"
_BORDER = rf"(none|{_LENGTH} (solid|dashed) {_COLOUR})"
STYLES = {
    "align-items": "baseline|center",
    "background": _COLOUR,
    "border": _BORDER,
    "border-bottom": _BORDER,
    "border-collapse": "collapse",
    "border-left": _BORDER,
    "border-radius": _LENGTH,
    "border-spacing": _LENGTH,
    "border-top": _BORDER,
    "color": "#ffffff",  # on a background that is named as well; all other text keeps the theme's colour
    "cursor": "pointer",
    "display": "flex",
    "flex-wrap": "wrap",
    "font-family": r"[A-Za-z ,-]+",
    "font-size": _LENGTH,
    "font-style": "italic",
    "font-weight": "400|600|700",
    "gap": rf"{_LENGTH}( {_LENGTH})?",
    "line-height": r"[\d.]+",
    "margin": rf"{_LENGTH}( {_LENGTH}){{0,3}}",
    "max-width": rf"none|{_LENGTH}",
    "min-width": _LENGTH,
    "opacity": r"0?\.\d+",
    "overflow": "hidden",
    "overflow-wrap": "break-word",
    "overflow-x": "auto",
    "padding": rf"{_LENGTH}( {_LENGTH}){{0,3}}",
    "padding-left": _LENGTH,
    "padding-right": _LENGTH,
    "table-layout": "auto|fixed",
    "text-align": "left|center",
    "text-indent": _LENGTH,
    "vertical-align": "top",
    "white-space": "normal|nowrap|pre|pre-wrap",
    "width": _LENGTH,
    "word-break": "normal",
}


def violations(html: str) -> list[str]:
    """Return what breaks the rule, in words; an empty list for a display that keeps it."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found + [f"<{tag}> is never closed" for tag in reader.open]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.found.append(f"<{tag}> is dropped")
        if tag not in VOID_TAGS:
            self.open.append(tag)
        given = dict(attrs)
        for name, value in given.items():
            if name == "style":
                self._style(tag, value or "")
            elif name == "class":
                self.found += [f"class {c}" for c in (value or "").split() if c not in CLASSES]
            elif name not in ATTRIBUTES.get(tag, set()):
                self.found.append(f"{name} of <{tag}> is dropped")
        if tag == "a" and not re.match(r"http://app-|lesson_", str(given.get("href"))):
            self.found.append("<a> leads elsewhere")
        if tag == "img" and not str(given.get("src")).startswith("data:image/svg+xml;base64,"):
            self.found.append("<img> is fetched from elsewhere")
        if tag == "tr" and "background:" not in str(given.get("style")):
            self.found.append("<tr> without a background is striped by JupyterLab")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.found.append(f"</{tag}> closes nothing")

    def handle_comment(self, data: str) -> None:
        self.found.append("a comment")

    def _style(self, tag: str, style: str) -> None:
        for rule in style.split(";"):
            name, _, value = rule.partition(":")
            if not re.fullmatch(STYLES.get(name, "(?!)"), value):
                self.found.append(f"style {rule!r} of <{tag}>")
        if "color:#ffffff" in style.split(";") and not re.search(r"background:#", style):
            self.found.append(f"white text of <{tag}> without a background of its own")

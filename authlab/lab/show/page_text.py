"""What a visitor sees of a page: its text, with errors and what runs a script standing out."""

from dataclasses import dataclass, replace
from html.parser import HTMLParser

from authlab.lab.show.display import Tone

_TITLE = "Page: "
_UNSEEN = {"style", "template", "head", "noscript", "datalist"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"}
_INLINE = {"a", "abbr", "b", "bdi", "cite", "code", "em", "i", "kbd", "label", "mark", "q", "s", "small"}
_INLINE |= {"span", "strong", "sub", "sup", "time", "u"}


@dataclass(frozen=True)
class Line:
    """One line of a page: plain, an error message (BAD), or a script that would run (NOTE)."""

    text: str
    tone: Tone = Tone.PLAIN
    in_main: bool = False
    heading: bool = False  # of the errors below it: no error of its own


def page_lines(html: str) -> list[Line]:
    """Return a page from top to bottom: its title, its main part, and what stands out elsewhere."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.end_line()
    lines = _with_headings(reader.lines)
    has_main = any(line.in_main for line in lines)
    return [
        line
        for line in lines
        if line.in_main or not has_main or line.tone is not Tone.PLAIN or line.text.startswith(_TITLE)
    ]


def _with_headings(lines: list[Line]) -> list[Line]:
    """Return lines in which an error that ends in a colon, with an error below it, is that one's heading."""
    below = [*lines[1:], Line("")]
    return [
        replace(line, heading=line.tone is following.tone is Tone.BAD and line.text.endswith(":"))
        for line, following in zip(lines, below, strict=True)
    ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[Line] = []
        self._open: list[tuple[str, bool, bool]] = []  # tag, is it an error, is it unseen
        self._words: list[str] = []
        self._script: list[str] | None = None
        self._after_link = False  # nothing has been read since a link ended

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in _INLINE and tag not in ("input", "button", "dd"):
            self.end_line()
        for name, value in given.items():
            if name.startswith("on"):
                self._runs(f"<{tag} {name}={value}>")
        if tag == "script":
            # JSON is data that the page's scripts read; the browser runs nothing of it.
            runs = "src" not in given and given.get("type") != "application/json"
            self._script = [] if runs else None
        if tag in _VOID:
            if tag == "input" and not self._unseen:
                self._words.append(_field(given))
                self._after_link = False
            return
        error = given.get("role") == "alert" or any(
            part in ("error", "errors") for part in given.get("class", "").split()
        )
        self._open.append((tag, error or self._error, tag in _UNSEEN or "hidden" in given or self._unseen))
        if tag == "title":
            self._open[-1] = (tag, False, False)

    def handle_endtag(self, tag: str) -> None:
        if tag == "dt":
            self._words.append(":")
        elif tag not in _INLINE and tag != "button":
            self.end_line(_TITLE if tag == "title" else "")
        self._after_link = self._after_link or tag == "a"
        if tag == "script" and self._script is not None:
            self._runs(" ".join("".join(self._script).split()))
        if tag == "script":
            self._script = None
        if any(name == tag for name, _, _ in self._open):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self._script.append(data)
        elif not self._unseen and not self._within("script"):
            words = " ".join(data.split())
            if words and self._within("button"):
                words = f"( {words} )"
            if words and self._after_link:
                if self._within("a"):
                    self._words.append("·")  # two links in a row are no sentence
                self._after_link = False
            self._words.append(words)

    def end_line(self, before: str = "") -> None:
        """Finish the line of text that is being read."""
        text = " ".join(word for word in self._words if word).replace(" :", ":")
        self._words, self._after_link = [], False
        if text:
            self.lines.append(
                Line(before + text, Tone.BAD if self._error else Tone.PLAIN, self._within("main"))
            )

    def _runs(self, what: str) -> None:
        self.lines.append(Line(f"markup that runs a script: {what}", Tone.NOTE))

    def _within(self, tag: str) -> bool:
        return any(name == tag for name, _, _ in self._open)

    @property
    def _error(self) -> bool:
        return bool(self._open) and self._open[-1][1]

    @property
    def _unseen(self) -> bool:
        return bool(self._open) and self._open[-1][2]


def _field(given: dict[str, str]) -> str:
    match given.get("type", "text").lower():
        case "hidden":
            return ""
        case "password":
            return "[ •••• ]" if given.get("value") else "[ ]"
        case "submit" | "button":
            return f"( {given.get('value', '')} )"
    return f"[ {given['value']} ]" if given.get("value") else "[ ]"

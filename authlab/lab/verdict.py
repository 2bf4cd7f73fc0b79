"""The verdict on one exercise: a card in a notebook, a few lines in a terminal, one line in a list.

The three say the same: which claims hold, the message of the first that does not, what to do next.
How long the check took is never said: it would be another output in every run.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from authlab.lab.show.display import (
    CODE,
    EMPTY_FIRST_LINE,
    FADED,
    HAIRLINE,
    TEXT_COLUMNS,
    Display,
    Tone,
    bar,
    card,
    folded,
    paragraph,
    printable,
    quoted,
    with_code,
)
from authlab.lab.show.message import message
from authlab.lab.show.plain import plain

# One exercise of `check --json`, and what a card needs besides: title, file, line, hints, next (the
# id of the exercise after it), next_lesson (its lesson's stem), warning (that the kernel is old),
# server_path (the file as the Jupyter server knows it, or None), source
# (where the package's own answer is; told once passed).
Result = Mapping[str, Any]
Check = Mapping[str, Any]

MOST_LINES = 14  # in a terminal; the card shows all

GLYPHS = {"passed": "✓", "failed": "✗", "unattempted": "○", "error": "!", "timeout": "◔"}
WORDS = {
    "passed": "passed",
    "failed": "not yet",
    "unattempted": "not attempted yet",
    "error": "could not be run",
    "timeout": "ran out of time",
}
_TONE = {
    "passed": Tone.GOOD,
    "failed": Tone.BAD,
    "unattempted": Tone.PLAIN,
    "error": Tone.NOTE,
    "timeout": Tone.NOTE,
}
ANSI = {"passed": "32", "failed": "31", "unattempted": "2", "error": "33", "timeout": "33"}


@dataclass(frozen=True)
class VerdictCard:
    """What `check("1.2")` returns in a notebook. It never raises, whatever became of the answer."""

    result: Result

    @property
    def status(self) -> str:
        """`passed`, `failed`, `unattempted`, `error` or `timeout`."""
        return str(self.result["status"])

    @property
    def passed(self) -> bool:
        """True when every check of the exercise holds."""
        return self.status == "passed"

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        return {"text/html": EMPTY_FIRST_LINE + as_html(self.result), "text/plain": as_text(self.result)}

    def __repr__(self) -> str:
        return as_text(self.result)


def as_html(result: Result) -> str:
    """Return the verdict as a card: one message in full, the rest and the hints a click away."""
    status = str(result["status"])
    first, others = _first_open(result)
    said = str(first["message"]).strip("\n") if first is not None else ""
    pieces = [bar(_heading(result), _count(result), tone=_TONE[status])]
    if result.get("warning"):
        pieces.append(paragraph(f"! {result['warning']}"))
    pieces.append(_claims(result, first))
    if said:
        pieces.append(message(said))
    if others and status == "failed":
        pieces.append(_others(others))
    if result.get("misconception"):
        pieces.append(paragraph(_behind(result)))
    if status == "passed":
        if result.get("source"):
            pieces.append(_compared(result["source"]))
        pieces.append(_link_to_next(result))
    else:
        pieces.append(_hints(list(result.get("hints") or [])))
    pieces.append(_buttons(result))
    return card(*pieces, tone=_TONE[status]).html


def as_text(result: Result, colour: bool = False, ascii: bool = False) -> str:
    """Return the verdict for a terminal: at most 14 lines, the next command last.

    `ascii` is for terminals that cannot show the glyphs; `colour` adds colour and never meaning.
    """
    status = str(result["status"])
    heading = f"{_heading(result)}  ({_count(result)})" if _count(result) else _heading(result)
    lines = [f"  ! {result['warning']}"] if result.get("warning") else []
    held = [claim(check["name"]) for check in result["checks"] if check["status"] == "passed"]
    first, others = _first_open(result)
    if held:
        lines.append(_list_line("✓", held))
    if status == "unattempted":
        claims = [claim(check["name"]) for check in _open_checks(result) if _is_claim(check)]
        lines += [_list_line("○", claims)] if claims else []
    elif first is not None and _is_claim(first):
        lines.append(f"  {_glyph(first)} {claim(first['name'])}")
    after = []
    if others and status == "failed":
        after.append(_list_line("✗", [claim(check["name"]) for check in others]))
    if result.get("misconception"):
        after.append(f"  {_behind(result)}")
    if status == "passed":
        if result.get("source"):
            after.append(f"  {_compared(result['source']).text}")
        after.append(f"  {_what_next(result)}")
    else:
        hint = f"  ·  hint: python3 -m authlab hint {result['id']}" if result.get("hints") else ""
        after += [f"  Write in: {_place(result)}", f"  Check again: {_command(result)}{hint}"]
    told = _message_lines(first, MOST_LINES - 1 - len(lines) - len(after))
    rest = [printable(line) for line in (*lines, *told, *after)]
    text = "\n".join([_coloured(heading, status, colour), *rest])
    return plain(text) if ascii else text


def as_line(result: Result, colour: bool = False, ascii: bool = False) -> str:
    """Return the verdict as one line of a list of exercises."""
    status = str(result["status"])
    count = f"  ({_count(result)})" if status == "failed" else ""
    words = "" if status == "passed" else f": {WORDS[status]}{count}"
    glyph = _coloured(GLYPHS[status], status, colour)
    line = glyph + printable(f" {result['id']:<5} {result['title']}{words}")
    return plain(line) if ascii else line


def claim(test_name: str) -> str:
    """Return a test's name as the claim it makes: "case makes no second address"."""
    name, _, case = test_name.removeprefix("test_").partition("[")
    words = name.replace("_", " ")
    return f"{words}: {case.removesuffix(']')}" if case else words


def _heading(result: Result) -> str:
    status = str(result["status"])
    return f"{GLYPHS[status]} {result['id']} {result['title']} — {WORDS[status]}"


def _count(result: Result) -> str:
    checks = result["checks"]
    if result["status"] not in ("passed", "failed") or not checks:
        return ""
    held = sum(check["status"] == "passed" for check in checks)
    return f"{held} of {len(checks)} checks hold"


def _open_checks(result: Result) -> list[Check]:
    return [check for check in result["checks"] if check["status"] != "passed"]


def _is_claim(check: Check) -> bool:
    """Return False for an entry that only says why nothing was checked."""
    return check["name"] not in WORDS


def _first_open(result: Result) -> tuple[Check | None, list[Check]]:
    """Return the check whose message is shown, and the others that do not hold."""
    checks = _open_checks(result)
    return (checks[0], checks[1:]) if checks else (None, [])


def _glyph(check: Check) -> str:
    return GLYPHS.get(str(check["status"]), "○")


def _behind(result: Result) -> str:
    return f"What may be behind it: {result['misconception']}"


def _compared(place: str) -> Display:
    """Return where the package's own answer is: told once there is one to compare it with."""
    words = "Compare with the package's own:"
    html = (
        f'<div style="padding:4px 12px;{FADED}">{quoted(words)} '
        f'<code style="{CODE}">{quoted(place)}</code></div>'
    )
    return Display(html, f"{words} {place}")


def _what_next(result: Result) -> str:
    following = result.get("next")
    return (
        f"Next: exercise {following}."
        if following
        else "That was the last exercise. What is left: python3 -m authlab check"
    )


def _link_to_next(result: Result) -> Display:
    """Return the same words as a link to the cell that checks the next exercise, in its lesson."""
    words = _what_next(result)
    following = result.get("next")
    if not following:
        return paragraph(words)
    link = link_to_check(result["next_lesson"], following, f"exercise {following}.")
    return Display(f'<div style="padding:4px 12px">Next: {link}</div>', words)


def link_to_check(lesson: str, exercise_id: str, words: str) -> str:
    """Return a link from one lesson's notebook to the cell of a lesson that checks an exercise.

    JupyterLab goes to that very cell; other editors open the notebook.
    """
    return f'<a href="{lesson}.ipynb#cell-id={check_cell(exercise_id)}">{quoted(words)}</a>'


def check_cell(exercise_id: str) -> str:
    """Return the id of the cell that checks an exercise in its lesson."""
    return f"check-{exercise_id.replace('.', '-')}"


def _place(result: Result) -> str:
    line = result.get("line")
    return f"{result['file']}:{line}" if line else str(result["file"])


def _command(result: Result) -> str:
    return f"python3 -m authlab check {result['id']}"


def _claims(result: Result, explained: Check | None) -> Display:
    """Return all claims as a list; the one that the message explains is bold."""
    lines = []
    claims: list[Check] = [check for check in result["checks"] if _is_claim(check)]
    for check in claims:
        look = FADED if check["status"] == "passed" else "font-weight:400"
        if check is explained and check["status"] != "unattempted":
            look = "font-weight:600"
        lines.append(
            f'<div style="{look};padding-left:20px;text-indent:-20px">'
            f"{_glyph(check)} &nbsp;{quoted(claim(check['name']))}</div>"
        )
    return Display(f'<div style="padding:6px 12px">{"".join(lines)}</div>' if lines else "", "")


def _others(checks: list[Check]) -> Display:
    hanging = "padding:1px 12px 1px 44px;text-indent:-20px;overflow-wrap:break-word"
    inside = "".join(
        f'<div style="{hanging}">✗ &nbsp;{quoted(claim(check["name"]))}: '
        f'<code style="{CODE}">{quoted(_first_line(check))}</code></div>'
        for check in checks
    )
    verb = "does" if len(checks) == 1 else "do"
    return folded(f"{len(checks)} more {verb} not hold yet", Display(f"{inside}", ""))


def _first_line(check: Check) -> str:
    return (str(check["message"]).strip().splitlines() or [""])[0]


def _hints(hints: list[str]) -> Display:
    """Return hints as rungs: each opens the next, so that nobody reads the last one first."""
    ladder = Display("", "")
    for number, hint in reversed(list(enumerate(hints, start=1))):
        words = f'<div style="padding:2px 12px 6px 28px">{with_code(hint)}</div>'
        ladder = folded(f"Hint {number} of {len(hints)}", Display(words + ladder.html, ""))
    return ladder


def _buttons(result: Result) -> Display:
    """Return what to do next: buttons for JupyterLab, and text for editors without such buttons."""
    buttons = ""
    if result.get("server_path"):
        opened = {"path": result["server_path"], "options": {"mode": "split-right"}}
        buttons += _button("Open the file", "#5f6368", "docmanager:open", opened)
    again = {"commands": ["docmanager:save-all", "notebook:run-cell"]}
    buttons += _button("Save &amp; check again", "#1565c0", "apputils:run-all-enabled", again)
    # Half a command is no command: a narrow card moves each to a line of its own.
    typed = "".join(
        f'<code style="{CODE};font-size:.86em;{FADED};white-space:nowrap">{quoted(words)}</code> '
        for words in (_place(result), _command(result))
    )
    html = (
        f'<div style="display:flex;flex-wrap:wrap;gap:6px 14px;align-items:center;padding:7px 12px;'
        f'border-top:{HAIRLINE}">{buttons}{typed}</div>'
    )
    return Display(html, "")


def _button(words: str, colour: str, command: str, arguments: Mapping[str, Any]) -> str:
    # Both colours are named: a sanitised button cannot inherit the theme's text colour.
    style = (
        f"background:{colour};color:#ffffff;border:none;border-radius:4px;padding:4px 11px;"
        "font-size:.93em;cursor:pointer;margin:0"
    )
    return (
        f'<button type="button" style="{style}" data-commandlinker-command="{command}" '
        f'data-commandlinker-args="{escape(json.dumps(arguments), quote=True)}">{words}</button> '
    )


def _message_lines(check: Check | None, room: int) -> list[str]:
    """Return a check's message in at most `room` lines; empty lines are the first to go."""
    lines = str(check["message"]).strip("\n").splitlines() if check else []
    if len(lines) > room:
        lines = [line for line in lines if line.strip()]
    left = len(lines) - room
    if left > 0:
        lines = [*lines[: room - 1], f"… {left + 1} more lines in the notebook"]
    return [f"    {line}".rstrip() for line in lines]


def _list_line(glyph: str, claims: list[str]) -> str:
    """Return as many claims as fit in a line, and how many there are besides."""
    line = f"  {glyph} {claims[0]}"
    for number, words in enumerate(claims[1:], start=1):
        if len(line) + len(words) > TEXT_COLUMNS - 14:
            return f"{line}; and {len(claims) - number} more"
        line += f"; {words}"
    return line


def _coloured(text: str, status: str, colour: bool) -> str:
    # Cleaned first: a title or message must not bring control sequences of its own.
    text = printable(text)
    return f"\x1b[{ANSI[status]}m{text}\x1b[0m" if colour else text

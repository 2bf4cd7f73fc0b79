"""A request's way through the layers: which it reached, in what order, and which decided."""

import re
from collections.abc import Iterable, Sequence

from authlab.lab.show.display import (
    CELL,
    CLEAR,
    HAIRLINE,
    MONOSPACE,
    TABLE,
    Display,
    Tone,
    bar,
    card,
    paragraph,
    printable,
    quoted,
)

LAYERS = ("app", "middleware", "pages", "fragments", "actions", "api", "forms", "dal", "db")
NUMBER_WIDTH, LANE_WIDTH, LAYER_WIDTH = "12px", "17px", "6.6em"  # without the padding
_ROUTED = frozenset({"pages", "fragments", "actions", "api"})
SQL_MAX_CHARACTERS = 100


def request_path(trace: Iterable[tuple[str, str]]) -> Display:
    """Return the steps of one request as a table of lanes, from the trace that the app left.

    Each lane is a layer that took part. The step that decided the answer is marked, and the
    questions to the database are counted.
    """
    steps = [(layer, _shortened(what) if layer == "db" else what) for layer, what in trace]
    if not steps:
        return card(paragraph("No step was traced: has a request been sent?"))
    lanes = [layer for layer in LAYERS if any(step[0] == layer for step in steps)]
    lanes += dict.fromkeys(layer for layer, _ in steps if layer not in LAYERS)
    decided, word = deciding_step(steps)
    questions = sum(layer == "db" for layer, _ in steps)
    summary = (
        f"{word.capitalize()} by {steps[decided][0]} · "
        f"{questions} question{'' if questions == 1 else 's'} to the database"
    )
    head = bar("The request's way through the layers")
    return card(head, _lanes(steps, lanes, decided, word), paragraph(summary, ruled=True))


def deciding_step(steps: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """Return the number of the step that settled what the visitor gets, and what it did.

    "decided": a layer before any page, action or API answered in its place, or the last refusal
    settled it. "answered": nobody refused, or the visitor is served all the same (a start page that
    greets guests too).
    """
    routed = [number for number, (layer, _) in enumerate(steps) if layer in _ROUTED]
    if not routed:
        stopped = [number for number, (layer, _) in enumerate(steps) if layer == "middleware"]
        return (stopped or [len(steps) - 1])[-1], "decided"
    refused = [number for number, (_, what) in enumerate(steps) if what.startswith("refused")]
    if refused and not steps[-1][1].startswith("2"):
        return refused[-1], "decided"
    return routed[-1], "answered"


def _shortened(sql: str) -> str:
    """Return a long query without the names of its columns: where and what for is what matters here."""
    if len(sql) <= SQL_MAX_CHARACTERS:
        return sql
    return re.sub(r"^SELECT .*? FROM ", "SELECT … FROM ", sql)


def _lanes(steps: Sequence[tuple[str, str]], lanes: Sequence[str], decided: int, word: str) -> Display:
    """Return one row a step: its number, a gutter with a narrow lane for each layer, its layer, its words."""
    edged = f"{CELL};border-left:{HAIRLINE}"
    lane_style = f"{edged};padding:3px 0;text-align:center;width:{LANE_WIDTH}"
    layer_style = f"{edged};padding:3px 8px;width:{LAYER_WIDTH};overflow-wrap:break-word"
    body, texts = [], []
    for number, (layer, what) in enumerate(steps):
        chosen = number == decided
        tone = Tone.NOTE if chosen else Tone.PLAIN if layer == "db" else Tone.INFO
        gutter = "".join(
            f'<td style="{lane_style};{tone.tint}">{"◆" if chosen else "●"}</td>'
            if lane == layer
            else f'<td style="{lane_style}"></td>'
            for lane in lanes
        )
        font = f";{MONOSPACE};font-size:.9em" if layer == "db" else ""
        words = f'<b style="font-weight:600">{quoted(what)}</b> <b>◆ {word}</b>' if chosen else quoted(what)
        body.append(
            f'<tr style="{CLEAR};border-top:{HAIRLINE}">'
            f'<td style="{CELL};padding:3px 8px 3px 12px;opacity:.6;width:{NUMBER_WIDTH}">{number + 1}</td>'
            f'{gutter}<td style="{layer_style};{tone.tint}">{quoted(layer)}</td>'
            f'<td style="{CELL};padding:3px 12px 3px 8px;overflow-wrap:break-word{font}">{words}</td></tr>'
        )
        texts.append(f"  {number + 1:>2}  {layer:<11} {what}{f'  <- {word}' if chosen else ''}")
    # Fixed: no word, however long, pushes the column beside it out of a narrow notebook.
    html = f'<table style="{TABLE};table-layout:fixed"><tbody>{"".join(body)}</tbody></table>'
    return Display(html, printable("\n".join(texts)))

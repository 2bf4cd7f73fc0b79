"""The results as files for other programs: JSON, and tables that Canvas and Moodle import.

A name or message that begins like a formula would be run by a spreadsheet; it gets an apostrophe in front.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from authlab.classroom.grading import Row
from authlab.classroom.summary import STUCK, Summary

MAX_FEEDBACK_CHARACTERS = 1000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


def results_csv(told: Summary) -> str:
    """Return a line a learner: who, how many passed, the grade in per cent, the status of each exercise."""
    head = ["learner", "id", "passed", "of", "grade", *(one.id for one in told.asked), "notes"]
    lines = [
        [
            row.learner,
            row.id,
            row.passed,
            len(told.asked),
            told.grade(row),
            *(verdict["status"] for verdict in row.verdicts),
            " | ".join([*row.notes, *contradictions(row)]),
        ]
        for row in told.rows
    ]
    return _csv([head, *lines])


def canvas_csv(told: Summary, assignment: str) -> str:
    """Return what Canvas imports in its gradebook: its columns, its line of points, then a line a learner.

    Canvas finds a learner by `ID`, which stands in the names of the files that it hands out.
    """
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment]
    points: list[Any] = ["    Points Possible", "", "", "", "", 100]
    lines = [[row.learner, row.id, "", "", "", told.grade(row)] for row in told.rows]
    return _csv([head, points, *lines])


def moodle_csv(told: Summary) -> str:
    """Return Moodle's offline grading worksheet, as far as Moodle reads it: who, grade, and comment.

    Moodle finds a learner by `Identifier`, whose number stands in the names of the folders that it hands out.
    It refuses a file without the column of when a grade was last changed; what stands there may be empty.
    """
    head = ["Identifier", "Full name", "Grade", "Maximum grade", "Last modified (grade)", "Feedback comments"]
    lines = [
        [
            f"Participant {row.id}" if row.id else "",
            row.learner,
            told.grade(row),
            100,
            "",
            _feedback(told, row),
        ]
        for row in told.rows
    ]
    return _csv([head, *lines])


def as_json(told: Summary) -> Iterator[str]:
    """Yield all of it as JSON, in pieces; a learner's exercises have the shape of `check --json`, without
    seconds."""
    yield from json.JSONEncoder(indent=1, ensure_ascii=False).iterencode(
        {
            "exercises": [
                {"id": one.exercise.id, "title": one.exercise.title, "extra": one.exercise.extra}
                | {"counts": dict(sorted(one.counts.items())), "stuck_at": dict(one.common)}
                for one in told.stands
            ],
            "learners": [
                {
                    "learner": row.learner,
                    "id": row.id,
                    "passed": row.passed,
                    "grade": told.grade(row),
                    "notes": row.notes,
                    "contradicted": dict(row.contradicted),
                    "exercises": row.verdicts,
                }
                for row in told.rows
            ],
            "misconceptions": [
                {"id": one.exercise, "misconception": one.text, "learners": one.learners}
                for one in told.beliefs
            ],
            "similar": [
                {
                    "id": one.exercise,
                    "learners": one.learners,
                    "share": round(one.share, 2),
                    "solution": one.solution,
                }
                for one in told.alike
            ],
        }
    )
    yield "\n"


def contradictions(row: Row) -> list[str]:
    """Return in words what a handed-in progress file says otherwise than the verdicts."""
    return [
        f"{exercise_id}: the progress file says solved ({why}), the re-run does not"
        for exercise_id, why in row.contradicted
    ]


def _feedback(told: Summary, row: Row) -> str:
    lines = []
    for asked, verdict in zip(told.asked, row.verdicts, strict=True):
        lines.append(f"{asked.id} {asked.title}: {verdict['status']}")
        said = next((c["message"] for c in verdict["checks"] if c["status"] in STUCK and c["message"]), "")
        if said:
            lines.append(f"  {said.splitlines()[0]}")
        if verdict["misconception"]:
            lines.append(f"  {verdict['misconception']}")
    text = "\n".join(lines)
    return text if len(text) <= MAX_FEEDBACK_CHARACTERS else f"{text[: MAX_FEEDBACK_CHARACTERS - 1]}…"


def _csv(lines: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([[_harmless(cell) for cell in line] for line in lines])
    return text.getvalue()


def _harmless(cell: object) -> object:
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA):
        return f"'{cell}"
    return cell

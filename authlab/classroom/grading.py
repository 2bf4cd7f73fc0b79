"""Grading a class: every submission judged by the engine that `check` uses, several at a time.

A verdict depends on the file that was handed in and on the kit, and on nothing else that is here: not on the
order, the neighbours, or whose it is. So those that an interrupted run has noted are taken over by the next.
"""

import ast
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from authlab.classroom.similar import Fingerprint, fingerprint
from authlab.classroom.submissions import Entry, Submission, Submissions
from authlab.course import derive, progress
from authlab.course.curriculum import Exercise, lessons
from authlab.course.engine import Engine, EngineError, Result, package_state, share
from authlab.course.judges import JUDGE_ENDED
from authlab.course.places import folder_in_memory
from authlab.lab.show.display import printable

ROOM_BYTES = 64 * 1024**2
MAX_MESSAGE_CHARACTERS = 2000  # of one check; an answer can make it say anything
JOURNAL = ".unfinished.jsonl"

Verdict = dict[str, Any]  # as `check --json` has it, without the seconds


@dataclass(slots=True)
class Row:
    """What became of one learner's submission: a verdict on each exercise that was asked for."""

    learner: str
    id: str
    verdicts: list[Verdict]
    notes: list[str]
    contradicted: list[tuple[str, str]]  # exercises that a handed-in progress file calls solved, and why not
    unread: frozenset[str] = frozenset()  # exercises of which there was no file that could be read
    prints: dict[str, Fingerprint] = field(default_factory=dict)  # of what was attempted

    @property
    def passed(self) -> int:
        """How many exercises passed, extras among them."""
        return sum(verdict["status"] == "passed" for verdict in self.verdicts)


def asked_for(submissions: Submissions) -> tuple[Exercise, ...]:
    """Return the exercises of all lessons that anybody has begun; where nobody has, of those handed in.

    Whoever hands in a whole clone has files of all lessons, of which most are as they came.
    """
    untouched = {lesson.stem: derive.stub_file(lesson).encode() for lesson in lessons()}
    handed_in: set[str] = set()
    begun: set[str] = set()
    for entry in submissions.entries:
        for stem, answers in submissions.read(entry).files.items():
            handed_in.add(stem)
            if stem not in begun and answers != untouched[stem] and _has_answers(answers, stem):
                begun.add(stem)
    chosen = begun or handed_in
    return tuple(asked for lesson in lessons() if lesson.stem in chosen for asked in lesson.exercises)


def _has_answers(answers: bytes, stem: str) -> bool:
    try:
        return derive.has_answers(answers.decode("utf-8-sig"), stem)
    except UnicodeDecodeError:
        return True


class Journal:
    """The verdicts of a run that has not ended yet, a line each. `kept` are those of an interrupted one.

    A verdict is found again by the answers' bytes, the exercise, and the state of the kit.
    """

    def __init__(self, file: Path, timeout_seconds: float) -> None:
        self._file = file
        self._kit = hashlib.sha256(repr((package_state(), timeout_seconds)).encode()).hexdigest()
        self.kept: dict[str, Verdict] = {}
        with suppress(FileNotFoundError), file.open(encoding="utf-8") as lines:
            for line in lines:
                with suppress(ValueError, KeyError, TypeError):  # the last one may be half a line
                    noted = json.loads(line)
                    self.kept[noted["of"]] = dict(noted["verdict"])
        self._writing = os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a")
        self._writing.write("\n")

    def key(self, asked: Exercise, answers: bytes) -> str:
        """Return what tells this answer from every other."""
        return hashlib.sha256(b"\0".join([self._kit.encode(), asked.id.encode(), answers])).hexdigest()

    def note(self, key: str, verdict: Verdict) -> None:
        """Write a verdict down, at once."""
        self._writing.write(json.dumps({"of": key, "verdict": verdict}) + "\n")
        self._writing.flush()

    def close(self, *, finished: bool) -> None:
        """Close it; a run that has finished leaves none."""
        self._writing.close()
        if finished:
            self._file.unlink(missing_ok=True)


class Grader:
    """Grades submissions, some at a time. Close it, or use it in a `with` block: it owns processes and a
    folder."""

    def __init__(
        self, asked: Sequence[Exercise], journal: Journal, *, jobs: int, timeout_seconds: float
    ) -> None:
        self.asked = tuple(asked)
        self._journal = journal
        self._stack = ExitStack()
        self._engines = [
            self._stack.enter_context(Engine(timeout_seconds, for_all=self.asked, isolated=True))
            for _ in range(jobs)
        ]
        self._home = Path(tempfile.mkdtemp(prefix="authlab-grade-", dir=folder_in_memory(ROOM_BYTES)))
        self._stack.callback(shutil.rmtree, self._home, ignore_errors=True)
        self._numbers = count()
        self._checks: dict[tuple[object, ...], dict[str, Any]] = {}

    def __enter__(self) -> "Grader":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def taken(self) -> tuple[str, ...] | None:
        """What answers had to do without on this system; None when nothing had to be run."""
        known = [engine.taken for engine in self._engines if engine.taken is not None]
        return min(known, key=len) if known else None

    def grade(self, submissions: Submissions, progress: Callable[[int, int, str], None]) -> list[Row]:
        """Return a row for each learner, in their order; `progress` is told how many of how many are done."""
        rows: dict[Entry, Row] = {}
        everybody = submissions.entries
        progress(0, len(everybody), "starting")

        def do(engine: Engine, entry: Entry) -> Iterator[Row]:
            yield self._graded(engine, entry, submissions.read(entry))

        with closing(share(self._engines, everybody, do)) as told:
            for entry, row in told:
                rows[entry] = row
                progress(len(rows), len(everybody), row.learner)
        self._judge_again(submissions, rows)
        return [rows[entry] for entry in everybody]

    def _judge_again(self, submissions: Submissions, rows: dict[Entry, Row]) -> None:
        """Judge alone those whose judge was ended, one by one: it may have been a neighbour's doing."""
        ended = [entry for entry, row in rows.items() if any(map(_was_ended, row.verdicts))]
        for entry in sorted(ended, key=submissions.entries.index):
            rows[entry] = self._graded(self._engines[0], entry, submissions.read(entry))

    def _graded(self, engine: Engine, entry: Entry, submission: Submission) -> Row:
        folder = self._home / f"{next(self._numbers):08}"
        folder.mkdir()
        try:
            return self._in_folder(engine, entry, submission, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _in_folder(self, engine: Engine, entry: Entry, submission: Submission, folder: Path) -> Row:
        verdicts = []
        unread = [asked.id for asked in self.asked if asked.lesson not in submission.files]
        for asked in self.asked:
            answers = submission.files.get(asked.lesson)
            if answers is None:
                verdicts.append(_not_handed_in(asked, submission))
                continue
            key = self._journal.key(asked, answers)
            verdict = self._journal.kept.get(key)
            if verdict is None:
                path = folder / asked.file_name
                path.write_bytes(answers)  # anew for each exercise: an answer that ran may have changed it
                verdict = _verdict(_judged(engine, asked, folder), folder)
                if not _was_ended(verdict):
                    self._journal.note(key, verdict)
            # What one answer is told, a hundred others are told as well: it is kept once.
            told = [self._checks.setdefault(tuple(check.values()), check) for check in verdict["checks"]]
            verdicts.append({**verdict, "checks": told})
        return Row(
            learner=entry.learner,
            id=entry.id,
            verdicts=verdicts,
            notes=list(submission.notes),
            unread=frozenset(unread),
            contradicted=self._contradicted(submission, verdicts, folder),
            prints=_prints(self.asked, submission),
        )

    def _contradicted(
        self, submission: Submission, verdicts: Sequence[Verdict], folder: Path
    ) -> list[tuple[str, str]]:
        """Return the exercises that a handed-in progress file calls solved, and that did not pass."""
        if submission.progress is None:
            return []
        for stem, answers in submission.files.items():
            (folder / f"{stem}.py").write_bytes(answers)
        file = folder / "progress.json"
        file.write_bytes(submission.progress)
        claimed = {one.exercise.id: one for one in progress.standings(folder, file) if one.state == "passed"}
        return [
            (verdict["id"], claimed[verdict["id"]].note or "of this very answer, by these checks")
            for verdict in verdicts
            if verdict["id"] in claimed and verdict["status"] != "passed"
        ]


def _judged(engine: Engine, asked: Exercise, folder: Path) -> Result:
    try:
        return engine.check(asked, folder)
    except (EngineError, OSError):  # the judge was ended between two answers: another one starts
        return engine.check(asked, folder)


def _was_ended(verdict: Mapping[str, Any]) -> bool:
    return verdict["status"] == "error" and any(
        check["message"] == JUDGE_ENDED for check in verdict["checks"]
    )


def _not_handed_in(asked: Exercise, submission: Submission) -> Verdict:
    """Return the verdict on an answer that was not read: an error where there may have been one."""
    why = submission.refused.get(asked.lesson)
    if why is None and submission.is_broken and not submission.files:
        why = submission.notes[0]
    if why is not None:
        return _verdict(Result(asked, "error", message=why), None)
    return _verdict(Result(asked, "unattempted", message=f"no {asked.file_name} was handed in"), None)


def _prints(asked: Sequence[Exercise], submission: Submission) -> dict[str, Fingerprint]:
    """Return by what answers are compared."""
    found = {}
    for stem, source in submission.files.items():
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for one in asked:
            if one.lesson == stem and (made := fingerprint(one, tree)) is not None:
                found[one.id] = made
    return found


def _verdict(result: Result, folder: Path | None) -> Verdict:
    """Return a verdict without its seconds and without the folder that it was judged in, so that the same
    answer has the same one in every run."""
    told = result.as_json()
    del told["seconds"]
    for check in told["checks"]:
        message = check["message"]
        if folder is not None:
            message = message.replace(f"{folder}{os.sep}", "").replace(str(folder), ".")
        if len(message) > MAX_MESSAGE_CHARACTERS:
            message = f"{message[:MAX_MESSAGE_CHARACTERS]}…"
        check["message"] = printable(message)
    return told

"""Taking an answer back to its stub, and undoing that. What a learner wrote is never deleted: a copy is kept.

The copies lie in the clone's `.authlab/kept`, numbered as they were made (`0001_lesson_03_tokens.py`).
"""

import ast
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from authlab.course import answers, derive
from authlab.course.curriculum import Exercise, Lesson, lesson_of, select
from authlab.course.places import EXERCISES, STATE, shown
from authlab.course.refusal import Refusal
from authlab.locking import locked
from authlab.replacing import replaced

KEPT = STATE / "kept"
UNDO = "python3 -m authlab reset --undo"
ABSENT = ".absent"  # ends the name of a copy of a file that was not there

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_ENDING = re.compile(r"\r\n|\r|\n")


class ResetError(Refusal):
    """There is nothing to reset, or to undo. The text says what is, and the next command."""


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to a file of answers: the file, and where its text of before is kept."""

    file: Path
    kept: Path


def reset_or_undo(
    what: str | None,
    *,
    undo: bool = False,
    folder: Path = EXERCISES,
    kept: Path = KEPT,
    take_back: str = UNDO,
) -> str:
    """Reset one exercise (`1.2`) or one lesson (`lesson_01`), or undo the last reset; return what was done,
    in words, with what to type to take it back. Raises `ResetError` or `CurriculumError` for what cannot be
    done."""
    if undo == (what is not None):
        raise ResetError("expected an exercise, a lesson or undo, and one of them only")
    try:
        if what is None:
            back = shown(EXERCISES / undo_last(folder, kept).file.name)
            return f"{back} is back as it was. Once more takes this back: {take_back}"
        chosen = select(what)
        if len({asked.lesson for asked in chosen}) > 1:
            raise ResetError(f"expected one exercise or one lesson, got {what!r}")
        one = len(chosen) == 1
        done = (
            reset_exercise(chosen[0], folder, kept)
            if one
            else reset_lesson(lesson_of(chosen[0]), folder, kept)
        )
    except OSError as error:
        raise ResetError(f"expected to write in exercises and .authlab, got: {error.strerror}") from None
    name = chosen[0].id if one else shown(EXERCISES / chosen[0].file_name)
    if done is None:
        return f"{name} is its stub already; nothing was changed."
    return f"{name} is reset; what you wrote is kept. Take it back: {take_back}"


def reset_exercise(asked: Exercise, folder: Path = EXERCISES, kept: Path = KEPT) -> Change | None:
    """Put an exercise's stub in place of its answer, and leave the rest of the file as it is, byte for byte.

    None when it is the stub already; a file that is missing is made anew. Raises `ResetError` when the file
    cannot be read as Python: its lesson can be reset as a whole.
    """
    path = folder / asked.file_name
    with locked(kept / ".lock"):
        if not path.exists():
            return _write(path, derive.stub_file(lesson_of(asked)).encode(), kept)
        try:
            text, encoding = answers.source_and_encoding(path)
            changed = _with_stub(text, answers.parse(path, text), asked)
            return None if changed is None else _write(path, changed.encode(encoding), kept)
        except (answers.AnswerError, UnicodeEncodeError) as error:
            raise ResetError(
                f"{error}. Reset the whole file: python3 -m authlab reset {asked.lesson[:9]}"
            ) from None


def reset_lesson(lesson: Lesson, folder: Path = EXERCISES, kept: Path = KEPT) -> Change | None:
    """Put a lesson's stubs in place of its whole file, whatever is in it; None when they are there now."""
    path = folder / f"{lesson.stem}.py"
    text = derive.stub_file(lesson)
    with locked(kept / ".lock"):
        return None if derive.text_of(path) == text else _write(path, text.encode(), kept)


def undo_last(folder: Path = EXERCISES, kept: Path = KEPT) -> Change:
    """Bring back the file of answers that was kept last; what is there now is kept in turn, so that undoing
    once more takes it back. Raises `ResetError` when nothing was kept."""
    with locked(kept / ".lock"):
        copies = _copies(kept)
        if not copies:
            raise ResetError("expected something to undo, got none: nothing was reset")
        newest = copies[-1]
        path = folder / newest.name.partition("_")[2].removesuffix(ABSENT)
        change = _kept_copy(path, kept)
        if newest.suffix == ABSENT:
            path.unlink(missing_ok=True)
        else:
            with replaced(path) as temporary:
                shutil.copyfile(newest, temporary)
        newest.unlink()  # its text is in the file again
    return Change(path, change)


def _with_stub(text: str, tree: ast.Module, asked: Exercise) -> str | None:
    """Return a file's text with an exercise's stub in place of its answer, or None when it is the stub."""
    found = answers.definition(tree, asked.name)
    if answers.same_code(found, derive.stub_definition(asked)):
        return None
    lines = _LINE.findall(text)  # as Python counts them: `splitlines` ends a line at a form feed, too
    ending = _ENDING.search(text)
    line_end = ending[0] if ending else "\n"
    block = derive.stub_block(asked)
    if found is None:
        gap = ["", ""] if not lines or _ENDING.search(lines[-1]) else ["", "", ""]
        return text + line_end.join([*gap, *block, ""])
    first = min([found.lineno, *(one.lineno for one in getattr(found, "decorator_list", []))])
    last = found.end_lineno or found.lineno
    end = _ENDING.search(lines[last - 1])
    lines[first - 1 : last] = [line_end.join(_code(block[2:], tree)), end[0] if end else ""]
    return "".join(lines)


def _code(stub: list[str], tree: ast.Module) -> list[str]:
    """Return a stub's lines, without the helpers above it if the file has them still."""
    *helpers, own = ast.parse("\n".join(stub)).body
    there = {ast.dump(node) for node in tree.body}
    return stub[own.lineno - 1 :] if all(ast.dump(helper) in there for helper in helpers) else stub


def _write(path: Path, data: bytes, kept: Path) -> Change:
    copy = _kept_copy(path, kept)
    with replaced(path) as temporary:
        temporary.write_bytes(data)
    return Change(path, copy)


def _kept_copy(path: Path, kept: Path) -> Path:
    """Copy a file, byte by byte, and return where to; of one that is not there, that is kept."""
    copies = _copies(kept)
    number = _number(copies[-1]) + 1 if copies else 1
    copy = kept / f"{number:04}_{path.name}{'' if path.exists() else ABSENT}"
    with replaced(copy) as temporary:
        temporary.write_bytes(path.read_bytes() if path.exists() else b"")
    return copy


def _copies(kept: Path) -> list[Path]:
    found = [*kept.glob("*_lesson_*.py"), *kept.glob(f"*_lesson_*.py{ABSENT}")]
    return sorted((path for path in found if re.match(r"\d+_", path.name)), key=_number)


def _number(copy: Path) -> int:
    return int(copy.name.partition("_")[0])

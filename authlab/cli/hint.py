"""`authlab hint`: one hint for an exercise, from vague to specific.

Whoever asks for a hint is stuck, and should not wait: the plain command is answered before any of the
standard library's larger modules is loaded, from what an earlier call has kept of the lesson's file.
"""

import marshal
import os

from authlab.cli import UsageError, command_line

TYPE_CHECKING = False  # as typing's, which costs time at each start
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    Kept = tuple[tuple[int, int], dict[str, tuple[str, tuple[str, ...]]]]

_CLONE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_LESSONS = os.path.join(_CLONE, "authlab", "course", "lessons")
_KEPT = os.path.join(_CLONE, ".authlab", "hints")


def add_arguments(parser: "argparse.ArgumentParser") -> None:
    parser.add_argument("exercise", metavar="EXERCISE", help="1.2")
    parser.add_argument("number", nargs="?", default="1", help="which hint, from 1 (vague) to 3 (specific)")


def quick(arguments: "Sequence[str]") -> int | None:
    """Print the hint that `authlab hint 3.2` or `authlab hint 3.2 2` asks for if it is at hand, or None."""
    lesson, _, rest = arguments[0].partition(".") if arguments else ("", "", "")
    if len(arguments) > 2 or not (lesson.isdecimal() and rest.isdecimal() and len(lesson) < 3):
        return None
    for name in os.listdir(_LESSONS):
        if name.startswith(f"lesson_{int(lesson):02}_") and name.endswith(".toml"):
            found = _kept(name).get(arguments[0])
            if found is not None:
                _say(arguments[0], *found, arguments[1] if len(arguments) == 2 else "1")
                return 0
    return None


def run(args: "argparse.Namespace") -> int:
    """Print one hint and the command for the next."""
    from authlab.cli.check import the_exercise
    from authlab.course.curriculum import lesson_of

    asked = the_exercise(args.exercise, "hint")
    _keep(f"{asked.lesson}.toml", {one.id: (one.title, one.hints) for one in lesson_of(asked).exercises})
    _say(asked.id, asked.title, asked.hints, args.number)
    return 0


def _say(exercise_id: str, title: str, hints: "tuple[str, ...]", wanted: str) -> None:
    numbers = [str(number) for number in range(1, len(hints) + 1)]
    if wanted not in numbers:
        raise UsageError(
            f"expected a hint's number, 1 to {numbers[-1]}, got {wanted!r}; "
            f"see: {command_line(f'hint {exercise_id}')}"
        )
    number = int(wanted)
    print(f"{exercise_id} {title}, hint {number} of {len(hints)}")
    print(hints[number - 1])
    if number < len(hints):
        print(f"Next: {command_line(f'hint {exercise_id} {number + 1}')}")


def _kept(name: str) -> "dict[str, tuple[str, tuple[str, ...]]]":
    """Return the titles and hints that are kept of a lesson's file as it is now, or nothing."""
    try:
        with open(os.path.join(_KEPT, name), "rb") as file:
            kept: Kept = marshal.load(file)  # noqa: S302 - our own, in the owner's folder
        return kept[1] if kept[0] == _state(name) else {}
    except (OSError, ValueError, EOFError, TypeError, IndexError):
        return {}


def _keep(name: str, hints: "dict[str, tuple[str, tuple[str, ...]]]") -> None:
    try:
        for folder in (os.path.dirname(_KEPT), _KEPT):
            if not os.path.isdir(folder):
                os.mkdir(folder, 0o700)
        new = os.path.join(_KEPT, f".{name}-{os.getpid()}")
        with open(new, "wb") as file:
            marshal.dump((_state(name), hints), file)
        os.replace(new, os.path.join(_KEPT, name))
    except OSError:
        return  # where nothing can be kept, the next call takes as long as this one


def _state(name: str) -> tuple[int, int]:
    status = os.stat(os.path.join(_LESSONS, name))
    return status.st_mtime_ns, status.st_size

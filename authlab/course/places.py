"""Where things stand in a clone of the kit."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = ROOT / "exercises"
SOLUTIONS = ROOT / "solutions"
NOTEBOOKS = ROOT / "notebooks"
CHECKS = ROOT / "tests" / "lessons"
LESSONS = ROOT / "authlab" / "course" / "lessons"


def shown(path: Path) -> str:
    """Return `path` as a learner types it: relative to the clone, with forward slashes, or else as it is."""
    resolved = path.resolve()
    return resolved.relative_to(ROOT).as_posix() if resolved.is_relative_to(ROOT) else str(path)


def with_temporary_files_in(folder: str) -> dict[str, str]:
    """Return the environment for a child process whose temporary files are its owner's to delete.

    A process that is killed deletes nothing: what it left goes with the folder.
    """
    return {**os.environ, "TMPDIR": folder, "TEMP": folder, "TMP": folder}

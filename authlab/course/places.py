"""Where things stand in a clone of the kit."""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = ROOT / "exercises"
SOLUTIONS = ROOT / "solutions"
NOTEBOOKS = ROOT / "notebooks"
CHECKS = ROOT / "tests" / "lessons"
STATE = ROOT / ".authlab"
LESSONS = ROOT / "authlab" / "course" / "lessons"
FLAWS = ROOT / "authlab" / "course" / "flaws"
KATA = ROOT / "authlab" / "course" / "kata"
KNOWN = LESSONS / "known"
OWN = ROOT / "own"  # lessons of whoever teaches with the kit: docs/own-exercises.md
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - only for folders of our own in it


def shown(path: Path) -> str:
    """Return `path` as a learner types it: relative to the clone, with forward slashes, or else as it is."""
    resolved = path.resolve()
    return resolved.relative_to(ROOT).as_posix() if resolved.is_relative_to(ROOT) else str(path)


def own(kind: str) -> list[str]:
    """Return the folder of one kind of things in `own`, as a list of one, or an empty list.

    What proves the kit (`test`) sets AUTHLAB_OWN=off: it is about the kit's lessons alone.
    """
    folder = OWN / kind
    return [str(folder)] if folder.is_dir() and os.environ.get("AUTHLAB_OWN") != "off" else []


def folder_in_memory(room_bytes: int) -> Path | None:
    """Return where files wait for no disk and there is so much room, or None for the usual place.

    Each app of a trial or test writes a database and throws it away: on a disk, most of the time goes there.
    """
    roomy = IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free >= room_bytes
    return IN_MEMORY if roomy and os.access(IN_MEMORY, os.W_OK | os.X_OK) else None


def with_temporary_files_in(folder: str) -> dict[str, str]:
    """Return the environment for a child process whose temporary files are its owner's to delete.

    A process that is killed deletes nothing: what it left goes with the folder.
    """
    return {**os.environ, "TMPDIR": folder, "TEMP": folder, "TMP": folder}

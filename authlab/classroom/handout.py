"""The tree that learners get: the last commit, with fresh questions and no answers, in one reproducible zip.

It is made of what was committed, never of what lies about in the clone: an instructor's solved exercises,
saved notebooks, `.env` and progress are not even looked at. The questions are derived afresh, and the
notebooks are the kit's own. What the commit itself may hold that no learner should get is looked for in the
finished tree (`leaks`).

The same commit gives the same bytes, on every system and with every version of Python: names are sorted,
times are the commit's, rights are fixed, and nothing is compressed: two libraries do that differently.
"""

import io
import json
import os
import shutil
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import authlab
from authlab.bootstrap import HANDOUT, Clone
from authlab.classroom import leaks
from authlab.course import derive
from authlab.course.curriculum import lessons
from authlab.course.notebooks import blob_id_of
from authlab.course.places import ROOT
from authlab.replacing import replaced

FOLDER = "authlab-handout"  # in the zip: whoever unpacks it gets one folder
MANIFEST = "authlab/course/lessons/notebooks.json"
# What `check` runs has the answers, and stays readable; so does the page whose example is a whole lesson.
OPEN_BOOK = ("authlab/", "tests/", "own/", "docs/own-exercises.md")

# What learners have no use for: the kit's own workshop. Of the tests, those stay that show the app.
LEFT_OUT = ("solutions/", ".ci/", ".github/", "requirements-dev.lock")
TESTS_KEPT = ("tests/app/", "tests/lessons/", "tests/conftest.py", "tests/test_architecture.py")

_ZIP_YEARS = (1980, 2107)  # a zip can name no others
# What a learner is told of the set-up, in HANDOUT.md.
ONLINE = "It fetches packages then, so be online."
OFFLINE = "The packages are in `wheels/`: you need no network."
WITH_OWN = ", with your instructor's own lessons (50 and above), which are no part of it"
ON_A_HUB = "On a hub it is open already, and there is nothing to set up."


class HandoutError(Exception):
    """There can be no handout now. The text says why and what next, in one line; nothing was written."""


class LeakError(HandoutError):
    """Something in the tree is not for learners."""

    def __init__(self, found: list[leaks.Leak]) -> None:
        super().__init__(f"expected a tree without leaks, got {len(found)}; nothing was written")
        self.leaks = found


@dataclass(slots=True)
class Tree:
    """A learner's tree: each file's content, or where that is, by path; and what was changed, in words."""

    commit: str
    committed_at: int  # in seconds since 1970
    files: dict[str, bytes | Path] = field(default_factory=dict)
    executable: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def learners_tree(root: Path = ROOT, *, set_up: str = ONLINE) -> Tree:
    """Return the tree that learners get from the last commit of the clone `root`.

    `set_up` is what they are told of it: with `OFFLINE`, the packages have to be added (`add_wheels`).

    Raises `HandoutError` where that commit is not the kit that runs, `LeakError` for what must not go out.
    """
    _require_clone(root)
    _require_committed(root)
    commit, committed_at = _git(root, "log", "-1", "--format=%H %ct").decode().split()
    tree = Tree(commit, int(committed_at))
    _take_commit(tree, root)
    _put_questions(tree)
    _put_notebooks(tree, root)
    _put_own(tree, root)
    note = (Path(__file__).with_name(HANDOUT)).read_text("utf-8")
    tree.files[HANDOUT] = note.format(
        version=authlab.__version__,
        commit=tree.commit[:12],
        own=WITH_OWN if any(lesson.is_own for lesson in lessons()) else "",
        set_up=set_up,
    ).encode()
    kits = {f"notebooks/{lesson.notebook.name}" for lesson in lessons() if not lesson.is_own}
    looked_into = ((path, data) for path, data in sorted(tree.files.items()) if isinstance(data, bytes))
    if found := leaks.found(looked_into, {*OPEN_BOOK, *kits}):
        raise LeakError(found)
    return tree


def add_wheels(tree: Tree, wheels: Iterable[Path]) -> None:
    """Put packages where the set-up looks for them; the files must be there until the zip is written."""
    tree.files.update((f"wheels/{wheel.name}", wheel) for wheel in wheels)


def write_folder(tree: Tree, folder: Path) -> None:
    """Write the tree into a new folder, for everybody to read and its owner alone to change, whatever the
    umask is. Raises `OSError` where that cannot be."""
    for path, data in tree.files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with _opened(data) as source, file.open("xb") as target:
            shutil.copyfileobj(source, target)
        file.chmod(_mode(tree, path))
    for place in (folder, *filter(Path.is_dir, folder.rglob("*"))):
        place.chmod(0o755)


def write_zip(tree: Tree, out: Path) -> None:
    """Write the tree as a zip, whole or not at all. Raises `OSError` where that cannot be."""
    # Not a date that never changes: Python takes a file of the same date and size for the one it knows.
    moment = datetime.fromtimestamp(tree.committed_at, UTC)
    year = min(max(moment.year, _ZIP_YEARS[0]), _ZIP_YEARS[1])
    date = (year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    with replaced(out) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            for path, data in sorted(tree.files.items()):
                entry = zipfile.ZipInfo(f"{FOLDER}/{path}", date)
                entry.create_system = 3  # Unix, wherever it is written: else the rights below mean nothing
                entry.external_attr = (stat.S_IFREG | _mode(tree, path)) << 16
                with archive.open(entry, "w") as file, _opened(data) as source:
                    shutil.copyfileobj(source, file)
        temporary.chmod(0o644)  # to be passed on, so not its owner's alone


def is_a_handout(file: Path) -> bool:
    """Return whether a file is a handout's zip: only such a one is written over."""
    try:
        with zipfile.ZipFile(file) as archive:
            return f"{FOLDER}/{HANDOUT}" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


# --- what is taken ---------------------------------------------------------------------------


def _require_clone(root: Path) -> None:
    if Clone(root).is_handout():
        raise HandoutError("expected a clone of the kit, got a learner's copy; make handouts in a clone")
    if shutil.which("git") is None:
        raise HandoutError("expected git, found none; install it, then run it again")
    try:
        top = os.fsdecode(_git(root, "rev-parse", "--show-toplevel")).strip()
        whole = os.path.samefile(top, root) and bool(_git(root, "rev-parse", "--verify", "HEAD"))
    except (HandoutError, OSError):
        whole = False
    if not whole:
        raise HandoutError(
            "expected a clone made by git, got a folder that is none: a handout is what was committed; "
            "clone the kit, and make handouts there"
        )


def _require_committed(root: Path) -> None:
    """Refuse a clone whose kit is not as committed: questions and checks would be of two different kits."""
    listed = os.fsdecode(
        _git(root, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")
    )
    edited = []
    for line in filter(None, listed.split("\0")):
        state, path = line[:2], line[3:]
        if state == "??" and not path.startswith(("authlab/", "tests/")):
            continue  # somebody's own file beside the kit: it is not handed out
        if _is_taken(path) and not path.startswith(("exercises/", "notebooks/", "own/")):
            edited.append(path)
    if edited:
        more = f" and {len(edited) - 1} more" if len(edited) > 1 else ""
        raise HandoutError(
            f"expected the kit as it was committed, got edits in {edited[0]}{more}; "
            "commit them (git commit), or put them away (git stash -u), then run it again"
        )


def _is_taken(path: str) -> bool:
    return path.startswith(TESTS_KEPT) if path.startswith("tests/") else not path.startswith(LEFT_OUT)


def _take_commit(tree: Tree, root: Path) -> None:
    archived = io.BytesIO(_git(root, "archive", "--format=tar", tree.commit))
    with tarfile.open(fileobj=archived) as archive:
        for member in archive:
            if member.isdir() or not _is_taken(member.name):
                continue
            content = archive.extractfile(member) if member.isreg() else None
            if content is None:
                raise HandoutError(
                    f"expected files, got {member.name}, which is a link: Windows unpacks none; "
                    "commit the file itself, then run it again"
                )
            if whose := leaks.is_litter(member.name):
                tree.notes.append(f"left out: {member.name}, {whose}")
                continue
            tree.files[member.name] = content.read()
            if member.mode & 0o100:
                tree.executable.add(member.name)


def _put_questions(tree: Tree) -> None:
    """Derive the questions afresh: what was committed may be somebody's answers."""
    for lesson in lessons():
        path, fresh = f"exercises/{lesson.stem}.py", derive.stub_file(lesson).encode()
        if path in tree.files and tree.files[path] != fresh:
            tree.notes.append(f"{path}: had other than the questions in it; they are fresh in the handout")
        tree.files[path] = fresh


def _put_notebooks(tree: Tree, root: Path) -> None:
    """Put the kit's own notebooks: one that was run and committed shows its owner's outputs."""
    kits = _manifest(tree.files)
    for path in [path for path in tree.files if path.endswith(".mine.ipynb")]:
        del tree.files[path]  # what `update` keeps of somebody's own beside a new lesson
        tree.notes.append(f"left out: {path}, somebody's own notes")
    for lesson in (lesson for lesson in lessons() if not lesson.is_own):
        path, wanted = f"notebooks/{lesson.notebook.name}", kits.get(lesson.stem, "")
        stored = tree.files.get(path)
        if isinstance(stored, bytes) and blob_id_of(stored) == wanted:
            continue
        try:
            tree.files[path] = _git(root, "cat-file", "blob", wanted)
        except HandoutError:
            raise HandoutError(
                f"expected the kit's own {path}, got one that was run and saved, and git has no other; "
                f"bring the kit's outputs back: python3 -m authlab dev notebooks {lesson.stem[:9]} --write"
            ) from None
        tree.notes.append(f"{path}: was run and saved; the kit's own is in the handout")


def _put_own(tree: Tree, root: Path) -> None:
    """Put the lessons in `own` as they are now: they are no part of the kit, and need not be committed."""
    files = [path for path in (root / "own").rglob("*") if path.is_file()]
    files += [root / "notebooks" / lesson.notebook.name for lesson in lessons() if lesson.is_own]
    for path in filter(Path.is_file, files):
        name = path.relative_to(root).as_posix()
        if not leaks.is_litter(name):
            tree.files[name] = path.read_bytes()
    if any(lesson.is_own for lesson in lessons()):
        tree.notes.append("own/: your own lessons, as they are now")


def _manifest(files: Mapping[str, bytes | Path]) -> dict[str, str]:
    stored = files.get(MANIFEST, b"{}")
    return dict(json.loads(stored)) if isinstance(stored, bytes) else {}


def _mode(tree: Tree, path: str) -> int:
    return 0o755 if path in tree.executable else 0o644


def _opened(data: bytes | Path) -> io.BufferedIOBase:
    return io.BytesIO(data) if isinstance(data, bytes) else data.open("rb")


def _git(root: Path, *arguments: str) -> bytes:
    # -c: the same bytes whatever its owner has set.
    command = ["git", "-c", "core.autocrlf=false", "-c", "core.quotePath=false", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if done.returncode:
        said = os.fsdecode(done.stderr).strip().splitlines() or ["git says nothing"]
        raise HandoutError(f"expected git to do: git {' '.join(arguments[:2])}, got: {said[-1]}")
    return done.stdout

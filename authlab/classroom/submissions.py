"""Reading what a class has handed in: folders, zips, zips in folders, as Moodle, Canvas or a mail bring them.

Everything here was named, packed and written by others. Nothing is unpacked and no name becomes a path: what
counts is a file's last name, its content is read up to a limit, and links are not followed. Whatever cannot
be read is a note in its owner's row, and nobody else's trouble.
"""

import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO

from authlab.course.curriculum import lessons
from authlab.lab.show.display import printable

MAX_ANSWER_BYTES = 256 * 1024  # a lesson's file of answers has about 12 kB
MAX_ZIP_BYTES = 64 * 1024**2  # of all zips of one submission together, those inside of others included
MAX_DIRECTORY_BYTES = 4 * 1024**2  # a zip's list of contents
MAX_ENTRIES = 20_000  # of one submission, without the folders that hold no answers
MAX_FILES = 200  # of one submission, that could be answers
MAX_DEPTH = 12  # of folders in folders
MAX_ZIPS_IN_ZIPS = 3
MAX_NOTES = 20
MAX_NAME_CHARACTERS = 100

# Folders that a whole clone or a careless zip brings along. The last ones have files that are named like
# answers and are the kit's own.
IGNORED_FOLDERS = {
    "__MACOSX", "__pycache__", ".git", ".ipynb_checkpoints", ".venv", "venv", "node_modules", "site-packages",
    "solutions", "tests", "flaws", "alternatives", "attacks", "kata",
}  # fmt: skip
# What macOS and Windows put beside what people hand in: nobody's name.
SYSTEMS_OWN = {"__MACOSX", "Thumbs.db", "desktop.ini"}
PROGRESS = (".authlab", "progress.json")

_MOODLE = re.compile(r"(?P<learner>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<rest>.*)", re.S)
_CANVAS = re.compile(r"(?P<learner>[^_]+)_(?:LATE_)?(?P<id>\d+)_\d+_(?P<rest>.+)", re.S)
# With what browsers and Canvas add to the name of a second file.
_ANSWERS = re.compile(
    r"(?:.*[_ -])?(?P<stem>lesson_\d\d_[a-z_]*[a-z])(?:[-_ ]?\(?\d{1,3}\)?| copy)?\.py", re.I | re.S
)
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One learner's things at the top level: usually one folder or zip, from Canvas several files."""

    learner: str  # as it may be shown: without anything invisible or steering
    id: str  # the number that Moodle or Canvas knows the learner by, or ""
    names: tuple[str, ...]  # the names at the top level, as they are


@dataclass(slots=True)
class Submission:
    """What one learner has handed in, as far as it is read. `files` are answers by lesson, as bytes."""

    files: dict[str, bytes] = field(default_factory=dict)
    progress: bytes | None = None
    notes: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)  # why a lesson's file was not read
    is_broken: bool = False  # whether something that could hold answers could not be read

    def note(self, words: str) -> None:
        """Add something that its reader should know, once."""
        if words not in self.notes and len(self.notes) < MAX_NOTES:
            self.notes.append(words)

    def refuse(self, where: tuple[str, ...], why: str) -> None:
        """Note that something was not read; where it is named after a lesson, that is its verdict."""
        words = f"{display('/'.join(where[1:] or where))} {why}"
        self.note(words)
        if (stem := stem_of(where[-1])) is not None:
            self.refused.setdefault(stem, words)
        else:
            self.is_broken = True


class SubmissionsError(Exception):
    """There is nothing to grade. The text says what was expected and found."""


class Submissions:
    """A class's submissions: a folder, or the zip that a learning platform makes. Close it, or use it in a
    `with` block."""

    def __init__(self, home: Path) -> None:
        """Find out who has handed in. Raises `SubmissionsError` when `home` is neither folder nor zip, or
        when there is nobody in it."""
        self.home = home
        self._packed: dict[str, list[zipfile.ZipInfo]] = {}
        self._archive: zipfile.ZipFile | None = None
        self._open = ExitStack()
        if home.is_dir():
            names: Iterable[str] = os.listdir(home)
            if {"authlab", "exercises"} <= set(names) or any(
                stem_of(name) == name.removesuffix(".py") for name in names
            ):
                raise SubmissionsError(
                    f"expected a folder or zip for each learner in {home}, "
                    "found one person's answers themselves"
                )
        else:
            try:
                with ExitStack() as until_opened:
                    file = until_opened.enter_context(home.open("rb"))
                    self._archive = _opened(file, MAX_DIRECTORY_BYTES * 16)
                    self._open = until_opened.pop_all()
            except (OSError, *UNREADABLE) as error:
                raise SubmissionsError(
                    f"expected a folder or a zip of submissions, got {home}: {error}"
                ) from None
            for info in self._archive.infolist():
                if parts := _parts(info.filename):
                    self._packed.setdefault(parts[0], []).append(info)
            names = self._packed
        self.entries = _entries(name for name in names if name[0] != "." and name not in SYSTEMS_OWN)
        if not self.entries:
            raise SubmissionsError(f"expected a folder or zip for each learner in {home}, found none")

    def __enter__(self) -> "Submissions":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the zip, if it is one."""
        self._open.close()

    def read(self, entry: Entry) -> Submission:
        """Return what is in somebody's folders, zips and files; notes say what was not read."""
        found = _Found()
        for name in entry.names:
            try:
                if self._archive is None:
                    found.visit_path(self.home / name, (), name)
                else:
                    found.visit_packed(self._archive, self._packed[name], ())
            except OSError as error:
                found.submission.refuse((name,), f"could not be read: {error.strerror}")
        return found.chosen()


def _entries(names: Iterable[str]) -> tuple[Entry, ...]:
    by_learner: dict[tuple[str, str], list[str]] = {}
    for name in sorted(names):
        # One name can be spelt in two ways: macOS takes its accents apart.
        by_learner.setdefault(_whose(unicodedata.normalize("NFC", name)), []).append(name)
    shown = Counter(_display_name(learner) for learner, _ in by_learner)
    found = []
    for (learner, identity), own in by_learner.items():
        unique = _display_name(learner)
        if shown[unique] > 1:  # two people, whose numbers tell them apart
            unique = f"{unique} ({identity or display(own[0])})"
        found.append(Entry(unique, identity, tuple(own)))
    return tuple(sorted(found, key=lambda entry: (entry.learner.casefold(), entry.learner, entry.names)))


def stem_of(name: str) -> str | None:
    """Return the lesson that a file is named after, however a platform or browser has renamed it."""
    match = _ANSWERS.fullmatch(name)
    if match is None or name.startswith("test_"):
        return None
    stem = match["stem"].lower()
    return stem if any(lesson.stem == stem for lesson in lessons()) else None


def display(text: str) -> str:
    """Return somebody's text as one line that can be shown: no control characters, not too long."""
    line = printable(text).replace("\n", "\\n").replace("\t", "\\t")
    return line if len(line) <= MAX_NAME_CHARACTERS else f"{line[: MAX_NAME_CHARACTERS - 1]}…"


def _display_name(learner: str) -> str:
    return display(learner.strip()) or "(no name)"


def _whose(name: str) -> tuple[str, str]:
    """Return learner and number, read from the name of a folder, zip or file at the top level."""
    for pattern in (_MOODLE, _CANVAS):
        if match := pattern.fullmatch(name):
            return match["learner"], match["id"]
    stem = name[: -len(".zip")] if name.lower().endswith(".zip") else name
    if match := re.fullmatch(r"(.+?)[_ -]+lesson_\d\d_.*\.py", stem, re.DOTALL):
        return match[1], ""
    return stem, ""


@dataclass(slots=True)
class _Candidate:
    where: tuple[str, ...]
    data: bytes

    @property
    def rank(self) -> tuple[bool, bool, int, tuple[str, ...]]:
        """The smallest counts: in `exercises`, of just that name, near the top."""
        exact = any(self.where[-1] == f"{lesson.stem}.py" for lesson in lessons())
        return ("exercises" not in self.where[:-1], not exact, len(self.where), self.where)


class _Found:
    """One submission while it is read, with what it has used up of its limits."""

    def __init__(self) -> None:
        self.submission = Submission()
        self._candidates: dict[str, list[_Candidate]] = {}
        self._progress: list[_Candidate] = []
        self._entries = 0
        self._zip_bytes = 0
        self._strange = ""  # a file at the top level that is neither a zip nor answers

    def chosen(self) -> Submission:
        """Return it with one file for each lesson; another of the same name is noted where it differs."""
        for stem, found in sorted(self._candidates.items()):
            first, *others = sorted(found, key=lambda one: one.rank)
            self.submission.files[stem] = first.data
            if any(other.data != first.data for other in others):
                where = display("/".join(first.where))
                self.submission.note(
                    f"{stem}.py is there {len(found)} times, differently: {where} was graded"
                )
        if self._progress:
            self.submission.progress = min(self._progress, key=lambda one: len(one.where)).data
        if not self._candidates and not self.submission.notes:
            if self._strange:
                is_zip = self._strange.lower().endswith(".zip")
                what = "is a zip without a" if is_zip else "is no folder, zip or"
                self.submission.refuse((self._strange,), f"{what} file lesson_NN_topic.py")
            else:
                self.submission.note("there is no file lesson_NN_topic.py")
        return self.submission

    def visit_path(self, path: Path, above: tuple[str, ...], name: str) -> None:
        """Look at a folder, a zip or a file, on the disk."""
        where = (*above, name)
        kind = os.lstat(path).st_mode
        if stat.S_ISLNK(kind):
            if stem_of(name) or not above:
                self.submission.refuse(where, "is a link, and was not followed")
        elif stat.S_ISDIR(kind):
            if len(where) > MAX_DEPTH:
                self.submission.note(f"folders in folders, more than {MAX_DEPTH} deep, were not read")
                return
            for inner in sorted(os.listdir(path)):
                if inner in IGNORED_FOLDERS:
                    continue
                if not self._has_room():
                    return
                try:
                    self.visit_path(path / inner, where, inner)
                except OSError as error:
                    self.submission.refuse((*where, inner), f"could not be read: {error.strerror}")
        elif self._is_wanted(where) or name.lower().endswith(".zip"):
            if not stat.S_ISREG(kind):
                self.submission.refuse(where, "is no file")
                return
            with _opened_for_reading(path) as file:
                if name.lower().endswith(".zip"):
                    self._visit_zip(file, where)
                else:
                    self._take(where, os.fstat(file.fileno()).st_size, file.read)

    def visit_packed(
        self, archive: zipfile.ZipFile, infos: Iterable[zipfile.ZipInfo], above: tuple[str, ...]
    ) -> None:
        """Look at some of what is in a zip."""
        for info in infos:
            where = (*above, *_parts(info.filename))
            inner = info.filename.lower().endswith(".zip")
            if info.is_dir() or not IGNORED_FOLDERS.isdisjoint(where[1:-1]):
                continue
            if not self._has_room():
                return
            if not inner and not self._is_wanted(where):
                continue
            if stat.S_ISLNK(info.external_attr >> 16):
                self.submission.refuse(where, "is a link, and was not followed")
            elif info.flag_bits & 0x1:
                self.submission.refuse(where, "is encrypted")
            elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                # Others may ask for gigabytes before the first byte comes out.
                self.submission.refuse(where, "is packed in a way that is not read")
            else:
                try:
                    with archive.open(info) as packed:
                        if inner:
                            self._visit_zip(packed, where)
                        else:
                            self._take(where, info.file_size, packed.read)
                except (OSError, *UNREADABLE) as error:
                    self.submission.refuse(where, f"could not be read: {display(str(error))}")

    def _visit_zip(self, file: IO[bytes], where: tuple[str, ...]) -> None:
        if sum(part.lower().endswith(".zip") for part in where) > MAX_ZIPS_IN_ZIPS:
            self.submission.refuse(where, f"zips in zips, more than {MAX_ZIPS_IN_ZIPS} deep, were not read")
            return
        left = MAX_ZIP_BYTES - self._zip_bytes
        data = file.read(left + 1)
        self._zip_bytes += len(data)
        if len(data) > left:
            self.submission.refuse(
                where, f"is too large: a submission's zips may have {_size(MAX_ZIP_BYTES)}"
            )
            return
        try:
            with _opened(BytesIO(data), MAX_DIRECTORY_BYTES) as archive:
                self.visit_packed(archive, archive.infolist(), where)
        except UNREADABLE as error:
            self.submission.refuse(where, f"is no zip that can be read: {display(str(error))}")

    def _is_wanted(self, where: tuple[str, ...]) -> bool:
        if PROGRESS[0] in where:
            return where[-2:] == PROGRESS
        if stem_of(where[-1]) is None and len(where) == 1:
            self._strange = where[0]
        return stem_of(where[-1]) is not None

    def _take(self, where: tuple[str, ...], size: int, read_bytes: Callable[[int], bytes]) -> None:
        """Read a file, of which an untrue size may be told."""
        data = b"" if size > MAX_ANSWER_BYTES else read_bytes(MAX_ANSWER_BYTES + 1)
        if size > MAX_ANSWER_BYTES or len(data) > MAX_ANSWER_BYTES:
            self.submission.refuse(where, f"is too large: an answer may have {_size(MAX_ANSWER_BYTES)}")
            return
        if where[-2:] == PROGRESS:
            self._progress.append(_Candidate(where, data))
            return
        stem = stem_of(where[-1])
        kept = self._candidates.setdefault(str(stem), [])
        if sum(map(len, self._candidates.values())) >= MAX_FILES:
            self.submission.note(
                f"more than {MAX_FILES} files that could be answers: the others were not read"
            )
        else:
            kept.append(_Candidate(where, data))

    def _has_room(self) -> bool:
        self._entries += 1
        if self._entries > MAX_ENTRIES:
            self.submission.note(f"more than {MAX_ENTRIES} files: the others were not read")
        return self._entries <= MAX_ENTRIES


def _opened(file: IO[bytes], most_directory_bytes: int) -> zipfile.ZipFile:
    """Return a zip whose list of contents was looked at before `zipfile` reads all of it into memory."""
    file.seek(0, os.SEEK_END)
    size = file.tell()
    file.seek(max(0, size - 22 - 65535))
    tail = file.read()
    at = len(tail) - 22
    if at < 0 or tail[at : at + 4] != b"PK\x05\x06" or tail[-2:] != b"\0\0":
        at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        raise zipfile.BadZipFile("it has no end")
    directory_bytes = struct.unpack_from("<I", tail, at + 12)[0]
    if directory_bytes > most_directory_bytes or tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        raise zipfile.BadZipFile("its list of contents is too long")
    file.seek(0)
    return zipfile.ZipFile(file)


def _opened_for_reading(path: Path) -> IO[bytes]:
    """Open a file that may have become a link or a pipe since it was looked at."""
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    return os.fdopen(os.open(path, flags), "rb")


def _parts(name: str) -> tuple[str, ...]:
    """Return the steps of a name in a zip. `..` and the like are names here, and lead nowhere."""
    return tuple(part for part in name.replace("\\", "/").split("/") if part)


def _size(number: int) -> str:
    return f"{number // 1024**2} MB" if number >= 1024**2 else f"{number // 1024} kB"

"""Ways to cheat or break the grader. All of them are handed in by one class, beside two honest learners.

Each gets its row, and harms nothing: the honest ones have the grades that they would have alone, the clone
and the machine are as they were. It is no sandbox: what only a container stops is in docs/grading.md.
"""

import json
import os
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from authlab.course import derive, isolation
from authlab.course.curriculum import Lesson, lesson_of, select
from authlab.course.places import ROOT, SOLUTIONS
from tests.classroom.made_class import typed
from tests.course.test_hostile import FORGED, RIGHT, states

FILE = "lesson_01_forms.py"
WRONG = "expected 'ada@lab.test', got '  ada@lab.test '"  # what `return raw` is told
HONEST = ("aaa honest", "zzz honest")
TIMEOUT_SECONDS = "6"
LINUX = sys.platform == "linux"


@dataclass(frozen=True)
class Case:
    """Somebody's submission, and the status and words that are right for it."""

    learner: str
    hand_in: Callable[[Path], None]  # given home / learner, makes a folder, or a file beside it
    status: str
    says: str = ""  # in a message on 1.1, or in a note
    shown: str = ""  # the name in the table, where it is not the learner's own


@cache
def lesson() -> Lesson:
    return lesson_of(select("1.1")[0])


def answered(code: str) -> str:
    """Return a file of answers with this body of 1.1, the rest untouched."""
    stub = '    raise NotImplementedError("1.1 is not written yet")'
    text = derive.stub_file(lesson())
    assert text.count(stub) == 1
    return text.replace(stub, "\n".join(f"    {line}" for line in code.splitlines()))


def folder(code: str, **others: str | bytes) -> Callable[[Path], None]:
    """Hand in a folder with an answer, and other files by path (`__` for a slash, `_py` for the ending)."""

    def hand_in(path: Path) -> None:
        put(path / FILE, answered(code))
        for name, text in others.items():
            put(path / name.replace("__", "/").replace("_py", ".py").replace("_json", ".json"), text)

    return hand_in


def files(text: dict[str, str | bytes]) -> Callable[[Path], None]:
    """Hand in a folder with these files, as they are."""

    def hand_in(path: Path) -> None:
        for name, data in text.items():
            put(path / name, data)

    return hand_in


def put(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def packed(*names: str, code: str = RIGHT) -> Callable[[Path], None]:
    """Hand in a zip with an answer under each of these names."""

    def hand_in(path: Path) -> None:
        with zipfile.ZipFile(f"{path}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for number, name in enumerate(names):
                archive.writestr(name, answered(code) + f"# {number}\n")

    return hand_in


def raw_zip(make: Callable[[zipfile.ZipFile], object], change: Callable[[bytes], bytes] = bytes) -> Any:
    """Hand in a zip that is made by hand."""

    def hand_in(path: Path) -> None:
        file = Path(f"{path}.zip")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            make(archive)
        file.write_bytes(change(file.read_bytes()))

    return hand_in


def bomb(archive: zipfile.ZipFile) -> None:
    archive.writestr(FILE, bytes(200 * 1024**2))


def untrue_size(data: bytes) -> bytes:
    """Let a zip say of its only file, in both places, that it has ten bytes."""
    at = data.index(b"PK\x01\x02")
    return data[:22] + struct.pack("<I", 10) + data[26 : at + 24] + struct.pack("<I", 10) + data[at + 28 :]


def encrypted(data: bytes) -> bytes:
    at = data.index(b"PK\x01\x02")
    return data[: at + 8] + b"\x01\0" + data[at + 10 :]


def nested_zips(path: Path) -> None:
    inner = answered(RIGHT).encode()
    name = FILE
    for depth in range(6):
        file = path.with_name("nested")
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(name, inner)
        inner, name = file.read_bytes(), f"{depth}.zip"
        file.unlink()
    put(path / "outer.zip", inner)


def too_many_files(archive: zipfile.ZipFile) -> None:
    for number in range(25_000):
        archive.writestr(f"{number}", b"")
    archive.writestr(FILE, answered(RIGHT))


def link_in_a_zip(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo(FILE)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, str(SOLUTIONS / FILE))


def lzma_packed(archive: zipfile.ZipFile) -> None:
    archive.writestr(FILE, answered(RIGHT), zipfile.ZIP_LZMA)


def twice(archive: zipfile.ZipFile) -> None:
    archive.writestr(FILE, answered(RIGHT))
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(FILE, answered("return raw"))


def link_to_the_solution(path: Path) -> None:
    path.mkdir()
    (path / FILE).symlink_to(SOLUTIONS / FILE)


def link_to_a_folder(path: Path) -> None:
    path.symlink_to(SOLUTIONS)


def ring_of_links(path: Path) -> None:
    put(path / FILE, answered(RIGHT))
    (path / "again").symlink_to(path)


def pipe(path: Path) -> None:
    path.mkdir()
    os.mkfifo(path / FILE)


def sparse_terabyte(path: Path) -> None:
    path.mkdir()
    with (path / FILE).open("wb") as file:
        file.truncate(1024**4 // 1024)  # a gigabyte where the file system takes no more


def very_deep(path: Path) -> None:
    put(path / "/".join("d" * 40) / FILE, answered(RIGHT))


CLAIM = json.dumps(
    {
        "version": 1,
        "exercises": {"1.1": {"status": "passed", "answer": "0", "checks": "0", "passed_before": True}},
    }
)
PASSES_ALL = (
    "import pytest\nfrom authlab.course.judging import exercise\n\n@exercise('1.1')\nclass TestAll:\n"
    "    def test_all(self): pass\n"
)
WRITES = f"""\
for place in ({str(ROOT / "solutions" / "mine.py")!r}, {str(ROOT / "authlab" / "mine.py")!r}, HERE):
    try: open(place, 'w').write('x')
    except OSError: pass
return raw
"""
CALLS_OUT = """\
import socket
server = socket.create_server(('127.0.0.1', 0))
socket.create_connection(server.getsockname(), timeout=1)
return raw
"""
KILLS_ALL_JUDGES = """\
import os, signal
def parent(number):
    return open(f'/proc/{number}/stat').read().rpartition(')')[2].split()[1]
if raw == 'ada@lab.test':
    grader = parent(os.getppid())
    for name in filter(str.isdigit, os.listdir('/proc')):
        try:
            if parent(name) == grader: os.kill(int(name), signal.SIGKILL)
        except OSError: pass
return raw
"""
CHANGES_ITS_FILE = f"""\
import re, sys
try: open(sys.modules[__name__].__file__, 'w').write(open({str(SOLUTIONS / FILE)!r}).read())
except OSError: pass
return raw
"""
TRIES = """\
import ctypes, os, socket, sys
from authlab.course import isolation
print(*isolation.isolate(sys.argv[1]))
isolation.limit_processes()
def write():
    try: open(sys.argv[2], 'w').write('x'); print('wrote')
    except OSError: print('kept')
open(sys.argv[1] + '/mine', 'w').write('x')
write()
if sys.platform == 'linux':
    libc = ctypes.CDLL(None)
    for step in (0, 0x10020000):  # with the rights that it has, and with those in namespaces of its own
        libc.unshare(step)
        place = os.path.dirname(sys.argv[2])
        while not os.path.ismount(place): place = os.path.dirname(place)
        flags = 0x1020 | os.statvfs(place).f_flag & 0xe
        libc.mount(None, place.encode(), None, ctypes.c_ulong(flags), None)
        write()
try: socket.create_connection(('127.0.0.1', int(sys.argv[3])), timeout=5); print('out')
except OSError: print('in')
children = []
try:
    while len(children) < 150:
        child = os.fork()
        if child == 0: import time; time.sleep(60); os._exit(0)
        children.append(child)
except OSError: pass
for child in children: os.kill(child, 9)
for most in (100, 150):
    if len(children) <= most: print(f'{most} or fewer'); break
"""
UNLUCKY = "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)"

READING = [
    Case("zip slip", packed(f"../../../../exercises/{FILE}"), "passed"),
    Case("zip slip, absolute", packed(f"/tmp/../{FILE}"), "passed"),
    Case("zip slip, backslashes", packed(f"..\\..\\{FILE}"), "passed"),
    Case("zip bomb", raw_zip(bomb), "error", "too large"),
    Case("zip bomb with an untrue size", raw_zip(bomb, untrue_size), "error", "could not be read"),
    Case("zips in zips in zips", nested_zips, "error", "deep, were not read"),
    Case("a zip of 25000 files", raw_zip(too_many_files), "unattempted", "more than 20000 files"),
    Case("an encrypted file", raw_zip(lambda a: a.writestr(FILE, "x"), encrypted), "error", "is encrypted"),
    Case("a file packed with lzma", raw_zip(lzma_packed), "error", "packed in a way that is not read"),
    Case("a link in a zip", raw_zip(link_in_a_zip), "error", "is a link, and was not followed"),
    Case("one name twice in a zip", raw_zip(twice), "passed", "is there 2 times, differently"),
    Case("half a zip", raw_zip(lambda a: a.writestr(FILE, "x"), lambda data: data[:40]), "error",
         "is no zip that can be read"),
    Case("a zip without a middle",
         raw_zip(lambda a: a.writestr(FILE, "x" * 99), lambda data: data[:35] + data[60:]),
         "error", "read"),
    Case("no zip", lambda path: put(Path(f"{path}.zip"), b"\0" * 5000), "error",
         "is no zip that can be read"),
    Case("an empty zip", raw_zip(lambda archive: None), "error",
         "is a zip without a file lesson_NN_topic.py"),
    Case("another archive", lambda path: put(path.with_suffix(".rar"), b"Rar!"), "error",
         "is no folder, zip or file", "another archive.rar"),
    Case("nothing", lambda path: path.mkdir(), "unattempted", "there is no file lesson_NN_topic.py"),
    Case("a link to the solution", link_to_the_solution, "error", "is a link, and was not followed"),
    Case("a link to a folder", link_to_a_folder, "error", "is a link, and was not followed"),
    Case("a ring of links", ring_of_links, "passed"),
    Case("a pipe", pipe, "error", "is no file"),
    Case("a huge file", sparse_terabyte, "error", "too large"),
    Case("forty folders deep", very_deep, "unattempted", "more than 12 deep"),
]  # fmt: skip

NAMES = [
    Case("\x1b[2J\x1b[31mred", folder("return raw"), "failed", WRONG, r"\x1b[2J\x1b[31mred"),
    Case("two\nlines", folder("return raw"), "failed", WRONG, r"two\nlines"),
    Case("\u202eevil", folder("return raw"), "failed", WRONG, r"\u202eevil"),
    Case("=HYPERLINK(1)", folder("return raw"), "failed", WRONG),
    Case("<script>alert(1)<", folder("return raw"), "failed", WRONG),
    Case(os.fsdecode(b"Zo\xe9"), folder("return raw"), "failed", WRONG, r"Zo\udce9"),
]

BESIDE = [
    Case("edited tests", folder("return raw", **{"tests__lessons__test_lesson_01_forms_py": PASSES_ALL,
         "tests__conftest_py": "raise SystemExit(0)"}), "failed", WRONG),
    Case("a conftest", folder("return raw", conftest_py="def pytest_runtest_call(item): item.obj = print\n"),
         "failed", WRONG),
    Case("a pytest of its own", folder("return raw", pytest_py="def main(*a, **k): return 0\n",
         _pytest____init___py="", sitecustomize_py="raise SystemExit(0)"), "failed", WRONG),
    Case("a kit of its own", folder("return raw", authlab__course__judge_py="def main(): print('passed')\n",
         authlab____init___py=""), "failed", WRONG),
    Case("forged results", folder("return raw", results_json='{"exercises": [{"id": "1.1"}]}'),
         "failed", WRONG),
    Case("a forged progress file", files({FILE: answered("return raw"), ".authlab/progress.json": CLAIM}),
         "failed", WRONG),
    Case("a progress file that is a trap", files({FILE: answered("return raw"),
         ".authlab/progress.json": b"[" * 100_000}), "failed", WRONG),
    Case("the kit's solutions folder", files({f"solutions/{FILE}": answered(RIGHT)}), "unattempted",
         "there is no file"),
]  # fmt: skip

ANSWERS = [
    Case("os._exit(0)", folder("import os\nos._exit(0)"), "error", "ended its process"),
    Case("a patched pytest", folder("import pytest\npytest.fail = print\nreturn raw"), "error",
         "the answer replaced pytest.fail"),
    Case("a forged verdict", folder(FORGED + "for number in range(1, 64):\n    try: os.write(number, line)\n"
         "    except OSError: pass\nreturn raw"), "failed", WRONG),
    Case("an endless loop", folder("while True: pass"), "timeout", "is there an endless loop?"),
    Case("three gigabytes", folder("bytearray(3 * 1024**3)\nreturn raw"), "failed", "an answer may use 2 GB"),
    Case("seventy megabytes printed", folder("print('x' * 7 * 10**7 * (raw == 'ada@lab.test'))\nreturn raw"),
         "failed", "may write 64 MB"),
    Case("processes that stay", folder("import os, time\nfor _ in range(20 * (raw == 'ada@lab.test')):\n"
         "    if os.fork() == 0:\n        os.setsid()\n        time.sleep(600)\n        os._exit(0)\n"
         "return raw"),
         "failed", WRONG),
    Case("one that ends its judge", folder(UNLUCKY), "error", "the process that judges it was ended"),
    Case("one that ends all judges", folder(KILLS_ALL_JUDGES), "error" if LINUX else "failed",
         "the process that judges it was ended" if LINUX else "FileNotFoundError"),
    Case("one that changes its own file", folder(CHANGES_ITS_FILE), "failed", WRONG),
    Case("one that writes elsewhere", folder(WRITES), "failed", WRONG),
    Case("one that calls out", folder(CALLS_OUT), "failed", "OSError" if LINUX else WRONG),
    Case("a message that is a page", folder("raise ValueError('<script>alert(1)</script>\\x1b[2J\\udce9')"),
         "failed", "<script>alert(1)</script>"),
    Case("brackets in brackets", files({FILE: "(" * 50_000}), "error", "line 1"),
    Case("a quarter of a megabyte of sums", files({FILE: "x = 1" + "+1" * 120_000}), "error",
         "nested too deeply"),
    Case("no text", files({FILE: b"\xff\xfe" * 100}), "error", "expected a Python file in UTF-8"),
    Case("the package's own, imported", files({FILE: "from authlab.forms import canonical_email\n"}), "error",
         "found the package's own, imported"),
    Case("the solution, read from its file", folder(f"spaces = {{}}\nexec(open({str(SOLUTIONS / FILE)!r}, "
         "encoding='utf-8').read(), spaces)\nreturn spaces['canonical_email'](raw)"), "passed"),
]  # fmt: skip

CASES = [*READING, *NAMES, *BESIDE, *ANSWERS]


@dataclass(frozen=True)
class Graded:
    """What one run of `class grade` left behind."""

    run: "subprocess.CompletedProcess[str]"
    out: Path
    rows: dict[str, dict[str, Any]]
    before: dict[str, tuple[int, int]]
    temporary: Path


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    home = tmp_path_factory.mktemp("class") / "handed-in"
    home.mkdir()
    for name in HONEST:
        put(home / name / FILE, answered(RIGHT))
    for case in CASES:
        case.hand_in(home / case.learner)
    temporary, out = home.parent / "t", home.parent / "out"
    temporary.mkdir()
    for path in home.rglob(FILE):  # a place that this run alone has
        if path.is_file() and path.stat().st_size < 10**6 and not path.is_symlink():
            path.write_bytes(path.read_bytes().replace(b"HERE", repr(str(home.parent / "written")).encode()))
    before = states()
    run = typed(
        str(home), "1.1", "1.2", "--timeout", TIMEOUT_SECONDS, "--jobs", "2", "--out", str(out),
        "--junit", str(home.parent / "junit.xml"), temporary=temporary,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    rows = {row["learner"]: row for row in json.loads((out / "results.json").read_text("utf-8"))["learners"]}
    return Graded(run, out, rows, before, temporary)


def said(row: dict[str, Any]) -> str:
    """Return all that is told of a learner."""
    messages = [check["message"] for verdict in row["exercises"] for check in verdict["checks"]]
    return "\n".join([*row["notes"], *messages])


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case.learner))
def test_it_has_its_row(graded: Graded, case: Case) -> None:
    """A status that is right, and words that say why; whatever was handed in."""
    row = graded.rows[case.shown or case.learner]
    assert (row["exercises"][0]["status"], case.says in said(row)) == (case.status, True), said(row)[:3000]
    assert row["exercises"][1]["status"] in ("unattempted", "error")


def test_there_are_forty_of_them() -> None:
    assert len(CASES) >= 40
    assert len({case.shown or case.learner for case in CASES}) == len(CASES)


@pytest.mark.parametrize("learner", HONEST)
def test_the_honest_ones_have_the_grades_that_they_would_have_alone(graded: Graded, learner: str) -> None:
    statuses = [verdict["status"] for verdict in graded.rows[learner]["exercises"]]
    assert (statuses, graded.rows[learner]["notes"]) == (["passed", "unattempted"], [])


def test_the_clone_is_as_it_was(graded: Graded) -> None:
    assert states() == graded.before


def test_no_file_is_left_and_nothing_was_written_where_it_was_taken_away(graded: Graded) -> None:
    assert list(graded.temporary.iterdir()) == []
    assert sorted(path.name for path in graded.out.iterdir()) == [
        "canvas.csv", "grades.html", "moodle.csv", "results.csv", "results.json",
    ]  # fmt: skip
    assert not (graded.out.parent / "written").exists() or "writing to your files" in graded.run.stdout


def test_no_process_is_left(graded: Graded) -> None:
    """Whatever a run starts has its folder for temporary files in its environment; only Linux tells."""
    left = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(graded.temporary) in (process / "environ").read_bytes().decode("utf-8", "replace"):
                left.append(process.name)
        except OSError:  # it is not ours, or it has ended
            continue
    assert left == []


def test_a_progress_file_that_the_re_run_contradicts_is_shown(graded: Graded) -> None:
    row = graded.rows["a forged progress file"]
    assert row["contradicted"] == {"1.1": "the file has changed since this verdict"}
    words = "the progress file says solved (the file has changed since this verdict), the re-run does not"
    assert words in graded.run.stdout
    assert words in (graded.out / "results.csv").read_text("utf-8")
    assert words in (graded.out / "grades.html").read_text("utf-8")


def test_nothing_of_theirs_steers_a_terminal_a_spreadsheet_or_a_browser(graded: Graded) -> None:
    page = (graded.out / "grades.html").read_text("utf-8")
    assert "\x1b" not in graded.run.stdout + page
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;" in page
    for name in ("results.csv", "canvas.csv", "moodle.csv"):
        text = (graded.out / name).read_text("utf-8")
        assert "'=HYPERLINK(1)" in text
        assert "\n=HYPERLINK" not in text
        assert ",=HYPERLINK" not in text


def test_what_is_taken_from_answers_is_gone_for_good() -> None:
    """Network, other people's files, and ever more processes; in another process, as it is not given back."""
    with (
        tempfile.TemporaryDirectory() as inside,
        tempfile.TemporaryDirectory() as outside,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        run = subprocess.run(
            [sys.executable, "-c", TRIES, inside, f"{outside}/theirs", str(server.getsockname()[1])],
            cwd=ROOT, input="", capture_output=True, encoding="utf-8", check=True,
        )  # fmt: skip
        assert Path(inside, "mine").exists()
        assert Path(outside, "theirs").exists() == ("kept" not in run.stdout)
    taken, *found = run.stdout.splitlines()
    many = isolation.MOST_PROCESSES if "processes" in taken and os.geteuid() != 0 else 150  # root is exempt
    assert found == [
        *["kept" if "files" in taken else "wrote"] * (3 if LINUX else 1),  # also after attempts to undo it
        "in" if "network" in taken else "out",
        f"{min(many, 150)} or fewer",
    ]
    assert LINUX or taken == ""

"""Clumsy and hostile answers: each gets the right state and words that help, and harms nothing else.

An answer is a program with its owner's rights, in the process of the checks that judge it. What is tried here
are accidents and the first ideas of somebody who wants a tick without the work; the judge withstands those.
It is no sandbox. What it does not prevent is in `SHOWN`, and in SECURITY.md.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from authlab.course import bank, warm
from authlab.course.curriculum import Exercise, exercises, select
from authlab.course.engine import Engine, Result
from authlab.course.places import ROOT, SOLUTIONS
from tests.copied_kit import write_stubs

Verdicts = list[dict[str, Any]]  # as `check --json` has them

LESSON_0 = "lesson_00_start_here.py"
PATIENCE = 120  # times that half a second is waited for
ROUNDS = 1500  # of a fiftieth of a second, for one step: shorter than what any case leaves asleep
LESSON_1 = "lesson_01_forms.py"
HEAD = "def canonical_email(raw: str) -> str | None:\n"
WRONG = "expected 'ada@lab.test', got '  ada@lab.test '"  # what `return raw` is told
A_MOMENT = 2.0  # seconds, for what never ends

RIGHT = """\
import re, unicodedata
from authlab.forms import EMAIL_MAX_CHARACTERS, EMAIL_SHAPE
address = unicodedata.normalize("NFKC", raw.strip(" ")).casefold()
address = unicodedata.normalize("NFKC", address)
return address if re.fullmatch(EMAIL_SHAPE, address) and len(address) <= EMAIL_MAX_CHARACTERS else None
"""

FORGED = """\
import json, os
told = {"checks": [{"name": "forged", "status": "passed", "message": ""}], "calls": 1, "seconds": 0.0}
line = json.dumps(told).encode() + b"\\n"
"""


@dataclass(frozen=True)
class Case:
    """An answer, the state that is right for it, and what of the message helps."""

    name: str
    code: str | bytes  # of the body of 1.1; the whole file when it is bytes
    status: str
    message: str


def body(name: str, code: str, status: str, message: str) -> Case:
    return Case(name, code, status, message)


def file(name: str, code: str | bytes, status: str, message: str) -> Case:
    return Case(name, code if isinstance(code, bytes) else code.encode(), status, message)


NEVER_ENDS = [
    body("an endless loop", "while True:\n    pass", "timeout", "is there an endless loop?"),
    file("an endless loop above the answer", "while True: pass\n" + HEAD + "    return raw\n", "timeout",
         "is there an endless loop?"),
    body("one that stops itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", "timeout",
         "expected an answer within 2 seconds"),
    body("one that waits for a lock", "import threading\nlock = threading.Lock()\nwith lock, lock: pass",
         "timeout", "expected an answer within 2 seconds"),
    body("one that ignores signals and sleeps",
         "import signal, time\nfor number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)\n"
         "time.sleep(600)", "timeout", "expected an answer within 2 seconds"),
]  # fmt: skip

ENDS_ITSELF = [
    body("sys.exit", "import sys\nsys.exit(0)", "failed", "an answer returns, and ends no program"),
    file("sys.exit above the answer", "import sys\nsys.exit()\n" + HEAD + "    return raw\n", "error",
         "the answer ended its process: SystemExit"),
    body("os._exit(0)", "import os\nos._exit(0)", "error",
         "the answer ended its process before the checks were done"),
    body("os._exit(1)", "import os\nos._exit(1)", "error",
         "the answer ended its process before the checks were done"),
    body("KeyboardInterrupt", "raise KeyboardInterrupt", "error",
         "the answer ended its process: KeyboardInterrupt"),
    body("pytest.exit", "import pytest\npytest.exit('all well', 0)", "error",
         "the answer ended its process: Exit all well"),
    body("pytest.skip", "import pytest\npytest.skip('not today')", "failed", "got Skipped: not today"),
    body("a crash in C", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "error",
         "the answer ended its process by SIGSEGV"),
    body("an alarm", "import signal, time\nsignal.setitimer(signal.ITIMER_REAL, 0.01)\ntime.sleep(60)",
         "error", "the answer ended its process by SIGALRM"),
    body("an alarm with a handler",
         "import signal, time\ndef ring(*_): raise TimeoutError('rang')\n"
         "signal.signal(signal.SIGALRM, ring)\nsignal.setitimer(signal.ITIMER_REAL, 0.01)\ntime.sleep(60)",
         "failed", "got TimeoutError: rang, line"),
    body("one that ends the judge", "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)", "error",
         "the process that judges it was ended meanwhile"),
    body("one that asks the judge to end", "import os, signal, time\nos.kill(os.getppid(), signal.SIGTERM)\n"
         "time.sleep(60)", "error", "the process that judges it was ended meanwhile"),
    body("os._exit replaced", "import os\nos._exit = lambda code: None\nreturn raw", "error",
         "the answer replaced os._exit"),
]  # fmt: skip

TAKES_TOO_MUCH = [
    body("endless recursion", "return canonical_email(raw)", "failed", "got RecursionError"),
    body("three gigabytes", "bytearray(3 * 1024**3)\nreturn raw", "failed", "an answer may use 2 GB"),
    body("a hundred megabytes printed", "print('x' * 10**8)\nreturn raw", "failed",
         "an answer may write 64 MB, what it prints included"),
    body("ten megabytes printed", "print('x' * 10**7)\nreturn raw", "failed", WRONG),
    body("twenty processes that sleep",
         "import os, time\nfor _ in range(20 * (raw == 'ada@lab.test')):\n    if os.fork() == 0:\n"
         "        time.sleep(600)\n        os._exit(0)\nreturn raw", "failed", WRONG),
    body("twenty processes in sessions of their own",
         "import os, time\nfor _ in range(20 * (raw == 'ada@lab.test')):\n    if os.fork() == 0:\n"
         "        os.setsid()\n"
         "        time.sleep(600)\n        os._exit(0)\nreturn raw", "failed", WRONG),
    body("a daemon", "import os, time\nif raw == 'ada@lab.test' and os.fork() == 0:\n"
         "    os.setsid()\n    if os.fork() == 0:\n"
         "        time.sleep(600)\n    os._exit(0)\nreturn raw", "failed", WRONG),
    body("two that both go on", "import os\nif raw == 'ada@lab.test': os.fork()\nreturn raw", "failed",
         WRONG),
    body("threads that go on", "import threading, time\nfor _ in range(5):\n"
         "    threading.Thread(target=time.sleep, args=(600,)).start()\nreturn raw", "failed", WRONG),
    body("an error of ten megabytes", "raise ValueError('x' * 10**7)", "failed",
         "got ValueError: xxxx"),
    file("an error of ten megabytes above the answer",
         "raise ValueError('x' * 10**7)\n" + HEAD + "    return raw\n", "error", "line 1: ValueError: xxxx"),
    body("a sum of three thousand", "return " + " + ".join(["raw"] * 3000), "error",
         "nested too deeply"),
    body("brackets in brackets", "return " + "(" * 500 + "raw" + ")" * 500, "error",
         "too many nested parentheses"),
]  # fmt: skip

TOUCHES_WHAT_IS_NOT_ITS_OWN = [
    body("input", "return input()", "failed", "nobody is there to type"),
    body("stdout closed", "import sys\nprint('bye')\nsys.stdout.close()\nreturn raw", "failed",
         "got ValueError: I/O operation on closed file."),
    body("stdout closed once", "import sys\nsys.stdout.closed or sys.stdout.close()\nreturn raw", "failed",
         WRONG),
    body("no stdout", "import sys\nsys.stdout = None\nreturn raw", "failed", WRONG),
    body("files 1 and 2 closed", "import os\nos.closerange(1, 3)\nprint('x')\nreturn raw", "failed", WRONG),
    body("all files closed, and an endless loop", "import os\nos.closerange(0, 256)\nwhile True: pass",
         "error", "closed files that it had not opened"),
    body("all files closed", "import os\nos.closerange(0, 256)\nreturn raw", "error",
         "closed files that it had not opened"),
    body("the other directory", "import os\nprint('here')\nos.chdir('/')\nreturn raw", "failed",
         "it printed  here"),
    body("its folder emptied", "import os\nprint('here')\n"
         "for name in filter(os.path.isfile, os.listdir()): os.remove(name)\n"
         "return raw", "failed", "it printed  here"),
    body("its folder deleted", "import os, shutil\nif raw == 'ada@lab.test': shutil.rmtree(os.getcwd())\n"
         "return raw", "failed", WRONG),
    body("all temporary folders deleted",
         "import shutil, tempfile\nfrom pathlib import Path\nhome = Path(tempfile.gettempdir()).parent\n"
         "if raw == 'ada@lab.test' and home.name.startswith('authlab-judge-'): shutil.rmtree(home)\n"
         "return raw", "failed", WRONG),
    body("pytest.fail replaced", "import pytest\npytest.fail = print\nreturn raw", "error",
         "the answer replaced pytest.fail"),
    body("pytest's way of running replaced",
         "import _pytest.python as inside\ninside.Function.runtest = lambda self: None\nreturn raw", "error",
         "the answer replaced Function.runtest of _pytest.python"),
    body("pytest's reports replaced",
         "import _pytest.runner as inside\ninside.check_interactive_exception = print\nreturn raw", "error",
         "the answer replaced _pytest.runner.check_interactive_exception"),
    body("isinstance replaced", "import builtins\nbuiltins.isinstance = lambda *_: True\nreturn raw",
         "error", "the answer replaced isinstance"),
    body("len replaced by nothing", "import builtins\nbuiltins.len = None\nreturn raw", "error",
         "the answer replaced len"),
    body("AssertionError replaced", "import builtins\nbuiltins.AssertionError = KeyError\nreturn raw",
         "error", "the answer replaced AssertionError"),
    body("print deleted", "import builtins\ndel builtins.print\nreturn raw", "error",
         "the answer replaced print"),
    body("the words of the judge replaced",
         "import authlab.course.messages as words\nwords.explain = lambda *_: 'all well'\nreturn raw",
         "error", "the answer replaced authlab.course.messages.explain"),
    body("the checks' own name replaced",
         "import sys\nfor name, module in list(sys.modules.items()):\n"
         "    if name.endswith('test_lesson_01_forms'): module.canonical_email = len\nreturn raw",
         "error", "test_lesson_01_forms.canonical_email"),
    body("sys.modules emptied", "import sys\nsys.modules.clear()\nreturn raw", "error",
         "the answer replaced sys.modules["),
    body("another part in sys.modules",
         "import sys\nsys.modules['authlab.forms'] = sys.modules['json']\nreturn raw", "failed", WRONG),
    body("the package's part replaced",
         "import authlab.forms as ours\nours.canonical_email = lambda raw: raw.strip()\nreturn raw",
         "failed", WRONG),
    body("the package's part put in its place",
         "from authlab.course import mounting\nslot = mounting.slot_of('authlab.forms:canonical_email')\n"
         "slot.mounted = slot.original\nreturn slot.mounted(raw)", "error",
         "the answer put another in its own place"),
    body("the package's part mounted",
         "from authlab import forms\nfrom authlab.course import mounting\n"
         "part = 'authlab.forms:canonical_email'\n"
         "with mounting.mounted({part: mounting.original(part)}): return forms.canonical_email(raw)",
         "failed", "an answer mounts nothing"),
    body("a result written to every file", FORGED + "for number in range(1, 64):\n"
         "    try: os.write(number, line)\n    except OSError: pass\nreturn raw", "failed", WRONG),
    body("a result written to every file, and the end", FORGED + "for number in range(1, 64):\n"
         "    try: os.write(number, line)\n    except OSError: pass\nos._exit(0)", "error",
         "the answer ended its process before the checks were done"),
    body("noise written to every file", "import os\nfor number in range(3, 64):\n"
         "    try: os.write(number, b'x' * 40000)\n    except OSError: pass\nreturn raw", "failed", WRONG),
]  # fmt: skip

IS_NO_FUNCTION_LIKE_THIS = [
    body("equal to everything",
         "class Yes:\n    def __eq__(self, other): return True\nreturn Yes()", "failed",
         "equals whatever it is compared with"),
    body("a text that is equal to every text",
         "class Yes(str):\n    def __eq__(self, other): return isinstance(other, str)\nreturn Yes(raw)",
         "failed", "equals whatever it is compared with"),
    body("unittest's ANY", "from unittest.mock import ANY\nreturn ANY", "failed",
         "equals whatever it is compared with"),
    body("a value that cannot be shown",
         "class Odd:\n    def __repr__(self): raise ValueError('no')\nreturn Odd()", "failed",
         "got a value of type Odd, whose repr raises ValueError"),
    body("an error that cannot be shown",
         "class Odd(Exception):\n    def __str__(self): raise ValueError('no')\nraise Odd", "failed",
         "got Odd"),
    body("a comparison that crashes",
         "class Odd:\n    def __eq__(self, other): raise ValueError('no')\nreturn Odd()", "failed",
         "ValueError: no"),
    body("a coroutine", "async def later(): pass\nreturn later()", "failed", "is it `async def`?"),
    file("an async function", "async " + HEAD + "    return raw\n", "failed", "is it `async def`?"),
    body("a generator", "yield raw", "failed", "is there a `yield` in it?"),
    file("a class instead", "class canonical_email: pass\n", "error",
         "expected canonical_email to be a function"),
    file("no parameter", "def canonical_email(): return 1\n", "failed", "takes 0 positional arguments"),
    file("one parameter too many", "def canonical_email(raw, more): return raw\n", "failed",
         "missing 1 required positional argument: 'more'"),
    file("another name", "def canonical_mail(raw): return raw\n", "error",
         "expected a definition of canonical_email, found none"),
    file("the package's own, imported", "from authlab.forms import canonical_email\n", "error",
         "found the package's own, imported"),
    file("the package's own, by a star", "from authlab.forms import *\n", "error",
         "found the package's own, imported"),
    file("the package's own, by a star below", HEAD + "    return raw\nfrom authlab.forms import *\n",
         "error", "found the package's own, imported"),
    file("the package's own, assigned",
         "import authlab.forms\ncanonical_email = authlab.forms.canonical_email\n", "error",
         "found the package's own, imported"),
    file("the package's own, unwrapped",
         "import authlab.forms\ncanonical_email = authlab.forms.canonical_email.__wrapped__\n", "error",
         "found the package's own, imported"),
    body("the package's own, called",
         "from authlab.forms import canonical_email as ours\nreturn ours(raw)", "failed", "write your own"),
]  # fmt: skip

IS_NO_PYTHON = [
    file("Latin-1", HEAD.encode() + b"    return '\xe9'\n", "error", "expected a Python file in UTF-8"),
    file("UTF-16", (HEAD + "    return raw\n").encode("utf-16"), "error", "expected a Python file in UTF-8"),
    file("an encoding that is none", "# coding: klingon\n" + HEAD + "    return raw\n", "error",
         "unknown encoding"),
    file("a byte order mark", "\ufeff" + HEAD + "    return raw\n", "failed", WRONG),
    file("Windows' line ends", (HEAD + "    return raw\n").replace("\n", "\r\n"), "failed", WRONG),
    file("NUL bytes", HEAD + "    return '\0'\n", "error", "null bytes"),
    file("tabs and spaces", HEAD + "\tif raw:\n        return raw\n", "error", "line 3: "),
    file("marks of a merge conflict",
         "<<<<<<< mine\n" + HEAD + "    return raw\n=======\n>>>>>>> theirs\n", "error",
         "line 1: expected Python, got the mark of a merge conflict"),
    file("half a line", HEAD + "    return raw +\n", "error", "line 2: invalid syntax: return raw +"),
    file("nothing", "", "error", "expected a definition of canonical_email, found none"),
    file("a module that is not there", "import nothing_of_this_name\n" + HEAD + "    return raw\n", "error",
         "line 1: ModuleNotFoundError: No module named 'nothing_of_this_name'"),
]  # fmt: skip

# Shown, and not prevented: whoever has the clone has its solutions, and an answer can do what its owner can.
# Who wants to know what somebody understands reads the answer, or asks.
SHOWN = [
    body("the solution, read from its file",
         f"spaces = {{}}\nexec(open({str(SOLUTIONS / LESSON_1)!r}, encoding='utf-8').read(), spaces)\n"
         "return spaces['canonical_email'](raw)", "passed", ""),
    body("the package's own, unwrapped and called",
         "from authlab.forms import canonical_email as ours\nreturn ours.__wrapped__(raw)", "passed", ""),
    body("the right answer", RIGHT, "passed", ""),
]  # fmt: skip

FAST = [
    *ENDS_ITSELF, *TAKES_TOO_MUCH, *TOUCHES_WHAT_IS_NOT_ITS_OWN, *IS_NO_FUNCTION_LIKE_THIS, *IS_NO_PYTHON,
    *SHOWN,
]  # fmt: skip
CASES = [*NEVER_ENDS, *FAST]


@pytest.fixture
def left_alone(engine: Engine, stubs: Path) -> Iterator[None]:
    """Whatever the answer did: nothing is new or changed in the clone, the answers' folder, or among the
    temporary files, and no process is left, but for the one that waits for the next answer."""
    shutil.copy(SOLUTIONS / LESSON_0, stubs)
    before = states()
    yield
    assert states() == before
    assert sorted(path.name for path in stubs.glob("*")) == sorted(os.listdir(ROOT / "exercises"))
    judge = engine._judge
    assert judge is not None
    # The verdict on the next answer is told before its child is cleared away; what the hostile one left is by
    # then what nobody clears away any more.
    for _ in range(ROUNDS):
        if (found := beside_the_waiting_one(Path(judge._folder.name))) == []:
            break
        time.sleep(0.02)
    assert found == []


def beside_the_waiting_one(folder: Path) -> list[str]:
    """Return what is in a judge's folder, or at work there, besides an empty place and who waits in it."""
    with suppress(FileNotFoundError):  # a place that is being deleted
        places = sorted(map(str, folder.iterdir())) if folder.exists() else []
        written = [str(path) for place in places for path in Path(place).iterdir() if path.read_bytes()]
        return [*places[1:], *written, *(cwd for cwd in working_in(folder) if cwd not in places)]
    return ["a place that is being deleted"]


@pytest.mark.usefixtures("left_alone")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_gets_its_own_verdict_and_nothing_else_is_harmed(
    engine: Engine, stubs: Path, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    """The next answer, to another exercise, is judged as if nothing had been."""
    put(case, stubs)
    with monkeypatch.context() as patch:
        if case.status == "timeout":
            patch.setattr(engine, "_timeout_seconds", A_MOMENT)
        result = engine.check(select("1.1")[0], stubs)
    assert (result.status, case.message in said(result)) == (case.status, True), said(result)[:2000]
    assert len(said(result)) < 20_000
    following = engine.check(select("0.1")[0], stubs)
    assert following.status == "passed", said(following)


def test_a_list_that_is_equal_to_every_list_is_no_answer(engine: Engine, stubs: Path) -> None:
    """All checks of 1.2 compare: without a look at what comes back, they would all pass."""
    fill(stubs, "1.2", "class Yes(list):\n    def __eq__(self, other): return True\nreturn Yes()")
    result = engine.check(select("1.2")[0], stubs)
    assert result.status == "failed"
    assert "equals whatever it is compared with" in said(result)


def test_a_text_that_says_it_holds_every_text_is_no_loot(engine: Engine, stubs: Path) -> None:
    """An attack must bring the secret, and the check looks into the text itself."""
    fill(
        stubs,
        "1.4",
        "class Loot(str):\n    def __contains__(self, other): return True\n"
        "    def __str__(self): return ''\nreturn Loot('x')",
    )
    result = engine.check(select("1.4")[0], stubs)
    assert result.status == "failed"
    assert "got a text without it" in said(result)


def test_where_no_process_forks_a_forged_result_is_none_either(
    stubs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the answer shares a process with the pipe to the engine, and has to guess a mark."""
    monkeypatch.setenv("AUTHLAB_JUDGE", "process")
    monkeypatch.setattr("authlab.course.judge.CAN_FORK", False)
    put(next(case for case in FAST if case.name == "a result written to every file"), stubs)
    with Engine(timeout_seconds=60) as engine:
        result = engine.check(select("1.1")[0], stubs)
    assert (result.status, WRONG in said(result)) == ("failed", True), said(result)


# The same verdict everywhere


@pytest.mark.full
def test_the_verdict_is_the_same_in_notebook_terminal_and_watch(
    kit: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every flaw, every alternative and every hostile case.

    CI and a lone terminal type `check --json`, a kernel calls `check`, and beside a `watch` its own engine is
    asked. The three take turns on the cores: much of it is waiting for what never ends.
    """
    home = tmp_path_factory.mktemp("answers")  # in no clone: a path within one is told from its top
    asked = [*known_answers(home, bank.flaws_of), *known_answers(home, bank.alternatives_of), *hostile(home)]
    with watching(kit), ThreadPoolExecutor() as side_by_side:
        ways = (check_typed, check_in_a_kernel, partial(check_watched, kit=kit))
        typed, *elsewhere = [side.result() for side in [side_by_side.submit(way, asked) for way in ways]]
    assert [one["id"] for one in typed] == [one.id for _, chosen in asked for one in chosen]
    assert {one["status"] for one in typed} == {"passed", "failed", "error", "timeout"}
    for there in elsewhere:
        assert [pair for pair in zip(there, typed, strict=True) if pair[0] != pair[1]] == []


def test_all_that_is_known_is_asked_for(tmp_path: Path) -> None:
    """What `known_answers` leaves out is about parts of the app that no exercise asks for."""
    asked_for = {exercise.part for exercise in exercises()}
    for every, of_a_part in (
        (bank.all_flaws(), bank.flaws_of),
        (bank.all_alternatives(), bank.alternatives_of),
    ):
        there = sum(len(chosen) for _, chosen in known_answers(tmp_path / of_a_part.__name__, of_a_part))
        assert there == sum(one.part in asked_for for one in every)


Asked = tuple[Path, Sequence[Exercise]]  # a folder of answers, and the exercises that are answered there


def known_answers(
    home: Path, known: Callable[[str], Sequence[bank.Flaw | bank.Alternative]]
) -> Iterator[Asked]:
    """Yield a folder with the first known answer to each exercise, one with the second, and so on."""
    for number in range(max(len(known(asked.part)) for asked in exercises())):
        folder = home / f"{known.__name__}_{number:02}"
        folder.mkdir(parents=True)
        answered = [asked for asked in exercises() if len(known(asked.part)) > number]
        for asked in answered:
            answer = known(asked.part)[number].answer
            with (folder / asked.file_name).open("a", encoding="utf-8") as file:
                file.write(f"from {answer.__module__} import {answer.__name__}\n")
                file.write(f"{asked.name} = {answer.__name__}\n")
        yield folder, answered


def hostile(home: Path) -> Iterator[Asked]:
    """Yield a folder with each case."""
    for number, case in enumerate(CASES):
        folder = home / f"case_{number:02}"
        folder.mkdir()
        write_stubs(folder)
        put(case, folder)
        yield folder, select("1.1")


def check_typed(asked: Iterable[Asked]) -> Verdicts:
    """Return what `authlab check --json` prints, in a process of its own for each folder."""
    found = []
    for folder, chosen in asked:
        typed = ["check", *(one.id for one in chosen), "--answers", str(folder), "--json"]
        answer = subprocess.run(
            [sys.executable, "-m", "authlab", *typed],
            cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300, check=False,
        )  # fmt: skip
        assert answer.stderr == ""
        found += [told(verdict) for verdict in json.loads(answer.stdout)["exercises"]]
    return found


def check_in_a_kernel(asked: Iterable[Asked]) -> Verdicts:
    """Return what `check` says in a notebook, and run the notebook in a kernel of its own."""
    ids = [(str(folder), [one.id for one in chosen]) for folder, chosen in asked]
    code = f"""
import json, os
from authlab.lab import check
for os.environ["AUTHLAB_ANSWERS"], ids in {ids}:
    print(json.dumps([dict(check(id).result) for id in ids]))
"""
    cell = nbformat.v4.new_code_cell(code)  # type: ignore[no-untyped-call]
    notebook = nbformat.v4.new_notebook(cells=[cell])  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": str(ROOT)}}).execute()
    lines = "".join(output.text for output in notebook.cells[0].outputs).splitlines()
    return [told(verdict) for line in lines for verdict in json.loads(line)]


def check_watched(asked: Iterable[Asked], kit: Path) -> Verdicts:
    """Return what the engine of a `watch` in another clone says to a `check` beside it there."""
    found = []
    for folder, chosen in asked:
        question = {"check": [one.id for one in chosen], "folder": str(folder), "json": True}
        for _ in range(PATIENCE):  # a watch that is at its own first verdict has no time yet
            answer = warm.ask({**question, "colour": False, "ascii": False}, socket_of(kit))
            if answer is not None:
                break
        assert answer is not None
        text = answer["text"].replace(str(kit), str(ROOT))  # a check asks with the name of its own file
        found += [told(verdict) for verdict in json.loads(text)["exercises"]]
    return found


@contextmanager
def watching(kit: Path) -> Iterator[None]:
    """Run `authlab watch` in a clone; where it can be asked, it is ready."""
    typed = [sys.executable, "-m", "authlab", "watch", "0.1"]
    with subprocess.Popen(typed, cwd=kit, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as process:
        try:
            while process.poll() is None and not socket_of(kit).exists():
                time.sleep(0.05)
            yield
        finally:
            process.send_signal(signal.SIGINT)


def socket_of(kit: Path) -> Path:
    """Return where the engine of a watch is asked."""
    return kit / ".authlab" / "engine.sock"


def told(verdict: dict[str, Any]) -> dict[str, Any]:
    """Return what of a verdict is the same wherever it is given: all but the time, and what a card adds."""
    return {key: verdict[key] for key in ("id", "lesson", "kind", "status", "checks", "misconception")}


def put(case: Case, folder: Path) -> None:
    """Write a case as the answer to 1.1."""
    if isinstance(case.code, bytes):
        (folder / LESSON_1).write_bytes(case.code)
    else:
        fill(folder, "1.1", case.code)


def fill(folder: Path, exercise: str, code: str) -> None:
    """Put `code` where the stub of an exercise raises NotImplementedError."""
    path = folder / select(exercise)[0].file_name
    stub = f'    raise NotImplementedError("{exercise} is not written yet")'
    text = path.read_text(encoding="utf-8")
    assert text.count(stub) == 1
    indented = "\n".join(f"    {line}" for line in code.splitlines())
    path.write_text(text.replace(stub, indented), encoding="utf-8")


def said(result: Result) -> str:
    """Return all that a learner reads."""
    return "\n".join([result.message, *(check.message for check in result.checks)])


def states() -> dict[str, tuple[int, int]]:
    """Return when each file of the clone was changed, and how long it is."""
    found = {}
    for folder in ("authlab", "exercises", "solutions", "tests"):
        for where, folders, files in os.walk(ROOT / folder):
            folders[:] = [name for name in folders if name != "__pycache__"]
            for name in files:
                status = os.stat(os.path.join(where, name))
                found[os.path.join(where, name)] = (status.st_mtime_ns, status.st_size)
    return found


def working_in(folder: Path) -> Iterator[str]:
    """Yield the folders within `folder`, deleted or not, that a process works in; only Linux tells."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it is not ours, or it has ended
            if (cwd := os.readlink(process / "cwd")).startswith(str(folder)):
                yield cwd

"""Every command where there are no glyphs, no colours or no terminal: it says the same, and never crashes.

The signs that stand in for glyphs are in `authlab.lab.show.plain`; `authlab.cli.main` has them printed.
"""

import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from authlab.cli import COMMANDS
from authlab.course import bank, derive
from authlab.course.curriculum import lesson_of, one_exercise
from tests.classroom.handing_out import committed_kit
from tests.classroom.serving_board import served
from tests.cli.typed import environment

if sys.platform == "win32":
    pytest.skip("there are no such terminals on this system", allow_module_level=True)

ENCODINGS = ("utf-8", "ascii", "cp1252")
PATIENCE_SECONDS = 60.0  # a bound for a hang: the machine may be busy
FILE = "exercises/lesson_01_forms.py"
# What it is told quotes letters that no code page of the West has.
WRONG: dict[str, bank.Flaw | bank.Alternative] = {
    "1.1": next(flaw for flaw in bank.all_flaws() if flaw.name == "ascii_casing")
}


class Typed(NamedTuple):
    """A command as it is typed, its status, and words that it says in whatever encoding."""

    words: str
    status: int
    says: str


TYPED = [
    Typed("check 1.1", 1, "Check again: python3 -m authlab check 1.1"),
    Typed("hint 1.1", 0, "Next: python3 -m authlab hint 1.1 2"),
    Typed("solution 1.1", 1, "1.1 has not passed yet"),
    Typed("solution 1.1 --spoil", 0, "def canonical_email(raw: str) -> str | None:"),
    Typed("reset 1.1", 0, "1.1 is reset"),
    Typed("progress", 0, "begun"),
    Typed("secret --env", 0, "SESSION_SECRET="),
    Typed("doctor", 0, "packages"),
    Typed("update --branch nowhere", 2, "expected a branch that comes from somewhere"),
]
SLOW = [
    Typed("check lesson_01", 1, "1.1   One address, one spelling: not yet  (16 of 18 checks hold)"),
    Typed("check 1.1 --json", 1, '"status": "failed"'),
    Typed("dev verify 1.1", 0, "survivors: none"),
    Typed("dev verify 1.1 --json", 0, '"survivors": []'),
    Typed("class handout OUT.zip", 0, "sha256 "),
    Typed("class grade IN lesson_01", 0, "Next: open "),
    Typed("class hub HUB --learners 2", 0, "a hub with 3 seats"),
    Typed("audit --flaw ascii_casing", 1, "case_twins               won: "),
    Typed("audit --matrix 0", 0, "Next: python3 -m authlab audit --flaw "),
]
ELSEWHERE = {"class join", "class leave", "watch"}  # below
LETTERS_ALONE = {"lab", "test", "serve", "class board"}  # they end when they are told to


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which 1.1 is answered wrongly, and somebody whose name is no ASCII has handed that in."""
    folder = committed_kit(tmp_path_factory.mktemp("clone") / "kit")
    answer_wrongly(folder)
    (folder.parent / "in" / "Zoé ж").mkdir(parents=True)
    shutil.copy(folder / FILE, folder.parent / "in" / "Zoé ж")
    return folder


def answer_wrongly(kit: Path) -> None:
    lesson = lesson_of(one_exercise("1.1"))
    (kit / FILE).write_text(derive.answered_file(lesson, WRONG), encoding="utf-8")


def type_it(kit: Path, encoding: str, *arguments: str) -> tuple[int, str]:
    """Type a command where only an encoding's letters can be shown; return its status, and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "authlab", *arguments],
        cwd=kit,
        env=environment(PYTHONIOENCODING=f"{encoding}:strict", PYTHONUTF8="0"),
        capture_output=True,
        timeout=300,
    )
    told, complained = done.stdout.decode(encoding), done.stderr.decode(encoding)
    assert "Traceback" not in complained
    assert "\x1b" not in told + complained, "it goes to a pipe"
    return done.returncode, told + complained


@pytest.mark.parametrize(
    "typed", [*TYPED, *(pytest.param(one, marks=pytest.mark.full) for one in SLOW)], ids=lambda one: one.words
)
def test_a_command_says_the_same_in_letters(kit: Path, typed: Typed) -> None:
    """No glyph becomes a question mark, which would say nothing, and no letter becomes another."""
    said = {}
    for encoding in ENCODINGS:
        answer_wrongly(kit)
        places = {"IN": "in", "OUT.zip": f"{encoding}.zip", "HUB": f"hub-{encoding}"}
        arguments = [
            str(kit.parent / places[word]) if word in places else word for word in typed.words.split()
        ]
        status, said[encoding] = type_it(kit, encoding, *arguments)
        assert status == typed.status, said[encoding]
        assert typed.says in said[encoding]
    assert said["ascii"].isascii()
    assert {text.count("?") for text in said.values()} == {said["utf-8"].count("?")}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_whoever_joins_a_board_is_named_as_they_typed(kit: Path, tmp_path: Path, encoding: str) -> None:
    with served(tmp_path) as board:
        status, told = type_it(kit, encoding, "class", "join", board.url, board.code, "--name", "Zoé ж✓")
        left = type_it(kit, encoding, "class", "leave")
    named = {"utf-8": "Zoé ж✓", "cp1252": "Zoé \\u0436+", "ascii": "Zo\\xe9 \\u0436+"}[encoding]
    assert (status, told.splitlines()[0].partition(".")[0]) == (0, f"You have joined as {named}")
    assert left[0] == 0
    assert left[1].startswith("You have left.")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_watch_in_a_pipe_says_its_verdict_and_goes_on(kit: Path, encoding: str) -> None:
    answer_wrongly(kit)
    watch = subprocess.Popen(
        [sys.executable, "-m", "authlab", "watch", "1.1"],
        cwd=kit,
        env=environment(PYTHONIOENCODING=f"{encoding}:strict", PYTHONUTF8="0"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert watch.stdout is not None
    try:
        lines = [watch.stdout.readline().decode(encoding) for _ in range(5)]
        assert watch.poll() is None
    finally:
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=PATIENCE_SECONDS)
    mark = "✗" if encoding == "utf-8" else "x"
    assert lines[0].startswith(f"{mark} 1.1 One address, one spelling ")
    assert "?" not in "".join(lines)
    assert "\x1b" not in "".join(lines)


def test_every_command_is_tried_here() -> None:
    """A new command comes with its row, or this file would say nothing about it."""
    actions = {f"class {name}" for name in importlib.import_module("authlab.cli.class").ACTIONS}
    tried = {re.match(r"class \w+|\w+", one.words)[0] for one in (*TYPED, *SLOW)}  # type: ignore[index]
    there = {command.name for command in COMMANDS} - {"class"} | actions
    assert there - tried == ELSEWHERE | LETTERS_ALONE


class TestATerminal:
    """Colours are for whoever sees them, and has not said no."""

    @pytest.mark.parametrize("command", ["check 1.1", "progress", "solution 1.1 --spoil"])
    @pytest.mark.parametrize(
        ("extra", "coloured"),
        [
            ({}, True),
            ({"NO_COLOR": ""}, True),  # no-color.org: present, and not an empty text
            ({"NO_COLOR": "1"}, False),
            ({"TERM": "dumb"}, False),
        ],
        ids=["a terminal", "NO_COLOR is empty", "NO_COLOR", "TERM=dumb"],
    )
    def test_colours_come_and_go(
        self, kit: Path, command: str, extra: dict[str, str], coloured: bool
    ) -> None:
        if command == "progress":
            solve_lesson_0(kit)
        told = in_a_terminal(kit, *command.split(), **extra)
        assert ("\x1b[" in told) is coloured
        assert "Traceback" not in told


def solve_lesson_0(kit: Path) -> None:
    """Progress has a colour for a lesson that is solved."""
    answers = "exercises/lesson_00_start_here.py"
    shutil.copy(kit / "solutions/lesson_00_start_here.py", kit / answers)
    assert type_it(kit, "utf-8", "check", "lesson_00")[0] == 0


def in_a_terminal(kit: Path, *arguments: str, **extra: str) -> str:
    """Type a command in a terminal; return all that it drew there."""
    import pty

    there, here = pty.openpty()
    kept = {name: value for name, value in environment().items() if name != "NO_COLOR"}
    with subprocess.Popen(
        [sys.executable, "-m", "authlab", *arguments],
        cwd=kit, env={**kept, "TERM": "xterm", **extra}, stdin=subprocess.DEVNULL, stdout=here, stderr=here,
    ):  # fmt: skip
        os.close(here)
        drawn = b""
        with suppress(OSError):  # Linux's way to say that the other end is closed
            while data := os.read(there, 65536):
                drawn += data
    os.close(there)
    return drawn.decode()

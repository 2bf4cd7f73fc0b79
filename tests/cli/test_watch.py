"""`authlab watch`, in a terminal and without one, and the `check` that asks it."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from authlab.course import derive
from authlab.course.curriculum import lesson_of, one_exercise
from tests.cli.typed import authlab, environment

if sys.platform == "win32":
    pytest.skip("there are no such terminals on this system", allow_module_level=True)

FILE = "lesson_00_start_here.py"
STUB = derive.stub_file(lesson_of(one_exercise("0.1"))).encode()
RIGHT = STUB.replace(
    b'    raise NotImplementedError("0.1 is not written yet")',
    b'    response = Response(status=303)\n    response.headers["Location"] = location\n    return response',
)
WRONG = RIGHT.replace(b"status=303", b"status=302")
HEAD = f"0.1 {one_exercise('0.1').title}"
PASSED, NOT_YET, BROKEN = f"✓ {HEAD} — passed", f"✗ {HEAD} — not yet", f"! {HEAD} — could not be run"
PATIENCE_SECONDS = 30.0  # a bound for a hang: the machine may be busy


class Terminal:
    """`authlab watch` in a terminal of its own."""

    def __init__(self, kit: Path, *arguments: str, **extra: str) -> None:
        self.kit = kit
        self.answers = kit / "exercises" / FILE
        self.socket = kit / ".authlab" / "engine.sock"
        command = [sys.executable, "-m", "authlab", "watch", *arguments]
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            os.chdir(kit)
            os.execve(sys.executable, command, environment(**{"TERM": "xterm", **extra}))
        self.resize(100, 30)
        self.before = termios.tcgetattr(self.end)
        self.output = ""
        self.seen = 0
        self.status: int | None = None
        self.folders: list[Path] = []

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys: str) -> None:
        self.folders += temporary_folders(self.kit)
        os.write(self.end, keys.encode())

    def save(self, data: bytes) -> None:
        """As most editors save: a new file, renamed into the place."""
        new = self.answers.with_suffix(".new")
        new.write_bytes(data)
        new.replace(self.answers)

    def until(self, words: str) -> str:
        """Wait until words are shown, after those waited for before; return what came till then."""
        return self.until_all(lambda text: words in text, repr(words))

    def until_all(self, has_come: Callable[[str], bool], what: str) -> str:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not has_come(self.output[self.seen :]):
            assert time.monotonic() < deadline, f"{what} was not shown, but {self.output[self.seen :]!r}"
            if not self.read() and self.status is not None:
                assert has_come(self.output[self.seen :]), f"it ended without {what}: {self.output!r}"
        shown = self.output[self.seen :]
        self.seen = len(self.output)
        return shown

    def read(self) -> bool:
        """Read what is there, for a moment; notice when it has ended."""
        ready, _, _ = select.select([self.end], [], [], 0.05)
        data = b""
        if ready:
            with suppress(OSError):  # the other end is closed
                data = os.read(self.end, 65536)
        self.output += data.decode("utf-8", "replace").replace("\r\n", "\n")
        if not data and self.status is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(status) if ended else None
        return bool(data)

    def wait(self) -> int:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.status is None:
            assert time.monotonic() < deadline, "it did not end"
            self.read()
        return self.status

    def close(self) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.end)


@contextmanager
def terminal(kit: Path, *arguments: str, **extra: str) -> Iterator[Terminal]:
    (kit / "temporary").mkdir(exist_ok=True)
    watch = Terminal(kit, *arguments, **{"TMPDIR": str(kit / "temporary"), **extra})
    try:
        yield watch
    finally:
        watch.close()


def is_drawn(text: str, words: str, *, columns: int) -> bool:
    """Whether the last frame is whole, has these words, and fits."""
    frame = text.rpartition("\x1b[H")[2]
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", frame)
    return words in frame and frame.endswith("\x1b[J") and max(map(len, plain.split("\n"))) <= columns


def processes(kit: Path) -> list[Path]:
    """The processes that run in a kit: `watch`, its judge, the answer that is judged."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").resolve().is_relative_to(kit):
                found.append(process)
    return found


def temporary_folders(kit: Path) -> list[Path]:
    """The folders for temporary files that these processes have, wherever those are."""
    found = []
    for process in processes(kit):
        with suppress(OSError):
            found += re.findall(r"(?:^|\0)TMPDIR=([^\0]+)", (process / "environ").read_text())
    return [folder for folder in map(Path, found) if folder.name.startswith("authlab-judge-")]


def left_behind(watch: Terminal) -> list[Path]:
    """What a watch that has ended left: processes, its socket, temporary files."""
    places = [*watch.folders, *(watch.kit / "temporary").iterdir(), *watch.kit.rglob("*.sock")]
    return [path for path in (*places, *processes(watch.kit)) if path.exists()]


def test_every_way_of_saving_gets_its_verdict_and_ctrl_c_leaves_nothing(kit: Path) -> None:
    """One evening in a terminal."""
    with terminal(kit, "0.1") as watch:
        watch.until(f"○ {HEAD} — not attempted yet")

        watch.answers.write_bytes(RIGHT)
        watch.until(PASSED)
        watch.answers.write_bytes(RIGHT[: RIGHT.index(b"Response(")] + b"Response(")
        assert f"{FILE}, line " in watch.until_all(lambda text: BROKEN in text and ", line " in text, BROKEN)
        watch.save(WRONG)
        watch.until(NOT_YET)
        watch.answers.unlink()
        time.sleep(0.4)
        watch.answers.write_bytes(RIGHT)
        watch.until(PASSED)
        watch.answers.unlink()
        watch.answers.write_bytes(WRONG)
        watch.until(NOT_YET)
        watch.answers.write_bytes(WRONG.replace(b"302", b"301"))
        watch.until("301")

        watch.resize(44, 12)
        watch.until_all(lambda text: is_drawn(text, NOT_YET[:30], columns=44), "a narrow frame")

        assert watch.output.count("\x1b[2J") == 1, "an emptied screen flickers"
        assert watch.output.index("\x1b[2J") < watch.output.index(HEAD)
        assert "Traceback" not in watch.output

        assert watch.socket.exists()
        assert not termios.tcgetattr(watch.end)[3] & termios.ECHO, "keys are read one by one"
        watch.type("\x03")
        assert watch.folders != [] or not Path("/proc/self").exists()
        assert watch.wait() == 130
        assert termios.tcgetattr(watch.end) == watch.before
        assert watch.output.rfind("\x1b[?25h") > watch.output.rfind("\x1b[?25l"), "the cursor is shown again"
        assert left_behind(watch) == []


def test_keys_in_a_terminal_of_letters_alone(kit: Path) -> None:
    """A hint, the next, progress, quit; in ASCII and without colour, whatever the texts have."""
    with terminal(kit, "1.1", NO_COLOR="1", PYTHONIOENCODING="ascii:strict", PYTHONUTF8="0") as watch:
        watch.until("q: quit")
        watch.type("h")
        watch.until("Hint 1: ")
        watch.type("h")
        watch.until("Hint 2: ")
        watch.type("N")
        watch.until_all(lambda text: is_drawn(text, "- 1.2 Everything", columns=100), "1.2")
        path = kit / "exercises" / "lesson_01_forms.py"
        path.write_bytes(path.read_bytes())  # who saves wants an answer, where they are
        watch.until_all(lambda text: is_drawn(text, "- 1.2 Everything", columns=100), "1.2 once more")
        watch.type("p")
        watch.until("Next: python3 -m authlab check 0.1")
        watch.type("q")
        assert watch.wait() == 0
        assert termios.tcgetattr(watch.end) == watch.before
        assert watch.output.isascii()
        assert "h: hint - n: next" in watch.output
        assert re.findall(r"\x1b\[[0-9;]*m", watch.output) == []
        assert left_behind(watch) == []


def test_ctrl_c_at_any_moment(kit: Path) -> None:
    """While it starts, and while an answer runs that comes to no end."""
    loop = RIGHT.replace(b"    response = Response", b"    while True: pass\n    response = Response")
    assert loop != RIGHT
    (kit / "exercises" / FILE).write_bytes(loop)
    for moment in ("\x1b[2J", "0.1"):
        with terminal(kit, "0.1") as watch:
            watch.until(moment)
            watch.type("\x03")
            assert watch.wait() == 130
            assert termios.tcgetattr(watch.end) == watch.before
            assert "Traceback" not in watch.output
            assert left_behind(watch) == []


def test_whoever_ends_it_leaves_nothing_either(kit: Path) -> None:
    """A window that is closed, a machine that shuts down: SIGTERM is no other end than Ctrl-C."""
    with terminal(kit, "0.1") as watch:
        watch.until("not attempted yet")
        watch.folders += temporary_folders(watch.kit)
        os.kill(watch.pid, signal.SIGTERM)
        assert watch.wait() == 130
        assert left_behind(watch) == []


@pytest.mark.parametrize("code", ["return None", "while True: pass"], ids=["idle", "judging"])
def test_whoever_kills_it_leaves_its_socket_and_nothing_else(kit: Path, code: str) -> None:
    """Nobody is left to delete the judge's temporary files but the judge."""
    answers = kit / "exercises" / FILE
    stub = 'raise NotImplementedError("0.1 is not written yet")'
    answers.write_text(answers.read_text("utf-8").replace(stub, code), "utf-8")
    with terminal(kit, "0.1") as watch:
        watch.until("0.1 See the page over there …" if code.startswith("while") else "not yet")
        while not (folders := temporary_folders(watch.kit)):
            time.sleep(0.01)
        os.kill(watch.pid, signal.SIGKILL)
        watch.wait()
        while processes(watch.kit):
            time.sleep(0.05)
        assert [folder for folder in folders if folder.exists()] == []
        watch.socket.unlink()
        assert left_behind(watch) == []


@pytest.mark.full
def test_warm_check_says_what_cold_check_says(kit: Path) -> None:
    """And sees each edit at once: of the answer, of the checks, of the package. Nobody judges twice."""
    answers = kit / "exercises" / FILE
    questions = [["0.1"], ["lesson_00"], ["0.1", "--json"], ["0.1", "0.1"], ["9.9"]]
    answers.write_bytes(WRONG)

    def told(*arguments: str, is_warm: bool) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "authlab", "check", *arguments],
            cwd=kit, env=environment(), capture_output=True, encoding="utf-8", timeout=120,
        )  # fmt: skip
        errors = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
        assert ("authlab.course.engine" not in done.stderr) is (is_warm and arguments != ("9.9",))
        return done.returncode, re.sub(r'"seconds": [\d.e-]+', "", done.stdout), "\n".join(errors)

    cold = [told(*arguments, is_warm=False) for arguments in questions]
    assert [status for status, _, _ in cold] == [1, 1, 1, 1, 2]
    with terminal(kit, "0.1") as watch:
        watch.until(NOT_YET)
        assert [told(*arguments, is_warm=True) for arguments in questions] == cold

        answers.write_bytes(RIGHT)
        assert told("0.1", is_warm=True)[0] == 0
        os.kill(watch.pid, signal.SIGSTOP)
        assert told("0.1", is_warm=False)[0] == 0, "one that is stopped is not waited for"
        os.kill(watch.pid, signal.SIGCONT)
        watch.until(PASSED)

        checks = kit / "tests" / "lessons" / f"test_{FILE}"
        checks.write_bytes(checks.read_bytes().replace(b"== 303", b"== 307"))
        assert authlab(kit, "check", "0.1").returncode == 1, "of the checks as they are now"
        watch.until(NOT_YET)
        data = next((kit / "authlab/course/lessons").glob("lesson_00*.toml"))
        title = one_exercise("0.1").title
        data.write_bytes(data.read_bytes().replace(title.encode(), b"Another title"))
        assert "Another title" in authlab(kit, "check", "0.1").stdout
        watch.until("0.1 Another title — not yet")
        assert told("0.1", is_warm=True)[0] == 1, "it has started anew"

        watch.type(" ")  # a key that is none
        os.kill(watch.pid, signal.SIGKILL)
        watch.wait()
        assert watch.socket.exists()
        assert told("0.1", is_warm=False)[0] == 1
    while processes(kit):
        time.sleep(0.05)  # the judge ends by itself
    assert [folder for folder in watch.folders if folder.exists()] == []


def test_an_engine_of_an_older_kit_answers_nothing() -> None:
    """Between an edit of the package and the start anew, somebody may ask."""
    from authlab.cli.watch import _Watch

    watch = _Watch.__new__(_Watch)
    watch._package = ("as it was",)
    watch._engine = None
    question = {"check": ["0.1"], "folder": ".", "json": False, "colour": False, "ascii": False}
    assert watch._reply(question) == {}


def test_a_thousand_saves_end_with_the_verdict_on_the_last(kit: Path) -> None:
    """Without a terminal: no escape sequence, one verdict after another, and fewer of them than saves."""
    answers = kit / "exercises" / FILE
    with (kit / "said").open("w+b") as said:
        watch = subprocess.Popen(
            [sys.executable, "-m", "authlab", "watch", "0.1"],
            cwd=kit, env=environment(), stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:

            def verdicts() -> list[str]:
                text = (kit / "said").read_text("utf-8")
                return re.findall(rf"^(.) {re.escape(HEAD)}", text, re.M)

            def wait_for(enough: Callable[[], bool]) -> None:
                deadline = time.monotonic() + PATIENCE_SECONDS
                while not enough():
                    assert time.monotonic() < deadline, verdicts()
                    time.sleep(0.05)

            wait_for(lambda: verdicts() == ["○"])
            new = kit / "new"
            for number in range(1000):
                data = (WRONG, STUB, RIGHT[:900])[number % 3] if number < 999 else RIGHT
                if number % 2:
                    answers.write_bytes(data)
                else:
                    new.write_bytes(data)
                    new.replace(answers)
            wait_for(lambda: verdicts()[-1] == "✓")
            time.sleep(0.5)
            assert verdicts()[-1] == "✓"
            assert len(verdicts()) < 200
            assert "✓" in authlab(kit, "check", "0.1").stdout
            watch.send_signal(signal.SIGINT)
            assert watch.wait(PATIENCE_SECONDS) == 130
            text = (kit / "said").read_text("utf-8")
            assert "\x1b" not in text
            assert "Traceback" not in text
        finally:
            watch.kill()
            watch.wait()

"""`authlab watch`: the verdict on what was saved, as soon as it is saved."""

import argparse
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from textwrap import wrap
from typing import Any

from authlab import bootstrap
from authlab.cli import UsageError, command_line

LOOK_SECONDS = 0.15  # between two looks at the files: shorter than anybody notices
KEYS = "h: hint · n: next · p: progress · q: quit"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "exercise", nargs="?", metavar="EXERCISE", help="where to begin, by default where you are"
    )


def run(args: argparse.Namespace) -> int:
    """Watch until Ctrl-C or `q`. Where there is no terminal, print each verdict, and read no keys."""
    from authlab.cli.check import the_exercise
    from authlab.course.engine import Engine, EngineError
    from authlab.course.progress import standings
    from authlab.course.warm import HAS_SOCKETS, Answering
    from authlab.lab.progress_card import next_of

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # however it is ended, nothing is left behind
    try:
        following = next_of(standings())
        start = args.exercise or (following.exercise.id if following else "0.1")
        asked = the_exercise(start, "watch")
        with ExitStack() as stack:
            engine = stack.enter_context(Engine(for_all=[asked]))
            listening = None
            if HAS_SOCKETS:
                with suppress(OSError):  # another `watch` has it, or the clone cannot be written
                    listening = stack.enter_context(Answering())
            screen = stack.enter_context(_screen())
            return _Watch(engine, screen, listening).run(asked)
    except EngineError as error:
        raise UsageError(str(error)) from None


class _Watch:
    """The loop: what is shown, and what it waits for."""

    def __init__(self, engine: Any, screen: "_Screen", listening: Any) -> None:
        from authlab.course.engine import package_state
        from authlab.course.watching import Watched

        self._engine = engine
        self._screen = screen
        self._listening = listening
        self._watched = Watched()
        self._package = package_state()
        self._hints = 0

    def run(self, asked: Any) -> int:
        self._judge(asked)
        while True:
            key = self._wait()
            if key == "q":
                return 0
            if key in ("h", "n", "p"):
                {"h": self._hint, "n": self._next, "p": self._progress}[key]()
            saved = self._watched.changed(self._asked)
            if self._kit_has_changed():
                self._start_anew()
            for one in saved:
                if not self._judge(one):
                    break  # one message at a time
            self._screen.redraw_if_resized()

    def _judge(self, asked: Any) -> bool:
        """Judge and show one answer; return whether it passed."""
        from authlab.course.places import STATE
        from authlab.course.progress import remember
        from authlab.course.report import described
        from authlab.lab.verdict import as_text

        self._asked, self._hints = asked, 0
        self._screen.busy(f"{asked.id} {asked.title} …")
        result = self._engine.check(asked)
        remember([result])
        self._verdict = as_text(described(result), ascii=self._screen.ascii)
        self._show()
        if (STATE / "joined.json").exists():  # whoever has joined no class board loads nothing of it
            from authlab.classroom.board.reporting import report

            if notice := report([result]):
                self._show(notice)
        return bool(result.status == "passed")

    def _show(self, more: str = "") -> None:
        from authlab.course.progress import standings
        from authlab.lab.progress_card import solved_in_words

        foot = solved_in_words(standings()) + (f"  {KEYS}" if self._screen.has_keys else "")
        self._screen.show(self._verdict, more, foot)

    def _hint(self) -> None:
        hints = self._asked.hints
        self._hints = min(self._hints + 1, len(hints))
        told = [f"Hint {number}: {hint}" for number, hint in enumerate(hints[: self._hints], start=1)]
        self._show("\n".join(told))

    def _next(self) -> None:
        from authlab.course.curriculum import exercises

        known = exercises()
        self._judge(known[(known.index(self._asked) + 1) % len(known)])

    def _progress(self) -> None:
        from authlab.course.progress import standings
        from authlab.lab.progress_card import as_text

        self._show(as_text(standings(), command_line("check"), ascii=self._screen.ascii))

    def _wait(self) -> str:
        """Return a key, or "" when it is time to look at the files."""
        inputs = [
            *([sys.stdin] if self._screen.has_keys else []),
            *([self._listening] if self._listening else []),
        ]
        if not inputs:  # Windows can select sockets only, and not even none of them
            time.sleep(LOOK_SECONDS)
            return ""
        ready, _, _ = select.select(inputs, [], [], LOOK_SECONDS)
        if self._listening in ready:
            self._listening.answer(self._reply)
        if sys.stdin in ready:
            typed = os.read(sys.stdin.fileno(), 1).decode("ascii", "ignore")
            return typed.lower() if typed else "q"  # the terminal is gone
        return ""

    def _reply(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer another process's `check` (see `course.warm`), unless this one holds an older kit."""
        from pathlib import Path

        from authlab.cli.check import check
        from authlab.course.curriculum import CurriculumError, select
        from authlab.course.engine import EngineError

        if self._kit_has_changed():
            return {}
        lines: list[str] = []
        try:
            chosen = tuple(asked for what in question["check"] or [None] for asked in select(what))
            status = check(
                self._engine, chosen, Path(question["folder"]), lines.append,
                as_json=question["json"], colour=question["colour"], ascii=question["ascii"],
            )  # fmt: skip
        except (CurriculumError, EngineError, KeyError, TypeError):
            return {}  # whoever asks finds out alone, and says so
        return {"text": "".join(f"{line}\n" for line in lines), "status": status}

    def _kit_has_changed(self) -> bool:
        from authlab.course.engine import package_state

        return package_state() != self._package

    def _start_anew(self) -> None:
        """Become this command once more: what is loaded here is of the kit as it was."""
        self._engine.close()
        if self._listening is not None:
            self._listening.close()
        self._screen.close()
        start = bootstrap.START.format(root=str(bootstrap.HERE.root))
        os.execv(sys.executable, [sys.executable, "-c", start, "watch", self._asked.id])


class _Screen:
    """A terminal that is drawn anew in one piece, or a stream that gets one verdict after another."""

    def __init__(self) -> None:
        from authlab.cli.check import can_show, is_terminal, wants_colour

        self.is_terminal = is_terminal(sys.stdout)
        self.ascii = not can_show("✓")
        self.has_keys = self.is_terminal and sys.stdin.isatty() and _HAS_TERMIOS
        self._colour = wants_colour()
        self._shown: tuple[str, str, str] = ("", "", "")
        self._resized = False
        self._before: Any = None

    def open(self) -> None:
        """Have keys come one by one, and the screen empty. `close` takes back as much of that as was done."""
        if self.has_keys:
            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        if self.is_terminal:
            self._write("\x1b[?25l\x1b[2J")
            if hasattr(signal, "SIGWINCH"):
                signal.signal(signal.SIGWINCH, self._note_resize)

    def close(self) -> None:
        """Leave the terminal as it was, the last verdict on it."""
        if self._before is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)
            self._before = None
        if self.is_terminal:
            self._write("\x1b[?25h\n")

    def busy(self, words: str) -> None:
        """Say in the corner what is being judged; what is shown stays until there is something else."""
        if self.is_terminal:
            columns, lines = _size()
            words = self._in_letters(words)
            self._write(f"\x1b7\x1b[{lines};1H\x1b[K{words[: columns - 1]}\x1b8")

    def show(self, verdict: str, more: str, foot: str) -> None:
        """Show a verdict, what was asked for besides, and a line at the foot."""
        self._shown = (verdict, more, foot)
        verdict, more, foot = map(self._in_letters, self._shown)
        if not self.is_terminal:
            self._write("\n".join(part for part in (verdict, more, foot) if part) + "\n\n")
            return
        columns, height = _size()
        lines: list[str] = []
        for part in (verdict, more, foot):
            for line in part.splitlines():
                indent = " " * (len(line) - len(line.lstrip()))
                lines += wrap(line, max(columns - 1, 20), subsequent_indent=indent) or [""]
            lines.append("")
        lines = lines[: max(height - 1, 1)]
        if self._colour and lines:
            lines[0] = f"\x1b[1m{lines[0]}\x1b[0m"
        # One write, over what is there: a screen that is emptied first flickers.
        self._write("\x1b[H" + "".join(f"{line}\x1b[K\n" for line in lines) + "\x1b[J")

    def redraw_if_resized(self) -> None:
        """Draw again what is shown, for a terminal of another size."""
        if self._resized:
            self._resized = False
            self.show(*self._shown)

    def _note_resize(self, *_: object) -> None:
        self._resized = True

    def _in_letters(self, text: str) -> str:
        # Before a line is cut or wrapped: some glyphs become several letters.
        from authlab.lab.show.plain import plain

        return plain(text) if self.ascii else text

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def _size() -> tuple[int, int]:
    """Return columns and lines; where a terminal does not know them, the usual ones."""
    columns, lines = os.get_terminal_size()
    return columns or 80, lines or 24


@contextmanager
def _screen() -> Iterator[_Screen]:
    screen = _Screen()
    try:
        screen.open()
        yield screen
    finally:
        screen.close()


try:
    import termios
    import tty

    _HAS_TERMIOS = True
except ImportError:  # Windows
    _HAS_TERMIOS = False

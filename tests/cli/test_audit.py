"""`authlab audit` as it is typed: what it prints, what it returns, and what it says to a mistake."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from authlab.cli import audit as command
from authlab.cli import command_line
from authlab.cli.bar import Bar
from authlab.course import bank
from authlab.course.engine import Engine
from authlab.course.places import ROOT, SOLUTIONS
from authlab.lab import my_parts
from tests.cli.typed import refused
from tests.copied_kit import write_stubs


def audit(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Type `authlab audit ARGUMENTS`."""
    kept = {name: value for name, value in os.environ.items() if name != "AUTHLAB_ANSWERS"}
    return subprocess.run(
        [sys.executable, "-m", "authlab", "audit", *arguments],
        cwd=ROOT,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )


def test_the_package_resists_and_each_attack_has_a_line() -> None:
    answer = audit()
    assert (answer.returncode, answer.stderr) == (0, "")
    *lines, last = answer.stdout.splitlines()
    assert [line.split()[1] for line in lines] == [str(attack.number) for attack in bank.all_attacks()]
    assert all(line.startswith(("✓", "~")) for line in lines)
    assert "✓ 101 bare_number_as_cookie    resisted: 303, to /login?next=%2Fprofile" in lines
    assert last.startswith(f"{len(lines)} attacks, with both ways of keeping sessions: ")
    assert answer.stdout.count("both ways") == 1
    assert last.endswith(f"Next: {command_line('audit --answers exercises')}")


@pytest.mark.full
def test_a_flaw_loses_to_its_attack_and_the_status_is_1() -> None:
    answer = audit("--flaw", "bare_member_number")
    assert answer.returncode == 1
    lines = answer.stdout.splitlines()
    assert (
        "✗ 101 bare_number_as_cookie    won: stateless: won, read member 3's profile: The Vault 7f3a; "
        "database: resisted, 303, to /login?next=%2Fprofile"
    ) in lines
    assert re.search(r" [1-9] won\. Next: ", lines[-1])


def arguments(**given: Any) -> argparse.Namespace:
    """What `authlab audit` hands to `run`, parsed."""
    return argparse.Namespace(**{"flaw": None, "answers": None, "matrix": None, "json": False} | given)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets what becomes of each attack in each way of keeping sessions, in place of an engine's word."""

    def say(**said: dict[str, Any]) -> None:
        def trials(
            self: Engine, app: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]]
        ) -> Iterator[dict[str, Any]]:
            for one in wanted:
                yield said[one["sessions"]]

        monkeypatch.setattr(Engine, "trials", trials)

    return say


def test_json_has_the_shape_that_programs_rely_on(
    judged: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exactly these keys, in this order, one entry for an attack, and nothing beside it."""
    judged(stateless={"won": True, "evidence": "in"}, database={"won": False, "evidence": "403"})
    assert command.run(arguments(json=True)) == 1
    told = json.loads(capsys.readouterr().out)
    assert list(told) == ["attacks", "won"]
    assert [entry["id"] for entry in told["attacks"]] == [attack.number for attack in bank.all_attacks()]
    for entry in told["attacks"]:
        assert list(entry) == ["id", "name", "lesson", "outcome", "evidence"]
    assert told["attacks"][0] == {
        "id": 1,
        "name": "skip_the_browser",
        "lesson": "lesson_01_forms",
        "outcome": "won",
        "evidence": "stateless: won, in; database: resisted, 403",
    }
    accepted = [attack.number for attack in bank.all_attacks() if attack.accepted]
    assert told["won"] == len(told["attacks"]) - len(accepted)


@pytest.mark.full
def test_answers_that_do_not_pass_are_the_packages(tmp_path: Path) -> None:
    """Half a solution is no app: the audit says which parts are whose, and which it never reached."""
    write_stubs(tmp_path)
    shutil.copy(SOLUTIONS / "lesson_01_forms.py", tmp_path)
    answer = audit("--answers", str(tmp_path))
    assert (answer.returncode, answer.stderr) == (0, "")
    yours, ours, *_, unreached, last = answer.stdout.splitlines()
    assert yours == "Yours: 1.1 canonical_email, 1.2 password_problems, 1.3 validate_signup, 1.5 Debouncer"
    assert ours == f"The package's: {len(my_parts()) - 4} unattempted, and the rest"
    assert unreached == "No attack reached: Debouncer"
    assert last.endswith(f"Next: {command_line(f'check 0.1 --answers {tmp_path}')}")


@pytest.mark.full
def test_json_of_answers_is_all_that_is_printed(
    tmp_path: Path, judged: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    write_stubs(tmp_path)
    judged(stateless={"won": False, "evidence": "403"}, database={"won": False, "evidence": "403"})
    assert command.run(arguments(json=True, answers=str(tmp_path))) == 0
    assert json.loads(capsys.readouterr().out)["won"] == 0


def test_an_error_is_no_success(judged: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    """An attack that crashed in one way has shown nothing: a script that reads the status must not go on."""
    judged(stateless={"won": False, "evidence": "403"}, database={"error": "crashed: \x1b[2J"})
    assert command.run(arguments()) == 1
    printed = capsys.readouterr().out
    line = (
        "!   1 skip_the_browser         error: stateless: resisted, 403; database: error, crashed: \\x1b[2J"
    )
    assert line in printed.splitlines()
    assert printed.endswith(f"error. Next: {command_line('dev verify')}\n")


@pytest.mark.full
def test_the_picture_of_a_lesson() -> None:
    answer = audit("--matrix", "lesson_00", COLUMNS="80")
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    assert lines[0] == f"1 flaw × {len(bank.all_attacks())} attacks"
    assert "tokens.verify_with_ring" in lines
    assert sum(line.count("●") for line in lines if line.startswith("  bare_member_number")) == 1
    assert lines[-1] == f"Next: {command_line('audit --flaw bare_member_number')}"
    assert max(map(len, lines)) <= 80


@pytest.mark.full
def test_a_terminal_without_our_glyphs_gets_letters() -> None:
    environment = {"PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0"}
    answer = audit("--flaw", "ascii_casing", **environment)
    assert (answer.returncode, answer.stderr) == (1, "")
    assert "\nx   6 case_twins               won: ZO\\xc9@lab.test got" in answer.stdout
    answer = audit("--matrix", "0", **environment)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.isascii()


@pytest.mark.parametrize(
    ("arguments", "words", "following"),
    [
        (["--flaw", "case_keept"], "did you mean case_kept", "audit --flaw case_kept"),
        (["--flaw", "zzz"], "flaws of the app, got 'zzz'", "audit --matrix"),
        (["--flaw", "walks_in"], "a wrong answer to become_admin", "audit --matrix"),
        (["--flaw"], "expected one argument", "audit --help"),
        (
            ["--answers", "nowhere"],
            "expected exercises, solutions or a folder, got 'nowhere'",
            "audit --help",
        ),
        (["--answers", "docs"], "expected files lesson_NN_topic.py in docs, found none", "audit --help"),
        (["--answers", "solutions", "--flaw", "case_kept"], "not allowed with", "audit --help"),
        (["--matrix", "lesson_99"], "got 'lesson_99'", "audit --matrix"),
        (["--matrix", "--json"], "--json: not allowed with --matrix", "audit --help"),
    ],
)
def test_a_mistake_is_one_line_with_the_next_command(
    arguments: list[str], words: str, following: str
) -> None:
    line = refused(audit(*arguments))
    assert words in line
    assert line.endswith(f"{command_line(following)}\n")


class Terminal:
    """A stand-in for stderr that says it is a terminal."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self.written = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        self.written += text

    def flush(self) -> None: ...


class TestBar:
    @pytest.mark.parametrize(
        ("encoding", "drawn"),
        [("utf-8", "████████████░░░░░░░░░░░░ 1/2 6 é"), ("ascii", "############------------ 1/2 6 \\xe9")],
    )
    def test_it_says_how_far_it_is_and_leaves_no_trace(
        self, monkeypatch: pytest.MonkeyPatch, encoding: str, drawn: str
    ) -> None:
        terminal = Terminal(encoding)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(sys, "stderr", terminal)
        bar = Bar()
        bar.show(1, 2, "6 é")
        assert terminal.written == f"\r{drawn}"
        bar.clear()
        assert terminal.written == f"\r{drawn}\r{' ' * len(drawn)}\r"

    def test_it_never_wraps_and_covers_what_was_longer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        terminal = Terminal("utf-8")
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "40")
        monkeypatch.setattr(sys, "stderr", terminal)
        bar = Bar()
        bar.show(0, 2, "a" * 99)
        bar.show(1, 2, "b")
        first, second = terminal.written.split("\r")[1:]
        assert len(first) == len(second) == 39

    def test_a_file_or_a_pipe_gets_none(self, capsys: pytest.CaptureFixture[str]) -> None:
        bar = Bar()
        bar.show(1, 2, "x")
        bar.clear()
        assert capsys.readouterr().err == ""

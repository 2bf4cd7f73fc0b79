"""`authlab hint` and `authlab secret`, as they are typed."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from authlab.cli import command_line
from authlab.course.curriculum import exercises
from authlab.course.places import ROOT
from authlab.settings import load_settings
from tests.cli.typed import refused


def authlab(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "authlab", *arguments],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


# hint


def test_the_first_hint_names_the_command_for_the_second() -> None:
    """From vague to specific, one at a time: nobody is told more than they asked for."""
    answer = authlab("hint", "1.2")
    hints = next(asked.hints for asked in exercises() if asked.id == "1.2")

    assert answer.returncode == 0
    head, hint, following = answer.stdout.splitlines()
    assert head == f"1.2 Everything that is wrong with a password, hint 1 of {len(hints)}"
    assert hint == hints[0]
    assert following == f"Next: {command_line('hint 1.2 2')}"
    assert hints[1] not in answer.stdout


def test_the_last_hint_names_no_other() -> None:
    """The ladder ends."""
    rungs = next(len(asked.hints) for asked in exercises() if asked.id == "1.2")
    answer = authlab("hint", "1.2", str(rungs))
    assert answer.returncode == 0
    assert f"hint {rungs} of {rungs}" in answer.stdout
    assert "Next:" not in answer.stdout


@pytest.mark.parametrize("exercise_id", [asked.id for asked in exercises()])
def test_every_exercise_has_a_ladder(exercise_id: str) -> None:
    """At least two rungs, and each says something else."""
    hints = next(asked.hints for asked in exercises() if asked.id == exercise_id)
    assert len(set(hints)) == len(hints) >= 2
    assert all(hint.strip() for hint in hints)


@pytest.mark.parametrize("rung", ["0", "99", "-1"])
def test_a_rung_that_is_not_there_is_one_line(rung: str) -> None:
    """With those that are."""
    line = refused(authlab("hint", "1.2", "--", rung))
    assert "expected a hint's number, 1 to " in line
    assert f"got {rung!r}" in line
    assert "-m authlab hint 1.2" in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["9.9"], "expected an exercise or lesson (0.1 to 11.5, or lesson_00 to lesson_11)"),
        (["lesson_01"], "expected one exercise, got 'lesson_01'; try: "),
        (["1.2", "two"], "got 'two'; see"),
        ([], "the following arguments are required: EXERCISE"),
    ],
)
def test_a_hint_for_nothing_is_one_line(arguments: list[str], words: str) -> None:
    """What was expected, what came, the next command."""
    line = refused(authlab("hint", *arguments))
    assert words in line
    assert "-m authlab" in line


# secret


def test_a_secret_is_32_bytes_in_44_characters() -> None:
    """What `openssl rand -base64 32` prints."""
    answer = authlab("secret")
    assert answer.returncode == 0
    assert answer.stderr == ""
    assert len(answer.stdout) == 45
    assert len(base64.b64decode(answer.stdout.strip(), validate=True)) == 32


def test_no_secret_is_made_twice() -> None:
    """It comes from the operating system, not from a seed: two of the same would be no secret."""
    lines = authlab("secret").stdout.split() + authlab("secret", "--env").stdout.split()
    values = [line.partition("=")[2] if "_" in line else line for line in lines]
    assert len(values) == 3
    assert len(set(values)) == 3


def test_secret_env_is_a_env_file(tmp_path: Path) -> None:
    """`authlab secret --env >> .env`, and the app starts: a key for each purpose."""
    from authlab.cli.serve import _environment

    env_file = tmp_path / ".env"
    env_file.write_text(authlab("secret", "--env").stdout)
    assert [line.partition("=")[0] for line in env_file.read_text().splitlines()] == [
        "SESSION_SECRET",
        "PASSWORD_PEPPER",
    ]
    settings = load_settings(_environment(env_file), tmp_path / "app.sqlite")
    assert len(settings.signing_key) == len(settings.pepper) == 32
    assert settings.signing_key != settings.pepper


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was set for this one run is meant; comments and other lines are passed over."""
    from authlab.cli.serve import _environment

    env_file = tmp_path / ".env"
    env_file.write_text("# SESSION_SECRET=old\n\nSESSION_SECRET = from the file \nOTHER=a=b\n")
    monkeypatch.delenv("SESSION_SECRET", raising=False)
    assert _environment(env_file)["SESSION_SECRET"] == "from the file"
    assert _environment(env_file)["OTHER"] == "a=b"
    monkeypatch.setenv("SESSION_SECRET", "from outside")
    assert _environment(env_file)["SESSION_SECRET"] == "from outside"
    assert "SESSION_SECRET" in _environment(tmp_path / "no file")


@pytest.mark.parametrize("command", ["hint", "secret"])
def test_light_commands_start_no_installation(command: str) -> None:
    """With no package at hand they still answer (-S: no site-packages, as in a fresh clone)."""
    arguments = ["hint", "1.1"] if command == "hint" else ["secret"]
    answer = subprocess.run(
        [sys.executable, "-S", "-m", "authlab", *arguments],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""

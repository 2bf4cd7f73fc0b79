"""Lessons in `own/`: the page's example, copied into a clone, is a lesson like the kit's."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from authlab.course.places import ROOT
from tests.cli.typed import authlab, environment
from tests.copied_kit import kit_to_work_on

PAGE = ROOT / "docs" / "own-exercises.md"
FILES: dict[str, str] = dict(
    re.findall(r"^`(own/\S+)`:\n\n```\w+\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
)
ANSWERS = "exercises/lesson_50_masking.py"


def write_own(kit: Path) -> None:
    """Copy the page's lesson into a clone."""
    for name, text in FILES.items():
        (kit / name).parent.mkdir(parents=True, exist_ok=True)
        (kit / name).write_text(text, "utf-8")


@pytest.fixture(scope="module")
def kit() -> Iterator[Path]:
    """A clone with the page's lesson, its question derived."""
    with TemporaryDirectory(prefix="authlab-own-") as folder:
        kit = kit_to_work_on(Path(folder))
        write_own(kit)
        yield kit


def typed(kit: Path, *arguments: str) -> str:
    done = authlab(kit, *arguments, AUTHLAB_OWN="on")
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(kit: Path) -> str:
    return typed(kit, "dev", "build")


def test_the_page_has_a_whole_lesson() -> None:
    assert {Path(name).parts[1] for name in FILES} == {"lessons", "kata", "checks", "flaws"}


def test_its_question_is_derived(kit: Path, built: str) -> None:
    assert f"written: {ANSWERS}" in built
    stub = (kit / ANSWERS).read_text("utf-8")
    assert '"""Return an address as others may see it' in stub
    assert 'raise NotImplementedError("50.1 is not written yet")' in stub


def test_it_is_judged_and_its_misconception_named(kit: Path, built: str) -> None:
    stub = (kit / ANSWERS).read_text("utf-8")
    line = '    raise NotImplementedError("50.1 is not written yet")'
    assert "not attempted yet" in typed(kit, "check", "50.1")
    flawed = "\n".join(FILES["own/flaws/lesson_50_masking.py"].splitlines()[-2:])
    (kit / ANSWERS).write_text(stub.replace(line, flawed), "utf-8")
    said = typed(kit, "check", "50.1")
    assert "'a***@lab.test'" in said
    assert "What may be behind it: A star for each letter still tells how many there are." in said
    right = "\n".join(FILES["own/kata/lesson_50_masking.py"].splitlines()[-2:])
    (kit / ANSWERS).write_text(stub.replace(line, right), "utf-8")
    assert "passed" in typed(kit, "check", "lesson_50")
    standing = json.loads(typed(kit, "progress", "--json"))["exercises"][-1]
    assert standing == {"id": "50.1", "state": "passed", "note": ""}
    assert "is reset" in typed(kit, "reset", "50.1")
    assert (kit / ANSWERS).read_text("utf-8") == stub


def test_it_is_judged_in_a_notebook(kit: Path, built: str) -> None:
    code = "from authlab.lab import check, hint; print(check('50.1')); print(hint('50.1', 1))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=kit,
        env=environment(AUTHLAB_OWN="on"),
        capture_output=True,
        encoding="utf-8",
    )
    assert done.stdout.startswith("○ 50.1 An address behind a mask"), done.stderr
    assert "hint 1 of 3\nWhere does the name end? An address may have more than one @.\n" in done.stdout


def test_watch_sees_it_saved(kit: Path, built: str) -> None:
    stub = (kit / ANSWERS).read_text("utf-8")
    command = [sys.executable, "-m", "authlab", "watch", "50.1"]
    watch = subprocess.Popen(
        command, cwd=kit, env=environment(AUTHLAB_OWN="on"), stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert watch.stdout is not None
    said = iter(watch.stdout.readline, "")
    try:
        assert next(line for line in said if "50.1" in line).startswith("○ 50.1")
        (kit / ANSWERS).write_text(stub.replace("raise NotImplementedError(", "return ("), "utf-8")
        assert next(line for line in said if line.startswith("✗ 50.1"))
    finally:
        watch.terminate()
        watch.communicate()
        (kit / ANSWERS).write_text(stub, "utf-8")


def test_it_is_verified(kit: Path, built: str) -> None:
    said = typed(kit, "dev", "verify", "lesson_50")
    assert "survivors: none" in said
    assert "false alarms: none" in said


def test_a_flaw_that_its_checks_miss_is_told(kit: Path, built: str) -> None:
    checks = kit / "own/checks/test_lesson_50_masking.py"
    whole = checks.read_text("utf-8")
    checks.write_text(whole.replace('masked("alexandra@lab.test")', 'masked("adam@lab.test")'), "utf-8")
    said = typed(kit, "dev", "verify", "lesson_50")
    checks.write_text(whole, "utf-8")
    assert "survivors: 1" in said
    assert "a_star_a_letter is failed, expected test_nobody_learns_how_long_the_name_is to fail" in said


def test_it_has_hints(kit: Path, built: str) -> None:
    assert "hint 3 of 3\nThree stars" in typed(kit, "hint", "50.1", "3")


def test_the_kits_tests_know_nothing_of_it(kit: Path, built: str) -> None:
    """They prove the kit: a lesson of one's own is not theirs to judge."""
    done = authlab(kit, "check", "50.1", AUTHLAB_OWN="off")
    assert done.returncode == 2
    assert "got '50.1'" in done.stderr
    assert 'os.environ["AUTHLAB_OWN"] = "off"' in (ROOT / "tests/conftest.py").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = (\n", "own/flaws/lesson_50_masking.py, line 1: '(' was never closed"),
        ("import nowhere\n", "own/flaws/lesson_50_masking.py: No module named 'nowhere'"),
    ],
)
def test_flaws_that_cannot_be_read_are_one_line(kit: Path, built: str, text: str, said: str) -> None:
    (kit / "own/flaws/lesson_50_masking.py").write_text(text, "utf-8")
    done = authlab(kit, "dev", "verify", "lesson_50", AUTHLAB_OWN="on")
    write_own(kit)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("own/checks/test_lesson_50_masking.py", ["check", "50.1", "--answers", "solutions"]),
        ("own/checks/test_lesson_50_masking.py", ["dev", "verify", "lesson_50"]),
        ("own/kata/lesson_50_masking.py", ["check", "50.1"]),
        ("own/kata/lesson_50_masking.py", ["dev", "build"]),
    ],
)
def test_what_cannot_be_read_is_one_line(kit: Path, built: str, file: str, command: list[str]) -> None:
    """Which file, and what Python says of it: the author has no other way to learn it."""
    (kit / file).write_text("x = (\n", "utf-8")
    done = authlab(kit, *command, AUTHLAB_OWN="on")
    write_own(kit)
    assert done.returncode == 2
    assert file in done.stderr
    assert "'(' was never closed" in done.stderr
    assert "kata" not in file or f"{file}, line 1: '(' was never closed" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_handout_with_flaws_that_cannot_be_read_is_not_made(kit: Path, built: str) -> None:
    """Its learners would get no verdict from it."""
    (kit / "own/flaws/lesson_50_masking.py").write_text("x = (\n", "utf-8")
    done = authlab(kit, "class", "handout", "out.zip", AUTHLAB_OWN="on")
    write_own(kit)
    assert done.returncode == 2
    assert "own/flaws/lesson_50_masking.py, line 1" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (kit / "out.zip").exists()


WHOLE = FILES["own/lessons/lesson_50_masking.toml"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("lesson_03_mine.toml", WHOLE, "expected a name like lesson_50_topic.toml"),
        (
            "lesson_51_mine.toml",
            WHOLE.replace("50.1", "51.1"),
            "expected also own/checks/test_lesson_51_mine.py, found none",
        ),
        (
            "lesson_50_masking.toml",
            WHOLE.replace('"50.1"', '"1.1"'),
            "expected an exercise 50.1 or so, got 1.1",
        ),
        ("../kata/lesson_50_masking.py", "", "expected also own/kata/lesson_50_masking.py, found none"),
        ("lesson_50_masking.toml", "title = \n", "own/lessons/lesson_50_masking.toml: Invalid value"),
        (
            "lesson_50_masking.toml",
            WHOLE.replace("title", "titel", 1),
            "own/lessons/lesson_50_masking.toml: lesson: expected no field 'titel'; did you mean title?",
        ),
        (
            "lesson_50_masking.toml",
            WHOLE.replace("kind =", "kin =", 1),
            "own/lessons/lesson_50_masking.toml: exercise 50.1: expected no field 'kin'; did you mean kind?",
        ),
        (
            "lesson_50_masking.toml",
            "\n".join(line for line in WHOLE.splitlines() if not line.startswith("kind =")),
            "own/lessons/lesson_50_masking.toml: exercise 50.1: expected a field 'kind', found none",
        ),
    ],
)
@pytest.mark.parametrize(
    "command", [["check", "50.1"], ["progress"], ["dev", "build"]], ids=lambda command: command[0]
)
def test_a_lesson_that_is_not_whole_is_one_line(
    kit: Path, built: str, command: list[str], name: str, text: str, said: str
) -> None:
    lesson = kit / "own/lessons" / name
    lesson.write_text(text, "utf-8") if text else lesson.unlink()
    done = authlab(kit, *command, AUTHLAB_OWN="on")
    lesson.unlink(missing_ok=True)
    write_own(kit)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_files_of_a_lesson_that_is_gone_are_told_of_and_kept(kit: Path, built: str) -> None:
    """`dev build` cannot tell a question from an answer that somebody has kept there."""
    lesson = kit / "own/lessons/lesson_50_masking.toml"
    lesson.unlink()
    said = typed(kit, "dev", "build")
    write_own(kit)
    for file in (ANSWERS, "solutions/lesson_50_masking.py"):
        assert f"of no lesson: {file}; delete it, or bring its lesson back" in said
        assert (kit / file).exists()
    assert "of no lesson" not in typed(kit, "dev", "build")

"""`dev verify` on the kit as it is, and on a copy with one assertion taken out."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from authlab.course.engine import Engine
from authlab.course.verify import verify


def test_everything_holds(engine: Engine) -> None:
    """Stubs unattempted, answers pass, every flaw caught, every alternative spared, every attack real."""
    report = verify(engine)
    assert asdict(report) | {"pairs": 0, "lessons": 0, "exercises": 0} == asdict(report) | {
        "pairs": 0,
        "lessons": 0,
        "exercises": 0,
        "survivors": [],
        "false_alarms": [],
        "unexploited": [],
        "drift": [],
    }
    assert (report.lessons, report.exercises) == (2, 8)
    assert report.flaws >= 60
    assert report.alternatives >= 50
    assert report.attacks >= 14
    assert report.pairs >= report.flaws + report.alternatives + 2 * report.exercises


def verified(kit: Path, what: str) -> tuple[int, dict[str, list[str]]]:
    """Return exit status and report of `dev verify WHAT --json` in a copy of the kit."""
    done = subprocess.run(
        [sys.executable, "-m", "authlab", "dev", "verify", what, "--json"],
        cwd=kit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_check_that_loses_an_assertion_lets_a_flaw_survive(kit: Path) -> None:
    """The measure of the checks can fail: without this line nobody notices ASCII casing."""
    checks = kit / "tests/lessons/test_lesson_01_forms.py"
    for line in (
        '        assert canonical_email("ZOÉ@lab.test") == "zo\\u00e9@lab.test"\n',
        '        assert canonical_email("ЖАННА@lab.test") == "жанна@lab.test"\n',
    ):
        replace(checks, line, "")
    status, report = verified(kit, "1.1")
    assert status == 1
    assert report["survivors"] == [
        "1.1: ascii_casing is passed, expected test_case_makes_no_second_address_in_any_script to fail"
    ]


def test_a_check_that_asks_too_much_is_a_false_alarm(kit: Path) -> None:
    replace(
        kit / "tests/lessons/test_lesson_01_forms.py",
        'assert password_problems("two words 2") == []',
        'assert password_problems("two words 2") == [NO_SPECIAL]',
    )
    status, report = verified(kit, "1.2")
    assert status == 1
    assert any(line.startswith("1.2: the package's own answer: failed") for line in report["false_alarms"])
    assert len(report["false_alarms"]) > 3


def test_a_change_of_the_package_makes_the_derived_files_drift(kit: Path) -> None:
    replace(kit / "authlab/responses.py", "status=303", "status=302")
    status, report = verified(kit, "0.1")
    assert status == 1
    assert report["drift"] == ["solutions/lesson_00_start_here.py: differs from the package"]
    assert report["false_alarms"] == []  # solutions/ still holds the right answer


def test_an_attack_that_wins_nowhere_is_unexploited(kit: Path) -> None:
    """The canary: a library upgrade that closes a hole is noticed, and so is an attack that never worked."""
    replace(kit / "authlab/course/attacks/lesson_00_start_here.py", '"__Host-session", "3"', '"session", "3"')
    done = subprocess.run(
        [sys.executable, "-m", "authlab", "dev", "verify", "--json"],
        cwd=kit,
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["unexploited"] == [
        "attack 101 bare_number_as_cookie does not win on bare_member_number: 303, to /login"
    ]

"""docs/adding.md, followed to the letter: lesson, exercise, flaw and attack in a copy of the kit."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from authlab.course.places import ROOT
from tests.cli.typed import authlab
from tests.copied_kit import kit_to_work_on

PAGE = (ROOT / "docs/adding.md").read_text("utf-8")
# (file, the line before which it goes or "", the text), in the order of the page.
BLOCKS: list[tuple[str, str, str]] = re.findall(
    r"^(?:In )?`(\S+)`(?:, before `([^\n]+)`)?:\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
)
COMMANDS = re.findall(r"^    python3 -m authlab (.+)$", PAGE, re.MULTILINE)
CHECKS = "tests/lessons/test_lesson_12_devices.py"

pytestmark = pytest.mark.full


def write_blocks(kit: Path) -> None:
    """Write what the page shows where it says."""
    for name, before, text in BLOCKS:
        file = kit / name
        if before:
            whole = file.read_text("utf-8")
            line = next(line for line in whole.splitlines(keepends=True) if line.strip() == before)
            text = whole.replace(line, text + line, 1)
        else:
            assert not file.exists(), f"{name} is there already, and the page calls it new"
            file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


@pytest.fixture(scope="module")
def kit() -> Iterator[Path]:
    with TemporaryDirectory(prefix="authlab-adding-") as folder:
        kit = kit_to_work_on(Path(folder))
        shutil.copytree(ROOT / "tests/course/told", kit / "tests/course/told")
        write_blocks(kit)
        yield kit


@pytest.fixture(scope="module")
def typed(kit: Path) -> dict[str, str]:
    """What each of the page's commands has said; every one of them ends well."""
    said = {}
    for line in COMMANDS:
        done = authlab(kit, *line.split())
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        said[line] = done.stdout
    return said


def test_the_page_shows_every_file_of_a_lesson() -> None:
    shown = {name for name, _, _ in BLOCKS}
    for folder in ("lessons", "flaws", "alternatives", "attacks"):
        ending = "toml" if folder == "lessons" else "py"
        assert f"authlab/course/{folder}/lesson_12_devices.{ending}" in shown
    assert {CHECKS, "notebooks/lesson_12_devices.ipynb", "authlab/course/parts.py"} <= shown
    assert len(BLOCKS) == PAGE.count("\n```") // 2, "a block without a path above it is written nowhere"
    assert len(COMMANDS) == 5


def test_the_question_the_answer_and_the_map_are_derived(kit: Path, typed: dict[str, str]) -> None:
    for name in ("exercises/lesson_12_devices.py", "solutions/lesson_12_devices.py", "README.md"):
        assert f"written: {name}" in typed["dev build"]
    assert "| 12 A browser that is known | not in the guide | `authlab/cookies.py` |" in (
        kit / "README.md"
    ).read_text("utf-8")
    assert 'raise NotImplementedError("12.1 is not written yet")' in (
        kit / "exercises/lesson_12_devices.py"
    ).read_text("utf-8")


def test_flaws_fail_alternatives_pass_and_the_attack_wins_on_its_flaw_alone(typed: dict[str, str]) -> None:
    for line in ("dev verify 12.1", "dev verify lesson_12"):
        for empty in ("survivors: none", "false alarms: none", "unexploited: none", "drift: none"):
            assert empty in typed[line], line

    def pairs(line: str) -> int:
        counted = re.search(r"(\d+) pairs run", typed[line])
        assert counted is not None
        return int(counted[1])

    assert pairs("dev verify lesson_12") > pairs("dev verify 12.1"), "no attack was tried"


def test_what_learners_are_told_is_kept(kit: Path, typed: dict[str, str]) -> None:
    told = (kit / "tests/course/told/lesson_12_devices.txt").read_text("utf-8")
    assert "12.1 readable_device: It opens nothing, so nobody needs to hide it." in told
    assert "= It opens nothing, and yet it spares guesses the limit" in told
    assert (kit / "authlab/course/lessons/known/lesson_12_devices.json").exists()


def test_the_notebook_is_stored_with_its_outputs(kit: Path, typed: dict[str, str]) -> None:
    cells = json.loads((kit / "notebooks/lesson_12_devices.ipynb").read_text("utf-8"))["cells"]
    outputs = ["".join(str(cell.get("outputs"))) for cell in cells]
    assert "Ready: lesson_12_devices." in outputs[1]
    assert "12.1" in outputs[2]
    assert "not attempted yet" in outputs[2]


def test_a_learner_is_judged(kit: Path, typed: dict[str, str]) -> None:
    done = authlab(kit, "check", "12.1", "--answers", "solutions")
    assert done.returncode == 0, done.stdout + done.stderr


def test_without_the_assertion_that_the_page_names_a_flaw_survives(kit: Path, typed: dict[str, str]) -> None:
    named = re.search(r"without the line `(.+?)`, `(dev verify \S+)` names the survivor `(\w+)`", PAGE)
    assert named is not None
    line, command, survivor = named.groups()
    checks = kit / CHECKS
    whole = checks.read_text("utf-8")
    assert whole.count(line) == 1
    checks.write_text(whole.replace(line, ""), "utf-8")
    done = authlab(kit, *command.split())
    checks.write_text(whole, "utf-8")
    assert done.returncode == 1
    assert "survivors: 1" in done.stdout
    assert survivor in done.stdout


def test_without_the_flaw_the_attack_is_one_too_many(kit: Path, typed: dict[str, str]) -> None:
    """An attack that wins nowhere proves nothing, and is told."""
    attack = kit / "authlab/course/attacks/lesson_12_devices.py"
    whole = attack.read_text("utf-8")
    attack.write_text(whole.replace("if token in", "if not token in"), "utf-8")
    done = authlab(kit, "dev", "verify", "lesson_12")
    attack.write_text(whole, "utf-8")
    assert done.returncode == 1
    assert "unexploited: none" not in done.stdout

"""The instructors' guide: its plans add up, its mistakes are the bank's, its checklist can be typed."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from authlab import cli
from authlab.course import docs
from authlab.course.curriculum import lessons
from authlab.course.places import ROOT
from authlab.course.plans import Plan, plans
from tests.classroom.handing_out import commit, git
from tests.cli.typed import authlab

PAGE = docs.INSTRUCTORS.read_text(encoding="utf-8")
CHECKLIST = PAGE.partition("\n## Checklist\n")[2]
COMMANDS = [
    line.removeprefix("    python3 -m authlab ") for line in CHECKLIST.splitlines() if line.startswith("    ")
]
# The rest runs for minutes, until somebody ends it, or wants what a class has; each has tests of its own.
QUICK = ["doctor", "check 0.1 --answers solutions", "class hub hub --learners 3", "progress"]


def test_what_is_derived_in_it_is_up_to_date() -> None:
    """`dev build` makes the sections anew; what stands between two marks is not for editing."""
    assert docs.instructors_guide() == PAGE
    assert PAGE.count("<!-- derived: ") == PAGE.count("<!-- end -->") == 3


def test_there_are_three_plans_and_each_is_as_long_as_it_says() -> None:
    assert [(plan.name, plan.minutes) for plan in plans()] == [
        ("90 minutes", 90),
        ("Half a day", 240),
        ("A day", 480),
    ]
    for plan in plans():
        assert sum(step.minutes for step in plan.steps) == plan.minutes, plan.name


@pytest.mark.parametrize("plan", plans(), ids=lambda plan: plan.name)
def test_a_plan_gives_each_lesson_its_own_minutes_and_people_their_breaks(plan: Plan) -> None:
    minutes = {f"lesson {lesson.number}: {lesson.title}": lesson.minutes for lesson in lessons()}
    in_plan = [step for step in plan.steps if step.what.startswith("lesson ") and ": " in step.what]

    assert in_plan[0].what.startswith("lesson 0: "), "everything after it builds on what a cookie says"
    assert [step for step in in_plan if minutes[step.what] != step.minutes] == []
    assert [step.what for step in in_plan] == sorted({step.what for step in in_plan}, key=_number)
    without = 0
    for step in plan.steps:
        without = 0 if step.what in ("a break", "lunch") else without + step.minutes
        assert without <= 120, f"{plan.name}: {without} minutes without a break"


def test_the_timetable_in_the_page_goes_without_a_hole() -> None:
    for plan in plans():
        table = PAGE.partition(f"### {plan.name}\n")[2].partition("\n#")[0]
        rows = re.findall(r"^\| (\d+):(\d\d) \| (\d*) \|", table, re.MULTILINE)
        at = 0
        for hours, minutes, lasts in rows:
            assert int(hours) * 60 + int(minutes) == at, (plan.name, hours, minutes)
            at += int(lasts or 0)
        assert at == plan.minutes


def test_the_timings_are_the_lessons_own() -> None:
    for lesson in lessons():
        assert f"\n| {lesson.number} {lesson.title} | {lesson.minutes} | " in PAGE
    assert f"\n| all | {sum(lesson.minutes for lesson in lessons())} | " in PAGE


def test_each_lesson_has_mistakes_to_expect_in_its_own_exercises() -> None:
    for lesson in lessons():
        found = docs.taught_mistakes(lesson)
        assert 1 <= len(found) <= 14, lesson.stem
        assert {asked.id for asked in lesson.exercises if asked.flaw} <= {
            asked.id for asked in lesson.exercises if asked.flaw in {flaw.name for _, flaw in found}
        }
        for _, flaw in found:
            assert flaw.misconception.replace("|", "\\|") in PAGE


def test_the_checklist_can_be_typed() -> None:
    """Every command as its parser reads it: an option that was renamed is missed here."""
    assert len(COMMANDS) >= 8
    for line in COMMANDS:
        name, *rest = shlex.split(line)
        command = cli._find(name)
        cli._parse(command, cli._module(command), rest)


def test_what_is_quick_in_the_checklist_does_what_it_says(kit: Path) -> None:
    assert set(QUICK) <= set(COMMANDS)
    for name in ("docs", "README.md", "LICENSE", "SECURITY.md", "requirements-hub.lock", ".gitignore"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, kit / name)
    git(kit, "init", "-q", "-b", "main")
    commit(kit)  # a hub is written from what was committed
    for line in QUICK:
        done = authlab(kit, *shlex.split(line))
        assert done.returncode == 0, (line, done.stdout, done.stderr)
    assert (kit / "hub" / "start").exists()


@pytest.mark.parametrize("page", ["instructors.md", "hub.md"])
def test_the_pages_links_lead_somewhere(page: str) -> None:
    folder = ROOT / "docs"
    links = re.findall(r"\]\(([^)#:]+)\)", (folder / page).read_text("utf-8"))
    assert [link for link in links if not (folder / link).exists()] == []


def _number(what: str) -> int:
    return int(what.split()[1].rstrip(":"))

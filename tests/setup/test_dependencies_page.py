"""docs/dependencies.md justifies exactly what is depended on, and counts the locks."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from authlab import bootstrap

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/dependencies.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
NPM = ("tests/browser", "authlab/classroom/hub_folder")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names(requirements: list[object]) -> list[str]:
    return [re.match(r"[\w.-]+", line)[0] for line in requirements if isinstance(line, str)]


def test_what_a_learner_installs_is_what_pyproject_names():
    assert [row[0] for row in rows("What a learner installs")] == names(PROJECT["project"]["dependencies"])


def test_each_group_is_what_pyproject_names():
    wanted = [(name, group) for group, lines in PROJECT["dependency-groups"].items() for name in names(lines)]
    assert [(row[0], row[1]) for row in rows("Groups")] == wanted


def test_npm_has_what_package_json_names():
    wanted = [
        (name, f"`{folder}`")
        for folder in NPM
        for name in json.loads((ROOT / folder / "package.json").read_text("utf-8"))["dependencies"]
    ]
    assert [(row[0], row[1]) for row in rows("npm")] == wanted


@pytest.mark.parametrize("heading", ["What a learner installs", "Groups", "npm"])
def test_each_has_a_reason_and_a_licence(heading):
    assert [row[0] for row in rows(heading) if not all(row)] == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "requirements-hub.lock"])
def test_the_packages_in_a_lock_are_counted(lock):
    (count,) = re.findall(rf"\b(\d+)(?: packages)? in `{re.escape(lock)}`", PAGE)
    assert int(count) == len(bootstrap.pins_of(ROOT / lock))


def test_the_packages_in_both_npm_locks_are_counted():
    locks = [json.loads((ROOT / folder / "package-lock.json").read_text("utf-8")) for folder in NPM]
    counts = [len([path for path in lock["packages"] if path]) for lock in locks]
    assert f"The first lock has {counts[0]} package, the second {counts[1]}." in PAGE

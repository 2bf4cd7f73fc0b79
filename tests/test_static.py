"""The code is typed strictly and linted, by the tools and rules of pyproject.toml."""

import importlib.util
import os
import subprocess
import sys

import pytest

from authlab.course.places import ROOT


def run(tool: str, *arguments: str) -> None:
    if importlib.util.find_spec(tool) is None:
        reason = f"{tool} is not installed; python3 -m authlab dev setup installs it"
        if "AUTHLAB_SKIP_NOTHING" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    done = subprocess.run(
        [sys.executable, "-m", tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_the_package_is_typed_strictly() -> None:
    run("mypy", "--cache-dir", os.devnull, "authlab")


def test_everything_is_linted() -> None:
    run("ruff", "check", "--no-cache", "authlab", "tests", "solutions")


def test_the_package_and_its_tests_are_formatted() -> None:
    run("ruff", "format", "--no-cache", "--check", "authlab", "tests")

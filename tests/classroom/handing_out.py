"""A clone of the kit that a handout can be made of, and typing `class handout` in one."""

import shutil
import subprocess
import sys
from pathlib import Path

from authlab.course.places import ROOT
from tests.cli.typed import environment
from tests.copied_kit import copied_kit

# The command as it is typed, and this action alone: what the others import is not looked at here.
TYPED = """
import importlib, sys
importlib.import_module("authlab.cli.class").ACTIONS = {"handout": "pack"}
from authlab.cli import main
sys.exit(main(["class", "handout", *sys.argv[1:]]))
"""
BESIDE = (
    *("README.md", "LICENSE", "CONTRIBUTING.md", ".gitignore", ".gitattributes"),
    *("requirements-dev.lock", "requirements-hub.lock"),
)
WE = ("-c", "user.name=Grace", "-c", "user.email=grace@lab.test")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *WE, *arguments], cwd=folder, capture_output=True, encoding="utf-8", check=True
    )
    return done.stdout


def committed_kit(folder: Path) -> Path:
    """Make a clone in a folder, with one commit of the kit as it is here now."""
    folder.mkdir()
    copied_kit(folder)
    for name in BESIDE:
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "docs", folder / "docs")
    (folder / "tests/course").mkdir()
    for name in ("tests/app/test_roles.py", "tests/course/test_derive.py", "tests/test_architecture.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "core.autocrlf", "false")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "-m", "The kit")


def handout(folder: Path, *arguments: str, **extra: str) -> "subprocess.CompletedProcess[str]":
    """Type `authlab class handout ARGUMENTS` in a clone or a learner's copy."""
    return subprocess.run(
        [sys.executable, "-c", TYPED, *arguments],
        cwd=folder,
        env=environment(**extra),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )

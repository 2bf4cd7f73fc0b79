"""Typing a command in a copy of the kit."""

import os
import subprocess
import sys
from pathlib import Path


def environment(**extra: str) -> dict[str, str]:
    """Return a learner's environment; bytecode is kept, or each command would compile the copy anew."""
    kept = {k: v for k, v in os.environ.items() if k not in ("AUTHLAB_ANSWERS", "PYTHONDONTWRITEBYTECODE")}
    return {**kept, "PYTHONIOENCODING": "utf-8", **extra}


def authlab(kit: Path, *arguments: str, **extra: str) -> "subprocess.CompletedProcess[str]":
    """Type `authlab ARGUMENTS` in a copy of the kit."""
    return subprocess.run(
        [sys.executable, "-m", "authlab", *arguments],
        cwd=kit,
        env=environment(**extra),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def refused(answer: "subprocess.CompletedProcess[str]") -> str:
    """Return the one line of a command that was not understood; nothing else was printed."""
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert answer.stderr.startswith("authlab: ")
    assert answer.stderr.count("\n") == 1
    return answer.stderr

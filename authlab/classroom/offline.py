"""The packages that a learner's machine installs, as files: the lock's wheels for its system and its Python.

What is fetched is what the lock names, hash by hash. Where it goes, `bootstrap` installs from it and asks no
network. pip chooses the files. It reads a lock's conditions (`sys_platform == 'win32'`) for the machine that
runs it, so for another machine they are read here first.
"""

import hashlib
import platform
import re
import subprocess
import sys
import venv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement

from authlab.course.places import ROOT
from authlab.installer import CAUSES

LOCK = ROOT / "requirements.lock"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# A condition may ask for the last number as well, and a school's Python may be an old one.
_LAST_NUMBERS = ("0", "99")
# glibc 2.28 is that of the oldest Linux systems that still get a Python 3.11.
_LINUX = {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux"}
_MAC = {"os_name": "posix", "sys_platform": "darwin", "platform_system": "Darwin"}
_WINDOWS = {"os_name": "nt", "sys_platform": "win32", "platform_system": "Windows"}


@dataclass(frozen=True, slots=True)
class System:
    """A kind of machine: how a lock's conditions call it, and the names of wheels, best first."""

    conditions: dict[str, str]
    machine: str
    tags: tuple[str, ...]


def _manylinux(machine: str) -> tuple[str, ...]:
    return (*(f"manylinux_2_{minor}_{machine}" for minor in range(28, 16, -1)), f"manylinux2014_{machine}")


_MACOSX = tuple(
    [f"macosx_{major}_0_{kind}" for major in range(14, 10, -1) for kind in ("arm64", "universal2")]
    + [f"macosx_10_{minor}_universal2" for minor in range(16, 8, -1)]
)
SYSTEMS = {
    "linux": System(_LINUX, "x86_64", _manylinux("x86_64")),
    "linux-arm": System(_LINUX, "aarch64", _manylinux("aarch64")),
    "mac": System(
        _MAC, "arm64", _MACOSX
    ),  # Macs with an Intel processor get no wheels of the lock's packages
    "windows": System(_WINDOWS, "AMD64", ("win_amd64",)),
}


class OfflineError(Exception):
    """The packages cannot be had. The text says why, and the next command."""


def this_system() -> str:
    """Return which of `SYSTEMS` this machine is, or "" for one that is none of them."""
    for name, system in SYSTEMS.items():
        if (system.conditions["sys_platform"], system.machine) == (sys.platform, platform.machine()):
            return name
    return ""


def fetch_wheels(
    systems: Iterable[str], pythons: Iterable[str], folder: Path, lock: Path = LOCK
) -> list[Path]:
    """Fetch what the lock installs on each system with each Python into `folder`; return the files.

    Each is one that the lock names. Raises `OfflineError`, also for a package without a wheel for one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pip = _pip(folder.parent)
    for name in systems:
        for python in pythons:
            had: list[str] = []
            for full in (f"{python}.{last}" for last in _LAST_NUMBERS):
                pins = [pin for pin in pins_for(lock, SYSTEMS[name], full) if pin not in had]
                if pins:
                    wanted = folder.parent / f"{name}-{full}.lock"
                    wanted.write_text("".join(pins), "utf-8")
                    _download(pip, wanted, SYSTEMS[name], full, folder, f"{name}, Python {python}")
                had += pins
    files = sorted(folder.iterdir())
    if strangers := [file.name for file in files if _sha256(file) not in lock.read_text("utf-8")]:
        raise OfflineError(f"expected only what the lock names, got {strangers[0]}")
    return files


def pins_for(lock: Path, system: System, python: str) -> list[str]:
    """Return the lock's pins, each with its hashes, that a system installs with a Python such as `3.11.5`."""
    environment = {
        **system.conditions,
        "platform_machine": system.machine,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
    }
    kept = []
    for block in re.split(r"^(?=[A-Za-z0-9])", lock.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        line, _, hashes = block.partition("\\\n")
        requirement = Requirement(line.strip())
        if requirement.marker is None or requirement.marker.evaluate(environment):
            kept.append(f"{requirement.name}{requirement.specifier} \\\n{hashes}")
    return kept


def _download(pip: Sequence[str], lock: Path, system: System, python: str, folder: Path, what: str) -> None:
    command = [
        *pip,
        "download",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--retries",
        "2",
        "--no-deps",
    ]
    command += [
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--implementation",
        "cp",
        "--python-version",
        python,
    ]
    command += [part for tag in system.tags for part in ("--platform", tag)]
    command += ["--dest", str(folder), "-r", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")] or [
            "pip says nothing"
        ]
        causes = (meaning for pattern, meaning in CAUSES if re.search(pattern, done.stderr))
        why = f"{next(causes, 'pip ended with an error')}: {said[-1].removeprefix('ERROR: ')}"
        raise OfflineError(f"expected the packages for {what}, got: {why}; once that is mended, run it again")


def _pip(folder: Path) -> list[str]:
    """Return how pip is called: uv makes environments without it, so one may have to be made for it."""
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    if find_spec("ensurepip") is None:
        raise OfflineError("expected pip, found none; install it into .venv, or Python's ensurepip module")
    venv.create(folder / "pip", with_pip=True)
    return [
        str(folder / "pip" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")),
        "-m",
        "pip",
    ]


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()

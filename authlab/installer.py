"""Fills an environment from a lock, with uv, pip or npm, and says in plain words why it could not.

Output goes to a log; a terminal gets a count of packages, anything else one plain line.
"""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WINDOWS = sys.platform == "win32"
POLL_SECONDS = 0.2
STOP_SECONDS = 10

# Variables that would make an installer write somewhere else, or with another Python.
ASTRAY = ["PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV"]
ASTRAY += ["PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__"]

# Wheels only: a source package would fetch unpinned tools to build itself.
PINNED = ["--require-hashes", "--only-binary", ":all:"]

# The clone itself, in place. Its build tool is in the lock, so that nothing is fetched for it.
IN_PLACE = ["--no-deps", "--no-build-isolation", "--editable"]

# Tried before the stamp is written: installers do not check that the clone is found.
FIRST_IMPORT = "import authlab, importlib.metadata; importlib.metadata.version('authlab')"

# What an installer's log says, and what that means for the reader; the first that matches.
CAUSES = (
    ("No space left on device|os error 28|ENOSPC", "the disk is full"),
    (
        "DO NOT MATCH THE HASHES|Hash mismatch|EINTEGRITY",
        "a downloaded file is not the one that the lock names",
    ),
    (
        "ProxyError|Cannot connect to proxy|Tunnel connection failed|407 Proxy",
        "the proxy refused (see HTTPS_PROXY)",
    ),
    (
        "CERTIFICATE_VERIFY_FAILED|invalid peer certificate|UnknownIssuer",
        "the package index shows a certificate that this computer does not trust",
    ),
    (
        "Failed to establish a new connection|NewConnectionError|ConnectTimeout|Read timed out|"
        "name resolution|getaddrinfo|dns error|Network is unreachable|Connection refused|"
        "client error \\(Connect\\)|error sending request|network connectivity is disabled|"
        "ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT",
        "the package index cannot be reached (no network?)",
    ),
    (
        "No matching distribution|has no wheels|no usable wheels|Could not find a version",
        "a package has no ready-made build for this Python and system",
    ),
    ("Permission denied|os error 13|WinError 5|EACCES", "a file may not be written"),
)


class InstallerError(Exception):
    """An installer ended with an error; the message is its cause in plain words."""


class Installer:
    """The steps that fill one environment. `lock` is the handle of the set-up's lock: installers
    hold it too, so that after a kill the next run waits until they no longer write.
    """

    def __init__(
        self, root: Path, venv: Path, python: Path, log: Path, lock: int, wheels: Path | None = None
    ) -> None:
        self.root = root
        self.venv = venv
        self.python = python
        self.log = log
        self.lock = lock
        # A folder with all packages: they come from there alone, and still hash by hash.
        self.source: list[str | Path] = [] if wheels is None else ["--no-index", "--find-links", wheels]

    def with_uv(self, uv: str, packages: Path, count: int, *, in_place: bool = True) -> None:
        """Make the environment and install `packages`, a lock of about `count` of them, and the clone."""
        # --allow-existing: the folder holds the marker already, and counts as ours from the start.
        self._run([uv, "venv", "--allow-existing", "--python", sys.executable, self.venv], "a new .venv")
        install: list[str | Path] = [uv, "pip", "install", "--python", self.python]
        # uv writes no bytecode by default: the first start would take twice as long.
        pinned = [*PINNED, *self.source, "--compile-bytecode"]
        self._run([*install, *pinned, "-r", packages], "packages", count)
        if in_place:
            self._run([*install, *self.source, *IN_PLACE, self.root], "authlab")
            self._run([self.python, "-I", "-c", FIRST_IMPORT], "a first import")

    def with_pip(self, packages: Path, count: int, *, in_place: bool = True) -> None:
        """The same with Python's own venv and pip."""
        self._run([sys.executable, "-I", "-m", "venv", self.venv], "a new .venv")
        install: list[str | Path] = [self.python, "-I", "-m", "pip", "install", "--no-input"]
        install += ["--disable-pip-version-check", "--progress-bar", "off"]
        self._run([*install, *PINNED, *self.source, "--retries", "2", "-r", packages], "packages", count)
        if in_place:
            self._run([*install, *self.source, *IN_PLACE, self.root], "authlab")
            self._run([self.python, "-I", "-c", FIRST_IMPORT], "a first import")

    def with_npm(self, npm: str, folder: Path) -> None:
        """Install what the package-lock.json in `folder` pins, hashes and all; no package runs a script."""
        self._run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder], "npm's packages"
        )

    def _run(self, command: Sequence[str | Path], what: str, count: int = 0) -> None:
        with self.log.open("ab") as log:
            log.write(f"\n$ {' '.join(map(str, command))}\n".encode("utf-8", "replace"))
            log.flush()
            start = log.tell()
            keep: dict[str, Any] = {} if WINDOWS else {"pass_fds": [self.lock]}
            process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.log.parent,
                env={name: value for name, value in os.environ.items() if name not in ASTRAY},
                **keep,
            )
            try:
                self._watch(process, what, count, start)
            except BaseException:
                process.terminate()
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                raise
        if process.returncode:
            raise InstallerError(self._cause(start, what))

    def _watch(self, process: "subprocess.Popen[bytes]", what: str, count: int, start: int) -> None:
        shows_progress = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        if count and not shows_progress:
            doing = "installing" if self.source else "fetching and installing"
            print(f"authlab: {doing} about {count} packages.", file=sys.stderr)
        while True:
            try:
                process.wait(POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                if shows_progress:
                    line = self._progress(count, start) if count else f"{what} ..."
                    sys.stderr.write(f"\r\x1b[Kauthlab: {line}")
                    sys.stderr.flush()
        if shows_progress:
            sys.stderr.write("\r\x1b[K")

    def _progress(self, count: int, start: int) -> str:
        folder = "Lib" if WINDOWS else "lib/python*"
        installed = sum(1 for _ in self.venv.glob(f"{folder}/site-packages/*.dist-info"))
        fetched = len(re.findall(rb"^Collecting ", self._logged(start), re.MULTILINE))
        if installed > 3 or not fetched:  # pip brings one or two of its own
            return f"installing package {min(installed, count)} of about {count} ..."
        return f"fetching package {min(fetched, count)} of about {count} ..."

    def _logged(self, start: int) -> bytes:
        with self.log.open("rb") as log:
            log.seek(start)
            return log.read()

    def _cause(self, start: int, what: str) -> str:
        text = self._logged(start).decode("utf-8", "replace")
        for pattern, meaning in CAUSES:
            if re.search(pattern, text):
                return meaning
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return f"{what}: {lines[-1][:200] if lines else 'the installer ended without a word'}"

"""`start` in a hub's folder: install what the hub needs, once, then become JupyterHub.

Standard library only, as in `bootstrap`: it runs before anything is installed, with any Python from 3.11 on.
"""

import compileall
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from authlab.bootstrap import pins_of
from authlab.cli import UsageError
from authlab.installer import Installer, InstallerError
from authlab.locking import locked

LOCK = "requirements-hub.lock"
OLDEST_NODE = 18
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
# Where a Python stands that everybody of a machine may run, if root's own does not.
PYTHONS = ("/usr/bin/python3", "/usr/local/bin/python3")
FITS = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"


def main(folder: Path, arguments: Sequence[str]) -> NoReturn:
    """Become JupyterHub, or end with status 2 and one line."""
    try:
        start(folder, arguments)
    except UsageError as error:
        sys.exit(_told(str(error)))


def start(folder: Path, arguments: Sequence[str]) -> NoReturn:
    """Install and become JupyterHub; raises `UsageError`."""
    if closed := closed_to_others(folder):
        raise UsageError(
            f"expected folders that learners may pass through, got {closed[0]}, which is closed to others; "
            f"write the hub's folder elsewhere, for example below /srv"
        )
    if IS_ROOT and closed_to_others(Path(sys.executable)):
        _go_on_in_another_python(arguments)
    os.umask(0o022)  # learners read the kit and run the packages
    for name, mode in (("learners", 0o711), ("state", 0o700)):
        (folder / name).mkdir(exist_ok=True)
        (folder / name).chmod(mode)
    with locked(folder / "state" / "start.lock") as lock:
        _install(folder, lock)
        # Compiled once for all: learners take their copy with it.
        compileall.compile_dir(folder / "kit" / "authlab", quiet=2)
    os.chdir(folder)
    hub = folder / "venv/bin/jupyterhub"
    os.execv(hub, [str(hub), "--config", str(folder / "jupyterhub_config.py"), *arguments])


def closed_to_others(path: Path) -> list[Path]:
    """Return the folders on the way to `path`, links followed, that only their owner may pass."""
    return [part for part in path.resolve().parents if not part.stat().st_mode & 0o001]


def _go_on_in_another_python(arguments: Sequence[str]) -> NoReturn:
    for python in PYTHONS:
        if not os.path.exists(python) or closed_to_others(Path(python)):
            continue
        fits = subprocess.run([python, "-I", "-c", FITS], stderr=subprocess.DEVNULL, check=False)
        if fits.returncode == 0:
            os.execv(python, [python, *sys.argv])
    raise UsageError(
        f"expected a Python 3.11 or newer that learners may run too, got {sys.executable} in a folder that "
        "is closed to others; install the system's (with its venv module), then start again"
    )


def _install(folder: Path, lock: int) -> None:
    """Fill `venv` and `proxy`, once for each state of the two locks; the stamp is written last."""
    stamp = folder / "venv" / "installed"
    locks = (folder / LOCK, folder / "proxy" / "package-lock.json")
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in locks)).hexdigest()
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return
    npm = _npm()
    venv, log = folder / "venv", folder / "state" / "start.log"
    print(f"authlab: installing into {folder} (once).", file=sys.stderr, flush=True)
    shutil.rmtree(venv, ignore_errors=True)
    shutil.rmtree(folder / "proxy" / "node_modules", ignore_errors=True)
    log.write_text("", "utf-8")
    installer = Installer(folder, venv, venv / "bin/python", log, lock)
    uv = shutil.which("uv")
    count = len(pins_of(folder / LOCK))
    try:
        if uv:
            installer.with_uv(uv, folder / LOCK, count, in_place=False)
        else:
            installer.with_pip(folder / LOCK, count, in_place=False)
        installer.with_npm(npm, folder / "proxy")
    except InstallerError as error:
        raise UsageError(
            f"the set-up stopped: {error}. Details: {log}. Once that is mended, start again"
        ) from None
    stamp.write_text(wanted, "utf-8")


def _npm() -> str:
    npm, node = shutil.which("npm"), shutil.which("node")
    said = "none"
    if npm and node:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
        number = re.match(r"v(\d+)\.", said)
        if number and int(number[1]) >= OLDEST_NODE:
            return npm
    raise UsageError(
        f"expected Node.js {OLDEST_NODE} or newer with npm for JupyterHub's proxy, got {said}; install it, "
        "then start again"
    )


def _told(line: str) -> int:
    print(f"authlab: {line}", file=sys.stderr)
    return 2

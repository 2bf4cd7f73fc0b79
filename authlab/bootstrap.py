"""From a fresh clone to an environment with every pinned package, by the standard library alone.

Three ways, the first that holds: the running interpreter has the packages already; the clone's
`.venv` is complete; `.venv` is made. Complete means that it bears a stamp, which is written last:
a set-up that was interrupted has none, and is made again, never believed.
"""

import errno
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from authlab.cli import UsageError, command_line
from authlab.installer import Installer, InstallerError
from authlab.locking import locked

WINDOWS = sys.platform == "win32"
HANDOUT = "HANDOUT.md"  # at the top of a learner's copy, and of no clone
REENTERED = "AUTHLAB_REENTERED"  # set for the second process, so that two never call each other

# How the second process starts: the clone is found by its path, whatever folder the user is in.
START = "import sys; sys.path.insert(0, {root!r}); from authlab.cli import main; sys.exit(main())"


class SetupError(UsageError):
    """The set-up cannot go on. The message is one line: what happened and the next command."""


class Clone:
    """A clone of the kit and the places in it that the set-up uses."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.state = root / ".authlab"
        self.marker = self.venv / "authlab-made-this"
        self.stamp = self.venv / "authlab-stamp.json"
        self.python = self.venv / ("Scripts/python.exe" if WINDOWS else "bin/python")
        self.log = self.state / "setup.log"
        self.browser_tests = root / "tests/browser"
        self.node = self.state / "node"
        self.wheels = root / "wheels"  # the packages as files, where somebody has brought them along

    def lock_file(self, dev: bool) -> Path:
        return self.root / ("requirements-dev.lock" if dev else "requirements.lock")

    def is_handout(self) -> bool:
        """Return whether this is a learner's copy, as `class handout` makes them, and no clone."""
        return (self.root / HANDOUT).is_file()

    def is_running(self) -> bool:
        """Return whether this very process runs in the clone's `.venv`."""
        return self.venv.is_dir() and os.path.realpath(sys.prefix) == os.path.realpath(self.venv)


HERE = Clone(Path(__file__).resolve().parent.parent)


def ensure(dev: bool = False, arguments: Sequence[str] | None = None, clone: Clone = HERE) -> None:
    """Return once the running interpreter has the packages; `dev` asks for the developers' too.

    Where another interpreter has them, this process becomes `authlab ARGUMENTS` in that one
    (default: as it was called) and does not return. Raises SetupError when there is no way.
    """
    reentered = os.environ.pop(REENTERED, "")
    if clone.is_running() and clone.marker.exists():
        if not fault(clone, dev):
            return
    elif not missing(clone, dev):
        return
    if reentered == str(clone.venv):
        raise SetupError(
            f"{clone.venv} was set up and still does not hold; delete that folder, "
            f"then run: {command_line('lab')}"
        )
    if fault(clone, dev) and not _usable_stranger(clone, dev):
        _set_up(clone, dev)
    _become(clone, sys.argv[1:] if arguments is None else arguments)


def enter(arguments: Sequence[str], clone: Clone = HERE) -> None:
    """Go on in the clone's `.venv` where that is complete; install nothing, whatever is missing."""
    reentered = os.environ.pop(REENTERED, "")
    if not clone.is_running() and not reentered and missing(clone) and not fault(clone):
        _become(clone, arguments)


def renew(arguments: Sequence[str], clone: Clone = HERE) -> None:
    """Make the clone's `.venv` afresh, then go on in it."""
    stamp = _read_stamp(clone)
    dev = bool(stamp and stamp.get("dev"))
    if clone.marker.exists():
        clone.stamp.unlink(missing_ok=True)
    if not _usable_stranger(clone, dev):
        _set_up(clone, dev)
    _become(clone, arguments)


def ensure_node_packages(clone: Clone = HERE) -> bool:
    """Return True once `.authlab/node` has what the lock in tests/browser pins, False without npm.

    Raises SetupError when npm fails. The folder appears whole or not at all.
    """
    with _one_at_a_time(clone) as lock:
        if has_node_packages(clone):
            return True
        npm = shutil.which("npm")
        if npm is None:
            return False
        new = clone.state / "node-new"
        try:
            with _terminated_is_interrupted():
                for leftover in (new, clone.node):
                    shutil.rmtree(leftover, ignore_errors=True)
                new.mkdir()
                for name in ("package.json", "package-lock.json"):
                    shutil.copyfile(clone.browser_tests / name, new / name)
                clone.log.write_text("", "utf-8")
                Installer(clone.root, clone.venv, clone.python, clone.log, lock).with_npm(npm, new)
                new.rename(clone.node)
        except InstallerError as error:
            raise SetupError(
                f"npm stopped: {error}. Details: {clone.log}. "
                f"Once that is mended, run: {command_line('dev setup')}"
            ) from None
        return True


def has_node_packages(clone: Clone = HERE) -> bool:
    """Return whether `.authlab/node` was installed from the lock in tests/browser as it is now."""
    installed, wanted = (folder / "package-lock.json" for folder in (clone.node, clone.browser_tests))
    return installed.is_file() and _digest(installed) == _digest(wanted)


def state_folder(clone: Clone = HERE) -> Path:
    """Return the clone's folder for state, made if need be. Raises SetupError where it cannot."""
    try:
        clone.state.mkdir(mode=0o700, exist_ok=True)
        if not os.access(clone.state, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise SetupError(
            f"expected to write in {clone.root}, got: {error.strerror}; clone the kit into a "
            f"folder of your own, then run there: {command_line('lab')}"
        ) from None
    return clone.state


def fault(clone: Clone = HERE, dev: bool = False) -> str:
    """Return why the clone's `.venv` cannot be used as it is, or "" when it can."""
    if not clone.venv.is_dir():
        return "there is no .venv yet"
    stamp = _read_stamp(clone)
    if stamp is None:
        return "the set-up of .venv was not finished"
    if not _same_folder(str(stamp.get("clone")), clone.root):
        return "the folder was moved after .venv was made"
    if dev and not stamp.get("dev"):
        return "the developers' tools are not installed"
    if stamp.get("lock") != _digest(clone.lock_file(bool(stamp.get("dev")))):
        return "the lock has changed since .venv was made"
    if not _starts(clone, str(stamp.get("python"))):
        return "the Python that .venv was made with is gone or another one"
    return ""


def missing(clone: Clone = HERE, dev: bool = False) -> list[str]:
    """Return the direct dependencies that the running interpreter lacks, or has in a version that
    pyproject.toml does not allow, as lines such as "bcrypt>=5.0,<6 (got 4.3.0)".
    """
    lacking = []
    for name, wanted in requirements(clone, dev):
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            version = ""
        if not version:
            lacking.append(f"{name}{wanted} (not installed)")
        elif not allowed(version, wanted):
            lacking.append(f"{name}{wanted} (got {version})")
    return lacking


def requirements(clone: Clone = HERE, dev: bool = False) -> list[tuple[str, str]]:
    """Return pyproject.toml's direct dependencies as (name, bounds); `dev` adds the dev group."""
    try:
        data = tomllib.loads((clone.root / "pyproject.toml").read_text("utf-8"))
    except FileNotFoundError:
        raise SetupError(
            f"expected a clone of the kit, got {clone.root} without a pyproject.toml; "
            f"in a clone, run: {command_line('lab')}"
        ) from None
    lines = list(data["project"]["dependencies"])
    if dev:
        lines += [line for line in data["dependency-groups"]["dev"] if isinstance(line, str)]
    pairs = [re.fullmatch(r"([A-Za-z0-9._-]+)(.*)", line) for line in lines]
    return [(pair[1], pair[2]) for pair in pairs if pair]


def allowed(version: str, bounds: str) -> bool:
    """Return whether `version` is within bounds of the one shape that pyproject.toml uses:
    ">=LOWEST,<NEXT". Any other shape is refused with ValueError, not guessed at.
    """
    shape = re.fullmatch(r">=([0-9.]+),<([0-9.]+)", bounds)
    if not shape:
        raise ValueError(f"expected bounds like >=1.2,<2, got {bounds!r}")
    return _release(shape[1]) <= _release(version) < _release(shape[2])


def pins(clone: Clone = HERE, dev: bool = False) -> dict[str, set[str]]:
    """Return the versions that the lock allows, by normalised name. A name can have two: which one
    is meant depends on the Python version.
    """
    return pins_of(clone.lock_file(dev))


def pins_of(lock: Path) -> dict[str, set[str]]:
    """Return the versions that a lock allows, as `pins` does."""
    found: dict[str, set[str]] = {}
    text = lock.read_text("utf-8")
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE):
        found.setdefault(normalised(name), set()).add(version)
    return found


def normalised(name: str) -> str:
    """Return a package's name as PyPI compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _release(version: str) -> tuple[int, ...]:
    numbers = re.match(r"[0-9]+(\.[0-9]+)*", version)
    parts = [int(part) for part in numbers[0].split(".")] if numbers else []
    while parts and parts[-1] == 0:  # 5 and 5.0 are one version
        parts.pop()
    return tuple(parts)


# --- what is there ---------------------------------------------------------------------------


def _read_stamp(clone: Clone) -> dict[str, object] | None:
    try:
        stamp = json.loads(clone.stamp.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return stamp if isinstance(stamp, dict) else None


def _same_folder(path: str, root: Path) -> bool:
    try:
        return os.path.samefile(path, root)  # one folder can be spelt in two ways (macOS, links)
    except OSError:
        return False


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _python_version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _starts(clone: Clone, version: str) -> bool:
    """Return whether the environment's Python starts and is the `version` it was made with."""
    if clone.is_running():
        return _python_version() == version
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [clone.python, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and answer.stdout.strip() == version


def _usable_stranger(clone: Clone, dev: bool) -> bool:
    """Return whether `.venv` was made by someone else and has all that is needed. One that has not
    is refused: it may hold what its maker needs, so it is never deleted from here.
    """
    if not os.path.lexists(clone.venv) or clone.marker.exists():
        return False
    if clone.python.exists() and not clone.is_running():
        code = (
            "import sys; from pathlib import Path; from authlab import bootstrap as b; "
            f"sys.exit(bool(b.missing(b.Clone(Path(sys.argv[1])), {dev})))"
        )
        found = subprocess.run(
            [clone.python, "-c", code, clone.root],
            cwd=Path(__file__).resolve().parent.parent,
            capture_output=True,
        )
        if found.returncode == 0:
            return True
    raise SetupError(
        f"{clone.venv} was not made by authlab and lacks packages; move it away "
        f"(for example: mv .venv .venv-mine), then run: {command_line('lab')}"
    )


# --- making it -------------------------------------------------------------------------------


def _set_up(clone: Clone, dev: bool) -> None:
    with _one_at_a_time(clone) as lock:
        reason = fault(clone, dev)
        if not reason:
            return  # another first run made it while this one waited
        stamp = _read_stamp(clone)
        dev = dev or bool(stamp and stamp.get("dev"))  # a developer's environment stays one
        if clone.is_running():
            _leave_environment(clone, reason)
        _say(f"authlab: setting up .venv in {clone.root} ({reason}).")
        started = time.monotonic()
        try:
            with _terminated_is_interrupted():
                _make_environment(clone, dev, lock)
        except KeyboardInterrupt:
            _say("authlab: the set-up was interrupted; the next run makes it from the start.")
            raise
        _write_stamp(clone, dev)
        _say(f"authlab: ready after {time.monotonic() - started:.0f} seconds.")


def _make_environment(clone: Clone, dev: bool, lock: int) -> None:
    clone.log.write_text("", "utf-8")
    if any(clone.wheels.glob("*.whl")) and not dev:  # they are the learner's lock
        try:
            _fill_environment(clone, dev, lock, clone.wheels)
            return
        except InstallerError as error:
            _say(f"authlab: with the packages in wheels/ it did not work ({error}); trying the network.")
    try:
        _fill_environment(clone, dev, lock, None)
    except InstallerError as error:
        raise SetupError(
            f"the set-up stopped: {error}. Details: {clone.log}. "
            f"Once that is mended, run: {command_line('lab')}"
        ) from None


def _fill_environment(clone: Clone, dev: bool, lock: int, wheels: Path | None) -> None:
    installer = Installer(clone.root, clone.venv, clone.python, clone.log, lock, wheels)
    packages, count = clone.lock_file(dev), len(pins(clone, dev))
    uv = shutil.which("uv")
    if uv:
        try:
            _start_empty(clone)
            installer.with_uv(uv, packages, count)
            return
        except InstallerError as error:
            if not _has_venv_module():
                raise
            # uv reads other settings than pip (a mirror, a proxy): pip may do what uv did not.
            _say(f"authlab: with uv it did not work ({error}); trying venv and pip.")
    _require_venv_module()
    _start_empty(clone)
    installer.with_pip(packages, count)


def _start_empty(clone: Clone) -> None:
    """Put an empty `.venv` in place that bears our marker from its first moment on."""
    old, new = clone.state / "venv-old", clone.state / "venv-new"
    try:
        for leftover in (old, new):
            if leftover.exists():
                shutil.rmtree(leftover)
        if clone.venv.exists():
            clone.venv.rename(old)  # in one step: a half-deleted .venv would look like a stranger's
            shutil.rmtree(old)
        new.mkdir()
        (new / clone.marker.name).write_text(
            "This folder was made by authlab, which deletes and remakes it as needed.\n", "utf-8"
        )
        new.rename(clone.venv)
    except OSError as error:
        raise SetupError(
            f"{clone.venv} is in use or may not be replaced ({error.strerror}); close JupyterLab "
            f"and every terminal that uses it, then run: {command_line('lab')}"
        ) from None


def _has_venv_module() -> bool:
    return bool(importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"))


def _require_venv_module() -> None:
    if _has_venv_module():
        return
    if shutil.which("apt-get"):  # Debian and Ubuntu ship both in a package of their own
        mend = f"sudo apt install python{_python_version()}-venv"
    else:
        mend = "install Python's venv and ensurepip modules with the system's package manager"
    raise SetupError(
        f"this Python {_python_version()} has no venv module; run: {mend}; then: {command_line('lab')}"
    )


def _write_stamp(clone: Clone, dev: bool) -> None:
    stamp = {
        "clone": str(clone.root),
        "dev": dev,
        "lock": _digest(clone.lock_file(dev)),
        "python": _python_version(),
    }
    draft = clone.stamp.with_suffix(".new")
    draft.write_text(json.dumps(stamp, indent=1) + "\n", "utf-8")
    draft.replace(clone.stamp)  # atomic: there is a whole stamp or none


# --- one at a time ---------------------------------------------------------------------------


@contextmanager
def _one_at_a_time(clone: Clone) -> Iterator[int]:
    """Hold the set-up's lock and give its file handle."""

    def waiting() -> None:
        _say("authlab: another set-up of this clone is at work; waiting for it.")

    with locked(state_folder(clone) / "setup.lock", waiting) as handle:
        yield handle


@contextmanager
def _terminated_is_interrupted() -> Iterator[None]:
    """Let SIGTERM end a set-up as Ctrl-C does, so that it takes its installer with it."""

    def interrupt(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


# --- going on in it --------------------------------------------------------------------------


def _become(clone: Clone, arguments: Sequence[str]) -> None:
    if clone.is_running():
        return
    _replace_process(clone, clone.python, arguments, {REENTERED: str(clone.venv)})


def _leave_environment(clone: Clone, reason: str) -> NoReturn:
    """Go on in the Python that `.venv` was made from: nobody can replace what they stand on."""
    outside = Path(getattr(sys, "_base_executable", "") or "")
    if WINDOWS or not outside.is_file() or os.path.samefile(outside.parent, clone.python.parent):
        raise SetupError(f"{reason}, and this is its Python; run with the one outside: {command_line('lab')}")
    _replace_process(clone, outside, sys.argv[1:], {})


def _replace_process(clone: Clone, python: Path, arguments: Sequence[str], extra: dict[str, str]) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    command = [str(python), "-c", START.format(root=str(clone.root)), *arguments]
    environment = {**os.environ, **extra}
    environment.pop("__PYVENV_LAUNCHER__", None)  # macOS: it would name the first Python, not this
    try:
        if not WINDOWS:
            os.execve(python, command, environment)
        # Windows has no exec: its execv returns to the shell at once, and two programs read one
        # keyboard.
        process = subprocess.Popen(command, env=environment)
        while True:
            try:
                sys.exit(process.wait())
            except KeyboardInterrupt:
                continue  # Ctrl-C reached the child as well, which ends in its own way
    except OSError as error:
        raise SetupError(
            f"{python} does not start ({error.strerror}); delete {clone.venv}, "
            f"then run: {command_line('lab')}"
        ) from None


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

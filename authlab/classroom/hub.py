"""Writes a folder from which a class's JupyterHub runs on one machine, and says what forbids to start it.

The folder stands alone: the kit that is handed out, the hub's configuration, what to install (pinned, with
hashes), who has a seat. A second run adds names and renews the kit; homes, passwords and whatever was edited
in the configuration stay.
"""

import csv
import io
import shutil
import stat
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from authlab.classroom.handout import ON_A_HUB, Tree, learners_tree, write_folder
from authlab.classroom.hub_start import LOCK, closed_to_others
from authlab.classroom.roster import (
    FIRST_NUMBER,
    INSTRUCTOR,
    Roster,
    private,
    read_roster,
    write_roster,
)
from authlab.course.places import ROOT
from authlab.replacing import replaced

FILES = Path(__file__).with_name("hub_folder")
CONFIG = "jupyterhub_config.py"
ROSTER = "class.json"
PASSWORDS = "passwords.csv"
LOOPBACK = "127.0.0.1"
LAST_PORT = 65535 - 81  # the hub's own port is 81 above the public one, the proxy's 1


class HubError(Exception):
    """The folder cannot be written. One line: what was expected, what was found."""


@dataclass(slots=True)
class Written:
    """What was done: new passwords by name, and the files that were left as their owner edited them."""

    roster: Roster
    passwords: Mapping[str, str]
    kept: list[str] = field(default_factory=list)


def write(
    folder: Path,
    names: Iterable[str],
    *,
    renew: Iterable[str] = (),
    address: str = LOOPBACK,
    port: int = 8000,
    certificate: str = "",
    key: str = "",
    first_number: int = FIRST_NUMBER,
    root: Path = ROOT,
) -> Written:
    """Write the hub's folder, or bring it up to date. Learners get what a handout of the clone `root` has.

    Raises `HubError`, `RosterError`, `handout.HandoutError` and `OSError`, in all cases before anything of an
    existing folder is changed or with every file whole.
    """
    roster = _roster(folder, address, port, certificate, key)
    if fault := _fault_of_address(roster):
        raise HubError(fault)
    passwords = roster.add([INSTRUCTOR, *names], first_number) | {name: roster.renew(name) for name in renew}
    tree = learners_tree(root, set_up=ON_A_HUB)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    kept = _write_files(folder)
    _write_kit(folder, tree)
    # The passwords first: whoever is stopped between the two has some that open nothing, and runs it again.
    if passwords:
        private(folder / PASSWORDS, _with_passwords(folder / PASSWORDS, passwords))
    write_roster(roster, folder / ROSTER)
    return Written(roster, passwords, kept)


def fault_of(folder: Path, roster: Roster, *, is_root: bool) -> str:
    """Return why the hub must not start from this folder, in one line, or ""."""
    if fault := _fault_of_address(roster):
        return fault
    if not is_root:
        if roster.address != LOOPBACK:
            return f"expected to be started as root, to keep learners apart; run: sudo {folder / 'start'}"
        return ""
    closed = [*closed_to_others(folder), *closed_to_others(Path(sys.executable))]
    if closed:
        return (
            f"expected folders that learners may pass through, got {closed[0]}, which is closed to others; "
            "move the hub's folder, for example to /srv"
        )
    if named := [f"{name} ({seat.number})" for name, seat in roster.seats.items() if _is_taken(seat.number)]:
        return (
            f"expected numbers that no account and no running program has, got {named[0]}; "
            "write the folder anew with --first-number"
        )
    return ""


def _roster(folder: Path, address: str, port: int, certificate: str, key: str) -> Roster:
    file = folder / ROSTER
    seats = {}
    if file.exists():
        seats = read_roster(file).seats
    elif folder.exists() and any(folder.iterdir()):
        raise HubError(f"expected a new or empty folder, or a hub's, got {folder} with other files in it")
    return Roster(address, port, certificate, key, seats)


def _fault_of_address(roster: Roster) -> str:
    is_https = roster.port == 443 and roster.certificate != ""
    if not (is_https or 1024 <= roster.port <= LAST_PORT):
        return f"expected a port from 1024 to {LAST_PORT}, or 443 with a certificate, got {roster.port}"
    if bool(roster.certificate) != bool(roster.key):
        return "expected --cert and --key together, got one of them"
    for file in filter(None, (roster.certificate, roster.key)):
        if not Path(file).is_file():
            return f"expected a file of a certificate or key, got {file}"
    if roster.address != LOOPBACK and not roster.certificate:
        return (
            f"expected a certificate and its key (TLS) for the address {roster.address}, got none: passwords "
            f"would be readable on the way; give --cert and --key, or stay on {LOOPBACK}"
        )
    return ""


def _write_files(folder: Path) -> list[str]:
    """Write the hub's own files, and return which of them were edited and therefore left alone."""
    kept = []
    shipped = folder / "state" / "shipped-config.py"  # as we wrote it: what differs from it was edited
    config = folder / CONFIG
    if config.exists() and not (shipped.exists() and shipped.read_bytes() == config.read_bytes()):
        kept.append(CONFIG)
    (folder / "state").mkdir(mode=0o700, exist_ok=True)
    (folder / "proxy").mkdir(exist_ok=True)
    if not kept:
        for target in (config, shipped):
            _copy(FILES / CONFIG, target)
    for name in ("start", "README.md"):
        _copy(FILES / name, folder / name)
    for name in ("package.json", "package-lock.json"):
        _copy(FILES / name, folder / "proxy" / name)
    _copy(ROOT / LOCK, folder / LOCK)
    shutil.copytree(FILES / "jupyter", folder / "jupyter", dirs_exist_ok=True)
    _open_to_read(folder / "jupyter")
    return kept


def _copy(source: Path, target: Path) -> None:
    with replaced(target) as temporary:
        shutil.copyfile(source, temporary)
        temporary.chmod(0o755 if source.name == "start" else 0o644)
        if target.exists():
            target.chmod(stat.S_IMODE(temporary.stat().st_mode))


def _write_kit(folder: Path, tree: Tree) -> None:
    """Write the kit that is handed out, and put it in the place of the one that is there."""
    with TemporaryDirectory(dir=folder, prefix=".kit-") as temporary:
        kit = Path(temporary, "kit")
        write_folder(tree, kit)
        old = Path(temporary, "old")
        with suppress(FileNotFoundError):
            (folder / "kit").rename(old)
        kit.rename(folder / "kit")


def _open_to_read(folder: Path) -> None:
    """Let everybody read what is in a folder, and nobody but its owner write, whatever the umask was."""
    for path in (folder, *folder.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(0o755 if path.is_dir() or mode & stat.S_IXUSR else 0o644)


def _with_passwords(file: Path, new: Mapping[str, str]) -> str:
    """Return the file of passwords with the new ones at its end; one that was replaced is taken out."""
    rows = []
    if file.exists():
        with file.open(encoding="utf-8", newline="") as lines:
            rows = [row for row in csv.reader(lines) if len(row) == 2 and row[0] not in {"name", *new}]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("name", "password"), *rows, *new.items()])
    return text.getvalue()


def _is_taken(number: int) -> bool:
    import pwd

    with suppress(KeyError):
        pwd.getpwuid(number)
        return True
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if process.stat().st_uid == number:
                return True
    return False

"""Who has a seat in a class's hub: names, numbers and digests of passwords, in the hub folder's `class.json`.

A password here is drawn by us, 79 bits of it, and never chosen. There is nothing to guess, so a plain digest
is enough in the file (a password that people choose needs a slow hash: lesson 2), and the time of a refusal
does not tell which names there are.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from authlab.replacing import replaced

INSTRUCTOR = "instructor"  # sees who is there, starts and stops servers
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")  # it becomes a folder and a part of addresses
NAME_SHAPE = "a name of a-z, 0-9 and hyphens that begins with a letter, 31 characters at most"
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that look alike on paper
FIRST_NUMBER = 60_600
LAST_NUMBER = 61_183  # 60578 to 61183 belong to nobody on Linux: neither to a distribution nor to systemd


class RosterError(Exception):
    """A roster cannot be read, or a name or number has no place in it. One line, for the instructor."""


@dataclass(slots=True)
class Seat:
    """One learner's: the number is the Unix user id that their programs run as."""

    number: int
    password: str  # the digest


@dataclass(slots=True)
class Roster:
    """The class: where the hub listens, and everybody's seat by name."""

    address: str
    port: int
    certificate: str
    key: str
    seats: dict[str, Seat]

    def add(self, names: Iterable[str], first_number: int = FIRST_NUMBER) -> dict[str, str]:
        """Give each new name a seat, and return the new passwords by name; whoever has a seat keeps it.

        Raises `RosterError` for what is no name, and when the numbers run out.
        """
        new = [name for name in dict.fromkeys(names) if name not in self.seats]
        for name in new:
            if not NAME.fullmatch(name):
                raise RosterError(f"expected {NAME_SHAPE}, got {name!r}")
        taken = {seat.number for seat in self.seats.values()}
        free = [number for number in range(first_number, LAST_NUMBER + 1) if number not in taken]
        if len(free) < len(new):
            raise RosterError(
                f"expected at most {len(free)} new names for the numbers up to {LAST_NUMBER}, got {len(new)}"
            )
        for name, number in zip(new, free, strict=False):
            self.seats[name] = Seat(number, "")
        return {name: self.renew(name) for name in new}

    def renew(self, name: str) -> str:
        """Return a new password for a name; the one before is worth nothing. Raises `RosterError`."""
        if name not in self.seats:
            raise RosterError(f"expected a name with a seat, got {name!r}")
        password = "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))
        self.seats[name].password = _digest(password)
        return password

    def admits(self, name: str, password: str) -> bool:
        """Return whether this is the name's password. Capitals and spaces around it are typing."""
        seat = self.seats.get(name)
        stored = "" if seat is None else seat.password
        return hmac.compare_digest(stored, _digest(password.strip().lower()))


def read_roster(file: Path) -> Roster:
    """Return the roster in a file; raises `RosterError` when it is damaged, and `OSError`."""
    try:
        kept = json.loads(file.read_bytes())
        seats = {name: Seat(**seat) for name, seat in kept.pop("seats").items()}
        return Roster(seats=seats, **kept)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RosterError(f"expected {file} as authlab wrote it, got: {error!r}") from None


def write_roster(roster: Roster, file: Path) -> None:
    """Write the roster for its owner alone, whole or not at all."""
    private(file, json.dumps(asdict(roster), indent=1) + "\n")


def private(file: Path, text: str) -> None:
    """Write a file that nobody else may read, not even for a moment."""
    with replaced(file) as temporary:  # mkstemp: 0600 from the beginning
        temporary.write_text(text, encoding="utf-8")
        if file.exists():
            os.chmod(file, 0o600)


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).hexdigest()

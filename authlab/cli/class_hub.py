"""`authlab class hub`: a folder from which a JupyterHub for the class runs on one machine."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from authlab.cli import UsageError, command_line
from authlab.cli.class_handout import refuse_leaks

if TYPE_CHECKING:
    from authlab.classroom.hub import Written

MOST_SEATS = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="such as /srv/authlab-class")
    parser.add_argument(
        "--learners",
        metavar="FILE|NUMBER",
        help="a file with a name a line, or how many: learner-01, learner-02 …",
    )
    parser.add_argument(
        "--new-password", metavar="NAME", action="append", default=[], help="for a name that lost its own"
    )
    parser.add_argument("--address", default="127.0.0.1", help="default: 127.0.0.1; any other needs TLS")
    parser.add_argument("--port", type=int, default=8000, help="default: 8000")
    parser.add_argument("--cert", default="", metavar="FILE", help="TLS: the chain of certificates")
    parser.add_argument("--key", default="", metavar="FILE", help="TLS: its private key")
    parser.add_argument(
        "--first-number",
        type=int,
        metavar="N",
        help="the first Unix user id of this class, if another class of this machine has the usual ones",
    )


def run(args: argparse.Namespace) -> int:
    """Write the folder, and say what to do next."""
    from authlab.classroom.handout import HandoutError, LeakError
    from authlab.classroom.hub import HubError, write
    from authlab.classroom.roster import FIRST_NUMBER, LAST_NUMBER, RosterError

    again = f"try: {command_line('class hub --help')}"
    first = FIRST_NUMBER if args.first_number is None else args.first_number
    if not FIRST_NUMBER <= first <= LAST_NUMBER:
        raise UsageError(f"--first-number: expected {FIRST_NUMBER} to {LAST_NUMBER}, got {first}; {again}")
    try:
        written = write(
            args.folder,
            _names(args.learners),
            renew=args.new_password,
            address=args.address,
            port=args.port,
            certificate=args.cert and str(Path(args.cert).resolve()),
            key=args.key and str(Path(args.key).resolve()),
            first_number=first,
        )
    except LeakError as error:
        return refuse_leaks(error, f"{command_line('class hub')} {args.folder}")
    except HandoutError as error:
        raise UsageError(str(error)) from None
    except (HubError, RosterError) as error:
        raise UsageError(f"{error}; {again}") from None
    except OSError as error:
        raise UsageError(
            f"expected a folder that can be written, got {error.filename or args.folder}: {error.strerror}; "
            f"{again}"
        ) from None
    _say(args.folder.resolve(), written)
    return 0


def _names(given: str | None) -> list[str]:
    if given is None:
        return []
    if given.isdecimal():
        if not 1 <= int(given) <= MOST_SEATS:
            raise UsageError(
                f"--learners: expected 1 to {MOST_SEATS} learners, got {given}; "
                f"try: {command_line('class hub FOLDER --learners 10')}"
            )
        return [f"learner-{number:02}" for number in range(1, int(given) + 1)]
    try:
        lines = Path(given).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"--learners: expected a text file with a name a line, or a number, got {given!r}: {error}; "
            f"try: {command_line('class hub FOLDER --learners 10')}"
        ) from None
    return [name for line in lines if (name := line.partition("#")[0].strip().lower())]


def _say(folder: Path, written: "Written") -> None:
    roster, new = written.roster, len(written.passwords)
    scheme = "https" if roster.certificate else "http"
    print(f"{folder}: a hub with {len(roster.seats)} seats, one of them for you: instructor.")
    for name in written.kept:
        print(f"kept: {name}, because you have edited it; delete it to have the kit's own.")
    if new:
        print(f"{new} new passwords are in {folder / 'passwords.csv'}: hand them out, then delete that file.")
    print(f"Next: sudo {folder / 'start'}")
    print(f"then open {scheme}://{roster.address}:{roster.port}/ (Ctrl-C ends it).")
    print("Without sudo it is a rehearsal: everybody's programs run as you, and nothing keeps them apart.")

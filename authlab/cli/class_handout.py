"""`authlab class handout OUT.zip`: what learners get, without answers, the same bytes each time."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

from authlab.cli import UsageError, command_line

TYPE_CHECKING = False  # as typing's, which costs time at each start
if TYPE_CHECKING:
    from authlab.classroom.handout import LeakError, Tree


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", metavar="OUT.zip", help="the file to write")
    parser.add_argument(
        "--offline",
        action="store_true",
        help="with the packages in it, for machines without a network; by default for machines like this one",
    )
    parser.add_argument(
        "--system",
        action="append",
        metavar="SYSTEM",
        help="with --offline: linux, linux-arm, mac or windows; may be given more than once",
    )
    parser.add_argument(
        "--python",
        action="append",
        metavar="3.12",
        help="with --offline: the Python of the machines; may be given more than once",
    )


def run(args: argparse.Namespace) -> int:
    """Write the zip and say what is in it; 1, with each leak in a line, when something must not go out."""
    from authlab.classroom.handout import (
        OFFLINE,
        ONLINE,
        HandoutError,
        LeakError,
        add_wheels,
        learners_tree,
        write_zip,
    )
    from authlab.classroom.offline import OfflineError
    from authlab.course import bank

    bank.all_flaws()  # what cannot be read here, none of its learners could have read
    out = _place(args.out)
    systems, pythons = _machines(args)
    try:
        tree = learners_tree(set_up=OFFLINE if args.offline else ONLINE)
        with _wheels(systems, pythons) if args.offline else nullcontext() as wheels:
            add_wheels(tree, wheels or [])
            write_zip(tree, out)
    except LeakError as error:
        return refuse_leaks(error, _again(args))
    except (HandoutError, OfflineError) as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(
            f"expected to write {args.out}, got: {error.strerror}; nothing was written. "
            f"Name a place where you may: {command_line('class handout')} OUT.zip"
        ) from None
    _say(tree, out, args.out)
    return 0


def refuse_leaks(error: "LeakError", again: str) -> int:
    """Say what must not go out to learners, a line each, and return 1."""
    for leak in error.leaks:
        print(f"{leak.path}: {leak.what}", file=sys.stderr)
    print(f"authlab: {error}. Take them out, commit that, then run: {again}", file=sys.stderr)
    return 1


def _place(name: str) -> Path:
    from authlab.classroom.handout import is_a_handout

    out, again = Path(name), command_line("class handout") + " handout.zip"
    if out.suffix.lower() != ".zip":
        raise UsageError(f"expected a file name that ends in .zip, got {name!r}; for example: {again}")
    if not out.parent.is_dir():
        raise UsageError(f"expected a folder that is there, got {str(out.parent)!r}; for example: {again}")
    if out.exists() and not is_a_handout(out):
        raise UsageError(
            f"expected a new file or an earlier handout, got {name}, which is neither and stays as it is; "
            f"name another: {again}"
        )
    return out


def _machines(args: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Return the systems and Pythons that packages are wanted for; refuses those that are not known."""
    from authlab.classroom.offline import PYTHONS, SYSTEMS, this_system

    if (args.system or args.python) and not args.offline:
        raise UsageError(
            f"expected --offline with --system and --python, got none; run: {_again(args)} --offline"
        )
    systems = args.system or [this_system()]
    pythons = args.python or [f"{sys.version_info.major}.{sys.version_info.minor}"]
    for name, given, known in (("--system", systems, SYSTEMS), ("--python", pythons, PYTHONS)):
        for one in given:
            if args.offline and one not in known:
                raise UsageError(
                    f"{name}: expected one of {', '.join(known)}, got {one or 'a system of another kind'!r}; "
                    f"run: {_again(args)} --offline {name} {next(iter(known))}"
                )
    return list(dict.fromkeys(systems)), list(dict.fromkeys(pythons))


@contextmanager
def _wheels(systems: list[str], pythons: list[str]) -> Iterator[list[Path]]:
    """Lend the packages as files, as long as the zip is written."""
    from authlab.classroom.offline import fetch_wheels

    named = f"{', '.join(systems)} with Python {', '.join(pythons)}"
    print(f"Fetching the packages for {named} ...", file=sys.stderr)
    with TemporaryDirectory(prefix="authlab-wheels-") as folder:
        yield fetch_wheels(systems, pythons, Path(folder, "wheels"))


def _again(args: argparse.Namespace) -> str:
    return f"{command_line('class handout')} {args.out}"


def _say(tree: "Tree", out: Path, name: str) -> None:
    import hashlib

    from authlab import __version__
    from authlab.classroom.handout import FOLDER

    for note in tree.notes:
        print(note)
    with out.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = out.stat().st_size / 1024**2
    print(f"{name}: {len(tree.files)} files, {size:.1f} MB.")
    print(f"Made of authlab {__version__}, commit {tree.commit[:12]}.")
    print(f"sha256 {digest}: the same commit gives the same bytes.")
    print("The questions are fresh. Looked for answers, verdicts, progress, secrets and caches: none.")
    print(f"Learners unpack it and type, in {FOLDER}: {command_line('lab')}")

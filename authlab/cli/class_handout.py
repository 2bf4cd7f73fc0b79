"""`authlab class handout OUT.zip`: what learners get, without answers, the same bytes each time."""

import argparse
import sys
from pathlib import Path

from authlab.cli import UsageError, command_line

TYPE_CHECKING = False  # as typing's, which costs time at each start
if TYPE_CHECKING:
    from authlab.classroom.handout import Tree


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", metavar="OUT.zip", help="the file to write")


def run(args: argparse.Namespace) -> int:
    """Write the zip and say what is in it; 1, with each leak in a line, when something must not go out."""
    from authlab.classroom.handout import HandoutError, LeakError, learners_tree, write_zip

    out = _place(args.out)
    try:
        tree = learners_tree()
        write_zip(tree, out)
    except LeakError as error:
        for leak in error.leaks:
            print(f"{leak.path}: {leak.what}", file=sys.stderr)
        again = f"{command_line('class handout')} {args.out}"
        print(f"authlab: {error}. Take them out, commit that, then run: {again}", file=sys.stderr)
        return 1
    except HandoutError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(
            f"expected to write {args.out}, got: {error.strerror}; nothing was written. "
            f"Name a place where you may: {command_line('class handout')} OUT.zip"
        ) from None
    _say(tree, out, args.out)
    return 0


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


def _say(tree: "Tree", out: Path, name: str) -> None:
    import hashlib

    from authlab import __version__
    from authlab.classroom.handout import FOLDER

    for note in tree.notes:
        print(note)
    with out.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = out.stat().st_size / 1024**2
    print(
        f"{name}: {len(tree.files)} files, {size:.1f} MB, of authlab {__version__}, commit {tree.commit[:12]}."
    )
    print(f"sha256 {digest}; this commit gives these bytes each time.")
    print("The questions are fresh. Looked for answers, verdicts, progress, secrets and caches: none.")
    print(f"Learners unpack it and type, in {FOLDER}: {command_line('lab')}")

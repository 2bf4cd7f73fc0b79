"""Mutates the app and says which mutants no test notices: `python3 -m tests.mutation [MODULE ...]`.

The tests are those of the app, the checks of the lessons and the catalogue of attacks. Each module has one
line; below it stands each survivor as a diff, with why it survives, or that nobody has explained it. What
a module came to is kept in `.authlab/mutation`, so a run that was ended goes on where it was. `--write` puts
what was kept into docs/mutation.md.
"""

import argparse
import hashlib
import json
import os
import platform
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from authlab.course.places import ROOT, folder_in_memory
from tests.mutation.modules import (
    FOLDER,
    TOOL,
    Name,
    explained,
    line_of,
    marks_of,
    mutants_of,
    name_of,
    named,
    paths,
)
from tests.mutation.trying import TESTS, BrokenTests, Mutant, Trying

DOCS = ROOT / "docs/mutation.md"
TABLE = "<!-- what `python3 -m tests.mutation --write` has measured -->\n"
ROOM_BYTES = 1024**3


@dataclass(slots=True)
class Outcome:
    """What a module came to: for each mutant that was tried, by its place, what killed it, or None."""

    module: str
    mutants: list[Mutant]
    marks: list[str]  # what the outcome of each is kept under
    killers: dict[int, str | None]

    @property
    def survivors(self) -> list[Mutant]:
        """Return those that no test failed on, in the order of the text."""
        return [self.mutants[place] for place, killer in sorted(self.killers.items()) if killer is None]

    def line(self, why: dict[Name, str]) -> str:
        """Return the module's line."""
        left = self.survivors
        known = sum(name_of(one) in why for one in left)
        killed = len(self.killers) - len(left)
        said = f"{self.module}: {len(self.mutants)} mutants, {killed} killed, {len(left)} survived"
        return said + (f", {known} of them explained" if left else "")


def main() -> int:
    """Try the mutants of all modules, or of those that are named; return 1 when a survivor is unexplained."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("module", nargs="*", help="such as roles or sessions.cache; all without it")
    parser.add_argument("--anew", action="store_true", help="believe nothing that an earlier run has kept")
    parser.add_argument("--survivors", action="store_true", help="only what survived last time")
    parser.add_argument("--tests", nargs="+", metavar="PATH", help="with these tests only, and keep nothing")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1, help="how many at once")
    parser.add_argument(
        "--write", action="store_true", help="keep the table in docs/mutation.md, and do no more"
    )
    args = parser.parse_args()
    known = paths()
    if strange := [module for module in args.module if module not in known]:
        parser.error(f"expected modules of the app ({', '.join(known)}), got {strange[0]!r}")
    if args.at_once < 1:
        parser.error(f"expected at least 1 at once, got {args.at_once}")
    if not hasattr(os, "fork"):
        parser.error("expected a system that can fork, as Linux and macOS can")
    if gone := [path for path in args.tests or () if not Path(ROOT, path).exists()]:
        parser.error(f"expected files of tests, such as tests/app/test_roles.py, got {gone[0]!r}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    why = explained()
    if args.write:
        write(why)
        return 0
    os.environ["AUTHLAB_OWN"] = "off"  # the tests are about the kit's lessons
    room = folder_in_memory(ROOM_BYTES)
    with tempfile.TemporaryDirectory(prefix="authlab-", dir=room, ignore_cleanup_errors=True) as folder:
        tempfile.tempdir = folder
        try:
            outcomes = tried(
                args.module or list(known),
                anew=args.anew,
                only_survivors=args.survivors,
                at_once=args.at_once,
                tests=args.tests or TESTS,
                keep=Path(folder) if args.tests else FOLDER,
            )
        except BrokenTests as broken:
            print(f"authlab: {broken}", file=sys.stderr)
            return 2
        finally:
            tempfile.tempdir = None
    for outcome in outcomes:
        print(outcome.line(why))
        for survivor in outcome.survivors:
            print(diff(survivor, why))
    return int(any(name_of(one) not in why for outcome in outcomes for one in outcome.survivors))


def tried(
    modules: Sequence[str],
    *,
    anew: bool = False,
    only_survivors: bool = False,
    at_once: int = 2,
    tests: Sequence[str] = TESTS,
    keep: Path = FOLDER,
) -> list[Outcome]:
    """Return what each module comes to. Each mutant's outcome is kept as soon as it is known."""
    decides = _digest(tests, [ROOT / "tests/mutation"])
    outcomes = [_kept(module, keep) for module in modules]
    left: list[tuple[Outcome, int]] = []
    for outcome, believed in outcomes:
        if anew or (believed != decides and not only_survivors):
            outcome.killers.clear()
        elif only_survivors:
            outcome.killers = {place: killer for place, killer in outcome.killers.items() if killer}
        left += [(outcome, place) for place in range(len(outcome.mutants)) if place not in outcome.killers]
    if left:
        trying = Trying(
            paths(),
            tests=tests,
            at_once=at_once,
            bytecode=FOLDER / "bytecode",
            keep=keep / f"seen-{_digest(tests)}.json",
            known=[
                (outcome.module, killer)
                for outcome, _ in outcomes
                for killer in outcome.killers.values()
                if killer is not None
            ],
            progress=_progress(len(left)),
        )
        mutants = [outcome.mutants[place] for outcome, place in left]
        why = explained()
        known = {at for at, mutant in enumerate(mutants) if name_of(mutant) in why}
        for at, killer in trying.killers(mutants, known):
            outcome, place = left[at]
            outcome.killers[place] = killer
            killers = {outcome.marks[place]: killer for place, killer in outcome.killers.items()}
            known = {"decides": decides, "killers": killers}
            _file_of(outcome.module, keep).write_text(json.dumps(known), encoding="utf-8")
    return [outcome for outcome, _ in outcomes]


def _kept(module: str, keep: Path = FOLDER) -> tuple[Outcome, str]:
    """Return what earlier runs have kept of a module, as far as its mutants are the same, and what decided
    it."""
    mutants, file = mutants_of(module), _file_of(module, keep)
    marks = marks_of(mutants)
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"decides": "", "killers": {}}
    of = kept["killers"]
    killers = {place: of[mark] for place, mark in enumerate(marks) if mark in of}
    return Outcome(module, mutants, marks, killers), str(kept["decides"])


def _file_of(module: str, keep: Path) -> Path:
    return keep / f"outcome-{module}.json"


def _digest(tests: Sequence[str], more: Sequence[Path] = ()) -> str:
    """Return what stands for all that decides what tests do: the package and the tests, and `more`."""
    mark = hashlib.sha256(repr((str(ROOT), tests)).encode())  # what was seen has the paths of this clone
    folders = [ROOT / "authlab", ROOT / "tests/app", ROOT / "tests/lessons", *more]
    files = [ROOT / "tests/conftest.py", ROOT / "tests/mutation/attacks.py"]
    files += [path for folder in folders for path in folder.rglob("*")]
    for path in sorted(files):
        if path.is_file() and path.suffix != ".pyc" and path.name not in ("named.toml", "explained.toml"):
            mark.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return mark.hexdigest()[:16]


def _progress(total: int) -> Callable[[str], None]:
    """Return what counts on the terminal, where somebody may be waiting."""
    done: Counter[str] = Counter()

    def count(what: str) -> None:
        done[what] += 1
        if sys.stderr.isatty():
            print(f"\r{what}: {done[what]}; {total} mutants\x1b[K", end="", file=sys.stderr, flush=True)

    return count


def diff(survivor: Mutant, why: dict[Name, str]) -> str:
    """Return a survivor as a diff, and why it survives."""
    name = name_of(survivor)
    path = survivor.path.relative_to(ROOT).as_posix()
    where = f"{path}:{line_of(survivor)}" + (f", in {name.function}" if name.function else "")
    lines = [f"  {where}"]
    lines += [f"    - {line}" for line in name.before.splitlines()]
    lines += [f"    + {line}" for line in name.after.splitlines()]
    return "\n".join([*lines, f"    {why.get(name, 'NOT EXPLAINED')}"])


def write(why: dict[Name, str]) -> None:
    """Put the dated table of what the last runs have kept, and the explanations, at the end of the page."""
    told = DOCS.read_text(encoding="utf-8").partition(TABLE)[0]
    DOCS.write_text(f"{told}{TABLE}\n{table(why)}\n{reasons(why)}", encoding="utf-8")


def table(why: dict[Name, str]) -> str:
    """Return a line for each module, and one for all."""
    machine = f"Python {platform.python_version()}, {platform.system()}"
    rows = [
        f"Measured on {date.today()}, {machine}, with the operators of {TOOL.replace('==', ' ')}.",
        "",
        "| module | mutants | tried | killed | survived | explained | survivors of the tried |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    every = [_kept(module)[0] for module in named()]
    rows += [_row(f"`{one.module}`", [one], why) for one in every]
    return "\n".join([*rows, _row("all", every, why)]) + "\n"


def _row(what: str, outcomes: Sequence[Outcome], why: dict[Name, str]) -> str:
    mutants = sum(len(one.mutants) for one in outcomes)
    tried = sum(len(one.killers) for one in outcomes)
    survivors = [survivor for one in outcomes for survivor in one.survivors]
    known, left = sum(name_of(one) in why for one in survivors), len(survivors)
    share = f"{100 * left / tried:.1f} %" if tried else "-"
    return f"| {what} | {mutants} | {tried} | {tried - left} | {left} | {known} | {share} |"


def reasons(why: dict[Name, str]) -> str:
    """Return what is explained, by its module and its reason."""
    lines = ["## What is explained", ""]
    for module in named():
        of_module = Counter(reason for name, reason in why.items() if name.module == module)
        lines += [f"- `{module}`, {count}: {reason}" for reason, count in of_module.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())

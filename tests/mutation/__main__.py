"""Mutates the app and says which mutants no test notices: `python3 -m tests.mutation [MODULE ...]`.

The tests are those of the app, the checks of the lessons and the catalogue of attacks. Each module has one
line; below it stands each survivor as a diff, with why it survives, or that nobody has explained it. What a
module came to is kept in `.authlab/mutation`, so a run that was ended goes on where it was. `--write` keeps the
table in docs/mutation.md.
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
from tests.mutation.modules import FOLDER, Name, explained, line_of, mutants_of, name_of, named, paths
from tests.mutation.trying import TESTS, BrokenTests, Mutant, Trying

DOCS = ROOT / "docs/mutation.md"
TABLE = "<!-- what `python3 -m tests.mutation --write` has measured -->\n"
ROOM_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a module came to."""

    module: str
    mutants: int
    survivors: tuple[Mutant, ...]

    def line(self, why: dict[Name, str]) -> str:
        """Return the module's line."""
        known = sum(name_of(one) in why for one in self.survivors)
        killed = self.mutants - len(self.survivors)
        return f"{self.module}: {self.mutants} mutants, {killed} killed, {len(self.survivors)} survived" + (
            f", {known} of them explained" if self.survivors else ""
        )


def main() -> int:
    """Try the mutants of all modules, or of those that are named; return 1 when a survivor is unexplained."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("module", nargs="*", help="such as roles or sessions.cache; all without it")
    parser.add_argument("--anew", action="store_true", help="believe nothing that an earlier run has kept")
    parser.add_argument("--survivors", action="store_true", help="only what survived last time")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1, help="how many at once")
    parser.add_argument("--write", action="store_true", help="keep the table in docs/mutation.md")
    args = parser.parse_args()
    known = paths()
    if strange := [module for module in args.module if module not in known]:
        parser.error(f"expected modules of the app ({', '.join(known)}), got {strange[0]!r}")
    if not hasattr(os, "fork"):
        parser.error("expected a system that can fork, as Linux and macOS can")
    if args.write and (args.module or args.survivors):
        parser.error("expected all modules for the table, got some of them: leave their names out")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder_in_memory(ROOM_BYTES), ignore_cleanup_errors=True) as folder:
        tempfile.tempdir = folder
        try:
            outcomes = tried(
                args.module or list(known),
                anew=args.anew,
                only_survivors=args.survivors,
                at_once=args.at_once,
            )
        except BrokenTests as broken:
            print(f"authlab: {broken}", file=sys.stderr)
            return 2
        finally:
            tempfile.tempdir = None
    why = explained()
    for outcome in outcomes:
        print(outcome.line(why))
        for survivor in outcome.survivors:
            print(diff(survivor, why))
    if args.write:
        write(outcomes, why)
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
    """Return what each module comes to, and keep it as soon as it is known."""
    decides = _digest(tests)
    outcomes = []
    trying: Trying | None = None
    for module in modules:
        mutants = mutants_of(module)
        kept = keep / f"outcome-{module}.json"
        before = json.loads(kept.read_text()) if kept.exists() else {"decides": ""}
        if before["decides"] == decides and not anew:
            survivors = [mutants[place] for place in before["survivors"]]
        else:
            chosen = mutants
            if only_survivors and before.get("of") == [one.text for one in mutants]:
                chosen = [mutants[place] for place in before["survivors"]]
            trying = trying or Trying(
                paths(),
                tests=tests,
                at_once=at_once,
                keep=keep / f"seen-{decides[:16]}.json",
                progress=_progress(),
            )
            left = [chosen[place] for place, killer in trying.killers(chosen) if killer is None]
            survivors = sorted(left, key=mutants.index)
            kept.write_text(
                json.dumps(
                    {
                        "decides": decides,
                        "of": [one.text for one in mutants],
                        "survivors": [mutants.index(one) for one in survivors],
                    }
                )
            )
        outcomes.append(Outcome(module, len(mutants), tuple(survivors)))
        print(f"{module}: {len(mutants)} mutants, {len(survivors)} survived", file=sys.stderr, flush=True)
    return outcomes


def _digest(tests: Sequence[str]) -> str:
    """Return what stands for all that decides an outcome: the package, the tests and what tries them."""
    mark = hashlib.sha256(repr(tests).encode())
    folders = [ROOT / "authlab", ROOT / "tests/app", ROOT / "tests/lessons", ROOT / "tests/mutation"]
    files = [ROOT / "tests/conftest.py", *(path for folder in folders for path in folder.rglob("*"))]
    for path in sorted(files):
        if path.is_file() and path.suffix not in (".pyc", ".toml"):
            mark.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return mark.hexdigest()


def _progress() -> Callable[[str], None]:
    """Return what counts on the terminal, where somebody may be waiting."""
    done: Counter[str] = Counter()

    def count(what: str) -> None:
        done[what] += 1
        if sys.stderr.isatty():
            print(f"\r{what}: {done[what]}\x1b[K", end="", file=sys.stderr, flush=True)

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


def table(outcomes: Sequence[Outcome], why: dict[Name, str]) -> str:
    """Return the dated table, and the explained survivors below it."""
    rows = [
        f"Measured on {date.today()}, Python {platform.python_version()}, with the operators of {{tool}}.",
        "",
        "| module | mutants | killed | survived | share |",
        "|---|---:|---:|---:|---:|",
    ]
    total = survived = 0
    for one in outcomes:
        left = len(one.survivors)
        total, survived = total + one.mutants, survived + left
        share = f"{100 * left / one.mutants:.1f} %" if one.mutants else "-"
        rows.append(f"| `{one.module}` | {one.mutants} | {one.mutants - left} | {left} | {share} |")
    rows.append(
        f"| all | {total} | {total - survived} | {survived} | {100 * survived / max(total, 1):.1f} % |"
    )
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())

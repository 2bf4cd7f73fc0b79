"""A new kit in a clone that somebody has worked in: `update`.

Three commits decide: the kit that the clone was made from (`old`), the new one (`new`), and where the clone
is now. What the new kit leaves alone stays as it is in the clone. What only the kit has changed becomes the
new kit's. Where both have changed a file, answers are merged, notebooks stand side by side, and anything else
is refused, before a file is touched.

Whatever is edited is copied to `.authlab/kept` first; then the whole plan is written down, in
`.authlab/update`; then it is carried out. Each step of that can be done twice, so an update that was killed
is finished by the next.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from glob import escape
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from authlab.bootstrap import Clone
from authlab.course import merging
from authlab.course.places import ROOT
from authlab.course.progress import passed_by_other_checks
from authlab.locking import locked
from authlab.replacing import replaced

SAFE = "refs/authlab/before-update"  # all that git knew before the last update
LOCK_SECONDS = 2.0
_NOTHING: Mapping[str, str] = {}
WE = {"NAME": "authlab update", "EMAIL": "authlab@localhost"}  # where git does not know the learner's name


class UpdateError(Exception):
    """There can be no update now. The text says why, in one line, and what to do; no file was touched."""


def update(source: str | None = None, branch: str | None = None, root: Path = ROOT) -> list[str]:
    """Bring the newest kit into a clone, and return what has changed, as lines to read.

    It comes from where the current branch comes from, or from `source` (an address or a folder) and `branch`.
    Raises `UpdateError`, with the clone as it was.
    """
    if source is not None and os.path.exists(source):
        source = os.path.abspath(source)  # from here, not from the clone
    return _Update(root).run(source, branch)


class _Update:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = root / ".authlab"
        self.plan_folder = self.state / "update"

    def run(self, source: str | None, branch: str | None) -> list[str]:
        self._require_clone()
        with locked(self.state / "update.lock"):
            if (self.plan_folder / "plan.json").exists():
                plan = json.loads((self.plan_folder / "plan.json").read_text("utf-8"))
                if self._head() in (plan["head"], plan["target"]):
                    return ["Finishing the update that was interrupted.", *self._carry_out(plan, anew=True)]
            self._forget_plan()  # of another state of the clone: its files are looked at anew
            new = self._fetch(source, branch)
            if self._succeeds("merge-base", "--is-ancestor", new, "HEAD"):
                return [f"This is the newest kit already: authlab {self._version(new)}, {new[:10]}."]
            plan = self._planned(new)
            return self._carry_out(plan, anew=False)

    # What is there

    def _require_clone(self) -> None:
        if Clone(self.root).is_handout():
            raise UpdateError(
                "expected a clone, got a learner's copy: a newer one comes from whoever gave you this; "
                "unpack it beside this folder and copy your files in exercises/ there"
            )
        if shutil.which("git") is None:
            raise UpdateError("expected git, found none; install it, then run: python3 -m authlab update")
        top = self._git("rev-parse", "--show-toplevel", fails=True).strip()
        if not top or not os.path.samefile(os.fsdecode(top), self.root):
            raise UpdateError(
                "expected a clone made by git, got a folder that is none; "
                "clone the kit anew and copy your files in exercises/ there"
            )
        if not self._succeeds("rev-parse", "--verify", "HEAD"):
            raise UpdateError("expected a clone with a commit, got an empty one; clone the kit anew")
        under_way = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
        paths = [self.root / self._text("rev-parse", "--git-path", name) for name in under_way]
        if self._git("ls-files", "-u") or any(path.exists() for path in paths):
            raise UpdateError("expected no merge or rebase under way, got one; finish it first: git status")

    def _fetch(self, source: str | None, branch: str | None) -> str:
        """Return the commit of the new kit, which is in the clone from then on."""
        name = self._text("symbolic-ref", "--short", "-q", "HEAD", fails=True)
        if source is None:
            source = self._text("config", f"branch.{name}.remote", fails=True) if name else ""
            branch = branch or self._text("config", f"branch.{name}.merge", fails=True)
            if not source or not branch:
                raise UpdateError(
                    f"expected a branch that comes from somewhere, got {name or 'no branch'}; "
                    "say from where: python3 -m authlab update --from ADDRESS"
                )
        done = self._run(["fetch", "--no-tags", "--", source, branch or "HEAD"])
        if done.returncode:
            said = os.fsdecode(done.stderr).strip().splitlines() or ["git says nothing"]
            why = next((line for line in said if line.startswith(("fatal:", "error:"))), said[-1])
            raise UpdateError(
                f"expected to fetch the new kit from {source}, got: {why}; "
                "once that is mended, run: python3 -m authlab update"
            )
        new = self._text("rev-parse", "FETCH_HEAD")
        if self._blob(new, "authlab/__init__.py") is None:
            raise UpdateError(f"expected a kit at {source}, found none there; nothing was changed")
        return new

    # The plan

    def _planned(self, new: str) -> dict[str, Any]:
        """Decide all, keep a copy of all that is edited, and write the plan down."""
        head = self._head()
        old = self._text("merge-base", head, new, fails=True)
        if not old:
            raise UpdateError("expected a newer version of this kit, got one without a common history")
        kits = self._changes(old, new)
        both = self._touched_by_both(kits, old)
        self._refuse_collisions(both, kits, old, new)
        edited = {path: self._digest(path) for path in (*self._changes(old), *both)}

        files: dict[str, bytes] = {}
        report = self._news(old, new)
        own = set()
        for path in both:
            result, told = self._resolved(path, old, (self.root / path).read_bytes(), new)
            files.update(result)
            report += told
            if path in result:
                own.add(path)
        copies = self._keep(edited)
        if copies is not None:
            report.append(f"What you had edited is kept in {copies.relative_to(self.root).as_posix()} too.")
        report += self._other_checks(new)
        self._git("update-ref", SAFE, self._text("stash", "create", names=True) or head)
        left = [path for path in kits if path not in own]
        plan = {
            "head": head,
            "old": old,
            "target": self._target(head, old, new, kits),
            "delete": [path for path in left if kits[path] == "D"],
            "checkout": [path for path in left if kits[path] != "D"],
            "own": [
                {"path": path, "before": self._digest(path), "after": _digest(data), "file": str(number)}
                for number, (path, data) in enumerate(files.items())
            ],
            "edited": edited,
            "report": report,
        }
        written = self._work() / "plan"
        written.mkdir()
        for number, data in enumerate(files.values()):
            (written / str(number)).write_bytes(data)
        (written / "plan.json").write_text(json.dumps(plan), "utf-8")
        written.rename(self.plan_folder)
        return plan

    def _touched_by_both(self, kits: Iterable[str], old: str) -> list[str]:
        """Return which of the files that the new kit changes are not the old kit's in the clone, whether git
        watches over them or not."""
        there = [path for path in kits if os.path.lexists(self.root / path)]
        files = [path for path in there if (self.root / path).is_file()]
        given = os.fsencode("".join(f"{path}\n" for path in files))
        ids = dict(
            zip(files, self._text("hash-object", "--stdin-paths", given=given).split("\n"), strict=False)
        )
        said = os.fsdecode(self._git("ls-tree", "-r", "-z", old)).split("\0")[:-1]
        of_old = {path: entry.split()[2] for entry, path in (line.split("\t", 1) for line in said)}
        return [path for path in there if path not in ids or ids[path] != of_old.get(path)]

    def _refuse_collisions(self, both: list[str], kits: dict[str, str], old: str, new: str) -> None:
        bad = [path for path in both if not self._can_resolve(path, new)]
        for path in kits:
            for above in PurePosixPath(path).parents:
                place = self.root / above
                if os.path.lexists(place) and not place.is_dir() and str(above) not in (*kits, *bad):
                    bad.append(str(above))
        if not bad:
            return
        shown = ", ".join(bad[:3]) + (f" and {len(bad) - 3} more" if len(bad) > 3 else "")
        tracked = [path for path in bad if self._blob(old, path) is not None]
        how = f"git checkout {old[:10]} -- {_quoted(tracked)}" if tracked else f"mv {bad[0]} {bad[0]}.mine"
        raise UpdateError(
            f"expected that you and the new kit have not both changed a file of the kit, got {shown}; "
            f"nothing was touched. Copy yours elsewhere, take it out of the way and update again: {how}"
        )

    def _can_resolve(self, path: str, new: str) -> bool:
        if not (self.root / path).is_file():
            return False
        if _is_answers(path) or _is_notebook(path):
            return True
        after = self._blob(new, path)
        return after is None or _plain(after) == _plain((self.root / path).read_bytes())

    def _resolved(self, path: str, old: str, mine: bytes, new: str) -> tuple[dict[str, bytes], list[str]]:
        """Return which files the learner is to have for one that both have changed, and what to say of it.

        A path that is not among them gets the new kit's.
        """
        before, after = self._blob(old, path), self._blob(new, path)
        if after is None:
            return {path: mine}, [f"{path} is no longer one of the kit's; yours is left."]
        if _plain(mine) == _plain(after):
            return {}, []
        if _is_answers(path):
            return self._resolved_answers(path, old, before, mine, new, after)
        if before is not None and _cells(mine) == _cells(before) is not None:
            return {}, [f"{path} is the new one: yours differed in outputs only."]
        beside = self._beside(path, mine)
        return {beside: mine}, [f"{path} is the new one; yours is {beside}."]

    def _resolved_answers(
        self, path: str, old: str, before: bytes | None, mine: bytes, new: str, after: bytes
    ) -> tuple[dict[str, bytes], list[str]]:
        merged = None if before is None else merging.with_answers(before, mine, after, self._union)
        told = []
        if merged is None:
            told.append(f"{path} is yours as it was: its new questions did not fit in.")
        names = [] if before is None else merging.changed_questions(before, after)
        changed = [name for name in names if merging.is_answered(before or b"", mine, name)]
        if changed:
            ids = self._ids(path, new)
            shown = ", ".join(f"{ids.get(name, '')} {name}".strip() for name in changed)
            told.append(
                f"{path}: asked in other words now, your answers are kept: {shown}. "
                f"See how: git diff {old[:10]} {new[:10]} -- {path}"
            )
        return {path: merging.without_mark(mine) if merged is None else merged}, told

    def _target(self, head: str, old: str, new: str, kits: dict[str, str]) -> str:
        """Return the commit that the clone will be at: the new kit, or, where the learner has commits of
        their own, one that has both for its parents."""
        if head == old:
            return new
        entries = []
        for path, status in self._changes(old, head).items():
            kept: tuple[str, str] | None = None
            if path not in kits:
                mode, name = self._entry(head, path) if status != "D" else ("0", "0" * 40)
                kept = (mode, name)
            elif status != "D" and (_is_answers(path) or _is_notebook(path)):
                result, _ = self._resolved(path, old, self._blob(head, path) or b"", new)
                if path in result:
                    name = self._text("hash-object", "-w", "--stdin", given=_plain(result[path]))
                    kept = (self._entry(head, path)[0], name)
            if kept is not None:
                entries.append(f"{kept[0]} {kept[1]}\t{path}\0")
        with TemporaryDirectory(dir=self._work()) as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._git("read-tree", new, extra=index)
            self._git("update-index", "-z", "--index-info", given=os.fsencode("".join(entries)), extra=index)
            tree = self._text("write-tree", extra=index)
        message = f"Update to authlab {self._version(new)}"
        return self._text("commit-tree", tree, "-p", head, "-p", new, "-m", message, names=True)

    def _keep(self, paths: Iterable[str]) -> Path | None:
        """Copy files to a new folder in `.authlab/kept`, and return that."""
        there = [path for path in paths if (self.root / path).is_file()]
        if not there:
            return None
        kept = self.state / "kept"
        half = self._work() / "kept"
        for path in there:
            (half / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.root / path, half / path)
        number = 1
        while (whole := kept / f"update_{number:04}").exists():
            number += 1
        kept.mkdir(exist_ok=True)
        return half.rename(whole)

    def _work(self) -> Path:
        """Return a folder for what is half done: it goes when the update ends, or begins once more."""
        work = self.state / "update.work"
        work.mkdir(parents=True, exist_ok=True)
        return work

    # Carrying it out: each step can be done twice

    def _carry_out(self, plan: dict[str, Any], *, anew: bool) -> list[str]:
        report = list(plan["report"])
        if anew:
            report += self._keep_what_was_edited_since(plan)
        for one in plan["own"]:
            if anew:
                self._sweep(self.root / one["path"])
            stands = self._digest(one["path"])
            if stands == one["after"]:
                continue
            if stands == one["before"]:
                self._write(one["path"], (self.plan_folder / one["file"]).read_bytes())
            else:
                report.append(f"{one['path']} was edited since, and is left as it is.")
        for path in plan["delete"]:
            self._delete(path)
        index = {"GIT_INDEX_FILE": str(self.plan_folder / "index")}
        with suppress(FileNotFoundError):  # of a git that was killed
            (self.plan_folder / "index.lock").unlink()
        self._git("read-tree", plan["target"], extra=index)
        paths = "".join(f"{path}\0" for path in plan["checkout"])
        self._git("checkout-index", "-f", "-z", "--stdin", given=os.fsencode(paths), extra=index)
        if self._head() != plan["target"]:
            self._git("update-ref", "-m", "authlab update", "HEAD", plan["target"], plan["head"])
        self._renew_index(plan["target"])
        self._forget_plan()
        return [*report, "Next: python3 -m authlab lab (close JupyterLab first, if it is open)"]

    def _keep_what_was_edited_since(self, plan: dict[str, Any]) -> list[str]:
        """Copy what is neither the old kit's nor the new one's and about to be written over."""
        differ = set(self._changes(plan["old"])) & set(self._changes(plan["target"]))
        own = {one["path"] for one in plan["own"]}
        found = [
            path
            for path in (*plan["checkout"], *plan["delete"])
            if path in differ - own and self._digest(path) not in (None, plan["edited"].get(path))
        ]
        copies = self._keep(found)
        return [] if copies is None else [f"Edited since: {', '.join(found)}; kept in {copies}."]

    def _sweep(self, path: Path) -> None:
        """Delete what `replaced` had begun to write when it was killed."""
        for half in path.parent.glob(f".{escape(path.name)}-????????"):
            half.unlink()

    def _write(self, path: str, data: bytes) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        with replaced(self.root / path) as temporary:
            temporary.write_bytes(data)

    def _delete(self, path: str) -> None:
        with suppress(FileNotFoundError, NotADirectoryError):
            (self.root / path).unlink()
        for above in PurePosixPath(path).parents:
            try:
                (self.root / above).rmdir()
            except OSError:  # there is something in it
                return

    def _renew_index(self, target: str) -> None:
        """Have git's index say what the new commit says. The lock of a git that was killed is in no way."""
        lock = self.root / self._text("rev-parse", "--git-path", "index.lock")
        deadline = time.monotonic() + LOCK_SECONDS
        while lock.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        with suppress(FileNotFoundError):
            lock.unlink()
        self._git("read-tree", target)
        self._run(["update-index", "-q", "--refresh"])

    def _forget_plan(self) -> None:
        work = self._work()
        if self.plan_folder.exists():
            self.plan_folder.rename(Path(mkdtemp(dir=work)) / "plan")  # in one step: half a plan is none
        shutil.rmtree(work, ignore_errors=True)

    # What to say

    def _news(self, old: str, new: str) -> list[str]:
        before, after = self._version(old), self._version(new)
        lines = [f"authlab {before} -> {after}" if before != after else f"authlab {after}, {new[:10]}"]
        known = set(_entries(self._blob(old, "CHANGELOG.md")))
        return lines + [line for line in _entries(self._blob(new, "CHANGELOG.md")) if line not in known]

    def _other_checks(self, new: str) -> list[str]:
        ids = passed_by_other_checks(
            lambda stem: self._blob(new, f"tests/lessons/test_{stem}.py"), self.state / "progress.json"
        )
        return [f"Passed, and the checks have changed since: {', '.join(ids)}."] if ids else []

    def _ids(self, path: str, commit: str) -> dict[str, str]:
        """Return the exercises' numbers by the names of their answers."""
        data = self._blob(commit, f"authlab/course/lessons/{PurePosixPath(path).stem}.toml") or b""
        entries = tomllib.loads(data.decode("utf-8")).get("exercises", [])
        return {one["part"].split(":")[1]: one["id"] for one in entries}

    def _version(self, commit: str) -> str:
        found = re.search(rb'__version__ = "([^"]*)"', self._blob(commit, "authlab/__init__.py") or b"")
        return found[1].decode() if found else "?"

    def _beside(self, path: str, mine: bytes) -> str:
        """Return a free name beside a notebook; the one that has this very text is free."""
        stem, number = path.removesuffix(".ipynb"), 1
        while True:
            beside = f"{stem}.mine{'' if number == 1 else number}.ipynb"
            place = self.root / beside
            if not os.path.lexists(place) or (place.is_file() and place.read_bytes() == mine):
                return beside
            number += 1

    # Git

    def _head(self) -> str:
        return self._text("rev-parse", "HEAD")

    def _changes(self, first: str, second: str | None = None) -> dict[str, str]:
        """Return the paths that differ between two commits, or between one and the clone's files, each with
        a letter: A for added, M for modified, D for deleted."""
        said = self._git(
            "diff", "--name-status", "--no-renames", "-z", first, *([second] if second else []), "--"
        )
        parts = os.fsdecode(said).split("\0")[:-1]
        return dict(zip(parts[1::2], parts[::2], strict=True))

    def _blob(self, commit: str, path: str) -> bytes | None:
        done = self._run(["cat-file", "blob", f"{commit}:{path}"])
        return done.stdout if done.returncode == 0 else None

    def _entry(self, commit: str, path: str) -> tuple[str, str]:
        mode, _, name = self._text("ls-tree", commit, "--", f":(literal){path}").split()[:3]
        return mode, name

    def _union(self, mine: str, before: str, theirs: str) -> str:
        with TemporaryDirectory(dir=self._work()) as folder:
            paths = [Path(folder) / name for name in ("mine", "before", "theirs")]
            for path, text in zip(paths, (mine, before, theirs), strict=True):
                path.write_bytes(text.encode())
            return self._git("merge-file", "-p", "--union", *map(str, paths)).decode()

    def _digest(self, path: str) -> str | None:
        place = self.root / path
        return _digest(place.read_bytes()) if place.is_file() else None

    def _succeeds(self, *arguments: str) -> bool:
        return self._run(arguments).returncode == 0

    def _text(self, *arguments: str, **how: Any) -> str:
        return os.fsdecode(self._git(*arguments, **how)).rstrip("\n")

    def _git(
        self,
        *arguments: str,
        given: bytes = b"",
        fails: bool = False,
        names: bool = False,
        extra: Mapping[str, str] = _NOTHING,
    ) -> bytes:
        """Return what git says; "" where it fails and that is an answer (`fails`)."""
        if names and not self._succeeds("var", "GIT_COMMITTER_IDENT"):
            extra = {f"GIT_{who}_{what}": one for who in ("AUTHOR", "COMMITTER") for what, one in WE.items()}
        done = self._run(arguments, given, extra)
        if done.returncode and not fails:
            said = " ".join(os.fsdecode(done.stderr).split())
            raise UpdateError(f"git {arguments[0]} failed: {said}; see: git status")
        return b"" if done.returncode else done.stdout

    def _run(
        self, arguments: Iterable[str], given: bytes = b"", extra: Mapping[str, str] = _NOTHING
    ) -> "subprocess.CompletedProcess[bytes]":
        # Without what points git somewhere else (in a hook, say), and in its own words.
        kept = {
            k: v for k, v in os.environ.items() if k not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
        }
        asks = {} if sys.stdin is not None and sys.stdin.isatty() else {"GIT_TERMINAL_PROMPT": "0"}
        return subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env={**kept, "LC_ALL": "C", **asks, **extra},
            input=given,
            capture_output=True,
        )


def _is_answers(path: str) -> bool:
    return re.fullmatch(r"exercises/lesson_\w+\.py", path) is not None


def _is_notebook(path: str) -> bool:
    return re.fullmatch(r"notebooks/[^/]+\.ipynb", path) is not None


def _plain(data: bytes | None) -> bytes | None:
    return None if data is None else data.replace(b"\r\n", b"\n")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _quoted(paths: Iterable[str]) -> str:
    import shlex

    return " ".join(map(shlex.quote, paths))


def _cells(notebook: bytes) -> list[tuple[str, str]] | None:
    """Return what a notebook says, without what came out of it; None when it cannot be read."""
    try:
        cells = json.loads(notebook)["cells"]
        return [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    except (ValueError, KeyError, TypeError):
        return None


def _entries(changelog: bytes | None) -> list[str]:
    """Return the entries of a changelog, one a line, without its headings."""
    text = (changelog or b"").decode("utf-8", "replace").replace("\r\n", "\n")
    found = re.findall(r"^- .*(?:\n  .*)*", text, re.M)
    return [re.sub(r"\n\s*", " ", entry) for entry in found]

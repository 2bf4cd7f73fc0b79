"""Runs the tests on mutants: one process holds the app and the tests, and forks a child for each mutant.

Two kinds of mutants are told apart by their code. One that changes what happens inside functions is put into
the functions that are there: a function keeps its identity and gets other code, so that whoever imported,
decorated or registered it runs the mutant. One that changes what happens while a module is imported needs
an import of its own: it is tried in a child of a process that has imported nothing of the app yet.

A child runs the tests that call the mutated function, the quickest first, and ends at the first that fails.
Which tests those are is seen beforehand: each test runs once in a child of its own, on the package.
"""

import gc
import importlib
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NoReturn, TypeAlias

from authlab.course import children, strays
from authlab.course.places import ROOT

# What tests import and is none of ours: imported once, before anything is forked.
OTHERS = (
    "bcrypt",
    "hypothesis",
    "jinja2",
    "jwt",
    "pydantic",
    "pytest",
    "requests",
    "sqlite3",
    "unittest.mock",
    "concurrent.futures",
    "werkzeug.debug",
    "werkzeug.routing",
    "werkzeug.serving",
    "werkzeug.test",
)
TESTS = ("tests/app", "tests/lessons", "tests/mutation/attacks.py")
# Seconds of work, and of waiting, that a test has besides a multiple of what it takes on the package.
WORK_SECONDS, WAITING_SECONDS, TIMES = 10, 60, 10
MEMORY_BYTES = 4 * 1024**3
IN_A_FUNCTION = 0x1  # the flag CO_OPTIMIZED: the code of functions has it, that of modules and classes not
CONTROL = -1  # the place of the package itself among mutants
FEW = 100  # tests that a mutant meets in the first round
Changed: TypeAlias = "Sequence[Mapping[Key, CodeType] | None]"
UP = "its time or memory was up"
Key = tuple[str, str, int]  # a function: its file, its qualified name, the line where it begins


@dataclass(frozen=True, slots=True)
class Mutant:
    """One edit of a module: `text` stands in its source from `start` to `end`."""

    module: str  # as "sessions.cache"
    path: Path
    start: int
    end: int
    text: str
    operator: str

    @property
    def source(self) -> str:
        """Return the module's whole text with the edit made."""
        before = self.path.read_text(encoding="utf-8")
        return before[: self.start] + self.text + before[self.end :]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a test did on the package: how long it worked, and which functions of the app it called."""

    seconds: float
    called: frozenset[Key]


class BrokenTests(RuntimeError):
    """The tests fail on the package as it is: then no mutant proves anything."""


# The code of a mutant


def codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and all within it, in the order of the text."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from codes(inner)


def key_of(code: CodeType) -> Key:
    """Return what tells a function from all others."""
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _does(code: CodeType, *, at_import: bool = False) -> object:
    """Return what a code object does, wherever its lines are; `at_import` leaves out what functions do."""
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    if at_import:
        inner = [one for one in inner if not one.co_flags & IN_A_FUNCTION]
    consts = [repr(one) for one in code.co_consts if not isinstance(one, CodeType)]
    return code.co_code, code.co_names, consts, [_does(one, at_import=at_import) for one in inner]


def changed_functions(mutant: Mutant) -> dict[Key, CodeType] | None:
    """Return the functions whose code a mutant changes, or None when it changes more than that."""
    path = str(mutant.path)
    before = list(codes(compile(mutant.path.read_text(encoding="utf-8"), path, "exec", dont_inherit=True)))
    after = list(codes(compile(mutant.source, path, "exec", dont_inherit=True)))
    if [one.co_qualname for one in before] != [one.co_qualname for one in after]:
        return None
    if _does(before[0], at_import=True) != _does(after[0], at_import=True):
        return None
    pairs = [(old, new) for old, new in zip(before, after, strict=True) if _does(old) != _does(new)]
    functions = {key_of(old): new for old, new in pairs if old.co_flags & IN_A_FUNCTION}
    fits = all(old.co_freevars == new.co_freevars for old, new in pairs)
    return functions if functions and fits else None


def functions_of(files: frozenset[str]) -> dict[Key, list[FunctionType]]:
    """Return every function of these files that there is now, wherever it is kept."""
    found: dict[Key, list[FunctionType]] = defaultdict(list)
    gc.unfreeze()  # what was frozen when the tests were collected is not among the objects
    for thing in gc.get_objects():
        if type(thing) is FunctionType and thing.__code__.co_filename in files:
            found[key_of(thing.__code__)].append(thing)
    return found


# Children


@dataclass(slots=True)
class _Child:
    pid: int
    reading: int
    folder: str
    said: bytes = b""


def in_children(
    tasks: Iterable[tuple[Any, Callable[[], object]]], *, at_once: int
) -> Iterator[tuple[Any, Any]]:
    """Run tasks in forked children, several at once; yield for each its name and what it returned.

    A child that ends otherwise, as at one of its limits, has returned None.
    """
    waiting = iter(tasks)
    running: dict[int, tuple[Any, _Child]] = {}
    try:
        while True:
            while len(running) < at_once and (task := next(waiting, None)) is not None:
                child = _fork(task[1])
                running[child.reading] = task[0], child
            if not running:
                return
            for reading in select.select(list(running), [], [])[0]:
                name, child = running[reading]
                if block := os.read(reading, 65536):
                    child.said += block
                    continue
                del running[reading]
                _end(child)
                yield name, json.loads(child.said) if child.said.endswith(b"\n") else None
    finally:
        for _, child in running.values():
            _end(child)


def _fork(do: Callable[[], object]) -> _Child:
    folder = tempfile.mkdtemp(prefix="m")
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        _be_a_child(do, folder, writing)
    os.close(writing)
    return _Child(pid, reading, folder)


def _be_a_child(do: Callable[[], object], folder: str, writing: int) -> NoReturn:
    try:
        strays.end_with_the_parent()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setpgid(0, 0)
        for stream in (0, 1, 2):
            children.point_nowhere(stream)
        tempfile.tempdir = folder
        os.environ.update({"TMPDIR": folder, "TEMP": folder, "TMP": folder})
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        said = json.dumps(do()).encode() + b"\n"
        while said:
            said = said[os.write(writing, said) :]
    finally:
        os._exit(0)


def _end(child: _Child) -> None:
    for end in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            end(child.pid, signal.SIGKILL)
    os.close(child.reading)
    os.waitpid(child.pid, 0)
    shutil.rmtree(child.folder, ignore_errors=True)


def _limit(expected_seconds: float) -> None:
    """Let this process be ended unless it is done within several times as much as is expected."""
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    work = int(used + WORK_SECONDS + TIMES * expected_seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (work, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    signal.setitimer(signal.ITIMER_REAL, WAITING_SECONDS + TIMES * expected_seconds)


# The tests


class _Collected:
    """A pytest plugin: hands the collected tests to a function instead of running them all."""

    def __init__(self, work: Callable[[Mapping[str, Any]], object]) -> None:
        self._work = work
        self.done = False

    def pytest_runtestloop(self, session: Any) -> bool:
        """Do the work; True tells pytest that the tests were run."""
        if not session.testsfailed:
            self._work({item.nodeid: item for item in session.items})
            self.done = True
        return True


def collect(tests: Sequence[str], work: Callable[[Mapping[str, Any]], object]) -> None:
    """Collect tests, and do some work with them by their names; raises `BrokenTests` when there are none."""
    import pytest

    plugin = _Collected(work)
    arguments = ["-q", "--capture=no", "--tb=no", "-m", "not full", f"--rootdir={ROOT}"]
    for unused in ("cacheprovider", "faulthandler", "junitxml", "doctest", "pastebin"):
        arguments += ["-p", f"no:{unused}"]
    status = pytest.main([*arguments, *tests], plugins=[plugin])
    if not plugin.done:
        raise BrokenTests(f"expected tests that can be run, got {status!r} from pytest {' '.join(tests)}")


def first_to_fail(items: Mapping[str, Any], names: Iterable[str], seconds: Mapping[str, float]) -> str | None:
    """Run tests in their order until one fails, and return its name, or None."""
    for name in names:
        _limit(seconds.get(name, 1.0))
        if _fails(items[name]):
            return name
    return None


def _fails(item: Any) -> bool:
    from _pytest.runner import runtestprotocol

    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def watched(item: Any, files: frozenset[str]) -> dict[str, object]:
    """Run a test, and return whether it failed, how long it worked, and which functions of `files` it called.

    The time is the process's own work, not the clock's: a busy machine makes no test slow.
    """
    called: set[Key] = set()
    started = time.process_time()
    with _noting(files, called):
        failed = _fails(item)
    return {"failed": failed, "seconds": time.process_time() - started, "called": sorted(called)}


@contextmanager
def _noting(files: frozenset[str], called: set[Key]) -> Iterator[None]:
    """Note which functions of some files are called, in this thread and in new ones."""

    def note(frame: Any, event: str, argument: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename in files and code.co_flags & IN_A_FUNCTION:
            called.add(key_of(code))

    threading.settrace(note)
    sys.settrace(note)
    try:
        yield
    finally:
        sys.settrace(None)
        threading.settrace(None)


# What is asked for


class Trying:
    """Holds nothing of the app: it forks one process that does, and one for each mutant of an import."""

    def __init__(
        self,
        paths: Mapping[str, Path],
        *,
        tests: Sequence[str] = TESTS,
        at_once: int = 2,
        bytecode: Path,
        keep: Path | None = None,
        known: Iterable[tuple[str, str]] = (),
        progress: Callable[[str], None] = lambda what: None,
    ) -> None:
        """Make one for the modules in `paths`, by name. `tests` is what pytest is told to collect.

        What the tests call is kept in the file `keep`, and believed if it is there. `known` has the modules
        of killed mutants, with the tests that killed them: those come first.
        """
        self._files = frozenset(map(str, paths.values()))
        self._tests = tests
        self._at_once = at_once
        self._progress = progress
        self._keep = keep
        self._seen: dict[str, Seen] = {}
        self._killed: dict[str, Counter[str]] = defaultdict(Counter)
        for module, killer in known:
            self._killed[module][killer] += 1
        self._met: dict[int, frozenset[str]] = {}  # by mutants that others are left for: the tests
        self._control_passed = False
        if keep is not None and keep.exists():
            kept = json.loads(keep.read_bytes())
            self._seen, self._control_passed = _as_seen(kept["seen"]), kept["control passed"]
        # Kept also where Python is told to write none: else each import would compile all anew.
        sys.dont_write_bytecode, sys.pycache_prefix = False, str(bytecode)
        for name in OTHERS:
            importlib.import_module(name)

    def killers(
        self, mutants: Sequence[Mutant], explained: Set[int] = frozenset()
    ) -> Iterator[tuple[int, str | None]]:
        """Yield for each mutant its place in `mutants` and which test fails on it, or None when none does.

        Those at the places `explained` meet a few tests only: others could but make survivors fewer.
        Raises `BrokenTests` when the tests fail on the package itself.
        """
        changed = [changed_functions(mutant) for mutant in mutants]
        left = set(range(len(mutants)))
        self._explained = explained
        # All mutants meet a few tests first: what is killed late, or never, keeps nobody waiting.
        for few in (True, False):
            for trying in (self._with_the_app, self._with_an_import_each):
                for place, killer in trying(mutants, changed, sorted(left), few):
                    self._note_kill(mutants[place], killer)
                    left.discard(place)
                    yield place, killer

    # Mutants of functions

    def _with_the_app(
        self, mutants: Sequence[Mutant], changed: Changed, places: Sequence[int], few: bool
    ) -> Iterator[tuple[int, str | None]]:
        """Fork a process that has the app and the tests in it; yield what becomes of mutants of functions,
        with a few tests or with the others."""
        of_functions = places if few else sorted(self._met)
        if not few and not of_functions:
            return
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                strays.end_with_the_parent()
                signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())
                os.close(reading)
                children.point_nowhere(1)  # what pytest says is no outcome
                sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - to the end of the process
                with os.fdopen(writing, "w") as said:
                    self._be_the_one_with_the_app(
                        lambda thing: print(json.dumps(thing), file=said, flush=True),
                        mutants,
                        {place: functions for place in of_functions if (functions := changed[place])},
                        FEW if few else None,
                    )
            finally:
                os._exit(0)
        os.close(writing)
        try:
            with os.fdopen(reading) as lines:
                for line in lines:
                    match json.loads(line):
                        case {"broken": why}:
                            raise BrokenTests(why)
                        case {"seen": seen}:
                            self._seen = _as_seen(seen)
                            self._remember()
                        case {"place": place, "met": met}:
                            self._met[place] = frozenset(met)
                        case {"place": place, "killer": killer}:
                            yield place, killer
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
        if not self._seen:
            raise BrokenTests("expected to see what the tests call, and the process that looks has ended")

    def _be_the_one_with_the_app(
        self,
        say: Callable[[dict[str, object]], None],
        mutants: Sequence[Mutant],
        changed: Mapping[int, Mapping[Key, CodeType]],
        most: int | None,
    ) -> None:
        at_import: set[Key] = set()

        def work(items: Mapping[str, Any]) -> None:
            sys.settrace(None)
            threading.settrace(None)
            there = functions_of(self._files)
            gc.freeze()
            seen = self._seen = self._seen or self._see(items)
            seconds = {name: one.seconds for name, one in seen.items()}
            say({"seen": _as_json(seen)})

            def trial(place: int, names: Sequence[str]) -> Callable[[], object]:
                def do() -> object:
                    for key, code in changed[place].items():
                        for function in there.get(key, ()):
                            function.__code__ = code
                    return {"killer": first_to_fail(items, names, seconds)}

                return do

            def trials() -> Iterator[tuple[int, Callable[[], object]]]:
                """Yield them when they are asked for: by then it is known what killed others."""
                for place, functions in changed.items():
                    if not at_import & set(functions):
                        calling = {name for name, one in seen.items() if one.called & set(functions)}
                        left = self._in_order(mutants[place], calling - self._met.get(place, frozenset()))
                        met[place] = left if most is None else left[:most]
                        more[place] = len(met[place]) < len(left)
                        yield place, trial(place, met[place])

            met: dict[int, list[str]] = {}
            more: dict[int, bool] = {}
            for place, killer in self._tried(trials(), mutants):
                if killer is None and more[place] and place not in self._explained:
                    say({"place": place, "met": met[place]})
                else:
                    say({"place": place, "killer": killer})
                    self._note_kill(mutants[place], killer)

        try:
            with _noting(self._files, at_import):
                collect(self._tests, work)
        except BrokenTests as broken:
            say({"broken": str(broken)})

    def _see(self, items: Mapping[str, Any]) -> dict[str, Seen]:
        """Run the tests, each file in a child of its own, and return what each of them called."""
        files: dict[str, list[str]] = defaultdict(list)
        for name in items:
            files[name.partition("::")[0]].append(name)

        def see(names: Sequence[str]) -> Callable[[], object]:
            return lambda: {name: watched(items[name], self._files) for name in names}

        seen = {}
        tasks = [(file, see(names)) for file, names in files.items()]
        for file, said in in_children(tasks, at_once=self._at_once):
            self._progress("files of tests, on the package")
            failed = [file] if said is None else [name for name, one in said.items() if one["failed"]]
            if failed:
                raise BrokenTests(f"expected tests that pass on the package, got a failure of {failed[0]}")
            for name, one in said.items():
                seen[name] = Seen(one["seconds"], frozenset((path, of, at) for path, of, at in one["called"]))
        return {name: seen[name] for name in items}

    # Mutants of an import

    def _with_an_import_each(
        self, mutants: Sequence[Mutant], changed: Changed, places: Sequence[int], few: bool
    ) -> Iterator[tuple[int, str | None]]:
        """Yield what becomes of mutants of an import: with the nearest file of tests, or with all.

        The package itself is among the latter, as a mutant with nothing changed: no test may fail on it.
        """
        if few:
            near = [place for place in places if place not in self._met]
            tasks = [
                (place, self._import_of(mutants[place], self._nearest(mutants[place])[1])) for place in near
            ]
            for place, killer in self._tried(tasks, mutants):
                if killer is not None or place in self._explained:
                    yield place, killer
            return
        tasks = [(place, self._import_of(mutants[place], self._tests)) for place in places]
        if places and not self._control_passed:
            nothing = Mutant("the package", mutants[places[0]].path, 0, 0, "", "nothing")
            tasks.insert(0, (CONTROL, self._import_of(nothing, self._tests)))
        for place, killer in self._tried(tasks, mutants):
            if place != CONTROL:
                yield place, killer
            elif killer is not None:
                raise BrokenTests(f"expected tests that pass on the package, got a failure of {killer}")
            else:
                self._control_passed = True
                self._remember()

    def _remember(self) -> None:
        if self._keep is not None:
            kept = {"seen": _as_json(self._seen), "control passed": self._control_passed}
            self._keep.write_text(json.dumps(kept))

    def _nearest(self, mutant: Mutant) -> tuple[list[str], list[str]]:
        """Return all tests, first those that call a function of the mutant's module, of them first those in
        files with its name; and the file of the first."""
        path = str(mutant.path)
        calls = {name: any(key[0] == path for key in one.called) for name, one in self._seen.items()}
        names = sorted(
            self._in_order(mutant, self._seen),
            key=lambda name: (not calls[name], not _named_after(mutant, name)),
        )
        return names, [names[0].partition("::")[0]]

    def _in_order(self, mutant: Mutant, names: Iterable[str]) -> list[str]:
        """Return tests, first those that have killed others of the module, then those in files with its name,
        and in the files of the first; of what is left the quickest first."""
        by_test = self._killed[mutant.module]
        by_file: Counter[str] = Counter()
        for name, times in by_test.items():
            by_file[name.partition("::")[0]] += times
        return sorted(
            names,
            key=lambda name: (
                -by_test[name],
                not _named_after(mutant, name),
                -by_file[name.partition("::")[0]],
                self._seen[name].seconds,
                name,
            ),
        )

    def _note_kill(self, mutant: Mutant, killer: str | None) -> None:
        if killer in self._seen:
            self._killed[mutant.module][killer] += 1

    def _import_of(self, mutant: Mutant, tests: Sequence[str]) -> Callable[[], object]:
        """Return a task: import the app with the mutant in it, and run these tests, the nearest first."""

        def do() -> object:
            _load_instead(mutant)
            _limit(5.0)
            killers: list[str | None] = []

            def work(items: Mapping[str, Any]) -> None:
                names = self._nearest(mutant)[0]
                files = {name.partition("::")[0] for name in items}
                gone = [name for name in names if name.partition("::")[0] in files and name not in items]
                if gone:
                    killers.append(f"{gone[0]} is not collected any more")
                else:
                    chosen = [name for name in names if name in items]
                    seconds = {name: one.seconds for name, one in self._seen.items()}
                    killers.append(first_to_fail(items, chosen, seconds))

            try:
                collect(tests, work)
            except BrokenTests:
                return {"killer": "it cannot be imported"}
            return {"killer": killers[0]}

        return do

    def _tried(
        self, tasks: Sequence[tuple[int, Callable[[], object]]], mutants: Sequence[Mutant]
    ) -> Iterator[tuple[int, str | None]]:
        for place, said in in_children(tasks, at_once=self._at_once):
            self._progress(mutants[place].module if place != CONTROL else "the package")
            yield place, UP if said is None else said["killer"]


def _named_after(mutant: Mutant, name: str) -> bool:
    """Return whether a test stands in a file with the name of the mutant's module."""
    return mutant.module.rpartition(".")[2] in Path(name.partition("::")[0]).stem


def _as_json(seen: Mapping[str, Seen]) -> dict[str, object]:
    return {name: (one.seconds, sorted(one.called)) for name, one in seen.items()}


def _as_seen(kept: Mapping[str, Any]) -> dict[str, Seen]:
    return {
        name: Seen(seconds, frozenset((file, of, at) for file, of, at in called))
        for name, (seconds, called) in kept.items()
    }


def _load_instead(mutant: Mutant) -> None:
    """Let the mutant's module be loaded from the mutated source, with slots for its parts as ever."""
    path, source, get_code = str(mutant.path), mutant.source, SourceFileLoader.get_code

    def get_the_mutant(self: SourceFileLoader, fullname: str) -> CodeType | None:
        if self.path != path:
            return get_code(self, fullname)
        return self.source_to_code(source.encode(), path)

    SourceFileLoader.get_code = get_the_mutant  # type: ignore[method-assign]

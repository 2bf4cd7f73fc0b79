"""Bytecode that was made from exactly the source that is there now.

Python believes a `.pyc` whose source has the same size and was saved in the same second. Who saves a file
twice within a second, with one letter changed, would be judged by the older version. So the processes that
judge keep bytecode of their own, in the clone's `.authlab/bytecode`, and ask for it by the nanosecond.
"""

import hashlib
import os
import shutil
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from authlab.course.places import CHECKS, OWN, STATE

FOLDER = STATE / "bytecode"


class ExactLoader(SourceFileLoader):
    """Loads a module from bytecode of this very source, or from the source."""

    kind = "plain"  # keeps code apart that was made from one source in another way, ...
    made_with: object = None  # ... and this says with what

    def path_stats(self, path: str) -> dict[str, int]:
        """Return the size of the source, and in place of its time a number for all that the code depends on:
        a `.pyc` has room for 32 bits."""
        status = os.stat(path)
        mark = zlib.crc32(repr((status.st_mtime_ns, self.made_with)).encode())
        return {"mtime": mark, "size": status.st_size}

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the module's code."""
        with _kept_in(FOLDER / self.kind):
            return super().get_code(fullname)


def install() -> None:
    """Load the package's modules like this from now on."""
    sys.meta_path.insert(0, _Finder())


@contextmanager
def of_checks() -> Iterator[None]:
    """Let pytest keep the checks as it rewrites them, for as long as none of them is changed.

    pytest asks by the second, too, but a folder can be had for each state of the checks.
    """
    states = [
        (path.name, (status := path.stat()).st_mtime_ns, status.st_size)
        for folder in (CHECKS, OWN / "checks")
        for path in folder.glob("*.py")
    ]
    own = "checks-" + hashlib.sha256(repr(sorted(states)).encode()).hexdigest()[:16]
    for other in FOLDER.glob("checks-*"):
        if other.name != own:
            shutil.rmtree(other, ignore_errors=True)
    with _kept_in(FOLDER / own):
        yield


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith("authlab."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = ExactLoader(fullname, spec.origin)
        return spec


@contextmanager
def _kept_in(folder: Path) -> Iterator[None]:
    """Read and write bytecode below `folder`; where that cannot be written, do without."""
    before = sys.pycache_prefix, sys.dont_write_bytecode
    sys.pycache_prefix, sys.dont_write_bytecode = str(folder), False
    try:
        yield
    finally:
        sys.pycache_prefix, sys.dont_write_bytecode = before

"""Mounting: running the app with other functions in place of its own parts.

Replacing an attribute after the app is loaded does not hold: whoever imported the old function by name, or
decorated it, or keeps an instance, goes on with ours, and a check could pass while our code ran. So a part
gets a **slot** at the moment it is defined, while its module loads: what everybody imports, decorates and
calls is the slot, and the slot asks at each call which answer is mounted.

`install` puts the slots in; it must come before the part's modules are imported, so mounting happens in
processes made for it. Without it, the package runs as it is written, with no slot anywhere.
"""

import ast
import functools
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import CodeType, ModuleType
from typing import Any

from authlab.course.bytecode import ExactLoader

_THIS_FILE = (os.stat(__file__).st_mtime_ns, os.stat(__file__).st_size)
MAX_DEPTH = 20  # an answer that calls the package's part calls itself: told, before Python gives up


class MountError(LookupError):
    """A part cannot be mounted: it does not exist, or its module was loaded too early."""


class Slot:
    """The place of one part: the package's own version, what is mounted now, and how often it was called."""

    def __init__(self, part: str, original: Any) -> None:
        self.part = part
        self.original = original
        self.mounted = original
        self.calls = 0
        self._depth = 0

    @property
    def is_called(self) -> bool:
        """Whether what is mounted is at work."""
        return self._depth > 0

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Call what is mounted."""
        self.calls += 1
        if self._depth > MAX_DEPTH:
            module, name = self.part.split(":")
            raise MountError(f"{name} calls {module}.{name}, which is {name} itself here: write your own")
        self._depth += 1
        try:
            return self.mounted(*args, **kwargs)
        finally:
            self._depth -= 1


_slots: dict[str, Slot] = {}


def install(parts: Iterable[str]) -> None:
    """Give each part (`module:name`) a slot as its module loads.

    Raises `MountError` when a module is loaded already: its parts would be deaf.
    """
    by_module: dict[str, set[str]] = {}
    for part in parts:
        module, name = part.split(":")
        by_module.setdefault(module, set()).add(name)
    early = sorted(module for module in by_module if module in sys.modules)
    if early:
        raise MountError(f"loaded before their parts could be mounted: {', '.join(early)}")
    sys.meta_path.insert(0, _Finder(by_module))


@contextmanager
def mounted(answers: Mapping[str, Any]) -> Iterator[None]:
    """Run the app with `answers` (`module:name` -> function or class) in their slots, then as before."""
    if any(slot.is_called for slot in _slots.values()):
        raise MountError("an answer mounts nothing: write your own")
    slots = {slot_of(part): answer for part, answer in answers.items()}
    before = {slot: slot.mounted for slot in slots}
    for slot, answer in slots.items():
        slot.mounted = answer
    try:
        yield
    finally:
        for slot, previous in before.items():
            slot.mounted = previous


def slot_of(part: str) -> Slot:
    """Return a part's slot, loading its module if need be; raises `MountError` when it has none."""
    __import__(part.split(":")[0])
    if part not in _slots:
        raise MountError(f"{part} has no slot: is the name right, and is it in the list of parts?")
    return _slots[part]


def is_mounted(part: str) -> bool:
    """Return whether something else stands in for a part now; never, where no slots were put in."""
    slot = _slots.get(part)
    return slot is not None and slot.mounted is not slot.original


def original(part: str) -> Any:
    """Return the package's own version of a part, whatever is mounted: for flaws that build on it."""
    module, name = part.split(":")
    loaded = __import__(module, fromlist=[name])
    return _slots[part].original if part in _slots else getattr(loaded, name)


def _make_slot(part: str, original: Any) -> Any:
    slot = _slots[part] = Slot(part, original)
    return _class_slot(slot) if isinstance(original, type) else _function_slot(slot)


def _function_slot(slot: Slot) -> Callable[..., Any]:
    @functools.wraps(slot.original)
    def call_what_is_mounted(*args: Any, **kwargs: Any) -> Any:
        return slot.call(*args, **kwargs)

    return call_what_is_mounted


def _class_slot(slot: Slot) -> type:
    """Return a class that makes instances of what is mounted, and knows them as its own."""

    class Meta(type):
        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            return slot.call(*args, **kwargs)

        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, slot.mounted)

        def __getattr__(cls, name: str) -> Any:
            return getattr(slot.mounted, name)

    return Meta(slot.original.__name__, (), {"__doc__": slot.original.__doc__})


class _Finder(MetaPathFinder):
    """Finds the modules that have parts, and has them loaded with slots."""

    def __init__(self, by_module: Mapping[str, set[str]]) -> None:
        self._by_module = by_module

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._by_module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin, self._by_module[fullname])
        return spec


class _Loader(ExactLoader):
    """Loads a module with a slot after each part's definition."""

    kind = "slots"

    def __init__(self, fullname: str, path: str, names: set[str]) -> None:
        super().__init__(fullname, path)
        self._names = names
        self.made_with = (sorted(names), _THIS_FILE)  # how a slot is put in, this file says

    def source_to_code(  # type: ignore[override]
        self, data: bytes, path: str, *, _optimization: int = -1
    ) -> CodeType:
        """Compile a module's source, with the slots put in."""
        fullname = self.name
        tree = ast.parse(data, path)
        body: list[ast.stmt] = []
        missing = set(self._names)
        for statement in tree.body:
            body.append(statement)
            if isinstance(statement, ast.FunctionDef | ast.ClassDef) and statement.name in missing:
                missing.discard(statement.name)
                # canonical_email = __slot__("authlab.forms:canonical_email", canonical_email)
                filled = ast.parse(
                    f"{statement.name} = __slot__({f'{fullname}:{statement.name}'!r}, {statement.name})"
                ).body[0]
                for node in ast.walk(filled):
                    if hasattr(node, "lineno"):
                        ast.copy_location(node, statement)
                body.append(ast.copy_location(filled, statement))
        if missing:
            raise MountError(f"{fullname} defines no {', '.join(sorted(missing))}")
        tree.body = body
        return compile(tree, path, "exec", dont_inherit=True, optimize=_optimization)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__slot__"] = _make_slot
        super().exec_module(module)

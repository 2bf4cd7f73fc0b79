"""What a judge stands on. An answer runs in the same process, and could replace it under the checks' feet.

Who replaces `len` or `pytest.fail`, by accident or for a tick, is told so, whatever the checks then said.
It is no wall: who puts everything back in time is not seen.
"""

import builtins
import json
import operator
import os
import secrets
import sys
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

_PREFIXES = ("pytest", "_pytest.", "pluggy", "authlab.course.")
_CHANGES_BY_ITSELF = "_pytest.assertion.util"  # pytest hands the item that runs to it
_MISSING = object()


class Ground:
    """How the built-in functions, pytest, the judge and the checks were before any answer ran."""

    def __init__(self, more: Iterable[ModuleType]) -> None:
        """Remember it, and the modules in `more`: the checks, and whatever runs under another name."""
        found = [module for name, module in sorted(sys.modules.items()) if name.startswith(_PREFIXES)]
        modules = [builtins, os, json, *dict.fromkeys([*found, *more])]
        self._kept: list[tuple[str, Any, Mapping[str, Any], dict[str, Any]]] = []
        self._is, self._map, self._all = operator.is_, map, all  # as they are now
        for module in modules:
            if module.__name__ == _CHANGES_BY_ITSELF:
                continue
            name = "{}" if module is builtins else f"{module.__name__}.{{}}"
            self._keep(name, module, vars(module))
            for own in list(vars(module).values()):
                if isinstance(own, type) and own.__module__ == module.__name__ and module is not builtins:
                    self._keep(f"{own.__qualname__}.{{}} of {module.__name__}", own, vars(own))
        loaded = {module.__name__: module for module in modules if module.__name__ in sys.modules}
        self._kept.append(("sys.modules[{!r}]", None, sys.modules, loaded))

    def replaced(self) -> str | None:
        """Return the name of something that was replaced, or None; put all of it back.

        It comes first, and so needs nothing that an answer can have replaced.
        """
        first: str | None = None
        for shape, owner, now, before in self._kept:
            if self._all(self._map(self._is, self._map(now.get, before), before.values())):
                continue
            for name in before:
                if now.get(name, _MISSING) is not before[name]:
                    if owner is None:
                        sys.modules[name] = before[name]
                    else:
                        setattr(owner, name, before[name])
                    first = first or shape.format(name)
        return first

    def _keep(self, shape: str, owner: Any, now: Mapping[str, Any]) -> None:
        self._kept.append((shape, owner, now, {**now}))


class Liar:
    """Finds values that equal whatever they are compared with."""

    def __init__(self) -> None:
        token = secrets.token_hex()
        self._nobodys = (object(), token, token.encode(), [token], (token,), {token: token}, int(token, 16))

    def is_in(self, value: object) -> bool:
        """Return whether a value, or one that it holds, equals what nobody can have meant."""
        held: Iterable[object] = ()
        if isinstance(value, list | tuple | set | frozenset):
            held = value
        elif isinstance(value, dict):
            held = value.values()
        return any(one == nobodys for one in (value, *held) for nobodys in self._nobodys)

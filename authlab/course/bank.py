"""The bank: flaws, alternative right answers and attacks, each written once and registered by a decorator.

    part x flaw x attack x check

- a *flaw* is a realistic wrong version of one part, with what its author believed;
- an *alternative* is a right answer in another style: every check must let it pass;
- an *attack* drives the app as an outsider would, and brings evidence: it wins on its flaws and loses
  on the package. The rare one that is meant to fail says why, and wins on neither.

`verify` runs them all against each other.
"""

import difflib
import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from authlab.course import alternatives, attacks, flaws
from authlab.course.curriculum import CurriculumError
from authlab.course.places import OWN, shown
from authlab.course.refusal import Refusal, did_you_mean

if TYPE_CHECKING:
    from authlab.lab.apps import LabApp

Answer = TypeVar("Answer", bound=Callable[..., Any])
Entry = TypeVar("Entry", bound="Flaw | Alternative")


class UnknownFlaw(Refusal, LookupError):
    """No flaw has this name."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """A wrong version of one part."""

    name: str
    part: str  # the part it is a wrong version of, `module:name`; or an exercise's id, for a wrong proof
    answer: Any
    belief: str  # what its author believed: the first sentence of the docstring
    misconception: str  # one sentence to a learner whose answer fails the same way
    attack: int | None  # the attack it falls to, where a request can show it
    caught_by: str | None  # the check that names it, where its lesson has checks
    companions: Mapping[str, Any]  # other parts that must be wrong too before a request shows the hole
    lesson: str

    @property
    def mounts(self) -> dict[str, Any]:
        """What to put in place of which part, to have the flawed app."""
        return {self.part: self.answer, **self.companions}


@dataclass(frozen=True, slots=True)
class Alternative:
    """A right answer to one exercise or part, in another style than the package's."""

    name: str
    part: str
    answer: Any
    lesson: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attack brought back: whether it won, and the evidence in one line."""

    won: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class Attack:
    """One way in, tried over HTTP."""

    number: int
    name: str
    claim: str  # the first line of its docstring: what the attacker does
    run: "Callable[[LabApp], Outcome]"
    lesson: str
    accepted: str | None = None  # why it may win on the package: a decision, told openly
    hopeless: str | None = None  # why it is meant to fail, on the flaws of its lesson too


def won(evidence: str) -> Outcome:
    """Return the outcome of an attack that got what it came for."""
    return Outcome(True, evidence)


def resisted(evidence: str) -> Outcome:
    """Return the outcome of an attack that met a refusal."""
    return Outcome(False, evidence)


_FLAWS: dict[str, Flaw] = {}
_ALTERNATIVES: dict[str, Alternative] = {}
_ATTACKS: dict[int, Attack] = {}


def flaw(
    part: str,
    *,
    misconception: str,
    attack: int | None = None,
    caught_by: str | None = None,
    companions: Mapping[str, Any] | None = None,
) -> Callable[[Answer], Answer]:
    """Register the decorated function or class as a flaw of `part`, under its own name.

    Its docstring begins with what the author believed. At least one of `attack` and `caught_by` is
    needed: a flaw that nothing shows teaches nothing.
    """

    def register(answer: Answer) -> Answer:
        name = answer.__name__
        _refuse_a_second(_FLAWS, name)
        if attack is None and caught_by is None:
            raise ValueError(f"flaw {name}: name the attack or the check that shows it")
        _FLAWS[name] = Flaw(
            name=name,
            part=part,
            answer=answer,
            belief=_first_line(answer),
            misconception=misconception,
            attack=attack,
            caught_by=caught_by,
            companions=dict(companions or {}),
            lesson=_lesson(answer),
        )
        return answer

    return register


def alternative(part: str) -> Callable[[Answer], Answer]:
    """Register the decorated function or class as a right answer for `part` (or for a kata's
    `module:name`)."""

    def register(answer: Answer) -> Answer:
        name = answer.__name__
        _refuse_a_second(_ALTERNATIVES, name)
        _ALTERNATIVES[name] = Alternative(name, part, answer, _lesson(answer))
        return answer

    return register


def attack(
    number: int, *, accepted: str | None = None, hopeless: str | None = None
) -> "Callable[[Callable[[LabApp], Outcome]], Callable[[LabApp], Outcome]]":
    """Register the decorated function as attack `number` (CURRICULUM numbers, see the docs' table).

    It is handed a `LabApp`: an app in its own process, behind no address. So an attack takes no host
    name and no URL, and cannot be turned on anybody else's site. `accepted` is for the rare attack
    that wins on the package by decision, and says why that was decided. `hopeless` is for one that people
    try and that cannot win: it says why, and no flaw may name it.
    """
    if accepted is not None and hopeless is not None:
        raise ValueError(f"attack {number}: expected accepted or hopeless, got both")

    def register(run: "Callable[[LabApp], Outcome]") -> "Callable[[LabApp], Outcome]":
        _refuse_a_second(_ATTACKS, number)
        name = run.__name__
        _ATTACKS[number] = Attack(number, name, _first_line(run), run, _lesson(run), accepted, hopeless)
        return run

    return register


def all_flaws() -> tuple[Flaw, ...]:
    """Return every flaw of the bank."""
    _load()
    return tuple(_FLAWS.values())


def flaws_of(part: str) -> tuple[Flaw, ...]:
    """Return the flaws of one part."""
    return tuple(known for known in all_flaws() if known.part == part)


def flaw_named(name: str) -> Flaw:
    """Return one flaw; raises `UnknownFlaw` naming those that look like it."""
    _load()
    if name not in _FLAWS:
        near = difflib.get_close_matches(name, _FLAWS, n=3)
        raise UnknownFlaw(f"expected one of {len(_FLAWS)} flaws, got {name!r}{did_you_mean(near)}")
    return _FLAWS[name]


def all_alternatives() -> tuple[Alternative, ...]:
    """Return every alternative right answer of the bank."""
    _load()
    return tuple(_ALTERNATIVES.values())


def alternatives_of(part: str) -> tuple[Alternative, ...]:
    """Return the alternative right answers for one part."""
    return tuple(known for known in all_alternatives() if known.part == part)


def loaded_anew(known: Entry) -> Entry:
    """Return a flaw or alternative out of a fresh copy of its module, where nothing is remembered yet.

    For processes that mount it more than once: what its cache holds of one app is true of no other.
    """
    registry: dict[str, Any] = _FLAWS if isinstance(known, Flaw) else _ALTERNATIVES
    spec = importlib.util.find_spec(known.answer.__module__)
    assert spec is not None and spec.loader is not None  # it was imported once
    before = dict(registry)
    registry.clear()  # or each of its entries would be refused as a second one
    try:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
        fresh: Entry = registry[known.name]
        return fresh
    finally:
        registry.clear()
        registry.update(before)


def all_attacks() -> tuple[Attack, ...]:
    """Return every attack, by number."""
    _load()
    return tuple(_ATTACKS[number] for number in sorted(_ATTACKS))


@cache
def _load() -> None:
    """Import every module of the bank, so that the decorators have run."""
    for package in (flaws, alternatives, attacks):
        for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
            _import(f"{package.__name__}.{module}")


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except Exception as error:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None or not Path(spec.origin).is_relative_to(OWN):
            raise
        where = shown(Path(spec.origin))
        if isinstance(error, SyntaxError):
            raise CurriculumError(f"{where}, line {error.lineno}: {error.msg}") from None
        raise CurriculumError(f"{where}: {error}") from None


def _lesson(answer: Any) -> str:
    return str(answer.__module__).rpartition(".")[2]


def _first_line(answer: Any) -> str:
    documentation = inspect.getdoc(answer)
    if not documentation:
        raise ValueError(f"{answer.__name__}: a docstring must say what this is")
    return documentation.splitlines()[0]


def _refuse_a_second(known: Mapping[Any, Any], key: object) -> None:
    if key in known:
        raise ValueError(f"{key!r} is in the bank already")

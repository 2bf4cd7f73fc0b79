"""A mutant that no tool has made: for the tests of what tries mutants."""

from tests.mutation.modules import path_of
from tests.mutation.trying import Mutant


def mutant(module: str, before: str, after: str) -> Mutant:
    """Return the mutant that has `after` in the one place where `before` stands."""
    path = path_of(module)
    source = path.read_text(encoding="utf-8")
    assert source.count(before) == 1, (
        f"expected {before!r} once in {path.name}, got it {source.count(before)} times"
    )
    start = source.index(before)
    return Mutant(module, path, start, start + len(before), after, "by hand")

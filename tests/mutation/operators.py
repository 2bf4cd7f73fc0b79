"""Makes the mutants of one module, with the operators of mutmut, and prints them as JSON.

    python operators.py FILE

It runs in the environment that has mutmut, and imports nothing of the kit. Each mutant is one edit of the
text: where it begins and ends, what stands there then, and which operator made it. mutmut itself leaves out
module-level code, decorated functions and calls of `len`. Here nothing is left out but annotations, which
only a type checker reads.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators


def main() -> None:
    """Print the mutants of the file that the first argument names."""
    source = Path(sys.argv[1]).read_text(encoding="utf-8")
    json.dump(list(mutants(source)), sys.stdout)


def mutants(source: str) -> Iterator[dict[str, object]]:
    """Yield each mutant once, in the order of the text; two operators that agree make one."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    visitor = _Visitor()
    wrapper.visit(visitor)
    seen = set()
    for operator, node, changed in visitor.found:
        code = wrapper.module.deep_replace(node, changed).code
        start, end, text = _edit(source, code)
        if (start, end, text) not in seen and code != source:
            seen.add((start, end, text))
            yield {"operator": operator, "start": start, "end": end, "text": text}


class _Visitor(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        self.found: list[tuple[str, cst.CSTNode, cst.CSTNode]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation):
            return False
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                for changed in operator(node):
                    self.found.append((operator.__name__.removeprefix("operator_"), node, changed))
        return True


def _edit(before: str, after: str) -> tuple[int, int, str]:
    """Return what makes `after` of `before`: the text between start and end is another."""
    start = 0
    shortest = min(len(before), len(after))
    while start < shortest and before[start] == after[start]:
        start += 1
    tail = 0
    while tail < shortest - start and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return start, len(before) - tail, after[start : len(after) - tail]


if __name__ == "__main__":
    main()

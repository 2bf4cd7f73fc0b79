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
from libcst.metadata import ByteSpanPositionProvider, CodeSpan, MetadataWrapper
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
    seen = {(0, 0, "")}  # no edit at all
    for operator, node, span, changed in visitor.found:
        start, end, text = _edit(source, _with(wrapper.module, source, node, span, changed))
        if (start, end, text) not in seen:
            seen.add((start, end, text))
            yield {"operator": operator, "start": start, "end": end, "text": text}


def _with(module: cst.Module, source: str, node: cst.CSTNode, span: CodeSpan, changed: cst.CSTNode) -> str:
    """Return the source with a node changed: where the node's text is all there is in its place, by the text
    alone, which is quicker by far than to write out the module."""
    before = source.encode()
    start, end = span.start, span.start + span.length
    if module.code_for_node(node).encode() == before[start:end]:
        return (before[:start] + module.code_for_node(changed).encode() + before[end:]).decode()
    return module.deep_replace(node, changed).code


class _Visitor(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (ByteSpanPositionProvider,)

    def __init__(self) -> None:
        self.found: list[tuple[str, cst.CSTNode, CodeSpan, cst.CSTNode]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation):
            return False
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                for changed in operator(node):
                    span = self.get_metadata(ByteSpanPositionProvider, node)
                    self.found.append((operator.__name__.removeprefix("operator_"), node, span, changed))
        return True


def _edit(before: str, after: str) -> tuple[int, int, str]:
    """Return what makes `after` of `before`: the text between start and end is another."""
    start = _alike(before, after)
    tail = _alike(before[start:][::-1], after[start:][::-1])
    return start, len(before) - tail, after[start : len(after) - tail]


def _alike(one: str, other: str) -> int:
    """Return how many characters both texts begin with."""
    return next(
        (at for at, (mine, yours) in enumerate(zip(one, other, strict=False)) if mine != yours),
        min(len(one), len(other)),
    )


if __name__ == "__main__":
    main()

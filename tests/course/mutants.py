"""Small mistakes that nobody meant: a part of the package with one thing in it changed.

Each is a comparison turned around, a number off by one, an `and` for an `or`, a `not` or a step left out.
They stand for the wrong answers that no author of flaws thought of.
"""

import ast
import copy
from collections.abc import Iterator

_OTHER: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


def mutants_of(definition: ast.stmt) -> Iterator[ast.stmt]:
    """Yield copies of a function or class, each with one change, in the order of its lines."""
    for number, node in enumerate(ast.walk(definition)):
        for changed in _changes(node):
            mutant = copy.deepcopy(definition)
            nodes = list(ast.walk(mutant))
            _put(mutant, nodes[number], changed)
            yield ast.fix_missing_locations(mutant)


def _changes(node: ast.AST) -> Iterator[ast.AST | None]:
    match node:
        case ast.Compare(left=left, ops=[operator], comparators=comparators) if type(operator) in _OTHER:
            yield ast.Compare(left, [_OTHER[type(operator)]()], comparators)
        case ast.BoolOp(op=operator, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
            yield values[0]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield ast.BinOp(left, ast.Sub(), right)
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.Call(func=ast.Attribute(value=inner), args=[]):
            yield inner  # text.strip() becomes text
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call()):
            yield None  # a step left out


def _put(tree: ast.AST, old: ast.AST, new: ast.AST | None) -> None:
    class Put(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            if node is old:
                return ast.Pass() if new is None else copy.deepcopy(new)
            return self.generic_visit(node)

    Put().visit(tree)

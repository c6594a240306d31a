"""A definition reduced to what it computes, as a text that is the same on every Python version."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from initscale.provenance.frame import LOGGERS

_IGNORED_FIELDS = {"type_comment", "type_params", "kind", "ctx"}
_COLUMN_VALUES = 2
"""A table column counts by its first two values, name and type; unit and meaning are for readers."""


@dataclass(frozen=True)
class NormalForm:
    """``text``: what a definition computes; ``uses``: the dotted names in it."""

    text: str
    uses: tuple[str, ...]


def normal_form(statement: ast.stmt) -> NormalForm:
    """Reduce one statement, which is changed by it.

    >>> one, other = (ast.parse(text).body[0] for text in (
    ...     "def f(x: int) -> int:\\n    'Twice x.'\\n    return 2 * x  # exact", "def f(x): return 2 * x"))
    >>> normal_form(one).text == normal_form(other).text
    True
    """
    node = _Reduce().visit(statement)
    return NormalForm(_text(node), tuple(dict.fromkeys(_uses(node))))


class _Reduce(ast.NodeTransformer):
    """Removes what no number depends on."""

    def visit_Import(self, node):
        return None

    visit_ImportFrom = visit_Import

    def visit_Expr(self, node):
        if isinstance(node.value, ast.Constant) or _is_log_call(node.value):
            return None
        return self.generic_visit(node)

    def visit_Raise(self, node):
        return ast.Raise(exc=None, cause=None)

    def visit_Assert(self, node):
        return ast.Assert(test=self.visit(node.test), msg=None)

    def visit_arg(self, node):
        return ast.arg(arg=node.arg, annotation=None)

    def visit_FunctionDef(self, node):
        node.returns = None
        return self._with_body(self.generic_visit(node))

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node):
        return self._with_body(self.generic_visit(node))

    def visit_AnnAssign(self, node):
        node.annotation = ast.Constant(value=None)
        return self.generic_visit(node)

    def visit_Call(self, node):
        if isinstance(node.func, ast.Name) and node.func.id == "Column":
            node.args = node.args[:_COLUMN_VALUES]
        return self.generic_visit(node)

    def generic_visit(self, node):
        node = super().generic_visit(node)
        for field in ("body",):  # a block may have become empty
            block = getattr(node, field, None)
            if isinstance(block, list) and not block and not isinstance(node, ast.Module):
                setattr(node, field, [ast.Pass()])
        return node

    @staticmethod
    def _with_body(node):
        node.body = [child for child in node.body if not isinstance(child, ast.Pass)] or [ast.Pass()]
        return node


def _is_log_call(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in LOGGERS
    )


def _text(node) -> str:
    if isinstance(node, ast.AST):
        parts = ((field, value) for field, value in ast.iter_fields(node) if field not in _IGNORED_FIELDS)
        inner = ",".join(f"{field}={_text(value)}" for field, value in parts if value is not None and value != [])
        return f"{type(node).__name__}({inner})"
    if isinstance(node, list):
        return "[" + ",".join(map(_text, node)) + "]"
    return repr(node)


def _uses(node: ast.AST):
    """Dotted names, the longest of each chain of attributes."""
    if isinstance(node, ast.Attribute):
        chain, inner = [node.attr], node.value
        while isinstance(inner, ast.Attribute):
            chain.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            yield ".".join([inner.id, *reversed(chain)])
            return
    elif isinstance(node, ast.Name):
        yield node.id
        return
    for child in ast.iter_child_nodes(node):
        yield from _uses(child)

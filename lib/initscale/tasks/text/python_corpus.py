"""Text that any Python installation has: the code of its standard library, and prose of docstrings and help topics.

Code is free of comments and docstrings (it is printed from its syntax tree), so that the domains do not share text.
"""

from __future__ import annotations

import ast
import inspect
import platform
import pydoc_data.topics
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from initscale.tasks.random_integers import Stream

_LEFT_OUT = {"test", "tests", "idle_test", "site-packages", "__pycache__", "encodings", "pydoc_data"}
"""Folders without ordinary code: tests, other packages, character tables, and prose in Python's clothes."""
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_WORDS, _LETTERS = 8, 0.85
"""A paragraph of prose has at least so many words, and this share of letters and blanks."""


class PythonText:
    """Documents of both domains, in an order that depends on the seed.

    Parameters
    ----------
    seed : of the order of the modules.
    """

    def __init__(self, seed: int):
        folder = Path(sysconfig.get_paths()["stdlib"])
        self.modules = sorted(path for path in folder.rglob("*.py") if not _LEFT_OUT & set(path.parts))
        self.names = [path.relative_to(folder).as_posix() for path in self.modules]
        self.order = Stream(seed).permutation(len(self.modules)).tolist()
        self._read: dict[int, tuple[str, ast.Module] | None] = {}

    def documents(self, domain: str) -> Iterator[tuple[str, str]]:
        """Name and text of every document."""
        return self._code() if domain == "code" else self._prose()

    def about(self) -> dict[str, str]:
        """What the text depends on."""
        return {"python": platform.python_version(), "implementation": platform.python_implementation()}

    def _module(self, module: int) -> tuple[str, ast.Module] | None:
        """Docstrings and syntax tree; None if it is not valid Python, as templates and examples of errors are not."""
        if module not in self._read:
            try:
                tree = ast.parse(self.modules[module].read_bytes())
                self._read[module] = docstrings(tree), tree
            except (SyntaxError, ValueError):
                self._read[module] = None
        return self._read[module]

    def _code(self) -> Iterator[tuple[str, str]]:
        for module in self.order:
            found = self._module(module)
            if found:
                yield self.names[module], bare_code(found[1])

    def _prose(self) -> Iterator[tuple[str, str]]:
        """A paragraph that occurred before is left out, so none of the held-out ones is trained on."""
        seen: set[str] = set()
        for name, text in self._texts():
            fresh = [part for part in dict.fromkeys(prose_paragraphs(text)) if part not in seen]
            seen |= set(fresh)
            if fresh:
                yield name, "\n\n".join(fresh) + "\n"

    def _texts(self) -> Iterator[tuple[str, str]]:
        """Docstrings of each module, and the help topics spread among them."""
        topics = sorted(pydoc_data.topics.topics)
        every = max(len(self.order) // len(topics), 1)
        for place, module in enumerate(self.order):
            found = self._module(module)
            if found:
                yield self.names[module], found[0]
            if place % every == 0 and place // every < len(topics):
                topic = topics[place // every]
                yield f"help topic {topic}", pydoc_data.topics.topics[topic]


class _WithoutText(ast.NodeTransformer):
    """Removes strings that stand alone as statements: docstrings and notes."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        alone = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if alone else node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if getattr(node, "body", None) == [] and not isinstance(node, ast.Module):
            node.body = [ast.Pass()]
        return node


def bare_code(tree: ast.Module) -> str:
    """Python code without comments and docstrings, printed from the syntax tree; takes the docstrings out of it."""
    return ast.unparse(_WithoutText().visit(tree)) + "\n"


def docstrings(tree: ast.Module) -> str:
    """All docstrings of a module, with a blank line between them."""
    nodes = (node for node in ast.walk(tree) if isinstance(node, _DOCUMENTED))
    return "\n\n".join(text for text in (ast.get_docstring(node, clean=False) for node in nodes) if text)


def prose_paragraphs(text: str) -> list[str]:
    """Paragraphs that read as prose: no examples, no tables, at least a sentence."""
    lines = (line for line in inspect.cleandoc(text).splitlines() if not line.lstrip().startswith((">>>", "...")))
    found = []
    for part in re.split(r"\n\s*\n", "\n".join(lines)):
        paragraph = " ".join(part.split())
        letters = sum(character.isalpha() or character == " " for character in paragraph)
        if len(paragraph.split()) >= _WORDS and "." in paragraph and letters >= _LETTERS * len(paragraph):
            found.append(paragraph)
    return found

"""The identity of code: a hash over the definitions that a result's numbers depend on.

A definition is one statement at the top of a module: a function, a class, a constant. Starting from the functions that
a stage calls, every name is followed to its definition in this package. What is reached counts, by what it computes:
comments, docstrings, annotations, imports, log lines, error messages and the units and meanings of table columns are
left out, and so is the place of the definition. So a result stays valid when code is commented, moved or added to, and
is made again when a formula changes. Where the following stops is declared in ``initscale.provenance.frame``.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from initscale.provenance.frame import LOGGERS, is_frame
from initscale.provenance.normal_form import normal_form
from initscale.repository import PACKAGE

Definitions = dict[str, str]
"""``module:name`` -> hash of the definition (12 hexadecimal digits)."""


@dataclass(frozen=True)
class Source:
    """What one module defines, imports and does when it is imported.

    Attributes
    ----------
    name : dotted name of the module.
    definitions : name -> the statement that binds it.
    imports : local name -> (module, name in it); the second is empty where the name is a module.
    effects : other statements, such as a call that registers something.
    """

    name: str
    definitions: dict[str, ast.stmt]
    imports: dict[str, tuple[str, str]]
    effects: tuple[ast.stmt, ...]


def reached(roots: Iterable[str]) -> Definitions:
    """Every definition that the roots lead to.

    Parameters
    ----------
    roots : ``module:name`` of the functions that a stage calls; ``module`` alone for everything in it. Modules outside
        this package are followed if they are named here.

    Raises
    ------
    LookupError if a root does not exist.
    """
    roots = list(roots)
    scope = frozenset(root.split(":")[0].partition(".")[0] for root in roots) | {PACKAGE.name}
    waiting = [key for root in roots for key in _root_keys(root)]
    hashes: Definitions = {}
    while waiting:
        module, name = waiting.pop()
        label = f"{module}:{name}"
        if label in hashes or is_frame(module, name):
            continue
        digest, uses = _digest_and_uses(module, name)
        hashes[label] = digest
        waiting += [key for use in uses if (key := _resolve(module, use, scope))]
    return hashes


def identity(definitions: Definitions) -> str:
    """SHA-256 over definitions by name and content, wherever they stand."""
    lines = sorted(f"{label.partition(':')[2]} {digest}" for label, digest in definitions.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def changed(before: Definitions, now: Definitions) -> list[str]:
    """Labels of the definitions that differ, those that only one side has among them; a mere move is no difference."""
    content = [{(label.partition(":")[2], digest) for label, digest in side.items()} for side in (before, now)]
    labels = {
        label
        for side, other in ((before, content[1]), (now, content[0]))
        for label, digest in side.items()
        if (label.partition(":")[2], digest) not in other
    }
    return sorted(labels)


def module_file(name: str) -> Path | None:
    """File of a module, without importing it; None for a module that has none in Python."""
    top, _, rest = name.partition(".")
    folder = PACKAGE if top == PACKAGE.name else _folder_of(top)
    if folder is None:
        return None
    path = folder.joinpath(*rest.split(".")) if rest else folder
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


@functools.cache
def _folder_of(top: str) -> Path | None:
    spec = importlib.util.find_spec(top)
    return (
        Path(spec.origin).with_suffix("")
        if spec and spec.origin and not spec.submodule_search_locations
        else (Path(next(iter(spec.submodule_search_locations))) if spec and spec.submodule_search_locations else None)
    )


@functools.cache
def read_source(module: str) -> Source | None:
    """Parse a module; None if it has no file."""
    path = module_file(module)
    if path is None:
        return None
    definitions: dict[str, ast.stmt] = {}
    effects: list[ast.stmt] = []
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom) or _is_text(statement):
            continue
        names = list(_bound_names(statement))
        definitions |= dict.fromkeys(names, statement)
        if not names:
            effects.append(statement)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return Source(module, definitions, _imports(tree, package), tuple(effects))


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _bound_names(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement at the top of a module binds."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield from (
            node.id
            for target in targets
            for node in ast.walk(target)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        )
    elif isinstance(statement, ast.If | ast.Try | ast.With):
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.stmt):
                yield from _bound_names(child)


def _imports(tree: ast.Module, package: str) -> dict[str, tuple[str, str]]:
    names: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0],
                    "",
                )
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module or ""]))
            names |= {alias.asname or alias.name: (module, alias.name) for alias in node.names}
    return names


@functools.cache
def _digest_and_uses(module: str, name: str) -> tuple[str, tuple[str, ...]]:
    """Hash of a definition (and of what its module does to it on import), and the dotted names that it uses."""
    source = read_source(module)
    assert source is not None
    effects = [statement for statement in source.effects if name in _roots_of(statement)]
    forms = [normal_form(statement) for statement in (source.definitions[name], *effects)]
    uses = dict.fromkeys(use for form in forms for use in form.uses if use.partition(".")[0] != name)
    text = "\n".join(form.text for form in forms)
    return hashlib.sha256(text.encode()).hexdigest()[:12], tuple(uses)


def _roots_of(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}


def _root_keys(root: str) -> list[tuple[str, str]]:
    module, _, name = root.partition(":")
    source = read_source(module)
    if source is None or (name and _resolve(module, name, frozenset({module.partition(".")[0]})) is None):
        raise LookupError(f"there is no `{root}`")
    if name:
        return [_resolve(module, name, frozenset({module.partition(".")[0]}))]
    return [(module, name) for name in source.definitions]


def _resolve(module: str, use: str, scope: frozenset[str]) -> tuple[str, str] | None:
    """Module and name of the definition that a dotted name means in a module; None if it is none of ours."""
    source, (first, *rest) = read_source(module), use.split(".")
    if source is None or first in LOGGERS:
        return None
    if first in source.definitions:
        return module, first
    if first not in source.imports:
        return None
    target, name = source.imports[first]
    if (target, name) == (module, first):  # a package that imports its own submodule
        return _in_module(f"{target}.{name}", rest, scope)
    if target.partition(".")[0] not in scope:
        return None
    if name and (inner := read_source(target)) is not None and (name in inner.definitions or name in inner.imports):
        return _resolve(target, name, scope)
    return _in_module(f"{target}.{name}" if name else target, rest, scope)


def _in_module(path: str, rest: list[str], scope: frozenset[str]) -> tuple[str, str] | None:
    """The definition that attributes ``rest`` of a module mean."""
    while rest and read_source(f"{path}.{rest[0]}") is not None:
        path = f"{path}.{rest.pop(0)}"
    return _resolve(path, rest[0], scope) if rest and read_source(path) is not None else None

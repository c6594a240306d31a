"""Functions of the user's own modules, named ``module:function``, and the identity of their code."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from initscale.errors import ConfigError, InputError
from initscale.provenance.definitions import module_file, read_source


def load_function(name: str) -> Callable:
    """Import a function; modules of the working directory are found as with ``python -m``.

    Parameters
    ----------
    name : ``module:function``.

    Raises
    ------
    ConfigError if the name is of another form, or there is no such module or function.
    """
    module, function = split(name)
    see_working_directory()
    try:
        found = getattr(importlib.import_module(module), function, None)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0] and error.name != module:
            raise InputError(f"cannot be imported ({error})", where=module) from error
        raise ConfigError(
            f"there is no module `{module}`", where=name, hint=f"run the command in the folder of {module}.py"
        ) from error
    except Exception as error:
        raise InputError(f"cannot be imported ({type(error).__name__}: {error})", where=module) from error
    if not callable(found):
        raise ConfigError(f"`{module}` has no function `{function}`", where=name)
    return found


def call(name: str, *arguments, **named) -> object:
    """Call such a function; what it raises becomes one line that names it."""
    function = load_function(name)
    try:
        return function(*arguments, **named)
    except Exception as error:
        raise InputError(f"raised {type(error).__name__}: {error}", where=name) from error


def split(name: str) -> tuple[str, str]:
    """Module and function of a name."""
    if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", name):
        raise ConfigError(f"`{name}` is not of the form module:function", where="the command line")
    module, _, function = name.partition(":")
    return module, function


def see_working_directory() -> None:
    """Let modules of the working directory be imported, by this process and those that it starts."""
    if (here := os.getcwd()) not in sys.path:
        sys.path.insert(0, here)


def function_roots(name: str) -> list[str]:
    """Where the code of a function begins, for ``initscale.provenance.definitions``.

    The function with what it uses in its own package; and everything in other modules of the same folder that these
    import, directly or not. Installed packages do not count.
    """
    module, function = split(name)
    see_working_directory()
    top = module.partition(".")[0]
    return [f"{module}:{function}", *(other for other in _beside(module) if other.partition(".")[0] != top)]


def _beside(module: str) -> list[str]:
    """Modules that a module imports, directly or not, from the folder in which its own package lies."""
    start = module_file(module.partition(".")[0])
    if start is None:
        raise ConfigError(f"there is no file of the module `{module}`", where=module)
    folder = start.parent.parent if start.name == "__init__.py" else start.parent
    found, waiting = {module}, [module]
    while waiting:
        for target, name in read_source(waiting.pop()).imports.values():
            for candidate in (target, f"{target}.{name}"):
                if candidate not in found and _lies_in(folder, candidate):
                    found.add(candidate)
                    waiting.append(candidate)
    return sorted(found)


def _lies_in(folder: Path, module: str) -> bool:
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top == "initscale" or not top:
        return False
    path = module_file(module)
    return path is not None and path.is_relative_to(folder) and "site-packages" not in path.parts

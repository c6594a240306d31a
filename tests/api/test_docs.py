"""The examples of docs/own-model.md, as they stand there."""

from __future__ import annotations

import doctest
import re

from conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "own-model.md"


def own_module() -> str:
    """The page's mymodule.py."""
    (block,) = re.findall(r"```python\n(# mymodule\.py\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return block


def test_examples_give_what_the_page_says():
    done = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert done.failed == 0
    assert done.attempted > 15


def test_the_model_is_short():
    assert len([line for line in own_module().splitlines() if line.strip()]) <= 22

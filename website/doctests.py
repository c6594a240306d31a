"""Doctests in docstrings become code blocks of the reference; Markdown would read them as quotations with links."""

from __future__ import annotations

import re

import griffe

DOCTEST = re.compile(r"(?m)(^>>> .*\n?(?:^(?!\s*$).+\n?)*)")


class FencedDoctests(griffe.Extension):
    """Puts a fence around each doctest."""

    def on_object(self, *, obj: griffe.Object, **kwargs) -> None:
        """Change the docstring of every module, class and function."""
        if obj.docstring:
            obj.docstring.value = DOCTEST.sub(r"```pycon\n\1\n```\n", obj.docstring.value)

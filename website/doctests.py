"""Doctests in docstrings stand under a heading of numpydoc; as plain text Markdown would read them as quotations."""

from __future__ import annotations

import griffe

PROMPT, HEADING = "\n>>> ", "\nExamples\n--------\n"


class DoctestsAsExamples(griffe.Extension):
    """Puts the heading `Examples` above the first doctest of a docstring that has none."""

    def on_object(self, *, obj: griffe.Object, **kwargs) -> None:
        """Change the docstring of every module, class and function."""
        if obj.docstring and HEADING not in obj.docstring.value:
            obj.docstring.value = obj.docstring.value.replace(PROMPT, f"{HEADING}{PROMPT.strip()} ", 1)

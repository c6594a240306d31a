"""How much of a split is there already, and how much of a document still fits."""

from __future__ import annotations

from initscale.tasks.text.definition import SEPARATOR, split_bytes

_LONGEST = 4  # bytes of a character in UTF-8


class ByteBudget:
    """Bytes of every domain in one split, separators included.

    Parameters
    ----------
    spec : a dataset section of the configuration.
    split : train or test.
    filled : bytes that are there already.
    """

    def __init__(self, spec: dict, split: str, filled: dict[str, int] | None = None):
        self.wanted, self.longest = split_bytes(spec, split), spec["document_bytes"]
        self.filled = {domain: 0 for domain in spec["domains"]} | (filled or {})

    def is_full(self, domain: str | None = None) -> bool:
        """Whether a domain, or every one, has all its bytes."""
        domains = self.filled if domain is None else (domain,)
        return all(self.filled[name] >= self.wanted for name in domains)

    def take(self, domain: str, text: str) -> str:
        """The part of a document that is used: its beginning where it is long or the split is nearly full."""
        text = text.replace(SEPARATOR.decode(), "")
        left = self.wanted - self.filled[domain] + _LONGEST  # whole characters only, but not too few
        taken = text.encode(errors="replace")[: min(self.longest, left)].decode(errors="ignore")
        self.filled[domain] += len(taken.encode()) + len(SEPARATOR)
        return taken

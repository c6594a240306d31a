"""Independent streams of random numbers, named by what they are for."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(*key: int | str) -> np.random.Generator:
    """Generator of its own for every key, such as ``stream(seed, "query")``.

    So a draw does not depend on the order of the draws, and what shares a key shares its numbers: runs of one seed
    differ in what is varied and in nothing else. Equal for equal versions of numpy (NEP 19).
    """
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))

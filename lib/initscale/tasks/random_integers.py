"""Random integers that are the same on every machine and with every numpy version.

Numpy guarantees the raw output of a bit generator for ever, but not the output of ``Generator.integers`` or
``permutation``; so the step from raw words to bounded integers is made here.
"""

from __future__ import annotations

import numpy as np


class Stream:
    """An independent stream of random integers.

    Parameters
    ----------
    seed, key : any non-negative integers; different keys give independent streams of the same seed.
    """

    def __init__(self, *seed_and_key: int):
        self._bits = np.random.PCG64(np.random.SeedSequence(seed_and_key))

    def integers(self, bound: int | np.ndarray, shape: int | tuple[int, ...]) -> np.ndarray:
        """Uniform int64 in 0..bound-1 (bound < 2**32, a number or an array that fits ``shape``).

        Multiply-shift of 32 random bits; the deviation from uniform is below bound / 2**32.
        """
        raw = np.asarray(self._bits.random_raw(int(np.prod(shape)))).reshape(shape)
        return (((raw >> np.uint64(32)) * np.asarray(bound, dtype=np.uint64)) >> np.uint64(32)).astype(np.int64)

    def permutation(self, n: int) -> np.ndarray:
        """A uniformly random order of 0..n-1."""
        return np.argsort(self._bits.random_raw(n), kind="stable")

"""Binary Markov chains: the data of the basins."""

from __future__ import annotations

import math
from dataclasses import dataclass


def binary_entropy(probability: float) -> float:
    """Entropy of a coin, in nats; the probability is inside (0, 1)."""
    other = 1 - probability
    return -probability * math.log(probability) - other * math.log(other)


@dataclass(frozen=True)
class Chain:
    """A chain of zeros and ones: ``p`` = P(0 -> 1), ``q`` = P(1 -> 0), both inside (0, 1)."""

    p: float
    q: float

    @property
    def ones(self) -> float:
        """Share of ones in the stationary law."""
        return self.p / (self.p + self.q)

    @property
    def switching(self) -> bool:
        """Whether a bit makes the other one more likely (p + q > 1), not itself (a sticky chain)."""
        return self.p + self.q > 1

    @property
    def unigram_entropy(self) -> float:
        """Entropy of the stationary law, in nats: the least loss of a model that ignores the bit before."""
        return binary_entropy(self.ones)

    @property
    def bigram_entropy(self) -> float:
        """Entropy rate, in nats: the least loss of all."""
        return (1 - self.ones) * binary_entropy(self.p) + self.ones * binary_entropy(self.q)

"""Small statistics for tests, without SciPy."""

from __future__ import annotations

import math

import numpy as np


def chi_square_p(counts: np.ndarray) -> float:
    """Probability of at least this deviation from equal counts (Wilson-Hilferty approximation)."""
    counts = np.asarray(counts, dtype=float)
    k = len(counts) - 1
    statistic = ((counts - counts.mean()) ** 2 / counts.mean()).sum()
    z = ((statistic / k) ** (1 / 3) - (1 - 2 / (9 * k))) / math.sqrt(2 / (9 * k))
    return 0.5 * math.erfc(z / math.sqrt(2))

"""Linear warm-up, then a constant rate."""

from __future__ import annotations

import numpy as np


def learning_rates(recipe, peak: float) -> np.ndarray:
    """Rate of every update, shape (schedule_steps,): from ``lr_start`` to ``peak`` in the warm-up, then ``peak``."""
    step = np.arange(recipe.schedule_steps)
    rising = recipe.lr_start + (peak - recipe.lr_start) * step / max(recipe.warmup, 1)
    return np.where(step < recipe.warmup, rising, peak)

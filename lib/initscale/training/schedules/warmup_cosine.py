"""Linear warm-up, then half a cosine (paper, Appendix A)."""

from __future__ import annotations

import numpy as np


def learning_rates(recipe, peak: float) -> np.ndarray:
    """Rate of every update, (schedule_steps,): from ``lr_start`` to ``peak`` in the warm-up, then to ``lr_end``."""
    step = np.arange(recipe.schedule_steps)
    rising = recipe.lr_start + (peak - recipe.lr_start) * step / max(recipe.warmup, 1)
    progress = (step - recipe.warmup) / max(recipe.schedule_steps - recipe.warmup, 1)
    falling = recipe.lr_end + (peak - recipe.lr_end) * 0.5 * (1 + np.cos(np.pi * progress))
    return np.where(step < recipe.warmup, rising, falling)

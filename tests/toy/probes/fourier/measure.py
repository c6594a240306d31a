"""Share of the embeddings' power at the strongest frequencies over the numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from initscale.probes.items import item_embeddings
from initscale.probes.rows import COLUMNS, as_table, score
from initscale.probes.run import FinishedRun

__all__ = ["COLUMNS", "probe"]


def probe(run: FinishedRun, options: dict) -> pa.Table:
    power_F = (np.abs(np.fft.rfft(item_embeddings(run), axis=0))[1:] ** 2).sum(axis=1)
    return as_table([score("top_share", np.sort(power_F)[-options["top"] :].sum() / power_F.sum())])

"""A t-SNE of the fused states of many sequences (Fig 3b), from a run's weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from initscale.probes.hooks import capture
from initscale.probes.run import FinishedRun
from initscale.probes.sequences import Sequences, read_sequences
from initscale.tasks.anchor.definition import all_pairs, unseen_pairs

_BATCH = 1000


def projected_states(run: FinishedRun, options: dict) -> pd.DataFrame:
    """t-SNE of Xao(1) at the last token.

    Parameters
    ----------
    run : the run that is looked at.
    options : ``sequences`` (over all ordered pairs, equally many of each: the first test-key rows of the data whose
        last token is noise), ``perplexity``, ``seed``.

    Returns
    -------
    Columns x, y, anchor_1, anchor_2. One thread: sums in another order would give another picture.
    """
    sequences = _sequences(run, options["sequences"])
    states_BD = last_states(run, sequences)
    tsne = TSNE(perplexity=options["perplexity"], random_state=options["seed"], init="pca", n_jobs=1)
    with threadpool_limits(1):
        points_B2 = tsne.fit_transform(states_BD)
    anchors_B2 = torch.cat([part.anchors_B2 for part in sequences]).numpy()
    columns = np.concatenate([points_B2.astype(np.float64), anchors_B2], axis=1).T
    return pd.DataFrame(dict(zip(("x", "y", "anchor_1", "anchor_2"), columns, strict=True)))


def last_states(run: FinishedRun, sequences: list[Sequences]) -> np.ndarray:
    """Xao(1) at the last token of all sequences, shape (B, D)."""
    model, tokens_BN = run.model(), torch.cat([part.tokens_BN for part in sequences])
    parts = [capture(model, part_BN, ["layer1.ao"])["layer1.ao"][:, -1] for part_BN in tokens_BN.split(_BATCH)]
    return torch.cat(parts).numpy()


def _sequences(run: FinishedRun, count: int) -> list[Sequences]:
    spec = run.facts["dataset"]
    pairs = all_pairs(spec)
    splits = {pair: "unseen" if pair in unseen_pairs(spec) else "test" for pair in pairs}
    return [read_sequences(run, split, count // len(pairs), [pair], "test") for pair, split in splits.items()]
